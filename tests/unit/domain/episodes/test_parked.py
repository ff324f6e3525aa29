"""Parked loss: spells between trips and charges, what was lost in them, and to what."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.episodes import parked
from motorcade.domain.episodes.episode import Episode, in_order
from motorcade.domain.episodes.moment import Latest, Moment, Report
from motorcade.domain.episodes.parked import Parked, ParkedRules, ParkedState
from motorcade.domain.state import Value
from tests.conditions import is_long
from tests.unit.domain.episodes.charging import at, connection, report

RULES: Final = ParkedRules()
HOUR_S: Final = 3_600
_PACK: Final = msgspec.msgpack.Encoder()
_UNPACK: Final = msgspec.msgpack.Decoder(ParkedState)
Step = tuple[Report, bool, bool]
"""A record, whether a trip runs after it, and whether a charge does."""


@dataclass
class Car:
    """One car's records through the reducer."""

    state: ParkedState = field(default_factory=parked.start)
    latest: Latest = field(default_factory=Latest)
    at_ns: int = 0
    finals: list[Episode] = field(default_factory=list)
    busy: tuple[bool, bool] = (False, False)

    def take(self, one: Report, *, drives: bool = False, charges: bool = False) -> None:
        """Fold one record."""
        self.busy = (drives, charges)
        moment = Moment(
            vehicle_id="V",
            at_ns=one.effective_at_ns,
            record_id=one.record_id,
            previous_at_ns=self.at_ns,
            latest=self.latest,
            changed=self.latest.take(one.readings, one.effective_at_ns),
            presence=None if one.connection is None else one.connection[1],
            trip_id="t" if drives else None,
            charge_id="c" if charges else None,
        )
        self.at_ns = one.effective_at_ns
        self.finals += parked.step(self.state, moment, RULES)

    def view(self, horizon_ns: int) -> list[Episode]:
        """What is not final at a horizon."""
        return parked.view(self.state, horizon_ns, RULES)


def only(car: Car) -> Parked:
    """The one spell that ended."""
    (row,) = car.finals
    assert isinstance(row, Parked)
    return row


def parked_night(*between: Report) -> Car:
    """Drive home, stand for ten hours with these records in between, and drive off."""
    car = Car()
    car.take(report(-60, gear="D", speed_kmh=40.0, battery_pct=60.0, energy_remaining_kwh=45.0), drives=True)
    car.take(report(0, gear="P", speed_kmh=None), drives=True)
    car.take(report(310, inside_temperature_c=20.0, odometer_km=1.0), drives=False)
    for one in between:
        car.take(one)
    car.take(report(10 * HOUR_S, gear="D"), drives=True)
    return car


def by_cause(row: Parked) -> dict[str, tuple[float, float, float | None]]:
    """Hours and losses."""
    return {loss.cause: (loss.hours, loss.lost_pct, loss.lost_kwh) for loss in row.losses}


def test_a_spell_begins_with_the_standstill_and_ends_with_the_next_start() -> None:
    row = only(parked_night(report(9 * HOUR_S, battery_pct=58.0, energy_remaining_kwh=43.5)))
    assert (row.started_at_ns, row.ended_at_ns) == (at(0), at(10 * HOUR_S))
    assert (row.battery_start_pct, row.battery_end_pct, row.lost_pct) == (60.0, 58.0, 2.0)
    assert (row.lost_kwh, row.energy_source) == (1.5, "pack")
    assert by_cause(row)["unknown"] == (10.0, 2.0, 1.5)


def test_sentry_mode_has_its_share_by_its_time_and_power() -> None:
    car = parked_night(
        report(HOUR_S, sentry_mode="Armed"),
        report(5 * HOUR_S, sentry_mode="Aware"),
        report(6 * HOUR_S, sentry_mode="Off"),
        report(6 * HOUR_S + 1, battery_pct=56.0, energy_remaining_kwh=42.0),
    )
    losses = by_cause(only(car))
    assert losses["sentry"][0] == 5.0
    kwh = 3.0 * 5 * 250 / (5 * 250 + 6 * 150)
    assert losses["sentry"][2] == pytest.approx(kwh, abs=0.002)
    assert losses["sentry"][2] + losses["unknown"][2] == pytest.approx(3.0)  # type: ignore[operator]  # both are known


