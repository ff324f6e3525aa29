"""The safety score: 100 less the penalties of what happened, with the sum named category by category.

It is a pure function of events; how far somebody drove does not enter it. Who compares drivers of different distances
uses `points_per_100_km`, a figure of its own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from motorcade.domain.errors import Invalid

FULL_SCORE: Final = 100
Band = Literal["normal", "aggressive", "elevated_risk", "unsafe"]

NORMAL_ABOVE: Final = 80
AGGRESSIVE_FROM: Final = 60
ELEVATED_RISK_FROM: Final = 50
"""Above 80 normal, from 60 to 80 aggressive, from 50 to below 60 elevated risk, below 50 unsafe."""


class Scored(Protocol):
    """What of a safety event the score looks at."""

    @property
    def category(self) -> str:
        """See `safety_rules.CATEGORIES`."""
        ...

    @property
    def severity(self) -> str:
        """Mild, moderate or severe."""
        ...


def _points() -> dict[str, int]:
    return {"mild": 2, "moderate": 5, "severe": 10}


def _caps() -> dict[str, int]:
    # The worst that one habit costs. Braking and speeding tell most of a crash to come, speeding up the least.
    return {
        "speeding": 25,
        "harsh_braking": 25,
        "harsh_cornering": 20,
        "harsh_acceleration": 15,
        "seat_belt": 20,
        "collision": 25,
        "airbag": 25,
    }


@dataclass(frozen=True, slots=True)
class ScoreRules:
    """What an organisation subtracts.

    Attributes:
        points: severity → points.
        caps: category → the most points that it costs; a category that is not named costs nothing.
    """

    points: Mapping[str, int] = field(default_factory=_points)
    caps: Mapping[str, int] = field(default_factory=_caps)

    def __post_init__(self) -> None:
        """Refuse penalties that reward."""
        if min([0, *self.points.values(), *self.caps.values()]) < 0:
            raise Invalid("points and caps of a score are never negative")


@dataclass(frozen=True, slots=True)
class Penalty:
    """What one category costs.

    Attributes:
        events: how many there were.
        points: what their severities add up to.
        counted: as much of that as the category's cap allows.
    """

    events: int
    points: int
    counted: int


@dataclass(frozen=True, slots=True)
class Score:
    """A score with its reasons.

    Attributes:
        value: 0 … 100.
        band: what that is called.
        penalties: by category, only those that cost something.
    """

    value: int
    band: Band
    penalties: dict[str, Penalty]


def score(events: Iterable[Scored], rules: ScoreRules | None = None) -> Score:
    """The score of a set of events, whatever their order."""
    used = ScoreRules() if rules is None else rules
    events_of: Counter[str] = Counter()
    points_of: Counter[str] = Counter()
    for event in events:
        if event.category in used.caps:
            events_of[event.category] += 1
            points_of[event.category] += used.points.get(event.severity, 0)
    penalties = {
        category: Penalty(events_of[category], points, min(points, used.caps[category]))
        for category, points in sorted(points_of.items())
        if points > 0
    }
    value = max(0, FULL_SCORE - sum(penalty.counted for penalty in penalties.values()))
    return Score(value, band(value), penalties)


def band(value: float) -> Band:
    """What a score is called; every number has exactly one name."""
    if value > NORMAL_ABOVE:
        return "normal"
    if value >= AGGRESSIVE_FROM:
        return "aggressive"
    return "elevated_risk" if value >= ELEVATED_RISK_FROM else "unsafe"


def points_per_100_km(events: Iterable[Scored], distance_m: float, rules: ScoreRules | None = None) -> float | None:
    """Penalty points without caps for each 100 km driven, to 0.1; None below one kilometre, which says nothing."""
    if distance_m < 1_000:
        return None
    points = sum(penalty.points for penalty in score(events, rules).penalties.values())
    return round(points / (distance_m / 100_000), 1)
