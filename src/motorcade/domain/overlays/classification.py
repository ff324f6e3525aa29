"""What a trip was for, by rule: between which fences, at which times of the week, with which vehicles."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from motorcade.domain.episodes.trip_row import Trip
from motorcade.domain.errors import Invalid
from motorcade.domain.schedule import Schedule, is_on
from motorcade.domain.schedule import check as check_schedule

MAX_CLASSIFYING_RULES: Final = 100
"""Of one organisation: each trip is compared with all of them whenever it is read."""


class Classification(StrEnum):
    """What a drive was for."""

    UNKNOWN = "unknown"
    BUSINESS = "business"
    PRIVATE = "private"
    COMMUTE = "commute"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifyingRule:
    """All of its conditions must hold; an empty one always does.

    Attributes:
        id: of the rule.
        name: for people.
        classification: what a trip that matches was for.
        effective_from_ns: trips that began before are not judged by it.
        effective_until_ns: those that began then or later are not either; None = it holds on. A changed rule is a new
            one that begins where the old one ends, so yesterday's trips keep what they were.
        between: fences of two kinds, e.g. homes and works: the trip leads from one of the first to one of the second,
            or back.
        start_fences: it begins in one of these.
        end_fences: it ends in one of these.
        vehicles: ids of the vehicles that the rule is for.
        schedule: when the trip begins, in the organisation's time zone; None = at any time.
    """

    id: str
    name: str
    classification: Classification
    effective_from_ns: int = 0
    effective_until_ns: int | None = None
    between: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    start_fences: tuple[str, ...] = ()
    end_fences: tuple[str, ...] = ()
    vehicles: tuple[str, ...] = ()
    schedule: Schedule | None = None


def check(rule: ClassifyingRule) -> None:
    """See to it that a rule means something.

    Raises:
        Invalid: it does not; the message says why.
    """
    if not rule.name.strip():
        raise Invalid("a classifying rule needs a name")
    if rule.classification is Classification.UNKNOWN:
        raise Invalid(f"the rule {rule.name!r} says nothing: choose business, private or commute")
    if rule.effective_until_ns is not None and rule.effective_until_ns < rule.effective_from_ns:
        raise Invalid(f"the rule {rule.name!r} would end before it begins")
    if rule.between is not None and not all(rule.between):
        raise Invalid(f"the rule {rule.name!r} names the fences of one side only")
    if rule.schedule is not None:
        check_schedule(rule.schedule)


def classify(first: Trip, last: Trip, rules: Sequence[ClassifyingRule]) -> ClassifyingRule | None:
    """The first rule that a drive matches, None where none does; `first` and `last` are the trips it is made of.

    A drive that has not ended matches no rule that asks where it ends.
    """
    return next((rule for rule in rules if _matches(first, last, rule)), None)


def _matches(first: Trip, last: Trip, rule: ClassifyingRule) -> bool:
    at_ns = first.started_at_ns
    if at_ns < rule.effective_from_ns or (rule.effective_until_ns is not None and at_ns >= rule.effective_until_ns):
        return False
    if rule.vehicles and first.vehicle_id not in rule.vehicles:
        return False
    start, end = first.start_fences, last.end_fences if last.ended_at_ns is not None else ()
    if rule.start_fences and not _meet(start, rule.start_fences):
        return False
    if rule.end_fences and not _meet(end, rule.end_fences):
        return False
    if rule.between is not None:
        one, other = rule.between
        there = _meet(start, one) and _meet(end, other)
        if not there and not (_meet(start, other) and _meet(end, one)):
            return False
    return is_on(rule.schedule, at_ns)


def _meet(fences: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(fence in wanted for fence in fences)
