"""Trips of simulated days under faults against what the simulation knows, and of recorded cars."""

from collections.abc import Iterable

import pytest

from motorcade.domain.episodes import trip
from motorcade.domain.episodes.moment import Latest, Moment, Report
from motorcade.domain.episodes.trip import Trip, TripRules
from motorcade.domain.record import NS_PER_S, raw_record_id
from motorcade.simulator.days import Day, Faults, Pattern, whole_day
from motorcade.wire.report import report_of
from motorcade.wire.tesla.decode import decode_vehicle_data
from motorcade.wire.tesla.payload_cut import hashed_bytes
from motorcade.wire.tesla.recorded import parse_recording
from tests.conditions import Proof, Scale, shared_data

VEHICLE = b"v" * 16
NEAR_NS = 60 * NS_PER_S
MOST_OFF = 0.01
FOUND = 0.995
BY_CHANCE = 1
"""So many misses are allowed in a run of a few dozen trips, where 0.5 % would be less than one."""


def reports_of(day: Day) -> list[Report]:
    """A day's distinct reports in the order of the fold."""
    found: dict[bytes, Report] = {}
    for sent in day.reports:
        frame = sent.frame(b"o" * 16, VEHICLE)
        record = raw_record_id(VEHICLE, frame[4], frame[6], hashed_bytes(frame[4], frame[9]))
        report = report_of(frame, record)
        if report is not None:
            found.setdefault(record, report)
    return sorted(found.values(), key=lambda report: report[:2])


def trips_of(reports: Iterable[Report]) -> list[Trip]:
    """What the reducer makes of them; connections come and go as in the fold."""
    rules, state, latest = TripRules(), trip.start(), Latest()
    rows: dict[str, Trip] = {}
    open_connections: set[str] = set()
    before_ns = 0
    for report in reports:
        presence = None
        if report.connection is not None:
            name, opened = report.connection
            was = bool(open_connections)
            (open_connections.add if opened else open_connections.discard)(name)
            presence = None if bool(open_connections) == was else not was
        at_ns = report.effective_at_ns
        changed = latest.take(report.readings, at_ns)
        moment = Moment("v", at_ns, report.record_id, before_ns, latest, changed, presence=presence)
        before_ns = at_ns
        rows |= {row.id: row for row in trip.step(state, moment, rules) if isinstance(row, Trip)}
    rows |= {row.id: row for row in trip.view(state, before_ns + 10**15, rules) if isinstance(row, Trip)}
    return list(rows.values())


def near(one: Trip, start_ns: int, end_ns: int) -> bool:
    ended_ns = one.ended_at_ns
    return ended_ns is not None and abs(one.started_at_ns - start_ns) <= NEAR_NS and abs(ended_ns - end_ns) <= NEAR_NS


def test_trips_of_simulated_days_are_found_and_none_is_invented(scale: Scale, proof: Proof) -> None:
    patterns = list(Pattern)
    true, found, phantoms, missed = 0, 0, 0, list[str]()
    days = scale.n(12, 600)
    for number in range(days):
        pattern = patterns[number % len(patterns)]
        day = whole_day(number, pattern, Faults.severe())
        rows = trips_of(reports_of(day))
        listed = {row.id: row for row in rows if not row.manoeuvre}
        true += len(day.truth.trips)
        for real in day.truth.trips:
            match = next((row for row in listed.values() if near(row, real.start_ns, real.end_ns)), None)
            if match is None or abs(match.distance_m / real.distance_m - 1) > MOST_OFF:
                missed.append(f"day {number} {pattern.value}: {real} as {match}")
            else:
                found += 1
            # A trip that was found badly is missed, and no phantom: it is a real one's.
            for row in list(listed.values()):
                if row.started_at_ns < real.end_ns and (row.ended_at_ns or 0) > real.start_ns:
                    del listed[row.id]
        phantoms += len(listed)
    assert phantoms == 0
    assert found >= min(FOUND * true, true - BY_CHANCE), missed
    proof(
        "trips-of-simulated-days",
        count=days,
        result=f"{found} of {true} trips with both ends within 60 s and distance within 1 %, {phantoms} phantoms",
    )


@pytest.mark.parametrize(
    ("name", "moved"),
    [
        ("driving_typed", 1),
        ("doors_typed", 0),
        ("route_untyped", 0),
        ("ac_charging_typed", 0),
        ("dc_charging_untyped", 1),
    ],
)
def test_recorded_cars_drive_as_far_as_they_did(name: str, moved: int) -> None:
    file = shared_data("tesla-streams") / f"{name}.jsonl"
    recording = parse_recording(file.read_text(encoding="utf-8").splitlines())
    reports = []
    for message in recording.messages:
        payload = message.parse("")
        at_ns = payload.created_at.ToNanoseconds()
        readings = tuple(decode_vehicle_data(payload.SerializeToString()))
        reports.append(Report(at_ns, message.line.to_bytes(16, "big"), readings))
    rows = trips_of(sorted(reports, key=lambda report: report[:2]))
    assert not [row for row in rows if not row.manoeuvre], "none of them goes a hundred metres"
    assert len(rows) == moved
    for row in rows:
        assert row.ended_at_ns is not None
        assert row.distance_m < 20
