"""What the cars of a live fleet do beyond the ordinary: impatient drivers brake hard, watchful cars meet somebody.

It has a generator of its own, so that a car without whims has the same day as one with them.
"""

import random
from typing import Final

_STAMP_EVERY_M: Final = 6_000.0  # an impatient driver brakes hard about every second trip
_STAMP_MS2: Final = (4.8, 7.0)  # harsh begins at 4.4
_NIGHT_H: Final = (21, 6)
_ZONE_H: Final = 1  # the city's winter time; for a map nobody needs better
_NS_PER_H: Final = 3_600_000_000_000
# How a sentry's mood changes when it is looked at, every five seconds: somebody passes about every twenty minutes, and
# one of seventy of them touches the car.
_MOODS: Final = {
    "Armed": (("Aware", 0.004),),
    "Aware": (("Panic", 0.005), ("Armed", 0.35)),
    "Panic": (("Armed", 0.2),),
}


class Whims:
    """The whims of one car."""

    def __init__(self, seed: int, *, impatient: bool) -> None:
        """Draw from a generator of its own."""
        self._chance, self._impatient = random.Random(seed), impatient

    def stamps(self, length_m: float) -> list[tuple[float, float]]:
        """Return where on a drive of this length the driver brakes hard, in order, and with how many m/s²."""
        if not self._impatient:
            return []
        spots = sorted(self._chance.uniform(0.0, length_m) for _ in range(round(length_m / _STAMP_EVERY_M)))
        return [(spot, self._chance.uniform(*_STAMP_MS2)) for spot in spots]

    def mood(self, sentry: str) -> str:
        """Return what a sentry that was in one mood is in next."""
        for mood, odds in _MOODS.get(sentry, ()):
            if self._chance.random() < odds:
                return mood
        return sentry


def is_night(now_ns: int) -> bool:
    """Whether it is night in the simulated city, so that more parked cars keep watch."""
    hour = (now_ns // _NS_PER_H + _ZONE_H) % 24
    late, early = _NIGHT_H
    return hour >= late or hour < early
