"""What a rule may ask of an episode that has ended: the figures and words of its row."""

from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from motorcade.domain.alerts.condition import ORDER_OPS, Ended, Measure
from motorcade.domain.alerts.rule import AlertRule
from motorcade.domain.episodes.charge import Charge
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.idling import Idling
from motorcade.domain.episodes.parked import Parked
from motorcade.domain.episodes.safety_spell import SafetyEvent
from motorcade.domain.episodes.stop import Stop
from motorcade.domain.episodes.trip_row import Trip
from motorcade.domain.episodes.visit import Visit
from motorcade.domain.errors import Invalid
from motorcade.domain.record import NS_PER_S

Figure = float | bool | str
Sort = Literal["number", "flag", "text"]

DURATION: Final = "duration_s"
ROWS: Final[tuple[type[Episode], ...]] = (Trip, Stop, Idling, Charge, Visit, Parked, SafetyEvent)
_HIDDEN: Final = frozenset({"id", "vehicle_id", "started_at_ns", "ended_at_ns", "rule_version"})
"""What names the episode is no figure of it; its times make `duration_s`."""


def _sort_of(hint: Any) -> Sort | None:
    """What a field holds, None where a rule cannot compare it."""
    several = get_args(hint) if get_origin(hint) in (UnionType, Union, Literal) else (hint,)
    kinds = {kind for kind in several if kind is not NoneType}
    if all(isinstance(kind, str) or (isinstance(kind, type) and issubclass(kind, str)) for kind in kinds):
        return "text"  # also the words of a `Literal`
    if kinds == {bool}:
        return "flag"
    return "number" if kinds <= {int, float} else None


def _figures_of(row: type[Episode]) -> dict[str, Sort]:
    hints = get_type_hints(row)
    found: dict[str, Sort] = {DURATION: "number"}
    for one in fields(row):
        sort = _sort_of(hints[one.name])
        if sort is not None and one.name not in _HIDDEN:
            found[one.name] = sort
    return found


FIGURES: Final[dict[str, dict[str, Sort]]] = {row.kind: _figures_of(row) for row in ROWS}
"""Kind of episode → its figures."""


def figure_of(row: Episode, name: str) -> Figure | None:
    """One figure of a row, None where it has none of that name or does not know it."""
    value = getattr(row, name, None)
    if name == DURATION and value is None:
        return None if row.ended_at_ns is None else (row.ended_at_ns - row.started_at_ns) / NS_PER_S
    if isinstance(value, bool | str):
        return value
    return float(value) if isinstance(value, int | float) else None


def fits(measure: Measure, figure: Figure | None) -> bool:
    """Whether a figure is as a rule asks; one that is not known never is."""
    wanted, op = measure.value, measure.op
    if figure is None:
        return False
    if op == "equals" or op == "differs":  # noqa: PLR1714 - mypy narrows by this
        same = figure == wanted and isinstance(figure, bool) is isinstance(wanted, bool)
        return same is (op == "equals")
    if isinstance(figure, bool | str) or isinstance(wanted, bool | str):
        return False
    return {"below": figure < wanted, "at_most": figure <= wanted, "above": figure > wanted}.get(op, figure >= wanted)


def check_figures(rule: AlertRule) -> None:
    """See to it that a rule about the end of an episode asks for figures that there are.

    Raises:
        Invalid: it does not; the message names what there is.
    """
    if not isinstance(rule.when, Ended):
        return
    there = FIGURES.get(rule.when.kind)
    if there is None:
        raise Invalid(f"when.ended: no episode is called {rule.when.kind!r}; use one of {', '.join(FIGURES)}")
    for index, measure in enumerate(rule.when.where):
        place = f"when.where[{index}]"
        sort = there.get(measure.figure)
        if sort is None:
            names = ", ".join(there)
            raise Invalid(f"{place}.figure: a {rule.when.kind} has no {measure.figure!r}; it has {names}")
        value = measure.value
        given = "flag" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
        if given != sort or (measure.op in ORDER_OPS and sort != "number"):
            raise Invalid(f"{place}.{measure.op}: {measure.figure} is a {sort}; compare it with one")
