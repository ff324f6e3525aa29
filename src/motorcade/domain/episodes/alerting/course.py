"""The course of alerts: what time and the answers of conditions make of the rules that stand."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from motorcade.domain.alerts.check import Seen, Tri
from motorcade.domain.alerts.rule import STALE_NS
from motorcade.domain.alerts.watch import AlertTimeline, Armed, Watch
from motorcade.domain.episodes.alerting.standing import (
    CLEARED,
    MOMENT,
    RULE_CHANGED,
    SCHEDULE,
    SILENT,
    UNKNOWN,
    AlertState,
    Rows,
    Standing,
    Turn,
    begun,
    evidence_of,
    plain,
)
from motorcade.domain.episodes.episode import earliest
from motorcade.domain.state import Value
from motorcade.domain.status import GRACE_NS

T = TypeVar("T")


class Course:
    """A vehicle's rules at one instant after the other.

    Args:
        state: is changed.
        watch: the rules in force.
        values: signal number → value, as they are at these instants.
        rows: the alerts that changed are put here.
    """

    __slots__ = ("moved", "rows", "state", "values", "watch")

    def __init__(self, state: AlertState, watch: Watch, values: Mapping[int, Value], rows: Rows) -> None:
        self.state, self.watch, self.values, self.rows = state, watch, values, rows
        self.moved = False  # something that stands has changed, and with it when it times out

    def seen(self, at_ns: int) -> Seen:
        """What conditions may look at."""
        state = self.state
        notices = state.notices
        return Seen(
            self.values,
            at_ns,
            state.at_ns,
            state.fences,
            state.trip,
            state.charge,
            state.online,
            state.offline_ns,
            tuple(name for name, (_, lasts) in notices.items() if lasts) if notices else (),
        )

    def pass_time(self, until_ns: int, timeline: AlertTimeline, turns: Sequence[Turn]) -> None:
        """Do all that time alone does from the last record up to a time, that time included.

        Args:
            until_ns: the next record's time, or a horizon.
            timeline: the organisation's rules.
            turns: see `Around`.
        """
        state = self.state
        now_ns = state.at_ns
        left = list(turns)
        while (at_ns := next_ns(state, self.watch, now_ns, (timeline, left))) is not None and at_ns <= until_ns:
            now_ns = at_ns
            self.settle(at_ns)
            asked = dict.fromkeys(self.watch.timed)
            while left and left[0].at_ns <= at_ns:
                _, state.fences, state.trip, state.charge = left.pop(0)
                asked |= dict.fromkeys(self.watch.fenced) | dict.fromkeys(self.watch.driven)
            start_ns = timeline.start_after(state.version)
            if start_ns is not None and start_ns <= at_ns:
                self.change_rules(timeline.after(state.version).watch(state.vehicle_id), at_ns)
                asked = dict.fromkeys(self.watch.states)
            seen = self.seen(at_ns)
            for armed in asked:
                self.ask(armed, seen, state.record_id, by_time=True)
            self.find_due(at_ns)

    def settle(self, at_ns: int) -> None:
        """Do what was due by now, whatever changes now: first what silence makes void, then the time-outs."""
        state, rules = self.state, self.watch.rules
        stale = bool(self.watch.moving) and state.at_ns > 0 and at_ns - state.at_ns >= STALE_NS
        for rule_id in list(state.standing):
            one, armed = state.standing[rule_id], rules[rule_id]
            if stale and armed.moving and one.since_ns is not None:
                self._end(armed, one, state.at_ns, state.record_id, SILENT)
            if one.unknown_ns is not None and one.unknown_ns + armed.grace_ns <= at_ns:
                self._end(armed, one, one.unknown_ns, one.unknown_record, UNKNOWN)
            self._open_if_due(armed, one, at_ns)
            self._forget_if_over(rule_id, one, at_ns)

    def ask(self, armed: Armed, seen: Seen, record_id: bytes, *, by_time: bool = False) -> None:
        """Ask a rule's condition and let the answer act.

        Args:
            armed: the rule; none about the end of episodes.
            seen: what it may look at.
            record_id: the record of this instant, or the last one before.
            by_time: no record makes this instant, time does.
        """
        assert armed.when is not None
        state = self.state
        one = state.standing.get(armed.id)
        active = armed.active(seen.at_ns)
        if armed.pulse:
            if active and armed.when(seen) is True:
                self.moved = True
                self._pulse(armed, seen.at_ns, record_id)
            return
        if one is not None and one.opened_ns is not None:  # what closes an alert never begins the next one
            holds = _holds(armed, seen) if active else False
            if holds is True and one.unknown_ns is None:
                return
            self.moved = True
            self._answer_open(armed, one, holds, (seen.at_ns, record_id), CLEARED if active else SCHEDULE)
            return
        begins = _begins(armed, seen) if active else False
        if begins is True or one is not None:
            self.moved = True
            self._answer_closed(armed, one, begins, (seen.at_ns, record_id), by_time=by_time)

    def _answer_open(self, armed: Armed, one: Standing, holds: Tri, edge: tuple[int, bytes], reason: str) -> None:
        at_ns, record_id = edge
        if holds is True:
            one.unknown_ns, one.unknown_record = None, b""
        elif holds is None:
            if one.unknown_ns is None:
                one.unknown_ns, one.unknown_record = at_ns, record_id
        else:
            self._end(armed, one, at_ns, record_id, reason)
            self._forget_if_over(armed.id, one, at_ns)

    def _answer_closed(
        self, armed: Armed, one: Standing | None, begins: Tri, edge: tuple[int, bytes], *, by_time: bool
    ) -> None:
        at_ns, record_id = edge
        if one is None:
            one = self.state.standing[armed.id] = Standing(armed.rule.version)
        if begins is True:
            if one.since_ns is None:
                one.since_ns, one.since_record, one.by_time = at_ns, record_id, by_time
                one.evidence = evidence_of(armed, self.state, self.values)
            elif one.unknown_ns is not None:
                one.unknown_ns, one.unknown_record = None, b""
                one.not_before_ns = max(one.not_before_ns, at_ns)
            self._open_if_due(armed, one, at_ns)
        elif begins is None:
            if one.since_ns is not None and one.unknown_ns is None:
                one.unknown_ns, one.unknown_record = at_ns, record_id
        else:
            _rest(one)
        self._forget_if_over(armed.id, one, at_ns)

    def _open_if_due(self, armed: Armed, one: Standing, at_ns: int) -> None:
        due_ns = _opens_ns(armed, one)
        if due_ns is not None and due_ns <= at_ns:
            one.opened_ns = due_ns
            row = begun(armed, one, self.state.vehicle_id)
            self.rows[row.id] = row

    def _end(self, armed: Armed, one: Standing, at_ns: int, record_id: bytes, reason: str) -> None:
        """End what is pending or open, not before it began."""
        if one.opened_ns is not None:
            ended_ns = max(at_ns, one.opened_ns)
            row = begun(armed, one, self.state.vehicle_id).ended(ended_ns, record_id, reason)
            self.rows[row.id] = row
            one.not_before_ns = ended_ns + armed.cool_ns
        _rest(one)

    def _pulse(self, armed: Armed, at_ns: int, record_id: bytes) -> None:
        standing = self.state.standing
        if armed.id in standing and standing[armed.id].not_before_ns > at_ns:
            return
        evidence = evidence_of(armed, self.state, self.values)
        one = Standing(armed.rule.version, at_ns, record_id, evidence=evidence, opened_ns=at_ns)
        row = begun(armed, one, self.state.vehicle_id).ended(at_ns, record_id, MOMENT)
        self.rows[row.id] = row
        if armed.cool_ns:
            standing[armed.id] = Standing(armed.rule.version, not_before_ns=at_ns + armed.cool_ns)

    def _forget_if_over(self, rule_id: str, one: Standing, at_ns: int) -> None:
        if one.since_ns is None and one.not_before_ns <= at_ns:
            del self.state.standing[rule_id]

    def change_rules(self, watch: Watch, at_ns: int) -> None:
        """Go over to another version of the organisation's rules; the caller asks them all then."""
        state = self.state
        for rule_id, one in list(state.standing.items()):
            old, new = self.watch.rules.get(rule_id), watch.rules.get(rule_id)
            if old is None or new is None or new.rule.version != one.version:
                if old is not None:
                    self._end(old, one, at_ns, state.record_id, RULE_CHANGED)
                del state.standing[rule_id]
        self.watch = watch
        state.version = watch.version
        state.notices = {
            name: notice for name, notice in state.notices.items() if any(fits(name) for fits in watch.matchers)
        }
        for number, name in watch.pulse_signals.items():
            value = plain(self.values.get(number))
            if value is not None:
                state.known.setdefault(name, value)
        asked = set(watch.pulse_signals.values())
        state.known = {name: value for name, value in state.known.items() if name in asked}
        state.edge_ns = watch.next_edge_ns(at_ns)

    def find_due(self, at_ns: int) -> None:
        """Note the next time-out later than now of what stands, of schedules and of presence."""
        state, rules = self.state, self.watch.rules
        if state.edge_ns is not None and state.edge_ns <= at_ns:
            state.edge_ns = self.watch.next_edge_ns(at_ns)
        due_ns = state.edge_ns
        for rule_id, one in state.standing.items():
            due_ns = earliest(due_ns, _times_out_ns(rules.get(rule_id), one))
        if self.watch.asks_presence and state.online is False and state.offline_ns + GRACE_NS > at_ns:
            due_ns = earliest(due_ns, state.offline_ns + GRACE_NS)
        state.due_ns = due_ns
        # Equal states must be equal bytes when they are written down, whatever order things came in.
        state.standing, state.known = in_key_order(state.standing), in_key_order(state.known)
        state.notices = in_key_order(state.notices)


