"""Whole days: the same seed gives the same day, and its physics adds up."""

import math
from itertools import pairwise

import pytest

from motorcade.domain.record import Flag, Topic
from motorcade.simulator.days import Area, Circle, Day, Faults, Pattern, whole_day
from motorcade.simulator.roads.network import METRES_PER_DEGREE, Place, distance_m
from motorcade.simulator.taper import curve_share
from tests.unit.simulator.some_days import PATTERNS, day, days

S = 1_000_000_000


def length_m(places: list[Place]) -> float:
    return sum(distance_m(one, other) for one, other in pairwise(places))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_same_seed_gives_the_same_day_byte_for_byte_and_another_seed_another(pattern: Pattern) -> None:
    one, same = (whole_day(11, pattern, Faults.severe()) for _ in range(2))
    assert one == same
    assert whole_day(12, pattern, Faults.severe()).reports != one.reports


@pytest.mark.parametrize("pattern", PATTERNS)
def test_faults_change_what_arrives_and_never_what_happened(pattern: Pattern) -> None:
    assert whole_day(5, pattern, Faults.severe()).truth == whole_day(5, pattern, Faults.none()).truth


def test_a_day_may_begin_on_any_date() -> None:
    moved = whole_day(3, Pattern.POOL, begin_ns=day(3).begin_ns + 86_400 * S)
    assert [trip.start_ns - moved.begin_ns for trip in moved.truth.trips] == [
        trip.start_ns - day(3).begin_ns for trip in day(3).truth.trips
    ]


def test_a_trip_is_as_long_as_the_path_between_its_ends() -> None:
    for one in days():
        for trip in (*one.truth.trips, *one.truth.manoeuvres):
            path = [fix.place for fix in one.truth.track if trip.start_ns <= fix.at_ns <= trip.end_ns]
            # A second's chord cuts a corner by some metres.
            assert 0.975 * trip.distance_m < length_m(path) <= trip.distance_m * 1.001
            assert math.isclose(trip.odometer_end_m - trip.odometer_start_m, trip.distance_m)
            assert path[0] == trip.start_place
            assert path[-1] == trip.end_place


def test_energy_is_conserved_over_the_whole_day() -> None:
    for one in days():
        truth, capacity = one.truth, one.car.model.capacity_kwh
        for trip in truth.trips:
            assert math.isclose((trip.soc_start_pct - trip.soc_end_pct) / 100 * capacity, trip.energy_kwh, abs_tol=1e-9)
        for rest in truth.parked:
            lost = (rest.soc_start_pct - rest.soc_end_pct) / 100 * capacity
            assert math.isclose(lost, rest.lost_kwh, abs_tol=1e-6)
        for charge in truth.charges:
            gained = (charge.soc_end_pct - charge.soc_start_pct) / 100 * capacity
            in_holes = sum(r.lost_kwh for r in truth.parked if charge.start_ns < r.start_ns < charge.end_ns)
            assert math.isclose(gained, charge.added_kwh - in_holes, abs_tol=1e-6)
            assert charge.added_kwh < charge.plug_kwh


def test_charge_stays_within_its_bounds_and_plausible() -> None:
    for one in days():
        for trip in one.truth.trips:
            assert 0 < trip.soc_end_pct <= trip.soc_start_pct + 1 <= 102
            assert trip.top_speed_kmh < 190
            if trip.distance_m > 5_000:
                assert 0.05 < trip.energy_kwh / (trip.distance_m / 1_000) < 0.4, "kWh per km"
        for charge in one.truth.charges:
            assert 0 < charge.soc_start_pct < charge.soc_end_pct <= 100
            assert charge.added_kwh > 1
            mean_kw = charge.added_kwh / ((charge.end_ns - charge.start_ns) / 3.6e12)
            assert mean_kw <= charge.peak_kw
            assert charge.peak_kw <= (11 if charge.kind == "AC" else one.car.model.dc_max_kw)


def test_lists_are_in_order_and_do_not_overlap() -> None:
    for one in days():
        truth = one.truth
        for before, after in pairwise(sorted((*truth.trips, *truth.manoeuvres), key=lambda trip: trip.start_ns)):
            assert after.start_ns - before.end_ns >= 290 * S
        for earlier, later in pairwise(truth.charges):
            assert earlier.unplugged_ns <= later.plugged_ns
        for trip in truth.trips:
            assert trip.start_ns < trip.end_ns
            assert not any(c.start_ns < trip.end_ns and trip.start_ns < c.end_ns for c in truth.charges)
        for first, second in pairwise(truth.track):
            assert first.at_ns <= second.at_ns


