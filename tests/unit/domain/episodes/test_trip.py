"""Trips: each rule with the trap that it comes from."""

import pytest

from motorcade.domain.episodes.trip import Trip, TripRules
from motorcade.domain.errors import Invalid
from tests.unit.domain.episodes.driving import RULES, Folding, Story, after_s, at, fold, of_kind, only, place, trips


def drive(metres: float = 3_000.0) -> Story:
    """A car that was parked, shifted into D and drove."""
    return Story().parked().say(100, gear="D", speed_kmh=0.0).go(metres)


def test_a_drive_from_p_to_p_is_one_trip_with_its_figures() -> None:
    story = drive(3_000).say(2, speed_kmh=0.0).say(5, gear="P", battery_pct=78.0, energy_remaining_kwh=58.5).wait(900)
    found = only(trips(story))
    assert after_s(found.started_at_ns) == 100
    assert after_s(found.ended_at_ns) == 402
    assert found.distance_m == pytest.approx(3_000, rel=0.002)
    assert (found.soc_start_pct, found.soc_end_pct) == (80.0, 78.0)
    assert (found.energy_used_kwh, found.energy_source) == (1.5, "pack")
    assert found.max_speed_kmh == 36.2
    assert found.average_speed_kmh == pytest.approx(3_000 / 302 * 3.6, abs=0.1)
    assert found.odometer_end_km == pytest.approx(10_003.0, abs=0.002)
    assert found.odometer_start_km == pytest.approx(10_000.0, abs=0.01)
    assert found.start_location == place(0)
    assert found.end_location == place(story.north_m)
    assert (found.ended_by, found.confidence, found.reasons) == ("park", 1.0, ())


@pytest.mark.parametrize("gear", ["D", "R"])
def test_a_driving_gear_begins_a_trip(gear: str) -> None:
    folding = Folding()
    found = [folding.take(word) for word in Story().parked().say(10, gear=gear).words]
    assert [row.kind for row in found[-1]] == ["trip"]


def test_neutral_begins_none() -> None:
    assert not of_kind(fold(Story().parked().say(10, gear="N").say(600, battery_pct=79.0)), Trip)


def test_a_speed_begins_a_trip_whose_d_was_lost_while_the_gear_still_says_p() -> None:
    story = Story().parked().wait(100).go(2_000).say(1, speed_kmh=0.0).say(900, battery_pct=70.0)
    found = only(trips(story))
    assert after_s(found.started_at_ns) == 101
    assert found.reasons == ("start_by_speed",)
    assert found.distance_m == pytest.approx(2_000, rel=0.005)


@pytest.mark.parametrize("kmh", [1.0, 3.0, 8.0])
def test_small_speeds_of_a_parked_car_begin_none(kmh: float) -> None:
    story = Story().parked()
    for second in range(60):
        story.say(1, speed_kmh=kmh if second % 2 else 0.0)
    assert not of_kind(fold(story), Trip)


def test_a_start_proved_late_is_dated_back_to_its_first_sign() -> None:
    # The speed stays silent for 50 s while places flow, and D was lost.
    story = Story().parked().wait(100).go(500, speed=False).go(2_000).say(1, speed_kmh=0.0).wait(900)
    found = only(trips(story))
    assert after_s(found.started_at_ns) == pytest.approx(106, abs=2), "where it left the place by more than fixes stray"
    assert found.distance_m == pytest.approx(2_500, rel=0.005)
    assert found.start_location == place(0)


def test_place_and_odometer_together_begin_a_trip_without_gear_and_speed() -> None:
    story = Story().parked().wait(100).go(3_000, speed=False).say(600, battery_pct=70.0)
    found = only(trips(story))
    assert after_s(found.started_at_ns) < 200
    assert "start_by_place" in found.reasons
    assert found.confidence < 0.9


def test_a_car_that_is_towed_does_not_drive() -> None:
    story = Story().parked().wait(100)
    kilometres = story.odometer_km
    story.go(3_000, speed=False)
    story.words = [word for word in story.words if not any(number == 5 for number, _ in word.readings)]
    story.odometer_km = kilometres
    assert not of_kind(fold(story.say(60, odometer_km=kilometres).wait(900)), Trip)


def test_fixes_that_stray_are_no_start_and_no_way() -> None:
    story = Story().parked()
    for second in range(600):
        story.say(1, location=place(20.0 if second % 2 else 0.0, 25.0 if second % 3 else -15.0))
    assert not of_kind(fold(story), Trip)