def test_cabin_protection_and_climate_are_told_apart() -> None:
    car = parked_night(
        report(HOUR_S, climate_power="OverheatProtect"),
        report(2 * HOUR_S, climate_power="Off", battery_pct=59.0),
        report(3 * HOUR_S, climate_power="Precondition"),
        report(4 * HOUR_S, climate_power="Off", battery_pct=57.0),
        report(5 * HOUR_S, climate_keeper_mode="Dog"),
        report(6 * HOUR_S, climate_keeper_mode="Off", battery_pct=55.0),
    )
    losses = by_cause(only(car))
    assert (losses["cabin_protection"][0], losses["climate"][0]) == (1.0, 2.0)
    assert losses["cabin_protection"][1] == pytest.approx(1_000 / 1_300, abs=0.01)
    assert losses["climate"][1] == pytest.approx(2 * 2 * 2_000 / 2_300, abs=0.01)


def test_a_sleeping_car_is_seen_to_sleep_and_one_on_guard_is_not() -> None:
    car = parked_night(connection(HOUR_S, opened=False), connection(9 * HOUR_S, opened=True))
    assert (only(car).asleep_h, only(car).asleep_share) == (8.0, 0.8)
    guard = parked_night(
        report(600, sentry_mode="Armed"), connection(HOUR_S, opened=False), connection(9 * HOUR_S, opened=True)
    )
    assert only(guard).asleep_h == 0.0


def test_a_percent_is_worth_what_the_full_pack_holds_where_the_car_says_no_energy() -> None:
    car = Car()
    car.take(report(0, gear="P", battery_pct=60.0, full_pack_energy_kwh=80.0))
    car.take(report(9 * HOUR_S, battery_pct=58.0))
    car.take(report(10 * HOUR_S, gear="D"), drives=True)
    row = only(car)
    assert (row.lost_kwh, row.energy_source) == (1.6, "battery_pct")
    assert row.course[-1].lost_kwh == (0.0, 0.0, 0.0, 1.6)


def test_what_is_not_known_is_not_made_up() -> None:
    car = Car()
    car.take(report(0, gear="P", battery_pct=60.0))
    car.take(report(9 * HOUR_S, battery_pct=58.0))
    car.take(report(10 * HOUR_S, gear="D"), drives=True)
    row = only(car)
    assert (row.lost_pct, row.lost_kwh, row.energy_source, row.reasons) == (2.0, None, "none", ("no_energy",))
    assert all(loss.lost_kwh is None for loss in row.losses)


def test_a_reading_of_the_trip_that_comes_late_is_no_loss() -> None:
    row = only(parked_night(report(330, battery_pct=59.9), report(9 * HOUR_S, battery_pct=58.0)))
    assert row.lost_pct == 2.0  # what comes after two minutes is taken for a loss
    soon = Car()
    soon.take(report(-60, gear="D", battery_pct=60.0), drives=True)
    soon.take(report(0, gear="P"), drives=True)
    soon.take(report(60, battery_pct=59.0), drives=True)
    soon.take(report(9 * HOUR_S, battery_pct=58.0))
    soon.take(report(10 * HOUR_S, gear="D"), drives=True)
    assert only(soon).lost_pct == 1.0


def test_a_gain_is_said_to_be_one() -> None:
    row = only(parked_night(report(HOUR_S, battery_pct=59.9), report(2 * HOUR_S, battery_pct=61.0)))
    assert row.lost_pct == -1.0
    assert "gained" in row.reasons