def test_no_standstill_is_so_close_to_five_minutes_that_its_meaning_is_a_matter_of_taste() -> None:
    for one in days():
        moving = [fix.at_ns for fix in one.truth.track if fix.speed_kmh > 0]
        gaps = [(after - before) / S for before, after in pairwise(moving)]
        assert not [gap for gap in gaps if 275 < gap < 310]


def test_every_pattern_has_what_its_name_promises() -> None:
    by_pattern = {pattern: [one for one in days() if one.pattern is pattern] for pattern in PATTERNS}

    def some(pattern: Pattern) -> list[Day]:
        return by_pattern[pattern]

    assert any(c.kind == "AC" and c.idle_after_full_s > 3_600 for d in some(Pattern.COMMUTER) for c in d.truth.charges)
    assert all(sum(len(t.pauses) for t in d.truth.trips) >= 10 for d in some(Pattern.DELIVERY))
    assert any(c.holes for d in days() for c in d.truth.charges)
    assert all(any(c.kind == "DC" for c in d.truth.charges) for d in some(Pattern.LONG_DISTANCE))
    assert any(d.truth.manoeuvres for d in some(Pattern.POOL))
    assert all(not d.truth.trips and sum(r.sentry_kwh for r in d.truth.parked) > 3 for d in some(Pattern.PARKED))
    midnight = day(5).begin_ns + 86_400 * S
    assert any(t.start_ns < midnight < t.end_ns for d in some(Pattern.NIGHT) for t in d.truth.trips)
    assert any(r.climate_kwh > 0.3 for d in days() for r in d.truth.parked)
    assert any(d.speeding(137.0) for d in days())
    assert {h.kind for d in days() for h in d.truth.harsh} == {"braking", "acceleration", "cornering"}
    assert {d.car.typed for d in days()} == {True, False}
    assert any(d.truth.idlings for d in some(Pattern.DELIVERY))
    assert any(d.truth.alerts for d in some(Pattern.PARKED))
    assert any(d.truth.unbelted for d in days())
    assert any(d.truth.leak for d in days())


def test_a_fast_charge_tapers_as_real_ones_do() -> None:
    shares = [curve_share(soc) for soc in range(101)]
    assert max(shares) == shares[10] == 1.0
    assert all(later <= earlier for earlier, later in pairwise(shares[10:]))
    assert shares[50] == pytest.approx(0.42)
    assert shares[80] < 0.2


def test_visits_are_found_for_circles_and_areas_alike() -> None:
    one = next(d for d in days() if d.pattern is Pattern.COMMUTER)
    work = one.truth.trips[0].end_place
    north = 150 / METRES_PER_DEGREE
    east = north / math.cos(math.radians(work.latitude))
    corners = [(-1, -1), (-1, 1), (1, 1), (1, -1)]
    square = tuple(Place(work.latitude + a * north, work.longitude + b * east) for a, b in corners)
    round_, angular = one.visits(Circle("work", work, 150.0)), one.visits(Area("work", (square,)))
    assert round_
    assert len(round_) == len(angular)
    for inner, outer in zip(round_, angular, strict=True):
        assert inner.enter_ns is not None
        assert outer.enter_ns is not None
        assert outer.enter_ns <= inner.enter_ns
        assert any(trip.start_ns < inner.enter_ns <= trip.end_ns for trip in one.truth.trips)
    hole = tuple(
        Place(p.latitude + (work.latitude - p.latitude) / 2, (p.longitude + work.longitude) / 2) for p in square
    )
    assert not Area("ring", (square, hole)).holds(work)


def test_reports_are_what_a_gateway_would_append() -> None:
    for one in days():
        last: dict[bytes, tuple[int, int]] = {}
        for report in one.reports:
            sequence, received = last.get(report.connection_id, (-1, 0))
            assert report.sequence == sequence + 1
            assert report.received_at_ns > received
            last[report.connection_id] = report.sequence, report.received_at_ns
            assert report.effective_at_ns <= report.received_at_ns
            assert (report.topic is Topic.CONNECTIVITY) == bool(report.flags & Flag.SERVER_MADE)
        frame = one.reports[0].frame(b"o" * 16, b"v" * 16)
        assert frame[:3] == (b"o" * 16, b"v" * 16, one.reports[0].connection_id)
        assert len(frame) == 10


def test_fixes_that_stray_far_are_added_only_while_the_car_stands() -> None:
    calm, strayed = (whole_day(4, Pattern.PARKED, Faults(resends=0.0, stray=stray)) for stray in (0.0, 1.0))
    added = {report.payload for report in strayed.reports} - {report.payload for report in calm.reports}
    assert added
    assert strayed.truth == calm.truth
    for report in strayed.reports:
        if report.topic is Topic.VEHICLE_DATA and report.payload in added:
            assert not any(t.start_ns <= report.observed_at_ns <= t.end_ns for t in strayed.truth.manoeuvres)