@pytest.mark.parametrize("speed", [0.0, None])
def test_fixes_that_stray_far_in_a_garage_do_not_postpone_an_end(speed: float | None) -> None:
    # D and P were lost; indoors the receiver is off by more than a street's width, and stays there for a while.
    story = Story().parked().wait(100).go(1_000).say(1, speed_kmh=speed)
    home = story.north_m
    for number in range(40):
        story.say(20, location=place(home + (90.0, 92.0, 4.0, 0.0, 75.0)[number % 5]))
    found = only(trips(story.wait(900)))
    assert after_s(found.ended_at_ns) == 201
    assert found.distance_m == pytest.approx(1_000, rel=0.01)


def test_a_single_fix_far_away_is_not_believed() -> None:
    story = drive(1_000).say(1, location=place(80_000)).go(1_000).say(2, speed_kmh=0.0, gear="P").wait(900)
    found = only(trips(story))
    assert found.distance_m == pytest.approx(2_000, rel=0.005)
    assert found.reasons == ()


def test_a_leap_that_is_confirmed_adds_no_way_and_lowers_the_confidence() -> None:
    story = drive(1_000)
    story.north_m += 5_000
    found = only(trips(story.go(1_000).say(2, speed_kmh=0.0, gear="P").wait(900)))
    assert found.distance_m == pytest.approx(2_000, rel=0.02)
    assert "location_jump" in found.reasons
    assert found.confidence < 1


@pytest.mark.parametrize("seconds", [40, 200, 298])
def test_a_shorter_standstill_is_a_pause_with_its_place(seconds: float) -> None:
    story = drive(1_000).say(1, speed_kmh=0.0, fences=("home",)).chat(seconds).go(1_000)
    found = only(trips(story.say(1, speed_kmh=0.0).say(3, gear="P").wait(900)))
    pause = only(list(found.pauses))
    assert after_s(pause.started_at_ns) == 201
    assert pause.location == place(1_000)
    assert pause.gear == "D"
    assert found.pause_count == 1
    assert found.paused_s == pytest.approx(seconds + 1)


def test_a_p_shorter_than_that_is_a_pause_and_a_longer_one_an_end() -> None:
    short = drive(1_000).say(1, speed_kmh=0.0, gear="P").say(250, gear="D").go(1_000).say(1, gear="P", speed_kmh=None)
    assert only(trips(short.wait(900))).pauses[0].gear == "P"
    long = drive(1_000).say(1, speed_kmh=0.0, gear="P").say(350, gear="D").go(1_000).say(1, gear="P", speed_kmh=None)
    assert len(trips(long.wait(900))) == 2


def test_a_short_stop_at_a_crossing_is_not_listed() -> None:
    story = drive(1_000).say(1, speed_kmh=0.0).wait(20).go(1_000).say(1, speed_kmh=0.0, gear="P").wait(900)
    assert only(trips(story)).pauses == ()


def test_the_end_is_dated_back_to_the_standstill_and_never_to_the_timer() -> None:
    story = drive(1_000).say(1, speed_kmh=0.0).say(30, gear="P").chat(900)
    assert after_s(only(trips(story)).ended_at_ns) == 201


def test_a_record_exactly_at_the_time_out_comes_too_late_and_one_before_it_does_not() -> None:
    base = drive(1_000).say(1, speed_kmh=0.0, gear="P")
    exactly = Story(base.now_s, base.north_m, base.odometer_km, list(base.words)).say(300, gear="D").go(1_000)
    assert len(trips(exactly.say(1, speed_kmh=0.0, gear="P").wait(900))) == 2
    before = Story(base.now_s, base.north_m, base.odometer_km, list(base.words)).say(299.999, gear="D").go(1_000)
    assert len(trips(before.say(1, speed_kmh=0.0, gear="P").wait(900))) == 1


def test_a_gear_that_turns_invalid_is_no_edge() -> None:
    story = drive(1_000)
    for second in range(10):
        story.say(1, gear=None if second % 2 else "D").go(100)
    story.say(1, speed_kmh=0.0, gear="P")
    for second in range(60):
        story.say(10, gear=None if second % 2 else "P")
    found = only(trips(story))
    assert after_s(found.ended_at_ns) == 211 + 100


def test_a_flapping_gear_of_a_parked_car_begins_none() -> None:
    story = Story().parked()
    for second in range(200):
        story.say(7, gear="P" if second % 2 else None)
    assert not of_kind(fold(story), Trip)


@pytest.mark.parametrize("last", [None, 2.0, 7.9])
def test_the_last_speed_before_parking_may_stay(last: float | None) -> None:
    story = drive(1_000).say(1, speed_kmh=last).say(4, gear="P").chat(3_000)
    assert 201 <= after_s(only(trips(story)).ended_at_ns) <= 205


@pytest.mark.parametrize("last", [2.0, 7.9, 35.0])
def test_a_left_over_speed_ends_with_the_last_sign_where_d_and_p_were_lost(last: float) -> None:
    story = Story().parked().wait(100).go(1_000).say(1, speed_kmh=last).chat(3_000)
    assert 200 <= after_s(only(trips(story)).ended_at_ns) <= 201


