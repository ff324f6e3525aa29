"""Every habit of real cars shows on simulated days, about as often as it should."""

import time
from collections import Counter
from functools import cache
from itertools import pairwise

import pytest
from tesla_protocol.telemetry.vehicle_data_pb2 import Field, Payload

from motorcade.domain.record import Flag, Topic
from motorcade.domain.signal import by_name
from motorcade.domain.state import Value
from motorcade.simulator.days import Charge, Day, Faults, whole_day
from motorcade.wire.tesla.decode import decode_alerts, decode_connectivity, decode_vehicle_data
from tests.conditions import Scale
from tests.unit.simulator.plain_reading import find_charges, find_trips, match, rows_of
from tests.unit.simulator.some_days import PATTERNS, days, rows

S = 1_000_000_000


def readings(day: Day, name: str) -> list[tuple[int, Value]]:
    number = by_name(name).number
    return [(at, values[number]) for at, values in rows(day.seed) if number in values]


@cache
def charges() -> tuple[tuple[Day, Charge], ...]:
    return tuple((day, charge) for day in days() for charge in day.truth.charges)


def test_messages_carry_one_to_ten_fields_and_mostly_few() -> None:
    sizes = Counter(
        len(Payload.FromString(report.payload).data)
        for day in days()
        for report in day.reports
        if report.topic is Topic.VEHICLE_DATA and not report.flags & Flag.RESEND
    )
    assert max(sizes) == 10
    assert sum(sizes[n] for n in (1, 2, 3, 4)) > 0.6 * sizes.total()


def test_only_changed_fields_are_sent() -> None:
    for day in days():
        repeats = Counter[int]()
        last: dict[int, Value] = {}
        resent = {report.effective_at_ns for report in day.reports if report.flags & Flag.RESEND}
        for at, values in rows(day.seed):
            for number, value in values.items():
                repeats[number] += number in last and last[number] == value and at not in resent
                last[number] = value
        wakes = sum(report.topic is Topic.CONNECTIVITY for report in day.reports) // 2
        del repeats[by_name("speed_kmh").number]  # what a parked car last says of its speed has rules of its own
        # A start says everything again; a resend too, and what it said may be newer than what then arrives late.
        assert max(repeats.values()) <= wakes + 5


def test_a_shift_into_drive_often_never_arrives() -> None:
    lost = sum(day.quirks.get("drive_gear_lost", 0) for day in days())
    told = sum(value == "D" for day in days() for _, value in readings(day, "gear"))
    assert 0.15 < lost / (lost + told) < 0.6


def test_the_gear_of_a_parked_car_flaps_between_p_and_invalid() -> None:
    flaps = 0
    for day in days():
        trips = [*day.truth.trips, *day.truth.manoeuvres]
        for (_, before), (at, now) in pairwise(readings(day, "gear")):
            away = not any(trip.start_ns <= at <= trip.end_ns for trip in trips)
            flaps += away and {before, now} == {"P", None}
    assert flaps > 3 * len(days())


@pytest.mark.parametrize("how", ["zero", "stale", "invalid", "empty"])
def test_the_last_speed_before_parking_is_zero_or_stays_or_is_invalid_or_empty(how: str) -> None:
    counts = Counter[str]()
    for day in days():
        counts.update({habit: n for habit, n in day.quirks.items() if habit.startswith("last_speed")})
    assert counts[f"last_speed_{how}"] > 0.08 * counts.total()


def test_an_empty_value_has_nothing_set() -> None:
    key = Field.Value("VehicleSpeed")
    empty = [
        datum
        for day in days()
        for report in day.reports
        if report.topic is Topic.VEHICLE_DATA
        for datum in Payload.FromString(report.payload).data
        if datum.key == key and datum.value.WhichOneof("value") is None
    ]
    assert empty


def test_speed_is_sometimes_silent_for_fifty_seconds_while_places_flow() -> None:
    assert sum(day.quirks.get("speed_silent", 0) for day in days()) > len(days()) / 6


def test_fixes_of_a_parked_car_stray_and_come_back() -> None:
    assert sum(day.quirks.get("gps_stray", 0) for day in days()) > len(days()) / 2


def test_neither_odometer_nor_path_alone_is_enough() -> None:
    short_odometer, exact = 0, 0
    for day in days():
        odometer = [(at, float(v) * 1_000) for at, v in readings(day, "odometer_km") if isinstance(v, float)]
        for trip in day.truth.trips:
            inside = [metres for at, metres in odometer if trip.start_ns <= at <= trip.end_ns]
            told = inside[-1] - inside[0] if inside else 0.0
            short_odometer += told < 0.97 * trip.distance_m
            exact += abs(told - trip.distance_m) <= 0.01 * trip.distance_m
    assert short_odometer > exact


def test_charge_state_stays_idle_through_a_fast_charge() -> None:
    for day, charge in charges():
        words = [v for at, v in readings(day, "charge_state_text") if charge.start_ns < at < charge.end_ns - 60 * S]
        if charge.kind == "DC":
            assert set(words) <= {"Idle", "ClearFaults"}
        else:
            assert "Enable" in {
                v for at, v in readings(day, "charge_state_text") if charge.start_ns - 30 * S < at < charge.end_ns
            }


