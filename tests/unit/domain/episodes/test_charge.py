"""Charging sessions: what begins, ends and splits one, and where its figures come from."""

import pytest

from motorcade.domain.episodes import charge
from motorcade.domain.episodes.charge import Charge
from motorcade.domain.episodes.moment import Report
from motorcade.domain.state import Value
from tests.unit.domain.episodes.charging import RULES, Car, at, connection, folded, recorded, report

HOUR_S = 3_600
DAY_S = 24 * HOUR_S


def ac(begin_s: float, end_s: float, kw: float = 11.0, *, kwh: float = 0.0, every_s: float = 60.0) -> list[Report]:
    """An AC charge as a new car tells of it: power, both counters and the charge of a battery of 100 kWh."""
    reports = [report(begin_s, charge_state="Charging", ac_charging_power_kw=kw)]
    steps = round((end_s - begin_s) / every_s)
    for step in range(1, steps + 1):
        plug_kwh = kwh + kw * step * every_s / HOUR_S
        battery_kwh = round(plug_kwh * 0.9, 3)
        reports.append(
            report(
                begin_s + step * every_s,
                ac_charging_energy_kwh=plug_kwh,
                battery_energy_added_kwh=battery_kwh,
                battery_pct=round(20.0 + battery_kwh, 3),
                rated_range_km=round(100.0 + 5 * battery_kwh, 2),
            )
        )
    return reports


def plug(seconds: float) -> Report:
    """The cable goes in: both counters begin at zero."""
    return report(seconds, charge_state="Starting", ac_charging_energy_kwh=0.0, battery_energy_added_kwh=0.0)


def off(seconds: float, word: str = "Complete", **also: Value) -> Report:
    """The flow ends."""
    return report(seconds, charge_state=word, ac_charging_power_kw=0.0, **also)


def only(car: Car, horizon_s: float = 30 * DAY_S) -> Charge:
    """The one session that there is."""
    (row,) = car.rows(at(horizon_s))
    return row


NIGHT = [report(-60, location=(50.0, 9.0), outside_temperature_c=4.0, battery_pct=20.0), plug(0), *ac(10, 7_210)]


# -- the recordings --------------------------------------------------------------------------------------------------


def test_the_recorded_ac_charge_is_one_session_over_its_hole_with_what_the_counters_say() -> None:
    (row,) = folded(recorded("ac_charging_typed.jsonl")).rows()
    assert (row.current, row.energy_added_kwh, row.energy_used_kwh) == ("AC", 1.36, 1.719)
    assert (row.added_source, row.used_source) == ("counter", "counter")
    assert row.ended_at_ns is not None
    assert (row.ended_at_ns - row.started_at_ns) / 1e9 == pytest.approx(3_036.0, abs=0.1)
    ((begin, end),) = row.gaps
    assert (end - begin) / 1e9 == pytest.approx(2_904.5, abs=0.1)
    assert (row.reasons, row.confidence) == (("gap",), 0.9)
    assert (row.battery_start_pct, row.battery_end_pct) == (18.42, 20.21)
    assert row.peak_power_kw == 2.6


def test_the_recorded_dc_charge_is_one_session_with_the_reading_that_came_after_its_end() -> None:
    car = folded(recorded("dc_charging_untyped.jsonl"))
    (row,) = car.rows()
    assert (row.current, row.energy_added_kwh, row.added_source) == ("DC", 36.26, "counter")
    assert row.energy_used_kwh == pytest.approx(38.5, abs=0.1)
    assert (row.battery_start_pct, row.battery_end_pct) == (2.06, 52.36)
    assert (row.range_start_km, row.range_end_km) == (8.5, 236.7)
    assert row.ended_at_ns is not None
    assert (row.ended_at_ns - row.started_at_ns) / 1e9 == pytest.approx(935.0, abs=0.1)
    assert row.unplugged_at_ns == row.ended_at_ns
    assert row.peak_power_kw == pytest.approx(239.07)
    assert row.curve[-1].added_kwh == 36.26
    assert 10 < len(row.curve) < 40
    assert car.rows(car.at_ns + 10**15) == [row]


# -- what begins a session -------------------------------------------------------------------------------------------


