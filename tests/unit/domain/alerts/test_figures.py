"""What a rule may ask of an episode: the figures that its row has, and nothing that it has not."""

from typing import Any

import pytest

from motorcade.domain.alerts.condition import Ended, Measure, Op
from motorcade.domain.alerts.form import EPISODE_KINDS
from motorcade.domain.alerts.rule import AlertRule
from motorcade.domain.episodes.alerting.figures import FIGURES, check_figures, figure_of, fits
from motorcade.domain.errors import Invalid
from tests.unit.domain.episodes.alert_cases import START_NS, S, drive


def rule(kind: str, figure: str, op: Op, value: Any) -> AlertRule:
    return AlertRule(id="r", name="R", when=Ended(kind, (Measure(figure, op, value),)))


def test_every_kind_of_episode_that_a_rule_may_name_has_figures() -> None:
    assert set(FIGURES) == set(EPISODE_KINDS)
    assert all(figures["duration_s"] == "number" for figures in FIGURES.values())
    assert FIGURES["trip"]["distance_m"] == "number"
    assert FIGURES["trip"]["manoeuvre"] == "flag"
    assert FIGURES["safety"]["severity"] == "text"
    assert "entry_place" not in FIGURES["visit"]
    assert "id" not in FIGURES["trip"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            rule("trip", "distance_km", "above", 5),
            "a trip has no 'distance_km'; it has duration_s",
        ),
        (rule("flight", "duration_s", "above", 5), "when.ended: no episode is called 'flight'; use one of trip"),
        (rule("trip", "distance_m", "equals", "far"), "distance_m is a number; compare it with one"),
        (rule("trip", "manoeuvre", "above", 1), "manoeuvre is a flag; compare it with one"),
        (rule("safety", "severity", "above", "mild"), "severity is a text; compare it with one"),
    ],
)
def test_what_an_episode_does_not_have_is_told_with_what_it_has(asked: AlertRule, told: str) -> None:
    with pytest.raises(Invalid) as error:
        check_figures(asked)
    assert told in str(error.value)


def test_what_an_episode_has_may_be_asked() -> None:
    check_figures(rule("trip", "manoeuvre", "equals", value=False))
    check_figures(rule("safety", "severity", "differs", "mild"))
    check_figures(rule("charge", "energy_added_kwh", "below", 5))


@pytest.mark.parametrize(
    ("op", "value", "figure", "expected"),
    [
        ("above", 5, 5.0, False),
        ("at_least", 5, 5.0, True),
        ("below", 5, 5.0, False),
        ("at_most", 5, 5.0, True),
        ("equals", 5, 5.0, True),
        ("differs", 5, 6.0, True),
        ("equals", True, True, True),
        ("equals", 1, True, False),
        ("equals", "severe", "severe", True),
        ("differs", "severe", "mild", True),
        ("above", 5, "x", False),
        ("differs", 5, None, False),
    ],
)
def test_figures_are_compared_as_they_are(op: Op, value: Any, figure: Any, expected: bool) -> None:
    assert fits(Measure("f", op, value), figure) is expected


def test_how_long_an_episode_lasted_is_a_figure_of_all() -> None:
    row = drive(1, START_NS + 1_000 * S, 0)
    assert figure_of(row, "duration_s") == 110.0
    assert figure_of(row, "nothing") is None
