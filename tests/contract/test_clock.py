"""The contract of `ports/clock.py`, on every adapter."""

import time

import pytest

from motorcade.ports.clock import Clock
from tests.contract.rigs import CLOCKS


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest) -> Clock:
    return CLOCKS[request.param]()


def test_wall_time_is_nanoseconds_since_1970(clock: Clock) -> None:
    before = time.time_ns()  # noqa: TID251 - the machine's own clock is what it is compared with
    assert before <= clock.now_ns() <= time.time_ns()  # noqa: TID251 - the same


def test_the_monotonic_clock_never_goes_back(clock: Clock) -> None:
    readings = [clock.monotonic_ns() for _ in range(10_000)]
    assert readings == sorted(readings)


def test_the_monotonic_clock_measures_durations_in_nanoseconds(clock: Clock) -> None:
    begun = clock.monotonic_ns()
    time.sleep(0.02)
    assert 0.02e9 <= clock.monotonic_ns() - begun < 10e9
