"""Alerts, rule by rule: what opens one, what ends it, and at which time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from motorcade.domain.alerts.condition import (
    All,
    AnyOf,
    Changes,
    Compare,
    Condition,
    Ended,
    InFence,
    Measure,
    Not,
    Noticed,
    Presence,
    Running,
    Silent,
)
from motorcade.domain.alerts.defaults import DEFAULT_ALERTS
from motorcade.domain.alerts.rule import AlertRule, Scope
from motorcade.domain.alerts.watch import AlertRules, AlertTimeline
from motorcade.domain.episodes import alert
from motorcade.domain.episodes.alert import Alert
from motorcade.domain.episodes.moment import Notice, Report
from motorcade.domain.schedule import Schedule, Window
from motorcade.domain.signal import by_name
from tests.unit.domain.episodes.alert_cases import START_NS, Feeding, S, drive
from tests.unit.domain.episodes.alert_oracle import VEHICLE, Entry, Version

Seen = tuple[float, float | None, str]


class Car:
    """A car that reports at seconds after a start, and the alerts of its rules."""

    def __init__(self, *rules: AlertRule) -> None:
        self.feeding = Feeding((Version(0, 1, rules),))
        self.last: dict[str, Any] = {}
        self.count = 0

    def says(self, at_s: float, **told: Any) -> list[Alert]:
        facts = {key: told.pop(key) for key in ("fences", "trip", "charge", "online", "notices", "rows") if key in told}
        self.last |= {key: fact for key, fact in facts.items() if key not in ("notices", "rows")}
        self.count += 1
        entry = Entry(START_NS + round(at_s * S), self.count.to_bytes(16, "big"), told, **(facts | self.last))
        return self.feeding.feed(entry)

    def alerts(self, at_s: float = 1e6) -> list[Seen]:
        """(began, ended, why) of all alerts as they stand at a horizon."""
        rows = self.feeding.seen(START_NS + round(at_s * S)).values()
        return [seen(row) for row in sorted(rows, key=lambda row: (row.started_at_ns, row.rule_id))]


def seen(row: Alert) -> Seen:
    ended = None if row.ended_at_ns is None else (row.ended_at_ns - START_NS) / S
    return (row.started_at_ns - START_NS) / S, ended, row.end_reason


def rule(when: Condition | Ended, **more: Any) -> AlertRule:
    return AlertRule(id="r", name="Rule", when=when, **more)


FAST = Compare("speed_kmh", "above", 100.0)
LOW = Compare("battery_pct", "below", 20.0)


def test_an_alert_begins_when_its_condition_has_lasted_and_ends_when_it_is_false() -> None:
    car = Car(rule(FAST, hold_s=10))
    car.says(0, speed_kmh=120.0)
    assert car.alerts(9.9) == []
    assert car.alerts(10) == [(10, None, "")]
    car.says(30, speed_kmh=130.0)
    car.says(40, speed_kmh=90.0)
    assert car.alerts() == [(10, 40, "cleared")]


def test_a_condition_that_was_false_in_between_has_to_last_anew() -> None:
    car = Car(rule(FAST, hold_s=10))
    for at_s, speed in ((0, 120.0), (8, 90.0), (9, 120.0), (18, 90.0), (19, 120.0), (30, 90.0)):
        car.says(at_s, speed_kmh=speed)
    assert car.alerts() == [(29, 30, "cleared")]


def test_evidence_and_ids_are_those_of_the_record_with_which_the_condition_became_true() -> None:
    car = Car(rule(FAST, hold_s=10))
    car.says(0, speed_kmh=120.00001525)
    car.says(11, odometer_km=5.0)
    (row,) = car.feeding.rows.values()
    assert row.evidence == (("speed_kmh", 120.0),)
    assert row.first_record == (1).to_bytes(16, "big")
    assert (row.condition_since_ns, row.started_at_ns) == (START_NS, START_NS + 10 * S)
    assert (row.rule_id, row.rule_version, row.severity, row.title) == ("r", 1, "warning", "Rule")
    car.says(20, speed_kmh=80.0)
    assert car.feeding.rows[row.id].last_record == (3).to_bytes(16, "big")
    assert len(car.feeding.rows) == 1


def test_between_threshold_and_clearing_threshold_what_is_stays() -> None:
    car = Car(rule(LOW, clear=Compare("battery_pct", "at_least", 25.0)))
    for at_s, battery in ((0, 19.0), (60, 22.0), (120, 19.0), (180, 25.0), (240, 22.0), (300, 19.9)):
        car.says(at_s, battery_pct=battery)
    assert car.alerts() == [(0, 180, "cleared"), (300, None, "")]


def test_nothing_opens_while_the_clearing_condition_is_true() -> None:
    car = Car(rule(LOW, clear=Running("charge")))
    car.says(0, battery_pct=10.0, charge=True)
    assert car.alerts() == []
    car.says(60, charge=False)
    assert car.alerts() == [(60, None, "")]


def test_a_flap_at_the_threshold_is_one_alert_within_the_cool_down() -> None:
    car = Car(rule(FAST, cool_down_s=60))
    for at_s, speed in ((0, 120.0), (10, 90.0), (20, 120.0), (30, 90.0), (40, 120.0)):
        car.says(at_s, speed_kmh=speed)
    assert car.alerts(69) == [(0, 10, "cleared")]
    assert car.alerts(70) == [(0, 10, "cleared"), (70, None, "")]  # what is true since 40 waits for the cool-down


def test_a_parked_car_that_flaps_between_p_and_invalid_keeps_its_alert() -> None:
    car = Car(rule(All((Compare("gear", "equals", "P"), Compare("locked", "equals", value=False))), hold_s=600))
    car.says(0, gear="P", locked=False)
    for at_s in range(30, 900, 30):
        car.says(at_s, gear=None if at_s % 60 else "P")
    assert car.alerts() == [(600, 870, "unknown")]
    assert car.alerts(900) == [(600, None, "")]


def test_what_is_unknown_for_longer_than_the_grace_ends_the_alert_when_it_became_so() -> None:
    car = Car(rule(FAST, grace_s=300))
    car.says(0, speed_kmh=120.0)
    car.says(50, speed_kmh=None)
    assert car.alerts(349) == [(0, None, "")]
    assert car.alerts(350) == [(0, 50, "unknown")]
    car.says(400, speed_kmh=120.0)
    assert car.alerts(401) == [(0, 50, "unknown"), (400, None, "")]


def test_nothing_opens_on_what_is_not_known_now() -> None:
    car = Car(rule(FAST, hold_s=10, grace_s=300))
    car.says(0, speed_kmh=120.0)
    car.says(5, speed_kmh=None)
    assert car.alerts(200) == []
    car.says(100, speed_kmh=120.0)
    assert car.alerts(200) == [(100, None, "")]


def test_a_car_that_vanishes_at_speed_is_not_speeding_for_days() -> None:
    car = Car(rule(FAST))
    car.says(0, speed_kmh=120.0)
    car.says(40, odometer_km=1.0)
    assert car.alerts(1_839) == [(0, None, "")]
    assert car.alerts(1_840) == [(0, 40, "silent")]
    car.says(9_000, odometer_km=1.0)
    assert car.alerts(9_001) == [(0, 40, "silent"), (9_000, None, "")]


def test_a_flat_tyre_stays_one_while_the_car_sleeps() -> None:
    tyres = [f"tyre_pressure_{name}_kpa" for name in ("front_left", "front_right")]
    car = Car(rule(AnyOf(tuple(Compare(name, "below", 220.0) for name in tyres))))
    car.says(0, tyre_pressure_front_left_kpa=250.0, tyre_pressure_front_right_kpa=190.0)
    assert car.alerts(40 * 3_600) == [(0, None, "")]
    (row,) = car.feeding.rows.values()
    assert row.evidence == ((tyres[0], 250.0), (tyres[1], 190.0))


def test_silence_opens_by_time_alone_and_the_next_word_ends_it() -> None:
    car = Car(rule(Silent(3_600)))
    car.says(0, odometer_km=1.0)
    feeding = car.feeding
    assert alert.due_ns(feeding.state, START_NS, feeding.timeline, feeding.latest) == START_NS + 3_600 * S
    assert car.alerts(3_599) == []
    assert car.alerts(3_600) == [(3_600, None, "")]
    assert alert.quiet(feeding.state, START_NS, feeding.timeline, feeding.latest)
    assert not alert.quiet(feeding.state, START_NS + 3_600 * S, feeding.timeline, feeding.latest)
    car.says(5_000)
    assert car.alerts(5_001) == [(3_600, 5_000, "cleared")]


def test_entering_leaving_and_dwelling_are_conditions_about_fences() -> None:
    rules = (
        replace(rule(InFence("yard")), id="in"),
        replace(rule(InFence("yard", inside=False)), id="out"),
        replace(rule(InFence("yard"), hold_s=600), id="stays"),
    )
    car = Car(*rules)
    car.says(0, fences=())
    car.says(100, fences=("depot", "yard"))
    car.says(1_000, fences=("depot",))
    assert car.alerts(1_001) == [
        (0, 100, "cleared"),
        (100, 1_000, "cleared"),
        (700, 1_000, "cleared"),
        (1_000, None, ""),
    ]


def test_outside_of_its_schedule_a_rule_is_off_and_its_edges_are_exact() -> None:
    hours = Schedule("Europe/Stockholm", (Window(3, 11 * 60 + 10, 11 * 60 + 20),))  # 10 minutes from 600 s on
    car = Car(rule(Compare("locked", "equals", value=False), hold_s=60, schedule=hours))
    car.says(0, locked=False)
    car.says(5_000)
    assert car.alerts(5_001) == [(660, 1_200, "schedule")]


def test_a_change_is_a_moment_and_an_invalid_value_in_between_is_none() -> None:
    car = Car(rule(Changes("gear", "P", "D"), cool_down_s=60))
    for at_s, gear in (
        (0, "P"),
        (10, None),
        (20, "P"),
        (30, None),
        (40, "D"),
        (50, "P"),
        (60, "D"),
        (70, "P"),
        (200, "D"),
    ):
        car.says(at_s, gear=gear)
    assert car.alerts() == [(40, 40, "moment"), (200, 200, "moment")]


def test_the_end_of_an_episode_is_a_moment_with_its_figures() -> None:
    car = Car(rule(Ended("trip", (Measure("duration_s", "above", 100),))))
    car.says(0, rows=(drive(0, START_NS, 0),))
    (row,) = car.says(1_000, rows=(drive(1, START_NS + 1_000 * S, 400),))
    assert seen(row) == (600, 600, "moment")
    assert (row.subject, row.evidence) == ("trip1", (("duration_s", 110.0),))


def test_a_running_trip_may_be_too_long_before_it_has_ended() -> None:
    car = Car(rule(Running("trip"), hold_s=4 * 3_600))
    car.says(0, trip=True)
    assert car.alerts(4 * 3_600) == [(4 * 3_600, None, "")]


def test_a_car_that_closes_its_connection_while_parked_is_asleep_after_a_minute() -> None:
    car = Car(rule(Presence("asleep")))
    car.says(0, gear="P", online=True)
    car.says(100, online=False)
    assert car.alerts(159) == []
    assert car.alerts(160) == [(160, None, "")]
    car.says(500, online=True)
    assert car.alerts(501) == [(160, 500, "cleared")]


def notice(name: str, began_s: float, ended_s: float | None = None) -> tuple[Notice, ...]:
    ended_ns = None if ended_s is None else START_NS + round(ended_s * S)
    return (Notice(name, (), START_NS + round(began_s * S), ended_ns),)


def test_a_notice_of_the_car_lasts_until_the_car_says_that_it_ended() -> None:
    car = Car(rule(Noticed("vcsec_a133*")))
    car.says(10, notices=notice("VCSEC_a133_alarmTriggered", 9))
    car.says(20, notices=notice("other", 15))
    car.says(60, notices=notice("VCSEC_a133_alarmTriggered", 9, 55))
    car.says(70, notices=notice("VCSEC_a133_alarmTriggered", 9, 55))
    assert car.alerts() == [(10, 60, "cleared")]


def test_a_notice_heard_of_only_after_its_end_is_told_unless_it_is_history() -> None:
    car = Car(rule(Noticed("crash*")))
    car.says(1_000, notices=notice("crashA", 100, 200))
    car.says(1_100, notices=notice("crashB", 900, 901))
    assert car.alerts() == [(1_100, 1_100, "cleared")]


def two_versions(*later: AlertRule) -> AlertTimeline:
    first = AlertRules(1, (rule(FAST, hold_s=10),), {})
    return AlertTimeline(((0, first), (START_NS + 100 * S, AlertRules(2, later, {}))))


def test_a_new_version_of_a_rule_ends_the_old_ones_alert_and_starts_anew() -> None:
    car = Car()
    car.feeding.timeline = two_versions(rule(Compare("speed_kmh", "above", 110.0), hold_s=20, version=2))
    car.says(0, speed_kmh=120.0)
    assert car.alerts(119) == [(10, 100, "rule_changed")]
    assert car.alerts(120) == [(10, 100, "rule_changed"), (120, None, "")]
    car.says(200)
    assert car.alerts(201) == [(10, 100, "rule_changed"), (120, None, "")]


def test_a_version_of_the_organisation_that_leaves_a_rule_alone_leaves_its_alert_alone() -> None:
    car = Car()
    car.feeding.timeline = two_versions(rule(FAST, hold_s=10), replace(rule(LOW), id="new"))
    car.says(0, speed_kmh=120.0, battery_pct=10.0)
    assert car.alerts(200) == [(10, None, ""), (100, None, "")]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), True),
        (Scope(everything=False, vehicles=(VEHICLE,)), True),
        (Scope(everything=False, groups=("vans",)), True),
        (Scope(everything=False, vehicles=("x",), groups=("cars",)), False),
    ],
)
def test_a_rule_speaks_of_the_vehicles_in_its_scope(scope: Scope, expected: bool) -> None:
    groups = {"vans": frozenset((VEHICLE,)), "cars": frozenset(("x",))}
    watch = AlertRules(1, (rule(FAST, scope=scope),), groups).watch(VEHICLE)
    assert bool(watch.rules) is expected


def test_vehicles_with_the_same_rules_share_them() -> None:
    rules = AlertRules(1, (rule(FAST), rule(LOW, scope=Scope(everything=False, vehicles=("b",)))), {})
    assert rules.watch("a") is rules.watch("c")
    assert rules.watch("a") is not rules.watch("b")


def test_a_state_of_rules_that_nobody_knows_any_more_goes_on_with_those_in_force() -> None:
    car = Car()
    car.feeding.timeline = two_versions(replace(rule(FAST), id="gone"), rule(FAST, hold_s=10))
    car.says(150, speed_kmh=120.0)
    assert set(car.feeding.state.standing) == {"gone", "r"}
    car.feeding.timeline = AlertTimeline(((0, AlertRules(1, (rule(FAST, hold_s=10),), {})),))
    feeding = car.feeding
    assert alert.due_ns(feeding.state, START_NS + 150 * S, feeding.timeline, feeding.latest) is not None
    assert (160, None, "") in car.alerts(170)
    car.says(200, speed_kmh=130.0)
    assert set(car.feeding.state.standing) == {"r"}
    assert car.feeding.state.version == 1


# --- emergencies -------------------------------------------------------------------------------------------------

SENTRY = by_name("sentry_mode").number


def early(car: Car, at_s: float, record: int, readings: Sequence[tuple[int, Any]] = (), **more: Any) -> list[Alert]:
    report = Report(START_NS + round(at_s * S), record.to_bytes(16, "big"), tuple(readings), **more)
    values = dict(car.feeding.latest.values)
    return alert.emergencies(car.feeding.state, VEHICLE, report, values, car.feeding.timeline)


def test_an_emergency_is_known_before_its_turn_with_the_row_that_the_fold_gives_later() -> None:
    car = Car(*DEFAULT_ALERTS)
    car.says(0, sentry_mode="Armed")
    before = replace(car.feeding.state)
    (row,) = early(car, 10, 2, [(SENTRY, "Panic")])
    assert (row.severity, row.rule_id) == ("emergency", "sentry-panic")
    assert car.feeding.state == before
    assert car.says(10, sentry_mode="Panic") == [row]
    assert early(car, 20, 3, [(SENTRY, "Panic")]) == []


def test_an_emergency_that_the_car_lists_among_its_notices_is_known_at_once() -> None:
    car = Car(*DEFAULT_ALERTS)
    (row,) = early(car, 10, 1, notices=notice("RCM_a001_crashDetected", 9))
    assert (row.rule_id, row.evidence) == ("collision", (("notices", "RCM_a001_crashDetected"),))
    assert car.says(10, notices=notice("RCM_a001_crashDetected", 9)) == [row]


def test_what_is_no_emergency_is_none_early() -> None:
    car = Car(rule(Compare("sentry_mode", "equals", "Panic"), severity="critical"))
    assert early(car, 10, 1, [(SENTRY, "Panic")]) == []
    assert early(Car(*DEFAULT_ALERTS), 10, 1, [(SENTRY, "Aware")], notices=notice("RCM_a002_sensorFault", 9)) == []


def test_a_state_keeps_only_rules_that_are_not_inactive() -> None:
    many = [replace(rule(Compare("battery_pct", "below", float(pct))), id=f"r{pct}") for pct in range(100)]
    car = Car(*many, replace(rule(Not(FAST)), id="slow"))
    car.says(0, battery_pct=97.5, speed_kmh=0.0)
    assert set(car.feeding.state.standing) == {"r98", "r99", "slow"}
    car.says(10, battery_pct=100.0, speed_kmh=120.0)
    assert car.feeding.state.standing == {}