def test_the_old_text_field_alone_begins_nothing() -> None:
    assert folded([report(0, charge_state_text="Enable"), report(60, charge_state_text="Idle")]).state.session is None


def test_a_fast_charge_is_found_although_the_old_text_field_stays_idle() -> None:
    story = [report(0, charge_state_text="Idle", fast_charger_present=True, gear="P")]
    story += [report(10 + 30 * n, pack_current_a=300.0 + n, pack_voltage_v=380.0 + n) for n in range(20)]
    row = only(folded([*story, report(640, fast_charger_present=False)]))
    assert (row.current, row.added_source, row.reasons) == ("DC", "power", ("no_counter", "no_battery_pct"))
    assert row.energy_added_kwh == pytest.approx(21.3, abs=0.7)


def test_current_into_the_pack_of_a_driving_car_is_no_charge() -> None:
    story = [report(0, gear="D", fast_charger_present=True), report(5, pack_current_a=120.0, pack_voltage_v=380.0)]
    assert folded(story).state.session is None


def test_an_idle_charger_is_no_charge() -> None:
    assert folded([report(0, ac_charging_power_kw=0.2), report(9, ac_charging_power_kw=0.4)]).state.session is None


def test_a_counter_that_keeps_rising_is_a_charge_without_any_other_sign() -> None:
    story = [report(60 * n, battery_energy_added_kwh=0.2 * n) for n in range(40)]
    row = only(folded([*story, report(2_400, gear="D")]))
    assert row.energy_added_kwh == pytest.approx(7.6, abs=0.21)  # the first two readings only raise the suspicion
    assert row.current == "unknown"


def test_warming_the_cabin_of_a_full_car_from_the_wall_is_no_charge() -> None:
    story = [*NIGHT, off(7_220)]
    story += [report(40_000 + 60 * n, ac_charging_power_kw=1.3 + n / 100, pack_current_a=-0.4) for n in range(15)]
    story += [report(40_030 + 60 * n, battery_energy_added_kwh=19.8 - n / 100) for n in range(15)]
    row = only(folded([*story, off(41_000, "Disconnected")]))
    assert row.energy_added_kwh == 19.8
    assert row.idle_s == 41_000 - 7_220


def test_a_session_of_less_than_the_least_energy_is_none() -> None:
    car = folded([plug(0), report(10, charge_state="Charging", ac_charging_power_kw=7.0), off(20)])
    assert car.rows(at(DAY_S)) == []
    assert car.rows() == []


# -- what ends one, and what does not --------------------------------------------------------------------------------


def test_a_completed_session_tells_the_time_at_the_plug_after_it() -> None:
    story = [*NIGHT, off(7_220)]
    assert only(folded(story)).idle_s is None
    row = only(folded([*story, off(30_000, "Disconnected")]))
    assert (row.completed, row.idle_s, row.unplugged_at_ns) == (True, 22_780.0, at(30_000))
    assert row.ended_at_ns == at(7_220)
    assert row.place == (50.0, 9.0)
    assert row.outside_temperature_c == 4.0


def test_five_minutes_of_silence_end_nothing() -> None:
    story = [plug(0), *ac(10, 1_810), *ac(3_000, 4_800, kwh=5.5)[1:], off(4_810)]
    row = only(folded(story))
    assert (row.gaps, row.pauses) == ((), ())
    assert row.energy_added_kwh == pytest.approx(9.9, abs=0.01)


def test_half_an_hour_of_silence_ends_it_at_its_last_reading() -> None:
    car = folded(NIGHT)
    assert charge.due_ns(car.state, car.at_ns, RULES) == at(7_210 + 1_800)
    assert only(car, 7_210 + 1_799).ended_at_ns is None
    row = only(car, 7_210 + 1_800)
    assert row.ended_at_ns == at(7_210)
    assert row.reasons == ("silent",)


def test_sleep_ends_it_sooner() -> None:
    car = folded([*NIGHT, connection(7_230, opened=False)])
    assert only(car, 7_529).ended_at_ns is None
    assert only(car, 7_530).ended_at_ns == at(7_210)
    back = folded([*NIGHT, connection(7_230, opened=False), connection(7_260, opened=True)])
    assert only(back, 7_530).ended_at_ns is None