def test_a_lost_p_is_seen_by_the_standstill_that_records_show() -> None:
    story = drive(1_000).say(1, speed_kmh=0.0).chat(1_200)
    found = only(trips(story))
    assert after_s(found.ended_at_ns) == 201
    assert found.ended_by == "standstill"


def test_in_gear_300_s_of_silence_end_nothing() -> None:
    story = drive(1_000)
    story.north_m += 8_000
    story.odometer_km += 8.0
    found = only(trips(story.wait(1_200).go(1_000).say(1, speed_kmh=0.0, gear="P").wait(900)))
    assert found.distance_m == pytest.approx(10_000, rel=0.01)
    assert [(after_s(start), after_s(end)) for start, end in found.gaps] == [(200, 1_401)]
    assert "gap" in found.reasons
    assert found.confidence < 0.5


def test_a_silence_at_a_traffic_light_ends_nothing_either() -> None:
    story = drive(1_000).say(1, speed_kmh=0.0).say(600, inside_temperature_c=20.0)
    story.north_m += 2_000
    found = only(trips(story.go(1_000).say(1, speed_kmh=0.0, gear="P").wait(900)))
    assert after_s(found.ended_at_ns) == pytest.approx(902, abs=1)


def test_30_minutes_of_silence_end_a_trip_with_the_last_word() -> None:
    story = drive(1_000).wait(1_800).go(1_000).say(1, speed_kmh=0.0, gear="P").wait(900)
    first, second = trips(story)
    assert (after_s(first.ended_at_ns), first.ended_by) == (200, "silence")
    assert "ended_by_silence" in first.reasons
    assert after_s(second.started_at_ns) == 2_001


def test_sleep_ends_a_trip_whose_p_was_lost() -> None:
    story = drive(1_000).say(1, speed_kmh=0.0).say(20, speed_kmh=None, gear=None).connection(5, opened=False)
    folding = Folding()
    for word in story.words:
        folding.take(word)
    assert [row.ended_at_ns for row in folding.view(at(500)) if isinstance(row, Trip)] == [None]
    ended = only([row for row in folding.view(at(501)) if isinstance(row, Trip)])
    assert (after_s(ended.ended_at_ns), ended.ended_by) == (201, "sleep")


def test_a_lost_connection_of_a_car_in_gear_is_no_sleep() -> None:
    story = drive(1_000).say(1, speed_kmh=0.0).connection(5, opened=False).connection(900, opened=True).go(1_000)
    assert len(trips(story.say(1, speed_kmh=0.0, gear="P").wait(900))) == 1


def test_places_are_movement_while_the_speed_is_silent() -> None:
    # It stood at a light; then the speed says nothing for longer than the time-out, while places go on.
    story = drive(1_000).say(1, speed_kmh=0.0).go(6_000, speed=False).go(1_000).say(1, speed_kmh=0.0, gear="P")
    found = only(trips(story.wait(900)))
    assert found.distance_m == pytest.approx(8_000, rel=0.005)


def test_equal_readings_under_a_new_time_change_nothing() -> None:
    story = drive(1_000).say(1, speed_kmh=0.0).say(3, gear="P")
    for _ in range(40):
        story.say(60, gear="P", speed_kmh=0.0, location=place(story.north_m), odometer_km=round(story.odometer_km, 4))
    assert after_s(only(trips(story)).ended_at_ns) == 201


def test_a_p_under_a_slightly_early_time_is_not_disproved_by_the_last_speeds() -> None:
    story = drive(1_000).say(0.5, gear="P").say(1, speed_kmh=31.0).say(1, speed_kmh=12.0).chat(3_000)
    assert after_s(only(trips(story)).ended_at_ns) == pytest.approx(200.5)


def test_odometer_readings_up_to_60_s_after_the_end_count_and_later_ones_do_not() -> None:
    def story(late_s: float) -> Story:
        told = Story().parked().say(100, gear="D", speed_kmh=0.0).go(300).go(1_000, location=False)
        return told.say(1, speed_kmh=0.0, gear="P").say(late_s, odometer_km=round(told.odometer_km, 4)).wait(900)

    assert only(trips(story(60))).distance_m == pytest.approx(1_300, abs=2)
    assert only(trips(story(61))).distance_m < 1_290


def test_an_odometer_read_while_parked_makes_the_first_edge_exact() -> None:
    story = Story().parked().say(100, gear="D", speed_kmh=0.0).go(280, location=False).go(2_000)
    assert only(trips(story.say(1, speed_kmh=0.0, gear="P").wait(900))).distance_m == pytest.approx(2_280, rel=0.01)


