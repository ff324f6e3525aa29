"""One car's whole day."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from motorcade.simulator.days.car import DayCar, draw_car
from motorcade.simulator.days.faults import Faults
from motorcade.simulator.days.fences import Area, Circle, visits
from motorcade.simulator.days.journey import deliver
from motorcade.simulator.days.patterns import Pattern, play
from motorcade.simulator.days.post import Report
from motorcade.simulator.days.stage import Stage
from motorcade.simulator.days.truth import Speeding, Truth, Visit
from motorcade.simulator.days.ways import the_city
from motorcade.simulator.roads.route import Spot

FIRST_DAY_NS: Final = 1_772_409_600 * 1_000_000_000
"""2 March 2026, midnight UTC: where days begin unless told otherwise."""
_DEPOT_PATTERNS: Final = frozenset({Pattern.DELIVERY, Pattern.POOL})


@dataclass(frozen=True, slots=True)
class Day:
    """A day's reports and its truth."""

    seed: int
    pattern: Pattern
    faults: Faults
    car: DayCar
    begin_ns: int
    end_ns: int
    """When the simulation ended; reports may be received later."""
    reports: list[Report]
    """In the order in which the stream holds them."""
    truth: Truth
    quirks: Mapping[str, int]
    """How often each habit of real cars showed: ``drive_gear_lost``, ``gear_flap``, ``speed_silent``, ``gps_stray``,
    and ``last_speed_`` with ``zero``, ``stale``, ``invalid`` or ``empty``."""

    def visits(self, fence: Circle | Area) -> list[Visit]:
        """Return the true stays inside a fence."""
        return visits(self.truth.track, fence)

    def speeding(self, threshold_kmh: float = 137.0) -> list[Speeding]:
        """Return the true intervals above a threshold (the default is the product's)."""
        found: list[Speeding] = []
        begin_ns: int | None = None
        peak = 0.0
        last_ns = self.begin_ns
        for fix in self.truth.track:
            if fix.speed_kmh > threshold_kmh:
                begin_ns = last_ns if begin_ns is None else begin_ns
                peak = max(peak, fix.speed_kmh)
            elif begin_ns is not None:
                found.append(Speeding(begin_ns, last_ns, threshold_kmh, peak))
                begin_ns, peak = None, 0.0
            last_ns = fix.at_ns
        return found


def whole_day(seed: int, pattern: Pattern, faults: Faults | None = None, begin_ns: int = FIRST_DAY_NS) -> Day:
    """Simulate one car's day.

    Args:
        seed: decides everything that is left to chance: the car, its configuration, the day and its faults. The same
            seed and pattern give the same truth under any faults.
        pattern: what kind of day.
        faults: what goes wrong on the way to the stream; None = an ordinary network.
        begin_ns: midnight at which the day begins, ns since 1970 UTC.
    """
    faults = faults or Faults()
    chance = random.Random(f"{seed} {pattern.value}")
    car = draw_car(chance, sporty=pattern is Pattern.LONG_DISTANCE)
    city = the_city()
    if pattern in _DEPOT_PATTERNS:
        home = city.stall(chance.choice(city.depots), chance)
    else:
        lane = chance.choice(city.lanes)
        home = Spot(lane, lane.length_m * chance.uniform(0.2, 0.8))
    stage = Stage(car, begin_ns, chance, home)
    play(stage, pattern)
    truth = stage.ledger.truth()
    reports = deliver(stage, truth, begin_ns, faults, random.Random(f"{seed} {pattern.value} faults"))
    return Day(
        seed=seed,
        pattern=pattern,
        faults=faults,
        car=car,
        begin_ns=begin_ns,
        end_ns=stage.ledger.ns(stage.now_s),
        reports=reports,
        truth=truth,
        quirks=stage.collector.quirks,
    )


def mixed_days(count: int, faults: Faults | None = None, first_seed: int = 0) -> Iterator[Day]:
    """Simulate the days of many cars, one after the other: the mixture under which promises are measured.

    Args:
        count: how many days; each has the next seed, and the patterns take turns.
        faults: what goes wrong on the way to the stream; None = an ordinary network.
        first_seed: of the first day.
    """
    patterns = list(Pattern)
    for seed in range(first_seed, first_seed + count):
        yield whole_day(seed, patterns[seed % len(patterns)], faults)