def test_an_hour_of_silence_does_not_split_it_while_the_counters_agree() -> None:
    late = ac(10_800, 12_600, kwh=33.0)[1:]
    story = [*NIGHT, report(10_800, ac_charging_power_kw=10.9), *late, off(12_610)]
    row = only(folded(story))
    assert row.gaps == ((at(7_210), at(10_800)),)
    assert row.energy_added_kwh == pytest.approx(34.65, abs=0.01)
    assert row.reasons == ("gap",)


def test_a_car_that_says_nothing_new_but_its_counters_after_a_silence_was_charging_all_the_time() -> None:
    row = only(folded([*NIGHT, *ac(10_800, 12_600, kwh=33.0)[1:], off(12_610)]))
    assert len(row.gaps) == 1
    assert row.ended_at_ns == at(12_610)


def test_a_counter_that_began_anew_in_a_silence_tells_of_another_plug_in() -> None:
    later = [report(14_400, ac_charging_power_kw=10.8), *ac(14_400, 18_000, kwh=1.0)[1:], off(18_010)]
    one, other = folded([*NIGHT, *later]).rows(at(DAY_S))
    assert (one.ended_at_ns, one.energy_added_kwh) == (at(7_210), 19.8)
    assert other.started_at_ns == at(14_400)
    assert other.energy_added_kwh == pytest.approx(10.8, abs=0.01)
    assert other.plug_in == other.id != one.plug_in


def test_what_flowed_while_nobody_listened_counts_and_dates_the_end() -> None:
    """The car charges on without a network, completes, and says so when it is back."""
    row = only(folded([*NIGHT, off(30_000, battery_energy_added_kwh=29.7, ac_charging_energy_kwh=33.0)]))
    assert row.energy_added_kwh == 29.7
    assert row.ended_at_ns == pytest.approx(at(7_210 + 9.9 / (11 * 0.92) * HOUR_S), abs=2e9)
    assert "end_estimated" in row.reasons


def test_old_values_that_still_say_charging_after_a_silence_are_not_believed_for_long() -> None:
    """The counters come first and the stop a moment later: the charge had ended before anybody listened again."""
    woken = report(30_000, battery_energy_added_kwh=29.7, ac_charging_energy_kwh=33.0)
    row = only(folded([*NIGHT, woken, off(30_005, "Stopped")]))
    assert row.ended_at_ns == pytest.approx(at(7_210 + 9.9 / (11 * 0.92) * HOUR_S), abs=2e9)
    assert (row.gaps, row.reasons) == ((), ("end_estimated",))
    assert row.energy_added_kwh == 29.7
    power = report(30_003, ac_charging_power_kw=10.9)
    on = only(folded([*NIGHT, woken, power, off(30_005, "Stopped")]))
    assert on.ended_at_ns == at(30_005)
    assert len(on.gaps) == 1


def test_a_car_that_was_moved_in_a_silence_was_unplugged() -> None:
    story = [*NIGHT, report(30_000, location=(50.1, 9.0)), report(30_010, battery_pct=70.0)]
    row = only(folded(story))
    assert row.ended_at_ns == at(7_210)
    assert row.unplugged_at_ns == at(30_000)


def test_a_charge_begins_although_the_last_gear_seen_is_a_driving_one() -> None:
    story = [report(-30, gear="D", speed_kmh=None), report(0, ac_charging_power_kw=11.0), *ac(10, 3_610)[1:]]
    assert len(folded([*story, off(3_620)]).rows(at(DAY_S))) == 1


def test_a_fast_charger_that_cannot_be_measured_is_not_unplugged() -> None:
    story = [report(0, fast_charger_present=True), report(5, dc_charging_power_kw=100.0)]
    story += [report(300, fast_charger_present=None), report(305, dc_charging_power_kw=99.0)]
    assert only(folded(story), 310).ended_at_ns is None


def test_a_short_pause_belongs_to_the_session() -> None:
    story = [*NIGHT, off(7_220, "NoPower"), *ac(10_000, 11_800, kwh=22.0), off(11_810)]
    row = only(folded(story))
    assert row.pauses == ((at(7_220), at(10_000)),)
    assert row.paused_s == 2_780.0
    assert row.energy_added_kwh == pytest.approx(24.75, abs=0.01)
    assert row.mean_power_kw == pytest.approx(9.9, abs=0.1)


