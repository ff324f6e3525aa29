"""Alerts: what an organisation's rules find in a vehicle's records.

Each rule stands for itself. At every instant its condition is true, false or unknown, and false outside of its schedule
(`domain/alerts/condition.py`). From that follows, with times that the rule names and never those of the horizon:

- *Pending* from when the condition becomes true; false ends that. Unknown keeps it, but for `grace_s` at most.
- *Open* as soon as all of this holds: true for `hold_s`, known to be true now, the cool-down is over. Of two things due
  at one instant, what was waited for comes first, then what changes at it.
- *Closed* when the condition is false, or with a clearing condition as soon as that is true (nothing opens while it
  is). Unknown for `grace_s` closes too, dated back to when it became so.
- A rule about signals that a moving car sends all the time stands on nothing once the vehicle has been silent for
  `STALE_NS`: what is pending is dropped, what is open closes with the last record (not before it opened).
- *Cool-down* from the end. A condition that becomes true meanwhile waits for its end.
- A condition that holds for one record only (`Changes`), and the end of an episode, give an alert that begins and ends
  at that instant.
- When another version of a rule comes into force, or the rule no longer speaks of the vehicle, its alert ends at that
  time, and the new version starts anew with what is known then.

Only rules that are not inactive are kept in the state.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from motorcade.domain.alerts.watch import AlertTimeline, Armed, Watch
from motorcade.domain.episodes.alerting.course import Course, in_key_order, next_ns
from motorcade.domain.episodes.alerting.facts import go_online, hear, pulses_of
from motorcade.domain.episodes.alerting.standing import (
    NOTHING,
    Alert,
    AlertState,
    Around,
    Rows,
    Turn,
    about_end,
    begun,
    copy_of,
)
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Latest, Moment, Report
from motorcade.domain.record import NS_PER_S
from motorcade.domain.state import Value

__all__ = [
    "NOTHING",
    "Alert",
    "AlertState",
    "Around",
    "Turn",
    "due_ns",
    "emergencies",
    "quiet",
    "start",
    "step",
    "view",
]

COOLING_KEPT_NS: Final = 24 * 3_600 * NS_PER_S
"""How long after a cool-down it is remembered, for ends that become known late; they do so within hours."""


def start() -> AlertState:
    """The state before the first record."""
    return AlertState()


def step(state: AlertState, moment: Moment, timeline: AlertTimeline, around: Around = NOTHING) -> list[Alert]:
    """Let time pass up to a record, then take the record in.

    Args:
        state: is changed.
        moment: the record, with what the reducers before found.
        timeline: the organisation's rules.
        around: what else those reducers gave.

    Returns:
        The alerts whose row changed.
    """
    at_ns = moment.at_ns
    watch = timeline.at(at_ns).watch(moment.vehicle_id)
    rows: Rows = {}
    asked: dict[str, Armed] = {}
    due_ns = state.due_ns
    if (
        state.version != watch.version
        or at_ns - state.at_ns >= watch.gap_ns
        or (due_ns is not None and due_ns <= at_ns)
        or around.turns
    ):
        if state.version < 0:
            _begin(state, moment, watch)
            _add(asked, watch.states)
        else:
            before = {**moment.latest.values, **moment.changed}
            _course(state, timeline, before, rows).pass_time(at_ns, timeline, around.turns)
            if state.version != watch.version:  # the version used last is unknown to this timeline
                course = _course(state, timeline, before, rows)
                course.change_rules(watch, at_ns)
                course.find_due(at_ns)
                _add(asked, watch.states)
            _add(asked, watch.timed)
            _add(asked, watch.moving)
    _take_in(state, watch, moment, asked, rows)
    if around.rows:
        _hear_of_ends(state, around.rows, timeline, rows)
    return list(rows.values()) if rows else []


def view(
    state: AlertState, horizon_ns: int, timeline: AlertTimeline, latest: Latest, around: Around = NOTHING
) -> list[Alert]:
    """The alerts that are open, or that time alone opens or closes up to a horizon; the state is not changed."""
    if state.version < 0:
        return []
    rows: Rows = {}
    course = _moved_on(state, horizon_ns, timeline, latest, around, rows)
    for rule_id, one in course.state.standing.items():
        if one.opened_ns is not None:
            row = begun(course.watch.rules[rule_id], one, state.vehicle_id)
            rows[row.id] = row
    if around.rows:
        _hear_of_ends(course.state, around.rows, timeline, rows)
    return list(rows.values())


def due_ns(
    state: AlertState, after_ns: int, timeline: AlertTimeline, latest: Latest, around: Around = NOTHING
) -> int | None:
    """The first horizon later than `after_ns` at which `view` may say something else by time alone."""
    if state.version < 0:
        return None
    watch = timeline.of_version(state.version).watch(state.vehicle_id)
    first = next_ns(state, watch, state.at_ns, (timeline, around.turns))
    if first is None or first > after_ns:
        return first
    moved = _moved_on(state, after_ns, timeline, latest, around, {})
    return next_ns(moved.state, moved.watch, after_ns, (timeline, ()))


def quiet(state: AlertState, at_ns: int, timeline: AlertTimeline, latest: Latest, around: Around = NOTHING) -> bool:
    """Whether no alert is pending or open at a time, time-outs included."""
    if state.version >= 0 and at_ns > state.at_ns:
        state = _moved_on(state, at_ns, timeline, latest, around, {}).state
    return all(one.since_ns is None for one in state.standing.values())


def emergencies(
    state: AlertState, vehicle_id: str, report: Report, values: dict[int, Value], timeline: AlertTimeline
) -> list[Alert]:
    """The emergencies that a report begins, before its turn in the fold has come.

    They have the ids that the fold will give them, as far as no report before this one changes that.

    Args:
        state: as far as the fold has come; not changed.
        vehicle_id: whose report it is.
        report: just arrived, in turn or late.
        values: signal number → newest value, of all reports before this one, folded or not.
        timeline: the organisation's rules.
    """
    watch = timeline.at(report.effective_at_ns).watch(vehicle_id)
    if not watch.emergencies or not (
        report.notices or any(number in watch.emergency_signals for number, _ in report.readings)
    ):
        return []
    latest = Latest(dict(values))
    changed = latest.take(report.readings, report.effective_at_ns)
    watch = watch.of_emergencies()
    ours = copy_of(state)
    ours.vehicle_id = vehicle_id
    ours.standing = {rule_id: one for rule_id, one in ours.standing.items() if rule_id in watch.rules}
    ours.version = watch.version
    moment = Moment(
        vehicle_id,
        report.effective_at_ns,
        report.record_id,
        ours.at_ns,
        latest,
        changed,
        report.notices,
        fences=ours.fences,
    )
    rows: Rows = {}
    _take_in(ours, watch, moment, {}, rows)
    return [row for row in rows.values() if row.first_record == report.record_id]


def _begin(state: AlertState, moment: Moment, watch: Watch) -> None:
    state.vehicle_id, state.version = moment.vehicle_id, watch.version
    state.edge_ns = state.due_ns = watch.next_edge_ns(moment.at_ns)


def _add(asked: dict[str, Armed], rules: tuple[Armed, ...]) -> None:
    for armed in rules:
        asked[armed.id] = armed


def _take_in(state: AlertState, watch: Watch, moment: Moment, asked: dict[str, Armed], rows: Rows) -> None:
    """Take a record's facts into the state, and ask the rules that they touch."""
    by_signal = watch.by_signal
    for number in moment.changed:
        rules = by_signal.get(number)
        if rules is not None:
            _add(asked, rules)
    if moment.fences != state.fences:
        state.fences = moment.fences
        _add(asked, watch.fenced)
    if (moment.trip_id is not None) is not state.trip or (moment.charge_id is not None) is not state.charge:
        state.trip, state.charge = moment.trip_id is not None, moment.charge_id is not None
        _add(asked, watch.driven)
    online_changed = moment.online is not state.online and go_online(state, moment)
    if online_changed:
        _add(asked, watch.presences)
    flashes: list[str] = []
    if moment.notices and watch.matchers:
        flashes = hear(state, moment.notices, watch, moment.at_ns)
        _add(asked, watch.noticed)
    state.at_ns, state.record_id = moment.at_ns, moment.record_id
    if asked or online_changed:
        course = Course(state, watch, moment.latest.values, rows)
        _ask(course, moment, asked, flashes)
        if course.moved or online_changed or flashes:
            course.find_due(moment.at_ns)


