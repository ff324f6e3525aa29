"""Rules in plain English, as a person would say them."""

from typing import Final

from motorcade.domain.alerts.condition import (
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
    Plain,
    Presence,
    Running,
    Silent,
)
from motorcade.domain.alerts.rule import AlertRule
from motorcade.domain.signal import by_name

_UNITS: Final = {"degC": "°C", "deg": "°", "m/s^2": "m/s²", "kOhm": "kΩ"}
_RELATIONS: Final = {
    "below": "below",
    "at_most": "at most",
    "above": "above",
    "at_least": "at least",
    "equals": "",
    "differs": "not",
}
_KINDS: Final = {"charge": "charging session", "idling": "idling stretch", "safety": "safety event"}
_SPANS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def sentence(rule: AlertRule) -> str:
    """What a rule does, e.g. "When battery is below 20 % for 5 minutes, until battery is at least 25 %: warning."."""
    parts = [f"When {said(rule.when)}"]
    if rule.hold_s:
        parts.append(f" for {span(rule.hold_s)}")
    if rule.schedule is not None:
        parts.append(", within its schedule")
    if rule.clear is not None:
        parts.append(f", until {said(rule.clear)}")
    if rule.cool_down_s:
        parts.append(f", then not again for {span(rule.cool_down_s)}")
    return "".join(parts) + f": {rule.severity}."


def said(condition: Condition | Ended) -> str:  # noqa: C901, PLR0911 - one case a kind of term
    """A condition as part of a sentence."""
    match condition:
        case Compare():
            return _compared(condition)
        case Known(signal):
            return f"{_label(signal)} is known"
        case Changes():
            return _changed(condition)
        case InFence(fence, inside):
            where = f"fence {fence}" if fence else "a fence"
            return f"the vehicle is {'inside' if inside else 'outside'} {where if fence or inside else 'every fence'}"
        case Running(what):
            return f"a {_KINDS.get(what, what)} is running"
        case Silent(for_s):
            return f"nothing has arrived for {span(for_s)}"
        case Noticed(name):
            return f"the vehicle reports {name}"
        case Presence(state):
            return f"the vehicle is {state}"
        case All(terms):
            return " and ".join(_grouped(term) for term in terms)
        case AnyOf(terms):
            return " or ".join(_grouped(term) for term in terms)
        case Not(Running(what)):
            return f"no {_KINDS.get(what, what)} is running"
        case Not(term):
            return f"it is not so that {_grouped(term)}"
        case Ended(kind, where):
            figures = " and ".join(_measured(one) for one in where)
            noun = _KINDS.get(kind, kind)
            return f"a {noun} has ended" + (f" with {figures}" if figures else "")


def span(seconds: int) -> str:
    """A span of time in its largest whole units, e.g. "1 hour 30 minutes"."""
    parts: list[str] = []
    for name, size in _SPANS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}" + ("s" if count > 1 else ""))
    return " ".join(parts) or "0 seconds"


def _grouped(term: Condition) -> str:
    return f"({said(term)})" if isinstance(term, All | AnyOf) and len(term.terms) > 1 else said(term)


def _label(name: str) -> str:
    """A label within a sentence: abbreviations keep their letters."""
    label = by_name(name).label
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _compared(term: Compare) -> str:
    label = _label(term.signal)
    if isinstance(term.value, tuple):
        return f"{label} is {' or '.join(_value(one, term.signal) for one in term.value)}"
    if term.op == "contains":
        return f"{label} include {term.value}" if term.value else f"there are {label}"
    if term.op == "lacks":
        return f"{label} do not include {term.value}" if term.value else f"there are no {label}"
    relation = _RELATIONS[term.op]
    return " ".join(part for part in (label, "is", relation, _value(term.value, term.signal)) if part)


def _changed(term: Changes) -> str:
    told = f"{_label(term.signal)} changes"
    if term.before is not None:
        told += f" from {_value(term.before, term.signal)}"
    return told if term.after is None else f"{told} to {_value(term.after, term.signal)}"


def _value(value: Plain, signal: str) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return value
    unit = by_name(signal).unit
    return f"{value:g}" + (f" {_UNITS.get(unit, unit)}" if unit else "")


def _measured(measure: Measure) -> str:
    name, value = measure.figure.replace("_", " "), measure.value
    if isinstance(value, bool | str):
        told = _value(value, "") if isinstance(value, bool) else value
    elif measure.figure.endswith("_s") and value == int(value):
        told, name = span(int(value)), name.removesuffix(" s")
    else:
        told = f"{value:g}"
    return " ".join(part for part in (name, _RELATIONS[measure.op], told) if part)
