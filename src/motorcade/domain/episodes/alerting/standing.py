"""What the reducer of alerts remembers, and the rows that it gives; the rules of both are told in `alert.py`."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, NamedTuple

from motorcade.domain.alerts.condition import Ended, Noticed
from motorcade.domain.alerts.watch import Armed
from motorcade.domain.episodes.alerting.figures import figure_of, fits
from motorcade.domain.episodes.episode import Episode, episode_id
from motorcade.domain.state import Value

KIND: Final = "alert"
FIGURE_DIGITS: Final = 3
"""Digits that evidence is rounded to: cars send noise of 32-bit floats behind them."""

PlainValue = float | int | bool | str | None
Evidence = tuple[tuple[str, PlainValue], ...]

CLEARED: Final = "cleared"
UNKNOWN: Final = "unknown"
SILENT: Final = "silent"
SCHEDULE: Final = "schedule"
RULE_CHANGED: Final = "rule_changed"
MOMENT: Final = "moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Episode):
    """Something that a rule says a person must see.

    Attributes:
        rule_id: whose it is; `rule_version` is that rule's own version.
        lineage: what alerts share that are the same one when their times overlap (rule and version).
        severity: info, warning, critical or emergency.
        title: the rule's name.
        evidence: (name, value) of what the rule looks at, as it was when the condition became true.
        condition_since_ns: when the condition became true; the alert began when it had lasted.
        end_reason: "" while open; else cleared, unknown, silent, schedule, rule_changed, or moment for an alert without
            duration.
        subject: id of the episode that it is about, "" for none.
    """

    kind: ClassVar[str] = KIND

    rule_id: str
    lineage: str
    severity: str
    title: str
    evidence: Evidence
    condition_since_ns: int
    end_reason: str = ""
    subject: str = ""

    def ended(self, at_ns: int, record_id: bytes, reason: str) -> "Alert":
        """The row of the same alert when it has ended."""
        return replace(self, ended_at_ns=at_ns, last_record=record_id, end_reason=reason)


@dataclass(slots=True)
class Standing:
    """Where one rule stands; times in ns.

    Attributes:
        version: the rule's.
        since_ns: since when the condition is true, None = it is not, and only the cool-down is left.
        since_record: id of the record with which it became true, or of the last one before.
        by_time: time alone made it true.
        evidence: see `Alert`.
        opened_ns: when the alert opened, None = it has not.
        unknown_ns: since when the condition is unknown, None = it is known.
        unknown_record: id of the record since which it is.
        not_before_ns: nothing opens before this: the end of the cool-down, or when the condition was known again.
    """

    version: int
    since_ns: int | None = None
    since_record: bytes = b""
    by_time: bool = False
    evidence: Evidence = ()
    opened_ns: int | None = None
    unknown_ns: int | None = None
    unknown_record: bytes = b""
    not_before_ns: int = 0


@dataclass(slots=True)
class AlertState:
    """What the reducer remembers of a vehicle.

    Attributes:
        vehicle_id: whose.
        version: of the organisation's rules used last, -1 before the first record.
        at_ns: effective time of the last record.
        record_id: its id.
        due_ns: the next time-out of what is below, None = none.
        edge_ns: when a schedule next begins or ends, None = never.
        fences, trip, charge: as they were told last.
        online: None = never was.
        offline_ns: since when it is not online.
        notices: name → (when it began, whether it lasts) of the car's notices that some rule asks for.
        known: name → last known value of the signals whose changes are asked for.
        standing: rule id → where it stands, of rules that are not inactive.
        cooling: lineage → end of the cool-down, of rules about the end of episodes.
    """

    vehicle_id: str = ""
    version: int = -1
    at_ns: int = 0
    record_id: bytes = b""
    due_ns: int | None = None
    edge_ns: int | None = None
    fences: tuple[str, ...] = ()
    trip: bool = False
    charge: bool = False
    online: bool | None = None
    offline_ns: int = 0
    notices: dict[str, tuple[int, bool]] = field(default_factory=dict)
    known: dict[str, float | int | bool | str] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    cooling: dict[str, int] = field(default_factory=dict)


class Turn(NamedTuple):
    """What other reducers' time-outs made of the vehicle, between two records: how it was from this time on."""

    at_ns: int
    fences: tuple[str, ...]
    trip: bool
    charge: bool


