"""Rules as data: what is written comes back the same, and what means nothing is told with its place and a way out."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from motorcade.domain.alerts.condition import (
    All,
    AnyOf,
    Changes,
    Compare,
    Condition,
    Ended,
    InFence,
    Known,
    Not,
    Noticed,
)
from motorcade.domain.alerts.defaults import DEFAULT_ALERTS
from motorcade.domain.alerts.form import read_when, write_when
from motorcade.domain.alerts.numbering import numbered
from motorcade.domain.alerts.rule import AlertRule, Scope
from motorcade.domain.alerts.rule_form import read_rule, write_rule
from motorcade.domain.alerts.words import sentence, span
from motorcade.domain.errors import Invalid
from motorcade.domain.rules import Rules, RuleTimeline, check_rules
from motorcade.domain.schedule import DayException, Schedule, Window
from tests.unit.domain.episodes.alert_cases import TAPES, Tape, rule_of

LOW = {"signal": "battery_pct", "below": 20}


def rule(**more: Any) -> dict[str, Any]:
    return {"id": "low", "name": "Low", "when": LOW} | more


@settings(max_examples=300)
@given(TAPES)
def test_a_rule_comes_back_from_its_data_and_says_something_in_english(tape: Tape) -> None:
    made = rule_of(tape, "r")
    assert read_rule(json.loads(json.dumps(write_rule(made)))) == made
    assert sentence(made).endswith(": warning.")


@pytest.mark.parametrize("made", DEFAULT_ALERTS, ids=lambda made: made.id)
def test_the_defaults_are_rules_that_may_be_written_down(made: AlertRule) -> None:
    assert read_rule(write_rule(made)) == made
    check_rules(Rules(alerts=(made,)), None)


def test_a_schedule_without_a_zone_is_in_the_organisations() -> None:
    form = rule(schedule={"windows": [[0, 480, 1020]], "exceptions": {"2026-12-24": [[480, 720]]}})
    windows = (Window(0, 480, 1020),)
    expected = Schedule("Europe/Stockholm", windows, (DayException("2026-12-24", ((480, 720),)),))
    assert read_rule(form, "Europe/Stockholm").schedule == expected


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ([], "a rule is an object with id, name and when"),
        ({"id": "a", "name": "N"}, "rule 'N': when: a condition is needed"),
        (rule(id=""), "id: a text of 1 to 200 printable characters"),
        (rule(name="a\nb"), "name: a text of 1 to 200 printable characters"),
        (rule(hold=1), "'hold' means nothing here; allowed are id, name, when"),
        (rule(hold_s=-1), "hold_s: whole seconds, 0 to 2592000"),
        (rule(cool_down_s=1.5), "cool_down_s: whole seconds"),
        (rule(version=0), "version: a whole number from 1 on"),
        (rule(severity="bad"), "severity: one of info, warning, critical, emergency"),
        (rule(scope="none"), 'scope: "all", or an object'),
        (rule(scope={}), "scope: names no vehicle and no group"),
        (rule(scope={"vehicles": "abc"}), "scope.vehicles: a list"),
        (rule(schedule={"zone": "Mars/Base", "windows": []}), "schedule: there is no time zone 'Mars/Base'"),
        (rule(schedule={"windows": [[7, 0, 10]]}), "schedule: window 1: a weekday is 0"),
        (rule(schedule={"windows": [[1, 0]]}), "schedule.windows: each is a list of 3 whole numbers"),
        (rule(when={"signal": "battery", "below": 1}), "when.signal: no signal is called 'battery'; the names are"),
        (rule(when={"signal": "location", "equals": 1}), "when.signal: location is a place; draw a fence"),
        (rule(when={"signal": "unknown", "equals": 1}), "when.signal: unknown has no public meaning"),
        (rule(when={"signal": "gear", "below": 1}), "when.below: gear is no number but choice; use equals"),
        (rule(when={"signal": "doors_open", "equals": "x"}), "when.equals: doors_open is set; use contains or lacks"),
        (rule(when={"signal": "gear", "contains": "x"}), "contains and lacks are for sets"),
        (rule(when={"signal": "battery_pct", "below": "20"}), "when.below: battery_pct is compared with a number in %"),
        (rule(when={"signal": "battery_pct", "below": float("nan")}), "is compared with a number in %"),
        (rule(when={"signal": "locked", "equals": 1}), "when.equals: locked is true or false"),
        (rule(when={"signal": "battery_pct"}), "when: exactly one comparison is needed"),
        (rule(when={"signal": "battery_pct", "below": 1, "above": 2}), "when: exactly one comparison is needed"),
        (rule(when={"signal": "gear", "one_of": []}), "when.one_of: a list of 1 to 16 values"),
        (rule(when={"all": [LOW, {"silent_for_s": 0}]}), r"when.all[1].silent_for_s: whole seconds, 1 to"),
        (rule(when={"any": [{"not": {"presence": "here"}}]}), r"when.any[0].not.presence: awake, asleep or offline"),
        (rule(when={"all": []}), "when.all: a list of at least one condition"),
        (rule(when={"all": [LOW] * 17}), "when.all: 17 terms, at most 16; make two rules"),
        (rule(when={"all": [{"all": [LOW] * 8}] * 2}), "when: 19 terms, at most 16"),
        (rule(when={"not": {"not": {"not": {"not": {"not": LOW}}}}}), "more than 4 deep in each other"),
        (rule(when={"not": {"signal": "gear", "changes": True}}), "the opposite of a change"),
        (rule(when={"running": "bus"}), "when.running: trip or charge"),
        (rule(when={"fence": "a", "inside": "yes"}), "when.inside: true (inside) or false (outside)"),
        (rule(when={"fence": "a", "notice": "b"}), "fence and notice exclude each other"),
        (rule(when={}), "none of them is there"),
        (rule(when=7), "when: a condition is an object such as"),
        (rule(when={"ended": "alert"}), "when.ended: one of trip"),
        (
            rule(when={"ended": "trip", "where": [{"figure": "duration_s", "one_of": [1]}]}),
            "use below, at_most, above",
        ),
        (rule(when={"ended": "trip", "where": [{"above": 1}]}), r"when.where[0]: a figure is an object"),
        (rule(when={"ended": "trip"}, hold_s=5), "has neither a duration nor a clearing condition"),
        (rule(when={"signal": "gear", "changes": True}, clear=LOW), "has neither a duration nor a clearing"),
        (rule(clear={"signal": "gear", "changes": True}), "clear: a change holds for a moment only"),
        (rule(severity="emergency", hold_s=5), "severity: an emergency waits for nothing"),
        (rule(severity="emergency", when={"silent_for_s": 60}), "severity: an emergency asks for signals and notices"),
    ],
)
def test_what_means_nothing_is_told_with_its_place_and_a_way_out(form: Any, told: str) -> None:
    with pytest.raises(Invalid) as error:
        read_rule(form)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (Compare("battery_pct", "below", 20), "battery is below 20 %"),
        (Compare("speed_kmh", "at_least", 130.5), "speed is at least 130.5 km/h"),
        (Compare("locked", "equals", value=False), "locked is off"),
        (Compare("gear", "one_of", ("D", "R")), "gear is D or R"),
        (Compare("outside_temperature_c", "above", 30), "outside temperature is above 30 °C"),
        (Compare("doors_open", "contains", ""), "there are open doors"),
        (Changes("gear", "P", "D"), "gear changes from P to D"),
        (InFence("", inside=False), "the vehicle is outside every fence"),
        (Not(Known("gear")), "it is not so that gear is known"),
        (Ended("trip", ()), "a trip has ended"),
        (
            All((Noticed("a*"), AnyOf((Compare("gear", "equals", "P"), Known("speed_kmh"))))),
            "the vehicle reports a* and (gear is P or speed is known)",
        ),
    ],
)
def test_a_condition_is_said_as_a_person_would(when: Condition | Ended, said: str) -> None:
    assert sentence(AlertRule(id="a", name="A", when=when)) == f"When {said}: warning."
    assert read_when(write_when(when)) == when


def test_a_sentence_names_duration_end_and_pause() -> None:
    made = AlertRule(
        id="a",
        name="A",
        when=Compare("battery_pct", "below", 20),
        clear=Compare("battery_pct", "at_least", 25),
        hold_s=60,
        cool_down_s=5_400,
        severity="critical",
    )
    assert sentence(made) == (
        "When battery is below 20 % for 1 minute, until battery is at least 25 %, "
        "then not again for 1 hour 30 minutes: critical."
    )


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 seconds"), (61, "1 minute 1 second"), (172_800, "2 days")])
def test_spans_are_said_in_whole_units(seconds: int, said: str) -> None:
    assert span(seconds) == said


# --- versions ----------------------------------------------------------------------------------------------------


def test_a_changed_rule_needs_a_higher_version() -> None:
    before = Rules(alerts=(read_rule(rule()),))
    changed = replace(before.alerts[0], hold_s=5)
    with pytest.raises(Invalid, match="its version must be higher than 1"):
        check_rules(Rules(alerts=(changed,)), before)
    check_rules(Rules(alerts=(replace(changed, version=2),)), before)
    check_rules(Rules(alerts=before.alerts), before)


def test_rules_are_numbered_so_that_a_version_names_one_content() -> None:
    made = read_rule(rule())
    other = replace(made, hold_s=5)
    assert numbered([made], []) == (made,)
    assert numbered([replace(made, version=9)], [[made]]) == (made,)
    assert numbered([other], [[made]]) == (replace(other, version=2),)
    assert numbered([made], [[made], [replace(other, version=2)], []]) == (replace(made, version=3),)


def test_before_the_first_version_the_first_holds_and_each_holds_from_its_time() -> None:
    timeline = RuleTimeline((Rules(1, 100), Rules(2, 200), Rules(3, 300)))
    assert [timeline.at(at_ns).version for at_ns in (0, 99, 100, 199, 200, 299, 300, 999)] == [1, 1, 1, 1, 2, 2, 3, 3]
    assert [timeline.next_after(at_ns) for at_ns in (0, 100, 199, 200, 300)] == [200, 200, 200, 300, None]
    assert [timeline.alerts.at(at_ns).version for at_ns in (0, 199, 200, 300)] == [1, 1, 2, 3]


def test_a_group_that_nobody_made_is_told() -> None:
    lost = replace(read_rule(rule()), scope=Scope(everything=False, groups=("vans",)))
    with pytest.raises(Invalid, match=r"rule 'Low': scope.groups: there is no group 'vans'; make it first"):
        check_rules(Rules(alerts=(lost,)), None)


def test_a_figure_that_an_episode_does_not_have_is_told_with_the_rule() -> None:
    made = read_rule(rule(when={"ended": "trip", "where": [{"figure": "length", "above": 5}]}))
    with pytest.raises(Invalid, match=r"rule 'Low': when.where\[0\].figure: a trip has no 'length'; it has duration_s"):
        check_rules(Rules(alerts=(made,)), None)
