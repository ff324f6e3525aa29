"""The fold: what a vehicle did is this function of its records in order, and of nothing else.

The consumer, the re-fold of late data and the replay of the archive all call it. Each record goes through the reducers
in one order; what one of them finds (the fences the car is in, the running trip) is told to those after it. Every
reducer is given the rules that were in force at the record's time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from motorcade.domain.episodes import alert, charge, parked, safety, trip, visit
from motorcade.domain.episodes.alert import AlertState, Around
from motorcade.domain.episodes.alert import Turn as Change
from motorcade.domain.episodes.charge import ChargeState
from motorcade.domain.episodes.episode import Episode, earliest
from motorcade.domain.episodes.moment import Latest, Moment, Report
from motorcade.domain.episodes.parked import ParkedState
from motorcade.domain.episodes.safety import SafetyState
from motorcade.domain.episodes.trip import TripState
from motorcade.domain.episodes.visit import VisitState
from motorcade.domain.rules import Rules, RuleTimeline

MAX_OPEN_CONNECTIONS = 16
"""Open connections remembered: a car has one, two while it changes networks; more are leftovers without an end."""
MAX_CHANGES = 100
"""Time-outs of other reducers between two records that alerts hear of: each fence and episode has one or two."""


@dataclass(slots=True)
class FoldState:
    """Everything that the fold remembers of a vehicle.

    Attributes:
        at_ns: effective time of the last record, 0 before the first.
        latest: the newest value of every signal.
        open_connections: ids of the connections that are open.
        visits, trip, charge, parked, safety, alerts: the reducers' states.
    """

    at_ns: int = 0
    latest: Latest = field(default_factory=Latest)
    open_connections: list[str] = field(default_factory=list)
    visits: VisitState = field(default_factory=visit.start)
    trip: TripState = field(default_factory=trip.start)
    charge: ChargeState = field(default_factory=charge.start)
    parked: ParkedState = field(default_factory=parked.start)
    safety: SafetyState = field(default_factory=safety.start)
    alerts: AlertState = field(default_factory=alert.start)


def step(state: FoldState, report: Report, vehicle_id: str, timeline: RuleTimeline) -> list[Episode]:
    """Fold one record; the caller sees to the order.

    Returns:
        The episodes whose row changed with it.
    """
    rules = timeline.at(report.effective_at_ns)
    changes = _changes(state, report.effective_at_ns, timeline) if _may_change(state, report, rules) else ()
    moment = _moment(state, report, vehicle_id)
    rows = visit.step(state.visits, moment, rules.fences)
    moment.fences = visit.inside(state.visits)
    rows += trip.step(state.trip, moment, rules.trip)
    moment.trip_id = trip.running_id(state.trip)
    rows += charge.step(state.charge, moment, rules.charge)
    moment.charge_id = charge.running(state.charge)
    rows += parked.step(state.parked, moment, rules.parked)
    rows += safety.step(state.safety, moment, rules.safety)
    if rows or changes:
        rows += alert.step(state.alerts, moment, timeline.alerts, Around(rows, changes))
        return rows
    return [*alert.step(state.alerts, moment, timeline.alerts)]


def view(state: FoldState, horizon_ns: int, timeline: RuleTimeline) -> list[Episode]:
    """The rows of what is not final, as they stand when nothing before the horizon can come any more."""
    horizon_ns = max(horizon_ns, state.at_ns)
    rules = timeline.at(horizon_ns)
    rows = _quiet_rows(state, horizon_ns, rules)
    around = Around(rows, _changes(state, horizon_ns, timeline))
    return [*rows, *alert.view(state.alerts, horizon_ns, timeline.alerts, state.latest, around)]


def due_ns(state: FoldState, after_ns: int, timeline: RuleTimeline) -> int | None:
    """The first horizon behind `after_ns` at which `view` says something else by time alone."""
    rules = timeline.at(after_ns)
    around = Around((), _changes(state, after_ns, timeline))
    return earliest(
        _change_ns(state, after_ns, rules),
        parked.due_ns(state.parked, after_ns, rules.parked),
        safety.due_ns(state.safety, after_ns, rules.safety),
        alert.due_ns(state.alerts, after_ns, timeline.alerts, state.latest, around),
        timeline.next_after(after_ns),
    )


def quiet(state: FoldState, at_ns: int, timeline: RuleTimeline) -> bool:
    """Whether nothing is open at a time: a re-fold may begin and end there."""
    rules = timeline.at(at_ns)
    return (
        trip.quiet(state.trip, at_ns, rules.trip)
        and charge.quiet(state.charge, at_ns, rules.charge)
        and parked.quiet(state.parked, at_ns, rules.parked)
        and safety.quiet(state.safety, at_ns, rules.safety)
        and alert.quiet(state.alerts, at_ns, timeline.alerts, state.latest)
    )


def _moment(state: FoldState, report: Report, vehicle_id: str) -> Moment:
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


def _quiet_rows(state: FoldState, horizon_ns: int, rules: Rules) -> list[Episode]:
    """What all reducers before the alerts show at a horizon."""
    rows = visit.view(state.visits, horizon_ns, rules.fences)
    rows += trip.view(state.trip, horizon_ns, rules.trip)
    rows += charge.view(state.charge, horizon_ns, rules.charge)
    rows += parked.view(state.parked, horizon_ns, rules.parked)
    rows += safety.view(state.safety, horizon_ns, rules.safety)
    return rows


def _change_ns(state: FoldState, after_ns: int, rules: Rules) -> int | None:
    """When time alone next changes what alerts are told of fences, trip and charge."""
    return earliest(
        visit.due_ns(state.visits, after_ns, rules.fences),
        trip.due_ns(state.trip, after_ns, rules.trip),
        charge.due_ns(state.charge, after_ns, rules.charge),
    )


def _may_change(state: FoldState, report: Report, rules: Rules) -> bool:
    """Whether `_changes` can find anything before a record: asked for each, so it only looks."""
    until_ns = report.effective_at_ns
    if state.visits.due_ns <= until_ns:
        return True
    if state.trip.running is not None:
        due = trip.due_ns(state.trip, state.at_ns, rules.trip)
        if due is not None and due <= until_ns:
            return True
    if state.charge.session is not None:
        due = charge.due_ns(state.charge, state.at_ns, rules.charge)
        if due is not None and due <= until_ns:
            return True
    return False


def _changes(state: FoldState, until_ns: int, timeline: RuleTimeline) -> Sequence[Change]:
    """What the time since the last record has made of fences, trip and charge, up to a moment."""
    found: list[Change] = []
    at_ns = state.at_ns
    for _ in range(MAX_CHANGES):
        due = _change_ns(state, at_ns, timeline.at(at_ns))
        if due is None or due > until_ns:
            break
        at_ns = due
        rules = timeline.at(at_ns)
        running = {
            row.kind
            for row in (
                *trip.view(state.trip, at_ns, rules.trip),
                *charge.view(state.charge, at_ns, rules.charge),
            )
            if row.ended_at_ns is None
        }
        fences = visit.inside_at(state.visits, at_ns, rules.fences)
        found.append(Change(at_ns, fences, trip.Trip.kind in running, charge.Charge.kind in running))
    return found


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