def test_a_trip_without_any_place_is_measured_by_the_odometer() -> None:
    story = Story().say(gear="P", speed_kmh=None, odometer_km=10_000.0).say(100, gear="D", speed_kmh=0.0)
    found = only(trips(story.go(3_000, location=False).say(1, speed_kmh=0.0, gear="P").wait(900)))
    assert found.distance_m == pytest.approx(3_000, rel=0.01)
    assert found.start_location is None
    assert "no_location" in found.reasons


def test_a_trip_without_an_odometer_is_measured_by_its_path() -> None:
    story = drive(3_000).say(1, speed_kmh=0.0, gear="P").wait(900)
    story.words = [
        type(word)(word.at_ns, word.record_id, tuple(one for one in word.readings if one[0] != 5))
        for word in story.words
    ]
    found = only(trips(story))
    assert found.distance_m == pytest.approx(3_000, rel=0.002)
    assert "no_odometer" in found.reasons
    assert found.odometer_end_km is None


def test_the_first_place_may_come_late() -> None:
    story = Story().say(gear="P", speed_kmh=None).say(100, gear="D", speed_kmh=0.0).go(400, location=False).go(2_000)
    found = only(trips(story.say(1, speed_kmh=0.0, gear="P").wait(900)))
    assert found.distance_m == pytest.approx(2_400, rel=0.01)
    assert "late_location" in found.reasons


@pytest.mark.parametrize("wrong_km", [9_000.0, 70_000.0])
def test_an_odometer_that_runs_backwards_or_leaps_is_overruled_by_the_path(wrong_km: float) -> None:
    story = drive(1_000).say(1, odometer_km=wrong_km).go(1_000).say(1, speed_kmh=0.0, gear="P").wait(900)
    found = only(trips(story))
    assert found.distance_m == pytest.approx(2_000, rel=0.03)
    assert {"odometer_backwards", "odometer_jump"} & set(found.reasons)
    assert found.confidence < 0.8


def test_a_manoeuvre_is_marked() -> None:
    story = Story().parked().say(100, gear="R", speed_kmh=0.0).go(20, 7.2).say(1, speed_kmh=0.0, gear="P").wait(900)
    found = only(of_kind(fold(story), Trip))
    assert found.manoeuvre
    assert found.distance_m == pytest.approx(20, abs=8)


def test_a_trip_across_midnight_is_one() -> None:
    story = Story(now_s=86_400 - 400.0).parked().say(100, gear="D").go(6_000).say(1, speed_kmh=0.0, gear="P").wait(900)
    found = only(trips(story))
    assert after_s(found.started_at_ns) < 86_400 < after_s(found.ended_at_ns)


def test_a_trip_is_open_until_its_end_is_known() -> None:
    folding = Folding()
    for word in drive(1_000).say(1, speed_kmh=0.0, gear="P").words:
        folding.take(word)
    running = [row for row in folding.view(at(500)) if isinstance(row, Trip)]
    ended = [row for row in folding.view(at(501)) if isinstance(row, Trip)]
    assert running[0].ended_at_ns is None
    assert after_s(ended[0].ended_at_ns) == 201
    assert folding.view(at(501)) == folding.view(at(900_000))


def test_fences_of_both_ends_are_kept_also_where_they_are_confirmed_late() -> None:
    story = Story().parked().say(100, fences=("home",), gear="D").go(2_000).say(1, speed_kmh=0.0, gear="P")
    found = only(trips(story.say(100, fences=("work",), battery_pct=70.0).wait(900)))
    assert (found.start_fences, found.end_fences) == (("home",), ("work",))


def test_a_receiver_without_a_fix_says_nothing() -> None:
    story = drive(1_000).say(1, location=(0.0, 0.0)).say(1, location=(0.0, 0.0)).go(1_000)
    found = only(trips(story.say(1, speed_kmh=0.0, gear="P").wait(900)))
    assert found.distance_m == pytest.approx(2_000, rel=0.005)
    assert found.reasons == ()


def test_the_figures_of_the_rules_are_the_issues() -> None:
    assert (RULES.motion.start_speed_kmh, RULES.motion.standstill_kmh) == (8.0, 1.6)
    assert (RULES.pause_s, RULES.settle_s, RULES.silence_s, RULES.manoeuvre_m) == (300, 60, 1_800, 100.0)
    assert RULES.idling.idle_s == 120


def test_other_figures_hold_where_an_organisation_chose_them() -> None:
    story = drive(1_000).say(1, speed_kmh=0.0, gear="P").say(200, gear="D").go(1_000).say(1, gear="P", speed_kmh=0.0)
    assert len(trips(story.wait(900))) == 1
    assert len(trips(story, TripRules(pause_s=180))) == 2


def test_figures_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(Invalid):
        TripRules(pause_s=30)
