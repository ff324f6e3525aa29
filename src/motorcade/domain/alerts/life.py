"""What people do about an alert: open → acknowledged → assigned → resolved, with who and when.

The alert's row is the fold's and may be another one after late data; what people did is kept beside it. An act names
the stretch of time and the rule of the alert that it was about, and finds its alert by id, else by overlap, each time
it is read. Acts are never changed, so they are the history. Two people at once both write theirs: the order of time
decides, and an act that came too late to mean anything stays in the history and changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from motorcade.domain.errors import Invalid

MAX_TEXT: Final = 2_000
"""Characters of a comment: a page, not a document."""


class ActKind(StrEnum):
    """What somebody did."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    RESOLVE = "resolve"
    COMMENT = "comment"


class Status(StrEnum):
    """Where people are with an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


_LEADS: Final[Mapping[ActKind, Mapping[Status, Status]]] = {
    ActKind.ACKNOWLEDGE: {Status.OPEN: Status.ACKNOWLEDGED},
    ActKind.ASSIGN: dict.fromkeys((Status.OPEN, Status.ACKNOWLEDGED, Status.ASSIGNED), Status.ASSIGNED),
    ActKind.RESOLVE: dict.fromkeys((Status.OPEN, Status.ACKNOWLEDGED, Status.ASSIGNED), Status.RESOLVED),
    ActKind.COMMENT: {status: status for status in Status},
}
_NEEDS: Final = {ActKind.ACKNOWLEDGE: "open", ActKind.ASSIGN: "not resolved", ActKind.RESOLVE: "not resolved"}


class AlertLike(Protocol):
    """What of an alert's row decides which acts belong to it."""

    @property
    def id(self) -> str:
        """The row's id."""
        ...

    @property
    def vehicle_id(self) -> str:
        """Whose it is."""
        ...

    @property
    def rule_id(self) -> str:
        """Which rule made it."""
        ...

    @property
    def started_at_ns(self) -> int:
        """When it began."""
        ...

    @property
    def ended_at_ns(self) -> int | None:
        """When it ended, None while it lasts."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that somebody did about an alert; times in ns.

    Attributes:
        id: of the act; whoever makes it chooses it, so that asking twice does it once.
        kind: what.
        by: user id of who did it.
        at_ns: when, by the clock of the machine that wrote it down.
        text: the comment, or why it is resolved; may be empty but for a comment.
        assignee: user id of who shall see to it; of an assignment only.
        alert_id: the alert's row as it was then.
        vehicle_id: whose alert.
        rule_id: which rule's.
        started_at_ns: when that alert began.
        ended_at_ns: when it ended, None = it lasted then.
    """

    id: str
    kind: ActKind
    by: str
    at_ns: int
    text: str = ""
    assignee: str = ""
    alert_id: str
    vehicle_id: str
    rule_id: str
    started_at_ns: int
    ended_at_ns: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an alert's life: who brought it there, and when."""

    status: Status
    by: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Life:
    """Where people are with an alert.

    Attributes:
        status: now.
        assignee: who shall see to it, "" = nobody.
        steps: how it came there, without the opening, which is the alert's own.
        history: everything that was said and done, in order of time.
    """

    status: Status = Status.OPEN
    assignee: str = ""
    steps: tuple[Step, ...] = ()
    history: tuple[Act, ...] = ()


def check(act: Act) -> None:
    """See to it that an act says what its kind needs.

    Raises:
        Invalid: it does not.
    """
    if len(act.text) > MAX_TEXT:
        raise Invalid(f"text: at most {MAX_TEXT} characters")
    if act.kind is ActKind.COMMENT and not act.text.strip():
        raise Invalid("text: a comment says something")
    if (act.kind is ActKind.ASSIGN) is not bool(act.assignee):
        raise Invalid("assignee: an assignment names who shall see to it, and nothing else does")


def check_allowed(life: Life, kind: ActKind) -> None:
    """See to it that an act means something where the alert's life is.

    Raises:
        Invalid: it does not, with who came first.
    """
    if life.status not in _LEADS[kind]:
        last = life.steps[-1] if life.steps else None
        since = f" since {last.by} did so" if last else ""
        raise Invalid(f"to {kind} it the alert must be {_NEEDS[kind]}; it is {life.status}{since}")


def life_of(acts: Iterable[Act]) -> Life:
    """Where the acts about one alert have brought it."""
    history = tuple(sorted({act.id: act for act in acts}.values(), key=lambda act: (act.at_ns, act.id)))
    status, assignee = Status.OPEN, ""
    steps: list[Step] = []
    for act in history:
        led = _LEADS[act.kind].get(status)
        if led is None or act.kind is ActKind.COMMENT:
            continue
        status = led
        assignee = act.assignee or assignee
        steps.append(Step(status, act.by, act.at_ns))
    return Life(status, assignee, tuple(steps), history)


def lives(alerts: Sequence[AlertLike], acts: Iterable[Act]) -> dict[str, Life]:
    """The life of each alert, by its id.

    Args:
        alerts: rows of one vehicle or of several.
        acts: about these and other alerts; what is about none of them is left out.
    """
    found: dict[str, list[Act]] = {alert.id: [] for alert in alerts}
    by_rule: dict[tuple[str, str], list[AlertLike]] = {}
    for alert in alerts:
        by_rule.setdefault((alert.vehicle_id, alert.rule_id), []).append(alert)
    for act in acts:
        home = act.alert_id if act.alert_id in found else _nearest(act, by_rule.get((act.vehicle_id, act.rule_id), []))
        if home is not None:
            found[home].append(act)
    return {alert_id: life_of(about) for alert_id, about in found.items()}


def _nearest(act: Act, alerts: Sequence[AlertLike]) -> str | None:
    """The alert with the greatest overlap; an instant within or at the edge of the other counts."""
    overlaps = [(_overlap_ns(act, alert), -alert.started_at_ns, alert.id) for alert in alerts]
    best = max(overlaps, default=(-1, 0, ""))
    return best[2] if best[0] >= 0 else None


_ENDLESS: Final = 1 << 63


def _overlap_ns(act: Act, alert: AlertLike) -> int:
    """For how long both lasted, -1 where they do not meet."""
    ends = [_ENDLESS if end is None else end for end in (act.ended_at_ns, alert.ended_at_ns)]
    return max(-1, min(ends) - max(act.started_at_ns, alert.started_at_ns))
