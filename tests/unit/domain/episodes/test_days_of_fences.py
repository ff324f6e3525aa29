"""Whole simulated days: visits and safety events as found from the reports are those that the physics had."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from motorcade.domain.episodes import safety, visit
from motorcade.domain.episodes.safety_rules import SafetyRules
from motorcade.domain.episodes.safety_spell import SafetyEvent
from motorcade.domain.geofence import Fence, FenceSet
from motorcade.domain.geofence.shape import Circle as FenceCircle
from motorcade.domain.record import NS_PER_S
from motorcade.simulator.days import Circle, Day, Faults, mixed_days
from motorcade.wire.report import record_id_of, report_of
from tests.conditions import Proof, Scale
from tests.unit.domain.episodes.reducing import Reducer, Told, fold

RULES: Final = SafetyRules()
RADII_M: Final = (80.0, 150.0, 300.0)
LONG_NS: Final = 90 * NS_PER_S
"""A stay that outlasts the minimum time and the fixes around it by far."""
CLOSE_NS: Final = 60 * NS_PER_S
NEVER_NS: Final = 2**62


def story(day: Day) -> list[Told]:
    """A day's distinct records in the order of the fold."""
    found: dict[bytes, Told] = {}
    for one in day.reports:
        frame = one.frame(b"organisation-16.", b"one-vehicle-of16")
        record_id = record_id_of(frame)
        report = report_of(frame, record_id)
        if report is not None:
            found[record_id] = Told(report.effective_at_ns, record_id, report.readings, report.notices)
    return sorted(found.values(), key=lambda one: (one.at_ns, one.record_id))


@dataclass
class Tally:
    """How many were true, and how many of them found."""

    true: int = 0
    found: int = 0
    rows: int = 0
    phantoms: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


def see_visits(day: Day, records: Sequence[Told], tally: Tally) -> None:
    """Fences where the day's trips end: the true stays of some length against the rows."""
    places = [day.truth.track[0].place, *(trip.end_place for trip in day.truth.trips[:6])]
    circles = [Circle(f"fence {n}", place, RADII_M[n % 3]) for n, place in enumerate(places)]
    fences = FenceSet(
        1,
        [
            Fence(one.name, 1, one.name, FenceCircle((one.centre.latitude, one.centre.longitude), one.radius_m))
            for one in circles
        ],
    )
    rows = cast(list[visit.Visit], list(fold(cast(Reducer, visit), records, lambda _: fences)[0].values()))
    first_ns = next(one.at_ns for one in records if any(number == visit.LOCATION for number, _ in one.readings))
    for circle in circles:
        mine = [row for row in rows if row.fence_id == circle.name]
        stays = day.visits(circle)
        for stay in stays:
            entered_ns, left_ns = stay.enter_ns or first_ns, stay.exit_ns or NEVER_NS
            if left_ns - max(entered_ns, first_ns) < LONG_NS:
                continue
            same = [row for row in mine if row.started_at_ns < left_ns and (row.ended_at_ns or NEVER_NS) > entered_ns]
            tally.true += 1
            if (
                len(same) == 1
                and (stay.enter_ns is None or abs(same[0].started_at_ns - entered_ns) < CLOSE_NS)
                and abs((same[0].ended_at_ns or NEVER_NS) - left_ns) < CLOSE_NS
            ):
                tally.found += 1
            else:
                tally.missed.append(f"{day.seed} {circle.name} {entered_ns} {left_ns}")
        tally.phantoms += [
            f"{day.seed} {row.fence_id}"
            for row in mine
            if not any(touch(row, stay.enter_ns or 0, stay.exit_ns or NEVER_NS, CLOSE_NS) for stay in stays)
        ]


class Lasting(Protocol):
    """Anything with two ends."""

    @property
    def start_ns(self) -> int: ...
    @property
    def end_ns(self) -> int: ...


def touch(row: SafetyEvent | visit.Visit, start_ns: int, end_ns: int, slack_ns: int) -> bool:
    return row.started_at_ns <= end_ns + slack_ns and start_ns <= (row.ended_at_ns or NEVER_NS) + slack_ns


def compare(day: Day, rows: Iterable[SafetyEvent], truth: Sequence[Lasting], least_s: float, tally: Tally) -> None:
    """Each true thing of some length has a row, and each row a true thing."""
    slack_ns = round((4 + 2 * day.faults.skew_s + day.faults.jump_s) * NS_PER_S)  # the car's own clock dates the row
    there = list(rows)
    tally.rows += len(there)
    for one in truth:
        if one.end_ns - one.start_ns >= least_s * NS_PER_S:
            tally.true += 1
            tally.found += any(touch(row, one.start_ns, one.end_ns, slack_ns) for row in there)
    tally.phantoms += [
        f"{day.seed} {row.category} {row.source} {(row.started_at_ns - day.begin_ns) / NS_PER_S}"
        for row in there
        if not any(touch(row, one.start_ns, one.end_ns, slack_ns) for one in truth)
    ]


def test_visits_and_safety_events_of_whole_days_are_the_true_ones(scale: Scale, proof: Proof) -> None:
    count = scale.n(8, 300)
    names = ("visits", "speeding", "belts", "manoeuvres sensed", "manoeuvres derived")
    tallies = {name: Tally() for name in names}
    for faults in (None, Faults.severe()):
        for day in mixed_days(count, faults):
            records = story(day)
            see_visits(day, records, tallies["visits"])
            rows = cast(list[SafetyEvent], list(fold(cast(Reducer, safety), records, lambda _: RULES)[0].values()))
            compare(day, [row for row in rows if row.category == "speeding"], day.speeding(), 20, tallies["speeding"])
            belts = [row for row in rows if row.category == "seat_belt"]
            compare(day, belts, day.truth.unbelted, 45, tallies["belts"])
            kind = "manoeuvres sensed" if day.car.sends_acceleration else "manoeuvres derived"
            compare(day, [row for row in rows if row.peak_g is not None], day.truth.harsh, 0, tallies[kind])
    for name in ("visits", "speeding", "belts"):
        tally = tallies[name]
        assert tally.found >= 0.99 * tally.true - 1, (name, tally)
        assert not tally.phantoms, (name, tally)
    sensed, derived = tallies["manoeuvres sensed"], tallies["manoeuvres derived"]
    assert sensed.found >= 0.8 * sensed.true - 1, sensed  # reports are a second or two apart, and some get lost
    assert not sensed.phantoms, sensed
    assert len(derived.phantoms) <= 0.3 * derived.rows + 1, derived  # they say that they are less sure
    proof(
        "visits-and-safety-of-days",
        count=2 * count,
        result="; ".join(
            f"{name}: {one.found} of {one.true}, {len(one.phantoms)} phantoms" for name, one in tallies.items()
        ),
    )
