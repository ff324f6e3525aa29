"""Conditions as functions: compiled once, asked at every record that touches them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from motorcade.domain.alerts.condition import (
    ASLEEP,
    AWAKE,
    OFFLINE,
    SET_OPS,
    All,
    AnyOf,
    Changes,
    Compare,
    Condition,
    InFence,
    Known,
    Not,
    Noticed,
    Plain,
    Presence,
    Running,
    Silent,
)
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name
from motorcade.domain.state import Value
from motorcade.domain.status import Status, judge
from motorcade.domain.summary import Summary

Tri = bool | None
"""True, false, or None = unknown."""


@dataclass(slots=True)
class Seen:
    """What a condition may look at, at one instant.

    Attributes:
        values: signal number → value.
        at_ns: the instant.
        last_ns: effective time of the last record.
        fences: ids of the fences that the car is inside of.
        trip: whether a trip runs.
        charge: whether a charging session runs.
        online: whether a connection is open; None = the car was never online.
        offline_ns: since when none is, where none is.
        notices: names of the car's notices that last.
        pulses: signal number → (last known value, value now) of what this record changed, where that is asked for.
    """

    values: Mapping[int, Value]
    at_ns: int
    last_ns: int
    fences: tuple[str, ...] = ()
    trip: bool = False
    charge: bool = False
    online: bool | None = None
    offline_ns: int = 0
    notices: tuple[str, ...] = ()
    pulses: dict[int, tuple[Value, Value]] | None = None


Check = Callable[[Seen], Tri]

_SPEED, _GEAR, _CHARGE = by_name("speed_kmh").number, by_name("gear").number, by_name("charge_state").number
_DC, _AC = by_name("dc_charging_power_kw").number, by_name("ac_charging_power_kw").number
PRESENCE_SIGNALS: Final = (_SPEED, _GEAR, _CHARGE, _DC, _AC)
"""Signals that decide between asleep and offline."""


def compiled(condition: Condition) -> Check:  # noqa: PLR0911 - one return a kind of term is the table it is
    """A condition as a function of what is seen."""
    match condition:
        case Compare():
            return _compare(condition)
        case Known():
            known = by_name(condition.signal).number
            return lambda seen: seen.values.get(known) is not None
        case Changes():
            return _changes(condition)
        case InFence():
            return _in_fence(condition)
        case Running():
            return (lambda seen: seen.trip) if condition.what == "trip" else (lambda seen: seen.charge)
        case Silent():
            for_ns = condition.for_s * NS_PER_S
            return lambda seen: seen.last_ns > 0 and seen.at_ns - seen.last_ns >= for_ns
        case Noticed():
            matches = name_matcher(condition.name)
            return lambda seen: any(map(matches, seen.notices))
        case Presence():
            wanted = condition.state
            return lambda seen: None if seen.online is None else presence_of(seen) == wanted
        case All():
            return _all([compiled(term) for term in condition.terms])
        case AnyOf():
            return _any([compiled(term) for term in condition.terms])
        case Not():
            return _not(compiled(condition.term))
        case _:
            assert_never(condition)


def name_matcher(pattern: str) -> Callable[[str], bool]:
    """A function that says whether a notice's name fits a pattern with `*`."""
    matches = re.compile(re.escape(pattern).replace(r"\*", ".*"), re.IGNORECASE | re.DOTALL).fullmatch
    return lambda name: matches(name) is not None