def next_ns(state: AlertState, watch: Watch, now_ns: int, ahead: tuple[AlertTimeline, Sequence[Turn]]) -> int | None:
    """When time alone next does something, all of what is due by `now_ns` being done; None = never.

    Args:
        state: as of now.
        watch: the rules in force.
        now_ns: not before the last record.
        ahead: the organisation's rules, and what other reducers' time-outs change behind `now_ns`.
    """
    timeline, turns = ahead
    last_ns, due_ns = state.at_ns, state.due_ns
    for at_ns in (timeline.start_after(state.version), turns[0].at_ns if turns else None):
        if at_ns is not None and (due_ns is None or at_ns < due_ns):
            due_ns = at_ns
    for gap_ns in watch.gaps_ns:
        if last_ns + gap_ns > now_ns:
            due_ns = last_ns + gap_ns if due_ns is None else min(due_ns, last_ns + gap_ns)
            break
    if watch.moving and state.standing and last_ns + STALE_NS > now_ns:
        moving = {armed.id for armed in watch.moving}
        if any(one.since_ns is not None and rule_id in moving for rule_id, one in state.standing.items()):
            due_ns = earliest(due_ns, last_ns + STALE_NS)
    return None if due_ns is None else max(due_ns, now_ns)


def in_key_order(found: dict[str, T]) -> dict[str, T]:
    """The same with its keys in order."""
    return found if len(found) < 2 else dict(sorted(found.items()))


