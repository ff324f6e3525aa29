"""Simulated days that several tests look at; made once a process."""

from functools import cache

from motorcade.simulator.days import Day, Pattern, whole_day
from tests.unit.simulator.plain_reading import Row, rows_of

PATTERNS = list(Pattern)
COUNT = 24


@cache
def day(seed: int) -> Day:
    """An ordinary day; its pattern follows from its seed."""
    return whole_day(seed, PATTERNS[seed % len(PATTERNS)])


@cache
def days() -> tuple[Day, ...]:
    """Four days of each pattern."""
    return tuple(day(seed) for seed in range(COUNT))


@cache
def rows(seed: int) -> list[Row]:
    """What `day(seed)` told, decoded."""
    return rows_of(day(seed))
