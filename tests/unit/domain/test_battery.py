"""The battery over months: capacity with its interval, full cycles, parked loss by day."""

from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.energy.battery import BatteryRules, capacity_of, full_cycles, loss_by_day, samples_of
from motorcade.domain.episodes.charging.row import Charge
from motorcade.domain.episodes.parking.row import CoursePoint, Loss, Parked
from motorcade.domain.record import NS_PER_S
from tests.conditions import is_long
from tests.unit.domain.charge_rows import BEGIN_NS, charged

BERLIN = ZoneInfo("Europe/Berlin")
DAY_NS = 86_400 * NS_PER_S


def sample(day: int, span_pct: float, capacity_kwh: float = 75.0, *, outside_c: float | None = 20.0) -> Charge:
    """A charge that shows a capacity."""
    energy = round(capacity_kwh * span_pct / 100, 3)
    return charged(energy, begin_ns=BEGIN_NS + day * DAY_NS, span_pct=span_pct, sample_kwh=energy, outside_c=outside_c)


def test_a_capacity_is_refused_under_the_least_number_of_samples() -> None:
    five = capacity_of([sample(day, 50.0) for day in range(5)])
    assert (five.capacity_kwh, five.low_kwh, five.high_kwh, five.refused) == (None, None, None, "too_few_samples")
    assert len(five.samples) == 5
    six = capacity_of([sample(day, 50.0) for day in range(6)])
    assert (six.capacity_kwh, six.refused, six.equal_samples) == (75.0, "", 6.0)
    assert capacity_of([]).refused == "too_few_samples"


def test_a_capacity_is_refused_where_one_sample_outweighs_all_others() -> None:
    assert capacity_of([sample(0, 90.0), *(sample(day, 15.0) for day in range(1, 8))]).refused == "too_little_weight"


def test_small_rises_and_doubtful_charges_are_no_samples() -> None:
    good = sample(0, 40.0)
    others = [
        sample(1, 14.9),
        replace(sample(2, 40.0), reasons=("counter_tail",)),
        replace(sample(3, 40.0), added_source="power"),
        replace(sample(4, 40.0), ended_at_ns=None),
        sample(5, 40.0, 5.0),
    ]
    assert [one.charge_id for one in samples_of([*others, good])] == [good.id]


def test_a_sample_weighs_by_the_square_of_its_rise_and_less_in_the_cold() -> None:
    warm, cold, unknown = samples_of(
        [sample(0, 40.0), sample(1, 40.0, outside_c=-3.0), sample(2, 20.0, outside_c=None)]
    )
    assert (warm.weight, cold.weight, unknown.weight) == (1_600.0, 800.0, 400.0)


def test_only_the_newest_samples_count() -> None:
    old = [sample(day, 50.0, 80.0) for day in range(200)]
    new = [sample(200 + day, 50.0, 70.0) for day in range(100)]
    estimate = capacity_of([*new, *old])
    assert (estimate.capacity_kwh, len(estimate.samples)) == (70.0, 100)


