"""The fold: what a vehicle did is this function of its records in order, and of nothing else.

The consumer, the re-fold of late data and the replay of the archive all call it. Each record goes through the reducers
in one order; what one of them finds (the fences the car is in, the running trip) is told to those after it. Every
reducer is given the rules that were in force at the record's time.
"""

from dataclasses import dataclass, field

from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Latest, Moment, Report
from motorcade.domain.rules import RuleTimeline

MAX_OPEN_CONNECTIONS = 16
"""Open connections remembered: a car has one, two while it changes networks; more are leftovers without an end."""


@dataclass(slots=True)
class FoldState:
    """Everything that the fold remembers of a vehicle.

    Attributes:
        at_ns: effective time of the last record, 0 before the first.
        latest: the newest value of every signal.
        open_connections: ids of the connections that are open.
    """

    at_ns: int = 0
    latest: Latest = field(default_factory=Latest)
    open_connections: list[str] = field(default_factory=list)


def moment_of(state: FoldState, report: Report, vehicle_id: str) -> Moment:
    """Take a record into what all reducers share, and say what it changed."""
    changed = state.latest.take(report.readings, report.effective_at_ns) if report.readings else {}
    presence = _connect(state.open_connections, *report.connection) if report.connection else None
    moment = Moment(
        vehicle_id=vehicle_id,
        at_ns=report.effective_at_ns,
        record_id=report.record_id,
        previous_at_ns=state.at_ns,
        latest=state.latest,
        changed=changed,
        notices=report.notices,
        presence=presence,
        online=bool(state.open_connections),
    )
    state.at_ns = report.effective_at_ns
    return moment


def step(state: FoldState, report: Report, vehicle_id: str, timeline: RuleTimeline) -> list[Episode]:
    """Fold one record; the caller sees to the order.

    Returns:
        The episodes whose row changed with it.
    """
    moment = moment_of(state, report, vehicle_id)
    timeline.at(moment.at_ns)
    return []


def view(state: FoldState, horizon_ns: int, vehicle_id: str, timeline: RuleTimeline) -> list[Episode]:
    """The rows of what is not final, as they stand when nothing before the horizon can come any more."""
    timeline.at(max(horizon_ns, state.at_ns))
    return []


def due_ns(state: FoldState, after_ns: int, timeline: RuleTimeline) -> int | None:
    """The first horizon behind `after_ns` at which `view` says something else by time alone."""
    return None


def quiet(state: FoldState, at_ns: int, timeline: RuleTimeline) -> bool:
    """Whether nothing is open at a time: a re-fold may begin and end there."""
    return True


def _connect(open_connections: list[str], connection_id: str, opened: bool) -> bool | None:  # noqa: FBT001 - a fact
    """Whether the car came online or went offline by this; None where nothing changed."""
    if opened:
        if connection_id in open_connections:
            return None
        open_connections.append(connection_id)
        del open_connections[:-MAX_OPEN_CONNECTIONS]
        return True if len(open_connections) == 1 else None
    if connection_id not in open_connections:
        return None
    open_connections.remove(connection_id)
    return None if open_connections else False