def _ask(course: Course, moment: Moment, asked: dict[str, Armed], flashes: list[str]) -> None:
    state, watch = course.state, course.watch
    for name in flashes:
        state.notices[name] = (state.notices[name][0], True)
    seen = course.seen(moment.at_ns)
    if watch.pulse_signals and not watch.pulse_signals.keys().isdisjoint(moment.changed):
        seen.pulses = pulses_of(state, moment, watch)
    standing = state.standing
    for armed in asked.values():
        if armed.id not in standing and armed.when is not None and armed.when(seen) is not True:
            continue  # most rules at most times: nothing stands, and nothing begins
        course.ask(armed, seen, moment.record_id)
    if flashes:  # they are over already, which is known with the same record
        for name in flashes:
            state.notices[name] = (state.notices[name][0], False)
        course.settle(moment.at_ns)
        seen = course.seen(moment.at_ns)
        for armed in watch.noticed:
            course.ask(armed, seen, moment.record_id)


def _hear_of_ends(state: AlertState, ended: Sequence[Episode], timeline: AlertTimeline, rows: Rows) -> None:
    """Ask the rules about the ends of episodes, each by the version in force when the episode ended."""
    cooling = state.cooling
    times = sorted((row.ended_at_ns, row.id, row.kind, row) for row in ended if row.ended_at_ns is not None)
    for ended_ns, _, kind, row in times:
        watch = timeline.at(ended_ns).watch(row.vehicle_id)
        for armed in watch.on_end.get(kind, ()):
            lineage = armed.rule.lineage
            if cooling.get(lineage, 0) > ended_ns or not armed.active(ended_ns):
                continue
            alert = about_end(armed, row)
            if alert is not None:
                rows[alert.id] = alert
                if armed.cool_ns:
                    cooling[lineage] = ended_ns + armed.cool_ns
    forgotten_ns = state.at_ns - COOLING_KEPT_NS
    state.cooling = in_key_order({key: until_ns for key, until_ns in cooling.items() if until_ns > forgotten_ns})


def _course(state: AlertState, timeline: AlertTimeline, values: Mapping[int, Value], rows: Rows) -> Course:
    """The state's course by the rules that it was made with last."""
    watch = timeline.of_version(state.version).watch(state.vehicle_id)
    if watch.version != state.version:  # a state that was made with rules that this timeline has not
        state.standing = {rule_id: one for rule_id, one in state.standing.items() if rule_id in watch.rules}
    return Course(state, watch, values, rows)


def _moved_on(
    state: AlertState, until_ns: int, timeline: AlertTimeline, latest: Latest, around: Around, rows: Rows
) -> Course:
    """What becomes of the state by time alone; the state itself stays."""
    course = _course(copy_of(state), timeline, latest.values, rows)
    course.pass_time(until_ns, timeline, around.turns)
    return course
