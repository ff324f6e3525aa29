"""The score: 100 less capped penalties, and a name for every number."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.episodes.safety_rules import CATEGORIES
from motorcade.domain.errors import Invalid
from motorcade.domain.score import Penalty, ScoreRules, band, points_per_100_km, score
from tests.conditions import Scale


@dataclass(frozen=True)
class Event:
    category: str
    severity: str


def some(category: str, severity: str, count: int = 1) -> list[Event]:
    return [Event(category, severity)] * count


def test_without_events_the_score_is_full() -> None:
    assert (score([]).value, score([]).band, score([]).penalties) == (100, "normal", {})


def test_severities_cost_two_five_and_ten_points() -> None:
    found = score([*some("speeding", "mild"), *some("harsh_braking", "moderate"), *some("harsh_cornering", "severe")])
    assert found.value == 83
    assert found.penalties["harsh_braking"] == Penalty(1, 5, 5)


@pytest.mark.parametrize(
    ("category", "cap"),
    [
        ("speeding", 25),
        ("harsh_braking", 25),
        ("harsh_cornering", 20),
        ("harsh_acceleration", 15),
        ("seat_belt", 20),
        ("collision", 25),
        ("airbag", 25),
    ],
)
def test_a_category_costs_no_more_than_its_cap(category: str, cap: int) -> None:
    found = score(some(category, "severe", 10))
    assert (found.value, found.penalties[category]) == (100 - cap, Penalty(10, 100, cap))
    assert 15 <= cap <= 25
    assert category in CATEGORIES


def test_a_score_is_never_below_zero() -> None:
    assert score([event for category in CATEGORIES for event in some(category, "severe", 9)]).value == 0


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (100, "normal"),
        (80.1, "normal"),
        (80, "aggressive"),
        (60, "aggressive"),
        (59.9, "elevated_risk"),
        (59, "elevated_risk"),
        (50, "elevated_risk"),
        (49.9, "unsafe"),
        (0, "unsafe"),
    ],
)
def test_every_number_has_exactly_one_name(value: float, name: str) -> None:
    assert band(value) == name


def test_the_score_depends_on_no_order_and_more_events_never_help(scale: Scale) -> None:
    events = st.builds(Event, st.sampled_from(CATEGORIES), st.sampled_from(["mild", "moderate", "severe"]))

    @settings(max_examples=scale.n(200, 5_000))
    @given(st.lists(events, max_size=20))
    def check(some_events: list[Event]) -> None:
        values = [score(some_events[:count]).value for count in range(len(some_events) + 1)]
        assert all(0 <= later <= earlier <= 100 for earlier, later in pairwise(values))
        assert score(reversed(some_events)) == score(some_events)

    check()


def test_points_over_distance_are_a_figure_of_their_own() -> None:
    events = some("harsh_braking", "severe", 6)
    assert points_per_100_km(events, 250_000) == 24.0  # without caps
    assert points_per_100_km(events, 999) is None
    assert points_per_100_km([], 50_000) == 0.0


def test_an_organisation_may_count_differently_but_not_reward() -> None:
    rules = ScoreRules(points={"mild": 1}, caps={"speeding": 3})
    assert score([*some("speeding", "mild", 5), *some("harsh_braking", "severe")], rules).value == 97
    with pytest.raises(Invalid):
        ScoreRules(points={"mild": -1})