def test_an_end_that_a_pause_takes_back_is_shown_as_one_until_then() -> None:
    car = folded([*NIGHT, off(7_220, "Stopped")])
    assert only(car, 7_221).ended_at_ns == at(7_220)
    again = folded([*NIGHT, off(7_220, "Stopped"), *ac(10_000, 11_800, kwh=22.0)])
    assert only(again, 11_900).ended_at_ns is None
    assert only(again, 11_900).id == only(car, 7_221).id


def test_after_a_long_pause_it_is_another_session_of_the_same_plug_in() -> None:
    story = [*NIGHT, off(7_220, "Stopped"), *ac(20_000, 21_800, kwh=22.0), off(21_810)]
    one, other = folded(story).rows(at(DAY_S))
    assert one.idle_s == 20_000 - 7_220
    assert other.plug_in == one.id == one.plug_in
    assert other.energy_added_kwh == pytest.approx(4.95, abs=0.01)


def test_unplugging_ends_it_for_good() -> None:
    story = [*NIGHT, off(7_220, "Disconnected"), plug(7_500), *ac(7_510, 9_310), off(9_320)]
    one, other = folded(story).rows(at(DAY_S))
    assert one.idle_s == 0.0
    assert other.energy_added_kwh == pytest.approx(4.95, abs=0.01)
    assert other.plug_in == other.id


def test_a_car_that_drives_off_without_a_word_ended_with_its_last_sign_of_a_flow() -> None:
    row = only(folded([*NIGHT, report(8_000, gear="D"), report(8_010, speed_kmh=40.0)]))
    assert row.ended_at_ns == at(7_210)
    assert row.idle_s == 790.0


def test_a_lost_end_is_found_by_a_counter_that_stands_still() -> None:
    story = [*NIGHT, *(report(7_210 + 600 * n, outside_temperature_c=4.0 + n, speed_kmh=n % 2) for n in range(1, 12))]
    row = only(folded(story))
    assert row.ended_at_ns == at(7_210)
    assert row.energy_added_kwh == 19.8
    assert "stalled" in row.reasons


# -- figures ---------------------------------------------------------------------------------------------------------


def test_a_counter_that_grows_after_the_end_counts_for_five_minutes() -> None:
    ended = [*NIGHT, off(7_220, "Disconnected")]
    assert only(folded([*ended, report(7_250, battery_energy_added_kwh=19.95)])).energy_added_kwh == 19.95
    assert only(folded([*ended, report(7_521, battery_energy_added_kwh=19.95)])).energy_added_kwh == 19.8


def test_a_counter_that_gives_a_little_back_is_no_new_one() -> None:
    row = only(folded([*NIGHT, report(7_215, battery_energy_added_kwh=19.7), off(7_220)]))
    assert row.energy_added_kwh == 19.8


def test_the_last_sessions_figure_is_no_energy_of_this_one() -> None:
    """The car wakes with the counters of yesterday; they begin anew a moment after the flow."""
    yesterday = report(-30, battery_energy_added_kwh=30.0, ac_charging_energy_kwh=33.0, charge_state="Disconnected")
    story = [yesterday, report(5, charge_state="Charging", ac_charging_power_kw=11.0), *ac(10, 3_610)[1:], off(3_620)]
    row = only(folded(story))
    assert row.energy_added_kwh == pytest.approx(9.9, abs=0.01)
    assert row.energy_used_kwh == pytest.approx(11.0, abs=0.01)


def test_a_charge_that_was_seen_only_from_its_middle_has_the_energy_of_the_counter_and_says_so() -> None:
    row = only(folded([*ac(0, 3_600, kwh=20.0), off(3_610)]))
    assert row.energy_added_kwh == pytest.approx(27.9, abs=0.01)
    assert "start_unseen" in row.reasons
    assert row.mean_power_kw == pytest.approx(9.9, abs=0.3)


def test_power_is_held_between_changes_where_the_counters_lack() -> None:
    story = [report(0, charge_state="Charging", ac_charging_power_kw=10.0)]
    story += [report(600, ac_charging_power_kw=5.0), report(1_800, battery_pct=30.0), off(2_400)]
    row = only(folded(story))
    assert row.energy_used_kwh == round(10 / 6 + 5 / 2, 3)
    assert row.energy_added_kwh == round(0.92 * (10 / 6 + 5 / 2), 3)
    assert (row.added_source, row.used_source) == ("power", "power")


