"""Charging and parking on simulated days under bad conditions, against what really happened."""

from hashlib import blake2b

import pytest

from motorcade.domain.episodes import charge, parked, trip
from motorcade.domain.episodes.charge import Charge, ChargeRules
from motorcade.domain.episodes.moment import Latest, Moment, Report
from motorcade.domain.episodes.parked import Parked, ParkedRules
from motorcade.domain.episodes.trip import TripRules
from motorcade.domain.record import NS_PER_S, Topic
from motorcade.simulator.days import Charge as TrueCharge
from motorcade.simulator.days import Day, Faults, Pattern, whole_day
from motorcade.wire.tesla.decode import decode_vehicle_data
from motorcade.wire.tesla.reports import decode_connectivity
from tests.conditions import Proof, Scale

_PATTERNS = (Pattern.COMMUTER, Pattern.LONG_DISTANCE, Pattern.POOL, Pattern.NIGHT)
_LATER_NS = 10 * 86_400 * NS_PER_S
_NEAR_S = 60.0


def told(day: Day) -> list[Report]:
    """The day's distinct records in the order of the fold."""
    reports: dict[bytes, Report] = {}
    for one in day.reports:
        record_id = blake2b(repr((one.topic, one.observed_at_ns, one.payload)).encode(), digest_size=16).digest()
        if one.topic is Topic.VEHICLE_DATA:
            readings = tuple(decode_vehicle_data(one.payload))
            reports[record_id] = Report(one.effective_at_ns, record_id, readings)
        elif one.topic is Topic.CONNECTIVITY:
            link = decode_connectivity(one.payload)
            connection = (str(link.connection_id), bool(link.connected))
            reports[record_id] = Report(one.effective_at_ns, record_id, connection=connection)
    return sorted(reports.values(), key=lambda one: one[:2])


def rows_of(day: Day) -> tuple[list[Charge], list[Parked]]:
    """What the reducers make of a day."""
    latest, before_ns = Latest(), 0
    trips, charges, parkings = trip.start(), charge.start(), parked.start()
    rows: list[object] = []
    for one in told(day):
        changed = latest.take(one.readings, one.effective_at_ns)
        presence = None if one.connection is None else one.connection[1]
        moment = Moment("V", one.effective_at_ns, one.record_id, before_ns, latest, changed, presence=presence)
        before_ns = moment.at_ns
        trip.step(trips, moment, TripRules())
        moment.trip_id = trip.running_id(trips)
        rows += charge.step(charges, moment, ChargeRules())
        moment.charge_id = charge.running(charges)
        rows += parked.step(parkings, moment, ParkedRules())
    rows += charge.view(charges, before_ns + _LATER_NS, ChargeRules())
    return [row for row in rows if isinstance(row, Charge)], [row for row in rows if isinstance(row, Parked)]


def _agrees(row: Charge, real: TrueCharge) -> bool:
    assert row.ended_at_ns is not None
    assert row.energy_used_kwh is not None
    return (
        row.current == real.kind
        and abs(row.energy_added_kwh / real.added_kwh - 1) <= 0.02
        and abs(row.energy_used_kwh / real.plug_kwh - 1) <= 0.05
        and abs(row.started_at_ns - real.start_ns) <= _NEAR_S * NS_PER_S
        and abs(row.ended_at_ns - real.end_ns) <= _NEAR_S * NS_PER_S
    )


def _check_parked(spells: list[Parked], day: Day) -> int:
    """Spells that began and ended while the car was awake and unplugged lose what the battery really lost."""
    checked = 0
    for real in day.truth.parked:
        near = [
            row
            for row in spells
            if abs(row.started_at_ns - real.start_ns) < 30 * NS_PER_S
            and row.ended_at_ns is not None
            and abs(row.ended_at_ns - real.end_ns) < 30 * NS_PER_S
        ]
        if not near or real.lost_kwh < 0.5:
            continue
        (row,) = near
        assert row.lost_kwh == pytest.approx(real.lost_kwh, rel=0.1, abs=0.12)
        losses = {loss.cause: loss.lost_kwh or 0.0 for loss in row.losses}
        assert losses["sentry"] == pytest.approx(real.sentry_kwh, rel=0.3, abs=0.1)
        assert losses["cabin_protection"] == pytest.approx(real.cabin_kwh, rel=0.3, abs=0.1)
        checked += 1
    return checked


def test_charges_and_parked_losses_of_bad_days_are_what_they_really_were(scale: Scale, proof: Proof) -> None:
    real_charges = found = phantoms = spells = 0
    for seed in range(scale.n(3, 60)):
        for pattern in _PATTERNS:
            day = whole_day(seed, pattern, Faults.severe())
            charges, parkings = rows_of(day)
            matched: set[str] = set()
            for real in day.truth.charges:
                rows = [row for row in charges if row.started_at_ns < real.end_ns]
                rows = [row for row in rows if (row.ended_at_ns or row.started_at_ns) > real.start_ns]
                matched |= {row.id for row in rows}
                real_charges += 1
                found += len(rows) == 1 and _agrees(rows[0], real)
            phantoms += sum(row.id not in matched for row in charges)
            spells += _check_parked(parkings, day)
    proof(
        "charges-of-bad-days", count=real_charges, result=f"{found} right, {phantoms} phantoms; {spells} parked losses"
    )
    assert real_charges > 0
    assert spells > 0
    assert phantoms == 0
    assert found >= real_charges * 0.995
