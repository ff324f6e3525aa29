"""How much power a battery takes from a fast charger: most when it is nearly empty, ever less as it fills."""

from itertools import pairwise
from typing import Final

_CURVE: Final = (
    (0, 0.6), (5, 0.95), (10, 1.0), (20, 0.8), (30, 0.66), (40, 0.53),
    (50, 0.42), (60, 0.34), (70, 0.27), (80, 0.19), (90, 0.11), (100, 0.04),
)  # fmt: skip


def curve_share(soc_pct: float) -> float:
    """Return the share of its greatest power that a warm battery takes at a state of charge."""
    for (low, one), (high, other) in pairwise(_CURVE):
        if soc_pct <= high:
            return one + (other - one) * (max(soc_pct, 0.0) - low) / (high - low)
    return _CURVE[-1][1]