def test_power_fills_what_a_counter_that_fell_silent_leaves() -> None:
    story = [report(0, charge_state="Charging", dc_charging_power_kw=120.0, battery_energy_added_kwh=0.0)]
    story += [report(30 * n, battery_energy_added_kwh=float(n)) for n in range(1, 21)]
    row = only(folded([*story, report(900, dc_charging_power_kw=60.0), off(1_200, "Stopped")]))
    assert row.energy_added_kwh == pytest.approx(20 + 10 + 5, abs=0.01)
    assert "counter_tail" in row.reasons


def test_on_ac_never_more_is_added_than_went_through_the_plug() -> None:
    story = [plug(0), report(10, charge_state="Charging", ac_charging_power_kw=11.0)]
    story += [report(70, ac_charging_energy_kwh=5.0, battery_energy_added_kwh=5.1), off(80)]
    capped = only(folded(story))
    assert capped.energy_added_kwh == capped.energy_used_kwh == 5.0
    assert "energy_capped" in capped.reasons
    missed = only(folded([*story[:-1], report(500, battery_energy_added_kwh=9.0), off(510)]))
    assert missed.energy_added_kwh == missed.energy_used_kwh == 9.0
    assert "plug_reading_missing" in missed.reasons


def test_the_sample_for_the_capacity_pairs_charge_and_energy() -> None:
    row = only(folded([*NIGHT, off(7_220)]))
    assert row.sample_energy_kwh / row.sample_span_pct == pytest.approx(1.0, rel=0.01)
    assert row.sample_span_pct == pytest.approx(19.6, abs=0.2)


def test_the_curve_is_bounded_and_ends_with_the_sessions_energy() -> None:
    row = only(folded([plug(0), *ac(10, 10 + 20 * HOUR_S, kw=3.0, every_s=30.0), off(10 + 20 * HOUR_S)]))
    assert len(row.curve) <= 129
    assert row.curve[0].added_kwh == 0.0
    assert row.curve[-1].added_kwh == row.energy_added_kwh == pytest.approx(54.0, abs=0.1)
    assert row.curve[-1].at_s == 20 * HOUR_S


def test_a_running_session_is_told_once_it_is_evident() -> None:
    car = folded([plug(0), report(10, charge_state="Charging", ac_charging_power_kw=11.0)])
    assert charge.running(car.state) is None
    car.take(report(70, battery_energy_added_kwh=0.2))
    assert charge.running(car.state) == only(car, 70).id
    car.take(off(80))
    assert charge.running(car.state) is None


def test_a_plugged_in_car_is_not_quiet_before_it_leaves_or_three_days() -> None:
    car = folded([*NIGHT, off(7_220)])
    assert not charge.quiet(car.state, at(3 * DAY_S), RULES)
    assert charge.quiet(car.state, at(7_220 + 3 * DAY_S), RULES)
    left = folded([*NIGHT, off(7_220), off(9_000, "Disconnected")])
    assert charge.quiet(left.state, at(9_000), RULES)


@pytest.mark.parametrize("typed", [True, False])
def test_an_untyped_car_and_a_typed_one_give_the_same_row(*, typed: bool) -> None:
    """A typed car says what it does, an untyped one has no such field: the figures are the same."""
    words = {"charge_state": "Charging"} if typed else {"charge_state_text": "Enable"}
    story = [report(0, battery_energy_added_kwh=0.0, ac_charging_energy_kwh=0.0, charge_port_open=True)]
    story += [report(10, ac_charging_power_kw=11.0, **words)]
    story += ac(10, 7_210)[1:]
    ends = {"charge_state": "Stopped"} if typed else {"charge_state_text": "Idle"}
    story += [report(7_220, ac_charging_power_kw=0.0, **ends), report(7_400, charge_port_open=False)]
    row = only(folded(story))
    assert (row.started_at_ns, row.ended_at_ns, row.idle_s) == (at(10), at(7_220), 180.0)
    assert (row.current, row.energy_added_kwh, row.energy_used_kwh, row.peak_power_kw) == ("AC", 19.8, 22.0, 11.0)