def presence_of(seen: Seen) -> str:
    """Awake, asleep or offline at the instant."""
    values = seen.values
    powers = [power for power in (_number(values.get(_DC)), _number(values.get(_AC))) if power is not None]
    gear, charge = values.get(_GEAR), values.get(_CHARGE)
    summary = Summary(
        gear=(0, gear) if isinstance(gear, str) else None,
        speed_kmh=(0, _number(values.get(_SPEED))),
        charge_state=(0, charge) if isinstance(charge, str) else None,
        charging_kw=(0, max(powers)) if powers else None,
        open_connections=1 if seen.online else 0,
        online_changed_at_ns=seen.offline_ns,
        last_seen_ns=seen.last_ns,
    )
    status = judge(summary, seen.at_ns).status
    return {Status.ASLEEP: ASLEEP, Status.OFFLINE: OFFLINE}.get(status, AWAKE)


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _compare(term: Compare) -> Check:
    number, op, wanted = by_name(term.signal).number, term.op, term.value
    if op in SET_OPS:
        name, expected = str(wanted), op == "contains"
        return lambda seen: _holds_name(seen.values.get(number), name, expected=expected)
    if op == "one_of":
        choices = wanted if isinstance(wanted, tuple) else (wanted,)
        return lambda seen: _equals_any(seen.values.get(number), choices)
    assert not isinstance(wanted, tuple)
    if op == "equals":
        return lambda seen: _equals(seen.values.get(number), wanted)
    if op == "differs":
        return lambda seen: _flip(_equals(seen.values.get(number), wanted))
    return _ordered(number, op, float(wanted))


def _ordered(number: int, op: str, limit: float) -> Check:
    def below(seen: Seen) -> Tri:
        value = seen.values.get(number)
        return value < limit if value.__class__ is float or value.__class__ is int else None

    def at_most(seen: Seen) -> Tri:
        value = seen.values.get(number)
        return value <= limit if value.__class__ is float or value.__class__ is int else None

    def above(seen: Seen) -> Tri:
        value = seen.values.get(number)
        return value > limit if value.__class__ is float or value.__class__ is int else None

    def at_least(seen: Seen) -> Tri:
        value = seen.values.get(number)
        return value >= limit if value.__class__ is float or value.__class__ is int else None

    return {"below": below, "at_most": at_most, "above": above, "at_least": at_least}[op]


def _equals(value: Value, wanted: Plain) -> Tri:
    """Equal, different, or unknown: absent, or of another type than it is compared with."""
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value == wanted if isinstance(wanted, bool) and isinstance(value, bool) else None
    if isinstance(wanted, str):
        return value == wanted if isinstance(value, str) else None
    return value == wanted if isinstance(value, int | float) else None


def _equals_any(value: Value, choices: tuple[Plain, ...]) -> Tri:
    found = [_equals(value, choice) for choice in choices]
    if True in found:
        return True
    return False if False in found else None


def _holds_name(value: Value, name: str, *, expected: bool) -> Tri:
    if not isinstance(value, tuple) or any(not isinstance(each, str) for each in value):
        return None
    return (name in value if name else bool(value)) is expected


def _changes(term: Changes) -> Check:
    number, before, after = by_name(term.signal).number, term.before, term.after

    def check(seen: Seen) -> Tri:
        pulse = seen.pulses.get(number) if seen.pulses else None
        if pulse is None:
            return False
        from_it = before is None or _equals(pulse[0], before) is True
        return from_it and (after is None or _equals(pulse[1], after) is True)

    return check


def _in_fence(term: InFence) -> Check:
    fence, inside = term.fence, term.inside
    if not fence:
        return lambda seen: bool(seen.fences) is inside
    return lambda seen: (fence in seen.fences) is inside


def _all(checks: list[Check]) -> Check:
    def check(seen: Seen) -> Tri:
        unknown = False
        for one in checks:
            found = one(seen)
            if found is False:
                return False
            unknown = unknown or found is None
        return None if unknown else True

    return check


def _any(checks: list[Check]) -> Check:
    def check(seen: Seen) -> Tri:
        unknown = False
        for one in checks:
            found = one(seen)
            if found:
                return True
            unknown = unknown or found is None
        return None if unknown else False

    return check


def _flip(found: Tri) -> Tri:
    return None if found is None else not found


def _not(check: Check) -> Check:
    return lambda seen: _flip(check(seen))