def test_the_battery_counter_counts_on_ac_too_and_goes_on_after_the_end() -> None:
    grows = 0
    for day, charge in charges():
        counter = [(at, float(v)) for at, v in readings(day, "battery_energy_added_kwh") if isinstance(v, float)]
        before_end = [v for at, v in counter if charge.plugged_ns <= at <= charge.end_ns]
        whole = [v for at, v in counter if charge.plugged_ns <= at <= charge.unplugged_ns + 60 * S]
        assert max(whole) == pytest.approx(charge.added_kwh, abs=0.05)
        grows += max(whole) > max(before_end)
    assert grows > 0.5 * len(charges())


def test_the_battery_counter_falls_while_a_plugged_car_warms_its_cabin() -> None:
    falls = 0
    for day, charge in charges():
        after = [v for at, v in readings(day, "battery_energy_added_kwh") if charge.end_ns < at < charge.unplugged_ns]
        falls += any(isinstance(a, float) and isinstance(b, float) and b < a for a, b in pairwise(after))
    assert falls


def test_counters_of_an_older_session_are_shown_without_any_charge() -> None:
    idle = [day for day in days() if not day.truth.charges]
    assert any(v for day in idle for _, v in readings(day, "battery_energy_added_kwh"))


def test_detailed_states_tell_of_limits_stops_and_boxes_without_power() -> None:
    states = {value for day in days() for _, value in readings(day, "charge_state")}
    assert states >= {"Disconnected", "Starting", "Charging", "Complete", "Stopped", "NoPower"}
    assert any(not readings(day, "charge_state") for day in days() if not day.car.typed)


def test_untyped_cars_write_text() -> None:
    day = next(day for day in days() if not day.car.typed and day.truth.trips)
    kinds = Counter(
        datum.value.WhichOneof("value")
        for report in day.reports
        if report.topic is Topic.VEHICLE_DATA
        for datum in Payload.FromString(report.payload).data
    )
    assert kinds["string_value"] > 0.8 * kinds.total()


def test_the_alert_topic_says_what_the_car_said() -> None:
    seen = 0
    for day in days():
        told = [a for r in day.reports if r.topic is Topic.ALERTS for a in decode_alerts(r.payload)]
        ended = [(a.name, a.started_at_ns, a.ended_at_ns) for a in told if a.ended_at_ns is not None]
        assert ended == [(a.name, a.start_ns, a.end_ns) for a in day.truth.alerts]
        seen += len(ended)
    assert seen


def test_connections_open_and_close_around_sleep() -> None:
    for day in days():
        events = [decode_connectivity(r.payload) for r in day.reports if r.topic is Topic.CONNECTIVITY]
        assert Counter(e.connected for e in events) == {True: len(events) // 2, False: len(events) // 2}
        for begin, end in day.truth.asleep:
            assert not [r for r in day.reports if begin + S < r.received_at_ns < end]


def test_merged_resends_date_old_values_again() -> None:
    resends = [r for day in days() for r in day.reports if r.flags & Flag.RESEND]
    assert 0.3 * len(days()) < len(resends) < 3 * len(days())
    assert all(len(decode_vehicle_data(r.payload)) for r in resends)


def test_the_severe_preset_shows_every_fault_and_hides_nothing_for_good(scale: Scale) -> None:
    """The plain reading keeps the promises but for a rest that a careful reducer gets right, too."""
    count = scale.n(24, 300)
    trips = found = charged = right = phantoms = reports = late = doubled = 0
    spent = 0.0
    for n in range(count):
        begun = time.process_time()
        day = whole_day(1_000 + n, PATTERNS[n % len(PATTERNS)], Faults.severe())
        spent += time.process_time() - begun
        told = rows_of(day)
        read, sessions = find_trips(told), find_charges(told)
        trips += len(day.truth.trips)
        found += sum(any(match(one, trip) for one in read) for trip in day.truth.trips)
        phantoms += max(0, len(read) - len(day.truth.trips))
        charged += len(day.truth.charges)
        for charge, session in zip(day.truth.charges, sessions, strict=False):
            same = abs(session.added_kwh - charge.added_kwh) <= 0.02 * charge.added_kwh
            right += same and session.is_dc == (charge.kind == "DC")
        reports += len(day.reports)
        late += sum(r.received_at_ns - r.effective_at_ns > 60 * S for r in day.reports)
        doubled += len(day.reports) - len({(r.connection_id, r.sequence) for r in day.reports})
    print(f"{count} days: {reports / count:.0f} reports and {spent / count:.3f} s of CPU a day")
    assert found >= 0.98 * trips
    assert right >= 0.98 * charged
    assert phantoms <= 0.01 * trips
    assert late
    assert doubled > 0.01 * reports


def test_open_belts_and_leaking_tyres_are_told() -> None:
    names = ("front_left", "front_right", "rear_left", "rear_right")
    belts = leaks = 0
    for day in days():
        told = readings(day, "driver_seat_belt")
        for open_ in day.truth.unbelted:
            closed = [value for at, value in told if abs(at - open_.end_ns) < 40 * S]
            belts += "Latched" in closed
        if day.truth.leak is not None:
            told = readings(day, f"tyre_pressure_{names[day.truth.leak.wheel]}_kpa")
            kpa = [value for _, value in told if isinstance(value, float)]
            assert min(kpa) < max(kpa) - 20
            leaks += 1
    assert belts >= 0.8 * sum(len(day.truth.unbelted) for day in days()) > 0
    assert leaks
