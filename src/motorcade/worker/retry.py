"""Pauses between tries: exponential, with full jitter, so that what failed together does not come back together."""

import traceback
from random import SystemRandom
from typing import Final

from motorcade.domain.errors import MotorcadeError

FIRST_S: Final = 1.0
MOST_S: Final = 900.0
"""A quarter of an hour: a repaired channel is used again soon, and a dead one costs little."""
_chance = SystemRandom()


def pause_s(attempt: int, first_s: float = FIRST_S, most_s: float = MOST_S) -> float:
    """Seconds to wait after the given failure, of which 1 is the first: anything up to a limit that doubles."""
    return _chance.uniform(0.0, min(most_s, first_s * 2.0 ** min(attempt - 1, 32)))


def told(error: BaseException) -> str:
    """An error in words that may be logged and kept.

    Our own messages hold no VIN, token or coordinate. Anybody else's may hold anything, so only its kind and place.
    """
    if isinstance(error, MotorcadeError | TimeoutError):
        return f"{type(error).__name__}: {error}"
    places = traceback.extract_tb(error.__traceback__)
    place = f" in {places[-1].name}, line {places[-1].lineno}" if places else ""
    return f"a fault of this program: {type(error).__name__}{place}"
