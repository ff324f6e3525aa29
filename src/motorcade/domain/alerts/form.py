"""Rules and conditions as JSON-able data, and back with errors that say what is wrong, where, and what to do.

A condition is an object with one of these keys:

    {"all": [...]}  {"any": [...]}  {"not": {...}}
    {"signal": "battery_pct", "below": 20}                  below, at_most, above, at_least, equals, differs, one_of
    {"signal": "doors_open", "contains": "TrunkFront"}      contains, lacks; "" = any name
    {"signal": "charging_cable_type", "known": true}
    {"signal": "gear", "changes": true, "before": "P", "after": "D"}
    {"fence": "<id>", "inside": true}                       "" = any fence
    {"running": "trip"}                                     or "charge"
    {"silent_for_s": 3600}  {"notice": "VCSEC_a133*"}  {"presence": "asleep"}
    {"ended": "trip", "where": [{"figure": "duration_s", "above": 14400}]}      alone only
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

from motorcade.domain.alerts.condition import (
    MAX_DEPTH,
    MAX_TERMS,
    ORDER_OPS,
    SET_OPS,
    All,
    AnyOf,
    Changes,
    Compare,
    Condition,
    Ended,
    InFence,
    Known,
    Measure,
    Not,
    Noticed,
    Op,
    Plain,
    Presence,
    Running,
    Silent,
    depth_of,
    terms_of,
)
from motorcade.domain.alerts.rule import MAX_SPAN_S
from motorcade.domain.errors import Invalid
from motorcade.domain.signal import Shape, Signal, by_name

OPS: Final[tuple[Op, ...]] = get_args(Op)
MAX_TEXT: Final = 200
"""Characters of a text in a condition; the longest that a car sends for a choice has a tenth of it."""
EPISODE_KINDS: Final = ("trip", "stop", "idling", "charge", "visit", "parked", "safety")
"""Kinds of episodes whose end a rule may speak of; `alert` is none, or alerts could beget alerts."""

_NUMBERS: Final = {Shape.NUMBER, Shape.INTEGER, Shape.TIMESTAMP}
_TEXTS: Final = {Shape.TEXT, Shape.CHOICE, Shape.TIME_OF_DAY}

Form = Mapping[str, Any]


def read_when(form: Any, where: str = "when") -> Condition | Ended:
    """A condition, or the end of an episode, from its data.

    Raises:
        Invalid: it means nothing; the message begins with the place, as `when.all[1].signal`.
    """
    if isinstance(form, Mapping) and "ended" in form:
        return _read_ended(form, where)
    return read_condition(form, where)


def read_condition(form: Any, where: str) -> Condition:
    """A condition from its data.

    Raises:
        Invalid: as for `read_when`.
    """
    condition = _read(form, where, 0)
    count = sum(1 for _ in terms_of(condition))
    if count > MAX_TERMS:
        raise Invalid(f"{where}: {count} terms, at most {MAX_TERMS}; make two rules of it")
    if depth_of(condition) > MAX_DEPTH:
        raise Invalid(f"{where}: groups lie more than {MAX_DEPTH} deep in each other; make it flatter")
    _check_pulses(condition, where)
    return condition


def _check_pulses(condition: Condition, where: str) -> None:
    for term in terms_of(condition):
        if isinstance(term, Not) and any(isinstance(inner, Changes) for inner in terms_of(term.term)):
            raise Invalid(f"{where}: the opposite of a change is true nearly always; leave it out")


def write_when(condition: Condition | Ended) -> dict[str, Any]:  # noqa: C901, PLR0911 - one case a kind of term
    """The data of a condition, or of the end of an episode."""
    match condition:
        case Compare(signal, op, value):
            return {"signal": signal, op: list(value) if isinstance(value, tuple) else value}
        case Known(signal):
            return {"signal": signal, "known": True}
        case Changes(signal, before, after):
            ends = {"before": before, "after": after}
            return {"signal": signal, "changes": True} | {key: end for key, end in ends.items() if end is not None}
        case InFence(fence, inside):
            return {"fence": fence, "inside": inside}
        case Running(what):
            return {"running": what}
        case Silent(for_s):
            return {"silent_for_s": for_s}
        case Noticed(name):
            return {"notice": name}
        case Presence(state):
            return {"presence": state}
        case All(terms):
            return {"all": [write_when(term) for term in terms]}
        case AnyOf(terms):
            return {"any": [write_when(term) for term in terms]}
        case Not(term):
            return {"not": write_when(term)}
        case Ended(kind, measures):
            return {"ended": kind, "where": [{"figure": one.figure, one.op: one.value} for one in measures]}


def _read(form: Any, where: str, depth: int) -> Condition:
    if not isinstance(form, Mapping):
        raise Invalid(f'{where}: a condition is an object such as {{"signal": "battery_pct", "below": 20}}')
    if depth > MAX_DEPTH:
        raise Invalid(f"{where}: groups lie more than {MAX_DEPTH} deep in each other; make it flatter")
    found = [key for key in _READERS if key in form]
    if len(found) != 1:
        asked = "none of them is there" if not found else f"{' and '.join(found)} exclude each other"
        raise Invalid(f"{where}: a condition has one of {', '.join(_READERS)}; {asked}")
    return _READERS[found[0]](form, where, depth)


def _read_group(form: Form, where: str, depth: int) -> Condition:
    key = "all" if "all" in form else "any"
    _only(form, where, key)
    terms = form[key]
    if not isinstance(terms, Sequence) or isinstance(terms, str) or not terms:
        raise Invalid(f"{where}.{key}: a list of at least one condition is needed")
    if len(terms) > MAX_TERMS:
        raise Invalid(f"{where}.{key}: {len(terms)} terms, at most {MAX_TERMS}; make two rules of it")
    read = tuple(_read(term, f"{where}.{key}[{index}]", depth + 1) for index, term in enumerate(terms))
    return All(read) if key == "all" else AnyOf(read)


def _read_not(form: Form, where: str, depth: int) -> Condition:
    _only(form, where, "not")
    return Not(_read(form["not"], f"{where}.not", depth + 1))


def _read_signal(form: Form, where: str, depth: int) -> Condition:  # noqa: ARG001 - all readers are asked alike
    signal = _signal(form["signal"], where)
    if "changes" in form:
        _only(form, where, "signal", "changes", "before", "after")
        _true(form, where, "changes")
        ends = {
            key: _value(form[key], signal, f"{where}.{key}") for key in ("before", "after") if form.get(key) is not None
        }
        return Changes(signal.name, ends.get("before"), ends.get("after"))
    if "known" in form:
        _only(form, where, "signal", "known")
        _true(form, where, "known")
        return Known(signal.name)
    op = _op(form, where, "signal")
    value = form[op]
    if op == "one_of":
        if not isinstance(value, Sequence) or isinstance(value, str) or not 0 < len(value) <= MAX_TERMS:
            raise Invalid(f"{where}.one_of: a list of 1 to {MAX_TERMS} values is needed")
        return Compare(signal.name, op, tuple(_value(one, signal, f"{where}.one_of") for one in value))
    _fitting(op, signal, where)
    if op in SET_OPS:
        return Compare(signal.name, op, _text(value, f"{where}.{op}", empty=True))
    return Compare(signal.name, op, _value(value, signal, f"{where}.{op}"))


def _fitting(op: Op, signal: Signal, where: str) -> None:
    if op in ORDER_OPS and signal.shape not in _NUMBERS:
        raise Invalid(f"{where}.{op}: {signal.name} is no number but {signal.shape}; use equals, differs or one_of")
    if (op in SET_OPS) is not (signal.shape is Shape.SET):
        hint = "use contains or lacks" if signal.shape is Shape.SET else "contains and lacks are for sets of names"
        raise Invalid(f"{where}.{op}: {signal.name} is {signal.shape}; {hint}")


def _signal(name: Any, where: str) -> Signal:
    try:
        signal = by_name(_text(name, f"{where}.signal"))
    except Invalid as error:
        raise Invalid(f"{where}.signal: {error}") from error
    if signal.shape is Shape.LOCATION:
        raise Invalid(f"{where}.signal: {signal.name} is a place; draw a fence and ask for that")
    if signal.reserved:
        raise Invalid(f"{where}.signal: {signal.name} has no public meaning; choose another signal")
    return signal


def _value(value: Any, signal: Signal, where: str) -> Plain:
    """A value that the signal can be compared with."""
    shape = signal.shape
    if shape in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            unit = f" in {signal.unit}" if signal.unit else ""
            raise Invalid(f"{where}: {signal.name} is compared with a number{unit}")
        return value
    if shape is Shape.FLAG:
        if not isinstance(value, bool):
            raise Invalid(f"{where}: {signal.name} is true or false")
        return value
    if isinstance(value, bool) and shape is Shape.CHOICE:
        return value  # some software sends a flag for a choice
    return _text(value, where)


def _read_fence(form: Form, where: str, depth: int) -> Condition:  # noqa: ARG001 - all readers are asked alike
    _only(form, where, "fence", "inside")
    inside = form.get("inside", True)
    if not isinstance(inside, bool):
        raise Invalid(f"{where}.inside: true (inside) or false (outside)")
    return InFence(_text(form["fence"], f"{where}.fence", empty=True), inside)


def _read_running(form: Form, where: str, depth: int) -> Condition:  # noqa: ARG001 - all readers are asked alike
    _only(form, where, "running")
    match form["running"]:
        case "trip":
            return Running("trip")
        case "charge":
            return Running("charge")
    raise Invalid(f"{where}.running: trip or charge")


def _read_silent(form: Form, where: str, depth: int) -> Condition:  # noqa: ARG001 - all readers are asked alike
    _only(form, where, "silent_for_s")
    return Silent(read_span_s(form["silent_for_s"], f"{where}.silent_for_s", at_least_s=1))


def _read_notice(form: Form, where: str, depth: int) -> Condition:  # noqa: ARG001 - all readers are asked alike
    _only(form, where, "notice")
    return Noticed(_text(form["notice"], f"{where}.notice"))


def _read_presence(form: Form, where: str, depth: int) -> Condition:  # noqa: ARG001 - all readers are asked alike
    _only(form, where, "presence")
    match form["presence"]:
        case "awake" | "asleep" | "offline" as state:
            return Presence(state)
    raise Invalid(f"{where}.presence: awake, asleep or offline")


def _read_ended(form: Form, where: str) -> Ended:
    _only(form, where, "ended", "where")
    kind = form["ended"]
    if kind not in EPISODE_KINDS:
        raise Invalid(f"{where}.ended: one of {', '.join(EPISODE_KINDS)}")
    measures = form.get("where", [])
    if not isinstance(measures, Sequence) or isinstance(measures, str) or len(measures) > MAX_TERMS:
        raise Invalid(f"{where}.where: a list of at most {MAX_TERMS} figures")
    return Ended(kind, tuple(_measure(one, f"{where}.where[{index}]") for index, one in enumerate(measures)))


def _measure(form: Any, where: str) -> Measure:
    if not isinstance(form, Mapping) or "figure" not in form:
        raise Invalid(f'{where}: a figure is an object such as {{"figure": "duration_s", "above": 14400}}')
    op = _op(form, where, "figure")
    value = form[op]
    if op not in (*ORDER_OPS, "equals", "differs"):
        raise Invalid(f"{where}.{op}: use {', '.join(ORDER_OPS)}, equals or differs")
    if isinstance(value, str) and op not in ORDER_OPS:
        value = _text(value, f"{where}.{op}")
    elif isinstance(value, bool):
        if op in ORDER_OPS:
            raise Invalid(f"{where}.{op}: true and false are not compared by size; use equals or differs")
    elif not isinstance(value, int | float) or not math.isfinite(value):
        raise Invalid(f"{where}.{op}: a number is needed")
    return Measure(_text(form["figure"], f"{where}.figure"), op, value)


def read_span_s(value: Any, where: str, at_least_s: int = 0) -> int:
    """A span of time in whole seconds.

    Raises:
        Invalid: it is none, or out of range.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not at_least_s <= value <= MAX_SPAN_S:
        raise Invalid(f"{where}: whole seconds, {at_least_s} to {MAX_SPAN_S} (30 days)")
    return value


def _op(form: Form, where: str, subject: str) -> Op:
    found: list[Op] = [op for op in OPS if op in form]
    if len(found) != 1:
        raise Invalid(f"{where}: exactly one comparison is needed, of {', '.join(OPS)}")
    _only(form, where, subject, found[0])
    return found[0]


def _only(form: Form, where: str, *keys: str) -> None:
    unknown = sorted(str(key) for key in form if key not in keys)
    if unknown:
        raise Invalid(f"{where}: {unknown[0]!r} means nothing here; allowed are {', '.join(keys)}")


def _true(form: Form, where: str, key: str) -> None:
    if form[key] is not True:
        raise Invalid(f"{where}.{key}: only true; leave the key out, or use not")


def _text(value: Any, where: str, *, empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not (value or empty):
        raise Invalid(f"{where}: a text of {0 if empty else 1} to {MAX_TEXT} characters is needed")
    return value


_READERS: Final[dict[str, Callable[[Form, str, int], Condition]]] = {
    "all": _read_group,
    "any": _read_group,
    "not": _read_not,
    "signal": _read_signal,
    "fence": _read_fence,
    "running": _read_running,
    "silent_for_s": _read_silent,
    "notice": _read_notice,
    "presence": _read_presence,
}
