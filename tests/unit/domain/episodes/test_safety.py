"""Safety events: what counts, from when to when, how badly, and how sure it is."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.episodes import safety
from motorcade.domain.episodes.moment import Notice
from motorcade.domain.episodes.safety import SafetyState
from motorcade.domain.episodes.safety_rules import FenceLimit, Grades, SafetyRules
from motorcade.domain.episodes.safety_spell import SafetyEvent
from motorcade.domain.errors import Invalid
from motorcade.domain.schedule import Schedule, Window
from motorcade.domain.state import Value
from tests.conditions import Scale
from tests.unit.domain.episodes.reducing import BEGIN_NS, Reducer, Told, at, keeps_promises, record, told

REDUCER = cast(Reducer, safety)
RULES = SafetyRules()
G = 9.80665


def events(story: Iterable[Told], rules: SafetyRules = RULES) -> list[SafetyEvent]:
    rows = keeps_promises(REDUCER, list(story), lambda _: rules, SafetyState, (0.4, 0.9))
    return sorted(cast(list[SafetyEvent], list(rows.values())), key=lambda row: (row.started_at_ns, row.category))


def seconds(row: SafetyEvent) -> tuple[float, float | None]:
    return (row.started_at_ns - BEGIN_NS) / 1e9, None if row.ended_at_ns is None else (row.ended_at_ns - BEGIN_NS) / 1e9


def speeds(*told_kmh: tuple[float, float | None], fences: tuple[str, ...] = ()) -> list[Told]:
    return [told(second, speed_kmh=kmh, fences=fences) for second, kmh in told_kmh]


# Speeding


def test_speeding_lasts_from_the_first_speed_above_the_limit_until_the_first_well_below() -> None:
    story = speeds((0, 100.0), (10, 140.0), (20, 147.0), (30, 136.0), (35, 130.0), (100, 90.0))
    (row,) = events([replace(one, trip_id="t1") for one in story])
    assert (row.category, seconds(row), row.severity, row.trip_id) == ("speeding", (10, 35), "mild", "t1")
    assert (row.peak_kmh, row.limit_kmh, row.limit_fence, row.duration_s) == (147.0, 137.0, "", 25)
    assert row.mean_excess_kmh == pytest.approx((3 * 10 + 10 * 10 + 0 * 5) / 25, abs=0.05)
    assert row.distance_m == pytest.approx((140 * 10 + 147 * 10 + 136 * 5) / 3.6, abs=0.05)


def test_overtaking_is_no_speeding() -> None:
    assert events(speeds((0, 130.0), (10, 145.0), (19, 130.0), (100, 90.0))) == []


def test_a_dip_below_the_limit_does_not_make_two_of_one_speeding() -> None:
    story = speeds((0, 150.0), (20, 130.0), (29, 150.0), (50, 130.0), (61, 150.0), (80, 100.0), (200, 0.0))
    assert [seconds(row) for row in events(story)] == [(0, 50), (61, 80)]


@pytest.mark.parametrize(
    ("peak_kmh", "severity"), [(151.9, "mild"), (152.0, "moderate"), (166.9, "moderate"), (167.0, "severe")]
)
def test_how_bad_speeding_is_depends_on_its_peak(peak_kmh: float, severity: str) -> None:
    (row,) = events(speeds((0, 140.0), (10, peak_kmh), (15, 140.0), (30, 90.0)))
    assert row.severity == severity


def test_silence_ends_speeding_at_what_was_heard_last() -> None:
    silent = [*speeds((0, 150.0), (5, 151.0)), told(12, battery_pct=50.0), told(500, battery_pct=49.0)]
    (row,) = events(silent)
    assert seconds(row) == (0, 12)
    assert events(speeds((0, 150.0), (5, 151.0), (500, 80.0))) == []  # five seconds are all that is known


def test_a_speed_that_a_car_forgot_to_take_back_is_not_believed_for_ever() -> None:
    story = [*speeds((0, 150.0)), *(told(second, battery_pct=float(second)) for second in range(10, 3_000, 10))]
    (row,) = events(story)
    assert seconds(row) == (0, 70)


def test_an_invalid_speed_is_no_speeding() -> None:
    (row,) = events(speeds((0, 150.0), (20, None), (100, None)))
    assert seconds(row) == (0, 20)


def test_the_lowest_limit_holds_and_a_fences_may_be_preferred() -> None:
    limits = (FenceLimit("town", 50.0), FenceLimit("track", 200.0))
    rules = SafetyRules(fence_limits=limits)
    fast = speeds((0, 60.0), (20, 30.0), (60, 20.0), fences=("town", "track"))
    assert [(row.limit_kmh, row.limit_fence) for row in events(fast, rules)] == [(50.0, "town")]
    loud = speeds((0, 180.0), (20, 30.0), (60, 20.0), fences=("track",))
    assert [row.limit_fence for row in events(loud, rules)] == [""]
    assert events(loud, replace(rules, limit_choice="fence")) == []


def test_a_fences_limit_holds_while_its_schedule_is_on() -> None:
    # The story begins at 22:13:20 UTC on a Tuesday.
    night = Schedule("UTC", (Window(1, 22 * 60, 23 * 60),))
    day = Schedule("UTC", (Window(1, 8 * 60, 17 * 60),))
    story = speeds((0, 60.0), (20, 30.0), (60, 20.0), fences=("school",))
    assert len(events(story, SafetyRules(fence_limits=(FenceLimit("school", 30.0, night),)))) == 1
    assert events(story, SafetyRules(fence_limits=(FenceLimit("school", 30.0, day),))) == []


def test_another_limit_is_another_event() -> None:
    rules = SafetyRules(fence_limits=(FenceLimit("town", 50.0),))
    story = [
        *speeds((0, 150.0), (15, 151.0)),
        *speeds((20, 150.0), (40, 49.0), (50, 40.0), (80, 30.0), fences=("town",)),
    ]
    assert [(seconds(row), row.limit_kmh) for row in events(story, rules)] == [((0, 20), 137.0), ((20, 50), 50.0)]


# Harsh manoeuvres


def pulls(
    *told_ms2: tuple[float, float], speed_kmh: float = 60.0, signal: str = "longitudinal_acceleration_ms2"
) -> list[Told]:
    start: dict[str, Value] = {"speed_kmh": speed_kmh, "location": (57.7, 12.0)}
    return [record(-10, start), *(record(second, {signal: ms2}) for second, ms2 in told_ms2)]


@pytest.mark.parametrize(
    ("category", "signal", "sign", "mild_g"),
    [
        ("harsh_braking", "longitudinal_acceleration_ms2", -1, 0.45),
        ("harsh_acceleration", "longitudinal_acceleration_ms2", 1, 0.40),
        ("harsh_cornering", "lateral_acceleration_ms2", 1, 0.40),
        ("harsh_cornering", "lateral_acceleration_ms2", -1, 0.40),
    ],
)
def test_a_manoeuvre_is_harsh_from_its_threshold_on(category: str, signal: str, sign: int, mild_g: float) -> None:
    def found(g: float) -> list[tuple[str, str, float | None]]:
        story = pulls((0, 0.0), (1, sign * g * G), (2, 0.0), (60, 0.1), signal=signal)
        return [(row.category, row.severity, row.peak_g) for row in events(story)]

    assert found(mild_g - 0.001) == []
    assert found(mild_g) == [(category, "mild", mild_g)]
    assert found(mild_g + 0.1) == [(category, "moderate", round(mild_g + 0.1, 3))]
    assert found(mild_g + 0.2) == [(category, "severe", round(mild_g + 0.2, 3))]


def test_one_manoeuvre_is_one_event_however_many_reports_tell_of_it() -> None:
    story = pulls((0, -5.0), (1, -6.0), (2, -4.2), (3, -1.0), (5, -5.0), (6, 0.0), (10, -5.0), (11, 0.0), (60, 0.1))
    found = events(story)
    assert [(seconds(row), row.peak_g) for row in found] == [((0, 6), 0.612), ((10, 11), 0.51)]
    assert (found[0].source, found[0].confidence, found[0].place) == ("acceleration_signal", 1.0, (57.7, 12.0))


def test_a_pull_that_is_not_taken_back_ends_where_it_was_last_told() -> None:
    (row,) = events([*pulls((0, -5.0)), told(100, battery_pct=50.0)])
    assert seconds(row) == (0, 0)


def test_a_standing_car_is_never_harsh_and_a_broken_sensor_neither() -> None:
    assert events(pulls((0, -5.0), (1, 0.0), (60, 0.1), speed_kmh=3.0)) == []
    assert events(pulls((0, -80.0), (1, 0.0), (60, 0.1))) == []


def test_a_sensor_that_speaks_against_the_speed_is_not_sure() -> None:
    story = [
        told(0, speed_kmh=40.0, longitudinal_acceleration_ms2=-5.0),
        told(1, speed_kmh=60.0, longitudinal_acceleration_ms2=-5.1),
    ]
    (row,) = events([*story, told(2, longitudinal_acceleration_ms2=0.0), told(60, battery_pct=1.0)])
    assert (row.confidence, row.reasons) == (0.5, ("speed_disagrees",))


def test_without_a_sensor_two_speeds_give_a_bound_from_below() -> None:
    (row,) = events(speeds((0, 90.0), (2, 40.0), (4, 39.0), (60, 38.0)))
    assert (row.category, row.source, row.confidence) == ("harsh_braking", "speed_change", 0.5)
    assert row.peak_g == pytest.approx(50 / 3.6 / 2.5 / G, abs=0.001)  # the stamps may err by half a second
    assert row.reasons == ("from_speed_change",)


@pytest.mark.parametrize(
    "story",
    [
        speeds((0, 90.0), (20, 10.0), (60, 9.0)),  # nobody knows when in twenty seconds
        speeds((0, 90.0), (0.4, 80.0), (60, 79.0)),  # closer than the car's own bundling
        speeds((0, 120.0), (1, 0.0), (60, 1.0)),  # no tyre brakes so
        speeds((0, None), (1, 60.0), (60, 61.0)),  # from nowhere
    ],
    ids=["too far apart", "too close", "impossible", "no speed before"],
)
def test_speeds_that_prove_nothing_make_no_event(story: list[Told]) -> None:
    assert [row for row in events(story) if row.category != "speeding"] == []


def test_while_the_sensor_speaks_speeds_are_not_asked() -> None:
    assert (
        events([told(-1, longitudinal_acceleration_ms2=-2.0), *speeds((0, 90.0), (2, 40.0), (4, 39.0), (60, 38.0))])
        == []
    )


def test_without_a_sensor_a_turn_at_speed_is_cornering() -> None:
    story = [
        told(0, speed_kmh=60.0, heading_deg=350.0),
        told(2, heading_deg=50.0),
        told(4, heading_deg=51.0),
        told(60, heading_deg=52.0),
    ]
    (row,) = events(story)
    assert (row.category, row.source, row.confidence) == ("harsh_cornering", "heading_change", 0.4)
    assert row.peak_g == pytest.approx(60 / 3.6 * 56 * 3.14159 / 180 / 2.5 / G, abs=0.001)
    slow = [replace(story[0], readings=((4, 15.0), story[0].readings[1])), *story[1:]]
    assert events(slow) == []


def test_a_turn_no_tyre_could_hold_is_a_heading_gone_wrong() -> None:
    assert (
        events([told(0, speed_kmh=100.0, heading_deg=0.0), told(1, heading_deg=120.0), told(60, heading_deg=121.0)])
        == []
    )


# Belts


@pytest.mark.parametrize("belt", ["Unlatched", True])
def test_driving_unbuckled_is_an_event_and_a_red_light_does_not_split_it(belt: Value) -> None:
    story = [told(0, driver_seat_belt=belt, driver_seat_occupied=True, speed_kmh=40.0), *speeds((30, 0.0), (90, 50.0))]
    (row,) = events([*story, told(100, driver_seat_belt="Latched"), told(400, battery_pct=1.0)])
    assert (row.category, seconds(row), row.duration_s, row.severity) == ("seat_belt", (0, 100), 40, "mild")
    assert row.distance_m == pytest.approx(40 / 3.6 * 30 + 50 / 3.6 * 10, abs=0.05)


@pytest.mark.parametrize("belt", ["Latched", False, None, "Unknown", "Faulted", "SNA"])
def test_a_belt_that_is_closed_or_unknown_accuses_nobody(belt: Value) -> None:
    assert events([told(0, driver_seat_belt=belt, speed_kmh=40.0), *speeds((30, 50.0), (90, 0.0))]) == []


def test_an_empty_seat_or_a_manoeuvre_in_the_yard_needs_no_belt() -> None:
    assert (
        events([told(0, driver_seat_belt="Unlatched", driver_seat_occupied=False, speed_kmh=40.0), *speeds((60, 0.0))])
        == []
    )
    assert events([told(0, driver_seat_belt="Unlatched", speed_kmh=8.0), *speeds((60, 0.0))]) == []


def test_how_bad_driving_unbuckled_is_depends_on_how_long() -> None:
    def severity(lasts_s: int) -> str:
        moving = speeds(*((second, 40.0 + second // 20 % 2) for second in range(1, lasts_s, 20)))
        (row,) = events([told(0, driver_seat_belt="Unlatched", speed_kmh=40.0), *moving, told(lasts_s, speed_kmh=0.0)])
        return row.severity

    assert [severity(59), severity(60), severity(299), severity(300)] == ["mild", "moderate", "moderate", "severe"]


# What the car itself reports


def notices(second: float, *told_names: tuple[str, float]) -> Told:
    listed = tuple(Notice(name, ("Service",), at(began), None) for name, began in told_names)
    return replace(told(second), notices=listed)


def test_the_cars_own_notice_of_a_collision_is_one_severe_event_however_often_it_is_listed() -> None:
    crash = ("RCM_a000_crashDetected", 10.0)
    story = [
        told(0, location=(57.7, 12.0)),
        notices(12, crash),
        notices(20, crash, ("RCM_a001_nearDeploy", 19.0)),
        notices(500, crash),
    ]
    found = events(story)
    assert [(row.category, row.severity, seconds(row), row.notice) for row in found] == [
        ("collision", "severe", (10, 10), "RCM_a000_crashDetected"),
        ("airbag", "severe", (19, 19), "RCM_a001_nearDeploy"),
    ]
    assert (found[0].source, found[0].place) == ("car_notice", (57.7, 12.0))


def test_history_and_other_notices_are_no_collision_and_a_clock_ahead_is_put_right() -> None:
    assert events([notices(0, ("RCM_a000_crashDetected", -90_000.0), ("VCSEC_a133_alarmTriggered", 0.0))]) == []
    (row,) = events([notices(0, ("RCM2_a000_crashDetected", 40.0))])
    assert seconds(row) == (0, 0)


# Rules


def test_rules_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(Invalid, match="grow"):
        SafetyRules(braking_g=Grades(0.5, 0.4, 0.6))
    with pytest.raises(Invalid, match="above zero"):
        SafetyRules(cornering_g=Grades(0.0, 0.4, 0.6))


def test_a_spell_is_judged_by_the_rules_of_its_beginning() -> None:
    strict = replace(RULES, version=2, braking_g=Grades(0.1, 0.2, 0.3), harsh=replace(RULES.harsh, merge_s=60.0))

    def rules_at(at_ns: int) -> SafetyRules:
        return RULES if at_ns < at(3) else strict

    story = [*pulls((0, -5.0), (1, 0.0)), told(30, battery_pct=1.0), told(90, battery_pct=2.0)]
    rows = keeps_promises(REDUCER, story, rules_at, SafetyState, (0.2, 0.5, 0.8))
    assert [(cast(SafetyEvent, row).severity, row.rule_version) for row in rows.values()] == [("mild", 1)]


CHOICES: dict[str, tuple[Value, ...]] = {
    "speed_kmh": (None, 0.0, 5.0, 40.0, 55.0, 100.0, 138.0, 136.0, 160.0),
    "longitudinal_acceleration_ms2": (None, 0.0, -3.6, -4.5, -6.5, 4.0, 50.0),
    "lateral_acceleration_ms2": (0.0, -4.0, 5.5),
    "heading_deg": (0.0, 30.0, 90.0, 350.0),
    "driver_seat_belt": ("Latched", "Unlatched", True),
    "driver_seat_occupied": (False,),
    "location": ((57.7, 12.0),),
    "battery_pct": (50.0,),
}
READINGS: list[dict[str, Value]] = [{name: value} for name, values in CHOICES.items() for value in values]
GAPS_S = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 9.0, 10.0, 11.0, 60.0, 61.0, 121.0)
LIMITS = SafetyRules(fence_limits=(FenceLimit("town", 50.0), FenceLimit("school", 30.0)))


def journey(dice: list[int]) -> list[Told]:
    """One throw makes one record of one or two readings."""
    story, second = list[Told](), 0.0
    for number, thrown in enumerate(dice):
        rest, gap = divmod(thrown, len(GAPS_S))
        rest, first = divmod(rest, len(READINGS))
        rest, other = divmod(rest, len(READINGS))
        second += GAPS_S[gap]
        fences = ((), (), ("town",), ("school", "town"))[rest % 4]
        one = record(second, {**READINGS[first], **READINGS[other]}, fences, ("t", None)[rest // 4 % 2])
        if rest == 0:
            one = replace(one, notices=(Notice("RCM_a000_crashDetected", (), at(float(first)), None),))
        story.append(replace(one, record_id=number.to_bytes(16, "big")))
    return story


def test_safety_keeps_every_reducers_promises(scale: Scale) -> None:
    throws = len(GAPS_S) * len(READINGS) ** 2 * 16

    @settings(max_examples=scale.n(2_000, 30_000))
    @given(
        st.lists(st.integers(0, throws - 1), min_size=1, max_size=25),
        st.lists(st.floats(0, 1), max_size=2),
        st.integers(0, 400),
    )
    def check(dice: list[int], shares: list[float], switch_s: int) -> None:
        story = journey(dice)
        later = replace(LIMITS, version=2, speed_limit_kmh=100.0, braking_g=Grades(0.3, 0.35, 0.4))

        def rules_at(at_ns: int) -> SafetyRules:
            return LIMITS if at_ns < at(switch_s) else later

        rows = cast(dict[str, SafetyEvent], keeps_promises(REDUCER, story, rules_at, SafetyState, shares))
        spans: dict[str, list[tuple[int, int]]] = {}
        for row in rows.values():
            assert row.ended_at_ns is not None
            assert row.started_at_ns <= row.ended_at_ns
            if row.notice == "":
                spans.setdefault(row.category, []).append((row.started_at_ns, row.ended_at_ns))
        for ranges in spans.values():
            ordered = sorted(ranges)
            assert all(one[1] <= other[0] for one, other in pairwise(ordered)), "one at a time"

    check()