def test_a_charge_ends_a_spell_at_its_first_sign() -> None:
    car = Car()
    car.take(report(0, gear="P", battery_pct=60.0))
    car.take(report(2 * HOUR_S, battery_pct=59.0))
    car.take(report(3 * HOUR_S, charge_state="Charging", ac_charging_power_kw=2.0))
    car.take(report(3 * HOUR_S + 60, battery_pct=59.1))
    car.take(report(3 * HOUR_S + 120, battery_energy_added_kwh=0.1), charges=True)
    row = only(car)
    assert (row.ended_at_ns, row.lost_pct) == (at(3 * HOUR_S), 1.0)
    car.take(report(5 * HOUR_S, charge_state="Complete", ac_charging_power_kw=0.0, battery_pct=70.0))
    car.take(report(9 * HOUR_S, battery_pct=69.0))
    car.take(report(10 * HOUR_S, gear="D"), drives=True)
    after = car.finals[1]
    assert isinstance(after, Parked)
    assert (after.started_at_ns, after.lost_pct, after.plugged) == (at(5 * HOUR_S), 1.0, True)


def test_a_stop_on_the_way_is_no_spell() -> None:
    car = Car()
    car.take(report(0, gear="D", speed_kmh=30.0), drives=True)
    car.take(report(60, gear="P", speed_kmh=None), drives=True)
    car.take(report(200, gear="D"), drives=True)
    car.take(report(300, gear="P"), drives=False)
    car.take(report(899, gear="D"), drives=True)
    assert car.finals == []


def test_a_spell_is_shown_from_ten_minutes_on() -> None:
    car = Car()
    car.take(report(0, gear="P"))
    assert parked.due_ns(car.state, at(0), RULES) == at(600)
    assert car.view(at(599)) == []
    (row,) = car.view(at(600))
    assert row.ended_at_ns is None
    assert parked.due_ns(car.state, at(600), RULES) is None
    assert parked.quiet(car.state, at(700), RULES)


def test_the_course_is_bounded() -> None:
    car = Car()
    car.take(report(0, gear="P", battery_pct=90.0))
    for hour in range(1, 400):
        car.take(report(hour * HOUR_S, battery_pct=90.0 - hour / 10))
    car.take(report(400 * HOUR_S, gear="D"), drives=True)
    row = only(car)
    assert len(row.course) <= 64
    assert row.course[-1].lost_pct[3] == pytest.approx(row.lost_pct)


# -- laws ------------------------------------------------------------------------------------------------------------

_EXAMPLES = 20_000 if is_long() else 700
_GAPS_S = (1, 10, 60, 120, 300, 600, 1_000, 4_000, 20_000, 90_000)
_READINGS: tuple[tuple[str, tuple[Value, ...]], ...] = (
    ("battery_pct", (None, 50.0, 50.3, 51.0, 49.0, 40.0)),
    ("energy_remaining_kwh", (None, 40.0, 39.9, 38.0, 41.0)),
    ("full_pack_energy_kwh", (75.0, 74.0)),
    ("sentry_mode", ("Off", "Armed", "Panic", None)),
    ("climate_power", ("Off", "On", "OverheatProtect", "Precondition")),
    ("climate_keeper_mode", ("Off", "Dog")),
    ("gear", ("P", "D", None)),
    ("speed_kmh", (None, 0.0, 5.0, 50.0)),
    ("charge_state", ("Charging", "Complete", "Disconnected")),
    ("ac_charging_power_kw", (0.0, 7.0)),
    ("inside_temperature_c", (20.0, 30.0)),
)


def _story(dice: bytes) -> list[Step]:
    now_s, steps = 0, []
    for first in range(0, len(dice) - 5, 6):
        gap, kind, *picks = dice[first : first + 6]
        now_s += _GAPS_S[gap % len(_GAPS_S)]
        drives, charges = kind % 5 == 0, kind % 5 == 1
        if kind >= 240:
            steps.append((connection(now_s, opened=kind % 2 == 0), drives, charges))
            continue
        readings: dict[str, Value] = {}
        for pick, choice in ((picks[0], picks[1]), (picks[2], picks[3])):
            name, values = _READINGS[pick % len(_READINGS)]
            readings[name] = values[choice % len(values)]
        steps.append((report(now_s, **readings), drives, charges))
    return steps


