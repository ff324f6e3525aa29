"""A rule of alerts as JSON-able data, and back; the schedule is written by whoever writes schedules."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from motorcade.domain.alerts.condition import Changes, Compare, Condition, Ended, Known, Noticed, terms_of
from motorcade.domain.alerts.form import MAX_TEXT, read_condition, read_span_s, read_when, write_when
from motorcade.domain.alerts.rule import GRACE_S, MAX_GROUPS, SEVERITIES, AlertRule, Scope, Severity
from motorcade.domain.errors import Invalid
from motorcade.domain.schedule import DayException, Schedule, Window, check

MAX_SCOPE: Final = 10_000
"""Vehicles listed one by one; more is a group or everything."""
_KEYS: Final = (
    "id", "name", "when", "clear", "hold_s", "cool_down_s", "grace_s", "schedule", "severity", "scope", "version",
)  # fmt: skip


def write_rule(rule: AlertRule) -> dict[str, Any]:
    """A rule's data."""
    scope = rule.scope
    return {
        "id": rule.id,
        "name": rule.name,
        "when": write_when(rule.when),
        "clear": None if rule.clear is None else write_when(rule.clear),
        "hold_s": rule.hold_s,
        "cool_down_s": rule.cool_down_s,
        "grace_s": rule.grace_s,
        "schedule": None if rule.schedule is None else write_schedule(rule.schedule),
        "severity": rule.severity,
        "scope": "all" if scope.everything else {"vehicles": list(scope.vehicles), "groups": list(scope.groups)},
        "version": rule.version,
    }


def read_rule(form: Any, zone: str = "UTC") -> AlertRule:
    """A rule from its data.

    Args:
        form: the data.
        zone: IANA name of the organisation's zone, for a schedule that names none.

    Raises:
        Invalid: it means nothing; the message names the rule and the place in it.
    """
    if not isinstance(form, Mapping):
        raise Invalid("a rule is an object with id, name and when")
    name = form.get("name")
    place = f"rule {name!r}" if isinstance(name, str) and name else "rule"
    try:
        rule = _read(form, zone)
        check_rule(rule)
    except Invalid as error:
        raise Invalid(f"{place}: {error}") from error
    return rule


def _read(form: Mapping[str, Any], zone: str) -> AlertRule:
    unknown = sorted(str(key) for key in form if key not in _KEYS)
    if unknown:
        raise Invalid(f"{unknown[0]!r} means nothing here; allowed are {', '.join(_KEYS)}")
    if "when" not in form:
        raise Invalid("when: a condition is needed")
    clear, schedule = form.get("clear"), form.get("schedule")
    version = form.get("version", 1)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise Invalid("version: a whole number from 1 on")
    return AlertRule(
        id=_text(form, "id"),
        name=_text(form, "name"),
        when=read_when(form["when"]),
        clear=None if clear is None else read_condition(clear, "clear"),
        hold_s=read_span_s(form.get("hold_s", 0), "hold_s"),
        cool_down_s=read_span_s(form.get("cool_down_s", 0), "cool_down_s"),
        grace_s=read_span_s(form.get("grace_s", GRACE_S), "grace_s"),
        schedule=None if schedule is None else read_schedule(schedule, zone),
        severity=_severity(form.get("severity", "warning")),
        scope=_scope(form.get("scope", "all")),
        version=version,
    )


def check_rule(rule: AlertRule) -> None:
    """See to it that the parts of a rule go together.

    Raises:
        Invalid: they do not.
    """
    moment = isinstance(rule.when, Ended) or rule.is_pulse
    if moment and (rule.hold_s or rule.clear is not None):
        raise Invalid("when: what holds for a moment only has neither a duration nor a clearing condition; drop those")
    if rule.clear is not None and any(isinstance(term, Changes) for term in terms_of(rule.clear)):
        raise Invalid("clear: a change holds for a moment only; ask for a value instead")
    if rule.severity != "emergency":
        return
    if rule.hold_s or rule.cool_down_s or rule.schedule is not None:
        raise Invalid(
            "severity: an emergency waits for nothing; drop duration, cool-down and schedule, or make it critical"
        )
    plain = (Compare, Known, Changes, Noticed)
    if isinstance(rule.when, Ended) or not all(_is_plain(term, plain) for term in rule.terms()):
        raise Invalid("severity: an emergency asks for signals and notices alone; make it critical for anything else")