def _holds(armed: Armed, seen: Seen) -> Tri:
    """Whether an open alert goes on: as long as `when` holds, and beyond until the clearing condition is true."""
    assert armed.when is not None
    if armed.clear is None:
        return armed.when(seen)
    clear = armed.clear(seen)
    if clear is None:
        return armed.when(seen) or None
    return not clear


def _begins(armed: Armed, seen: Seen) -> Tri:
    if armed.moving and seen.last_ns > 0 and seen.at_ns - seen.last_ns >= STALE_NS:
        return None
    assert armed.when is not None
    found = armed.when(seen)
    if found is True and armed.clear is not None and armed.clear(seen) is True:
        return False
    return found


def _opens_ns(armed: Armed, one: Standing) -> int | None:
    if one.since_ns is None or one.opened_ns is not None or one.unknown_ns is not None:
        return None
    return max(one.since_ns + armed.hold_ns, one.not_before_ns)


def _times_out_ns(armed: Armed | None, one: Standing) -> int | None:
    if one.since_ns is None or armed is None:
        return one.not_before_ns
    return one.unknown_ns + armed.grace_ns if one.unknown_ns is not None else _opens_ns(armed, one)


def _rest(one: Standing) -> None:
    """Nothing is pending or open; what is left is the cool-down."""
    one.since_ns = one.opened_ns = one.unknown_ns = None
    one.since_record = one.unknown_record = b""
    one.by_time = False
    one.evidence = ()