_STORIES = st.binary(min_size=18, max_size=150).map(_story)


def _folded(story: list[Step]) -> Car:
    car = Car()
    for one, drives, charges in story:
        car.take(one, drives=drives, charges=charges)
    return car


@settings(max_examples=_EXAMPLES)
@given(_STORIES, st.integers(0, 100_000))
def test_views_change_nothing_and_states_may_be_written_down(story: list[Step], ahead_s: int) -> None:
    plain, car = _folded(story), Car()
    for one, drives, charges in story:
        car.state = _UNPACK.decode(_PACK.encode(car.state))
        car.take(one, drives=drives, charges=charges)
        before = deepcopy(car.state)
        horizon_ns = car.at_ns + ahead_s * 10**9
        viewed = car.view(horizon_ns)
        assert car.state == before
        due_ns = parked.due_ns(car.state, car.at_ns, RULES)
        if due_ns is None or due_ns > horizon_ns:
            assert viewed == car.view(car.at_ns)
    assert (car.finals, car.state) == (plain.finals, plain.state)


@settings(max_examples=_EXAMPLES)
@given(_STORIES, st.sampled_from(_GAPS_S))
def test_a_view_is_what_a_record_of_that_time_would_make_of_it(story: list[Step], ahead_s: int) -> None:
    car = _folded(story)
    horizon_ns = car.at_ns + ahead_s * 10**9
    viewed = in_order(car.view(horizon_ns))
    later = deepcopy(car)
    later.finals.clear()
    drives, charges = car.busy
    later.take(Report(horizon_ns, b"nothing new"), drives=drives, charges=charges)
    assert in_order(later.finals + later.view(horizon_ns)) == viewed


@settings(max_examples=_EXAMPLES)
@given(_STORIES, st.lists(st.tuples(st.integers(0, 24), st.integers(1, 500)), max_size=6))
def test_values_that_are_sent_again_with_a_new_date_are_no_readings(
    story: list[Step], resent: list[tuple[int, int]]
) -> None:
    again = list(story)
    for index, seconds in resent:
        if index + 1 >= len(story) or not story[index][0].readings:
            continue
        at_ns = story[index][0].effective_at_ns + seconds * 10**9
        if at_ns < story[index + 1][0].effective_at_ns:
            copy = Report(at_ns, b"again" + at_ns.to_bytes(12, "big"), story[index][0].readings)
            again.append((copy, *story[index][1:]))
    again.sort(key=lambda step: step[0][:2])
    plain, twice = _folded(story), _folded(again)
    assert twice.finals == plain.finals


@settings(max_examples=_EXAMPLES)
@given(_STORIES)
def test_losses_add_up(story: list[Step]) -> None:
    car = _folded(story)
    end_ns = 0
    for row in [*car.finals, *car.view(car.at_ns + 10**15)]:
        assert isinstance(row, Parked)
        assert row.started_at_ns >= end_ns
        end_ns = row.ended_at_ns or row.started_at_ns
        assert row.lost_pct == pytest.approx(sum(loss.lost_pct for loss in row.losses))
        if row.battery_start_pct is not None and row.battery_end_pct is not None:
            assert row.lost_pct == pytest.approx(row.battery_start_pct - row.battery_end_pct, abs=0.03)
        if row.lost_kwh is not None:
            assert row.lost_kwh == pytest.approx(sum(loss.lost_kwh or 0.0 for loss in row.losses))
        assert all(loss.lost_pct >= 0.0 for loss in row.losses[:3])
        assert 0.0 <= row.asleep_share <= 1.0
        if row.ended_at_ns is not None:
            assert row.asleep_h <= (row.ended_at_ns - row.started_at_ns) / 3.6e12 + 0.001