class Around(NamedTuple):
    """What the fold passes on from the reducers before.

    Attributes:
        rows: the episodes that they gave in this step or view.
        turns: what their time-outs changed since the last record, in order; none later than this record or the horizon.
    """

    rows: Sequence[Episode] = ()
    turns: Sequence[Turn] = ()


NOTHING: Final = Around()
Rows = dict[str, Alert]
"""Alerts by id: one that opens and closes in one step is given once, closed."""


def copy_of(state: AlertState) -> AlertState:
    """A state that may be changed without changing this one."""
    return replace(
        state,
        notices=dict(state.notices),
        known=dict(state.known),
        cooling=dict(state.cooling),
        standing={rule_id: copy(one) for rule_id, one in state.standing.items()},
    )


def plain(value: Value) -> PlainValue:
    """A value as evidence: numbers rounded, sets as text; a location is none, it is in the records."""
    if isinstance(value, float):
        return round(value, FIGURE_DIGITS)
    if isinstance(value, tuple):
        return ", ".join(str(name) for name in value) if all(isinstance(name, str) for name in value) else None
    return value


def evidence_of(armed: Armed, state: AlertState, values: Mapping[int, Value]) -> Evidence:
    """What a rule looks at, as it is now."""
    found = [(name, plain(values.get(number))) for name, number in armed.evidence]
    if armed.rule.mentions(Noticed):
        lasting = sorted(name for name, (_, lasts) in state.notices.items() if lasts)
        found.append(("notices", ", ".join(lasting)))
    return tuple(found)


def begun(armed: Armed, one: Standing, vehicle_id: str) -> Alert:
    """The row of an alert that is open."""
    assert one.since_ns is not None
    assert one.opened_ns is not None
    rule = armed.rule
    # One record may lie before several edges that only time makes, so those are told apart by their time as well.
    edge = one.since_record + one.since_ns.to_bytes(8, "big") if one.by_time else one.since_record
    return Alert(
        id=episode_id(KIND, rule.id, rule.version, vehicle_id, edge),
        vehicle_id=vehicle_id,
        started_at_ns=one.opened_ns,
        ended_at_ns=None,
        rule_version=rule.version,
        first_record=one.since_record,
        last_record=None,
        rule_id=rule.id,
        lineage=rule.lineage,
        severity=rule.severity,
        title=rule.name,
        evidence=one.evidence,
        condition_since_ns=one.since_ns,
    )


def about_end(armed: Armed, row: Episode) -> Alert | None:
    """The alert that the end of an episode gives, if its figures fit."""
    ended, rule = armed.rule.when, armed.rule
    assert isinstance(ended, Ended)
    assert row.ended_at_ns is not None
    figures = [(measure, figure_of(row, measure.figure)) for measure in ended.where]
    if not all(fits(measure, figure) for measure, figure in figures):
        return None
    return Alert(
        id=episode_id(KIND, rule.id, rule.version, row.vehicle_id, row.id.encode()),
        vehicle_id=row.vehicle_id,
        started_at_ns=row.ended_at_ns,
        ended_at_ns=row.ended_at_ns,
        rule_version=rule.version,
        first_record=row.first_record,
        last_record=row.last_record,
        rule_id=rule.id,
        lineage=rule.lineage,
        severity=rule.severity,
        title=rule.name,
        evidence=tuple((measure.figure, plain(figure)) for measure, figure in figures),
        condition_since_ns=row.ended_at_ns,
        end_reason=MOMENT,
        subject=row.id,
    )