def _is_plain(term: Condition, plain: tuple[type, ...]) -> bool:
    return isinstance(term, plain) or len(list(terms_of(term))) > 1


def _text(form: Mapping[str, Any], key: str) -> str:
    value = form.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
        raise Invalid(f"{key}: a text of 1 to {MAX_TEXT} printable characters is needed")
    return value


def _severity(value: Any) -> Severity:
    for severity in SEVERITIES:
        if value == severity:
            return severity
    raise Invalid(f"severity: one of {', '.join(SEVERITIES)}")


def _scope(form: Any) -> Scope:
    if form == "all":
        return Scope()
    if not isinstance(form, Mapping) or not set(form) <= {"vehicles", "groups"}:
        raise Invalid('scope: "all", or an object with vehicles and groups')
    vehicles, groups = (_names(form.get(key, []), f"scope.{key}") for key in ("vehicles", "groups"))
    if not vehicles and not groups:
        raise Invalid('scope: names no vehicle and no group; "all" speaks of every vehicle')
    if len(groups) > MAX_GROUPS:
        raise Invalid(f"scope.groups: at most {MAX_GROUPS}")
    return Scope(everything=False, vehicles=vehicles, groups=groups)


def _names(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MAX_SCOPE:
        raise Invalid(f"{where}: a list of at most {MAX_SCOPE} names")
    if not all(isinstance(one, str) and 0 < len(one) <= MAX_TEXT for one in value):
        raise Invalid(f"{where}: names are texts of 1 to {MAX_TEXT} characters")
    return tuple(dict.fromkeys(value))


def write_schedule(schedule: Schedule) -> dict[str, Any]:
    """A schedule's data: windows as [weekday, start_min, end_min], exceptions by date as [start_min, end_min]."""
    return {
        "zone": schedule.zone,
        "windows": [[one.weekday, one.start_min, one.end_min] for one in schedule.windows],
        "exceptions": {one.date: [list(stretch) for stretch in one.stretches] for one in schedule.exceptions},
    }


def read_schedule(form: Any, zone: str) -> Schedule:
    """A schedule from its data.

    Raises:
        Invalid: it means nothing.
    """
    if not isinstance(form, Mapping) or not set(form) <= {"zone", "windows", "exceptions"}:
        raise Invalid("schedule: an object with zone, windows and exceptions")
    exceptions = form.get("exceptions", {})
    if not isinstance(exceptions, Mapping):
        raise Invalid("schedule.exceptions: an object of dates")
    zone = form.get("zone", zone)
    if not isinstance(zone, str):
        raise Invalid("schedule.zone: an IANA name such as Europe/Stockholm")
    schedule = Schedule(
        zone,
        tuple(Window(*_minutes(one, 3, "schedule.windows")) for one in _list(form.get("windows", []), "windows")),
        tuple(
            DayException(str(day), tuple(_pair(one) for one in _list(stretches, "exceptions")))
            for day, stretches in exceptions.items()
        ),
    )
    try:
        check(schedule)
    except Invalid as error:
        raise Invalid(f"schedule: {error}") from error
    return schedule


def _list(value: Any, key: str) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Invalid(f"schedule.{key}: a list is needed")
    return value


def _pair(value: Any) -> tuple[int, int]:
    start_min, end_min = _minutes(value, 2, "schedule.exceptions")
    return start_min, end_min


def _minutes(value: Any, count: int, where: str) -> Sequence[int]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != count:
        raise Invalid(f"{where}: each is a list of {count} whole numbers")
    if any(isinstance(one, bool) or not isinstance(one, int) for one in value):
        raise Invalid(f"{where}: each is a list of {count} whole numbers")
    return value