def test_a_few_broken_samples_do_not_move_the_estimate() -> None:
    chance = Random(3)
    good = [sample(day, 60.0, 75.0 + chance.uniform(-1, 1)) for day in range(30)]
    broken = [sample(100 + day, 60.0, 110.0) for day in range(5)]
    estimate = capacity_of([*good, *broken])
    assert estimate.capacity_kwh == pytest.approx(75.0, abs=0.6)
    assert estimate.mean_temperature_c == 20.0


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Charges of many sizes whose two readings are each wrong by about half a percent."""
    held = 0
    for seed in range(300):
        chance = Random(seed)
        charges = []
        for day in range(25):
            span = chance.uniform(16.0, 70.0)
            charges.append(sample(day, span + chance.gauss(0, 0.5) + chance.gauss(0, 0.5), 0.0))
            read = charges[-1].sample_span_pct
            charges[-1] = replace(charges[-1], sample_span_pct=read, sample_energy_kwh=0.75 * span)
        estimate = capacity_of(charges)
        assert estimate.low_kwh is not None
        assert estimate.high_kwh is not None
        assert estimate.high_kwh - estimate.low_kwh < 4.0
        held += estimate.low_kwh <= 75.0 <= estimate.high_kwh
    assert 0.90 <= held / 300 <= 1.0


@settings(max_examples=2_000 if is_long() else 200)
@given(st.lists(st.tuples(st.floats(15.0, 90.0), st.floats(60.0, 90.0)), min_size=6, max_size=20), st.randoms())
def test_the_order_of_rows_does_not_matter_and_the_interval_holds_the_estimate(
    sizes: list[tuple[float, float]], chance: Random
) -> None:
    charges = [sample(day, round(span, 2), capacity) for day, (span, capacity) in enumerate(sizes)]
    estimate = capacity_of(charges)
    chance.shuffle(charges)
    assert capacity_of(charges) == estimate
    if estimate.capacity_kwh is not None:
        assert estimate.low_kwh is not None
        assert estimate.high_kwh is not None
        assert estimate.low_kwh <= estimate.capacity_kwh <= estimate.high_kwh
        seen = [one.capacity_kwh for one in estimate.samples]
        assert min(seen) - 0.01 <= estimate.low_kwh <= estimate.high_kwh <= max(seen) + 0.01
    assert capacity_of(charges, BatteryRules(least_samples=99)).refused == "too_few_samples"


def test_full_cycles_are_the_energy_added_by_the_capacity() -> None:
    assert full_cycles([charged(30.0), charged(45.0)], 75.0) == 1.0
    assert full_cycles([], 75.0) == 0.0


# -- parked loss -----------------------------------------------------------------------------------------------------


def ns(text: str) -> int:
    """A time on the wall in Berlin."""
    return round(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()) * NS_PER_S


def spell(begin_ns: int, end_ns: int | None, *points: tuple[int, float]) -> Parked:
    """A spell whose losses are all unknown."""
    course = [CoursePoint(begin_ns, (0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0))]
    course += [CoursePoint(at_ns, (0.0, 0.0, 0.0, pct), (0.0, 0.0, 0.0, pct * 0.75)) for at_ns, pct in points]
    lost = course[-1].lost_pct[3]
    return Parked(
        id="p",
        vehicle_id="V",
        started_at_ns=begin_ns,
        ended_at_ns=end_ns,
        rule_version=1,
        first_record=b"a",
        last_record=None if end_ns is None else b"b",
        battery_start_pct=80.0,
        battery_end_pct=80.0 - lost,
        lost_pct=lost,
        lost_kwh=lost * 0.75,
        energy_source="pack",
        losses=tuple(Loss(cause, 0.0, 0.0, 0.0) for cause in ("sentry", "cabin_protection", "climate", "unknown")),
        course=tuple(course),
        asleep_h=0.0,
        asleep_share=0.0,
        plugged=False,
        place=None,
        fences=(),
        outside_temperature_c=None,
    )


def test_a_loss_over_midnight_is_shared_by_the_days_on_the_wall() -> None:
    begin_ns, end_ns = ns("2026-06-01T18:00"), ns("2026-06-03T06:00")
    days = loss_by_day([spell(begin_ns, end_ns, (end_ns, 3.6))], BERLIN)
    assert [(day.day, day.parked_h, day.lost_pct[3], day.lost_kwh[3]) for day in days] == [
        (date(2026, 6, 1), 6.0, 0.6, 0.45),
        (date(2026, 6, 2), 24.0, 2.4, 1.8),
        (date(2026, 6, 3), 6.0, 0.6, 0.45),
    ]


def test_a_day_on_which_the_clocks_change_has_its_own_hours() -> None:
    begin_ns, end_ns = ns("2026-10-24T12:00"), ns("2026-10-26T12:00")
    days = loss_by_day([spell(begin_ns, end_ns, (end_ns, 4.9))], BERLIN)
    assert [day.parked_h for day in days] == [12.0, 25.0, 12.0]
    assert [day.lost_pct[3] for day in days] == [1.2, 2.5, 1.2]


def test_an_open_spell_counts_to_its_last_reading() -> None:
    begin_ns = ns("2026-06-01T18:00")
    (day,) = loss_by_day([spell(begin_ns, None, (begin_ns + 3_600 * NS_PER_S, 0.5))], BERLIN)
    assert (day.parked_h, day.lost_pct[3]) == (1.0, 0.5)


@settings(max_examples=2_000 if is_long() else 200)
@given(
    st.integers(0, 86_400 * 300),
    st.lists(st.tuples(st.integers(1, 200_000), st.floats(-1.0, 5.0)), min_size=1, max_size=8),
    st.integers(0, 90_000),
)
def test_the_days_add_up_to_the_spell(begin_s: int, steps: list[tuple[int, float]], after_s: int) -> None:
    at_ns, lost, points = BEGIN_NS + begin_s * NS_PER_S, 0.0, []
    begin_ns = at_ns
    for seconds, more in steps:
        at_ns, lost = at_ns + seconds * NS_PER_S, round(lost + more, 4)
        points.append((at_ns, lost))
    end_ns = at_ns + after_s * NS_PER_S
    days = loss_by_day([spell(begin_ns, end_ns, *points)], BERLIN)
    assert sum(day.lost_pct[3] for day in days) == pytest.approx(lost, abs=0.001 * len(days))
    assert sum(day.parked_h for day in days) == pytest.approx((end_ns - begin_ns) / 3.6e12, abs=0.01 * len(days))
    assert len({day.day for day in days}) == len(days)
    assert loss_by_day([], UTC) == ()
