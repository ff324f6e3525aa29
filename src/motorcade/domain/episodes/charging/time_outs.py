"""What time does to a car's charging session: it ends by silence, is decided upon, settles, becomes final."""

from dataclasses import dataclass, field

from motorcade.domain.episodes.charging.energy import Counter
from motorcade.domain.episodes.charging.flow import ChargeRules, ns
from motorcade.domain.episodes.charging.session import Session
from motorcade.domain.episodes.episode import Episode


@dataclass(slots=True)
class ChargeState:
    """What is remembered of a car's charging.

    Attributes:
        session: the session that runs, or the last one while its row is not final.
        before: the session before it, while it is open whether `session` is its continuation.
        battery: what the counter at the battery last said.
        wall: what the counter at the plug last said.
        plug_in: id of the first session since the cable went in, "" while it is out.
        offline_ns: since when the car has had no connection, 0 while it has one or speaks all the same.
    """

    session: Session | None = None
    before: Session | None = None
    battery: Counter = field(default_factory=Counter)
    wall: Counter = field(default_factory=Counter)
    plug_in: str = ""
    offline_ns: int = 0


def silent_ns(state: ChargeState, session: Session, rules: ChargeRules) -> int:
    """When a flowing session ends by silence."""
    silent = session.seen_ns + ns(rules.silence_s)
    return min(silent, state.offline_ns + ns(rules.sleep_s)) if state.offline_ns else silent


def _over_ns(session: Session, rules: ChargeRules) -> int:
    """When a session that does not flow can no longer go on."""
    return session.ended_ns + ns(rules.hole_max_s if session.silent else rules.pause_max_s)


def _final_ns(session: Session, rules: ChargeRules) -> int:
    """When the row of a session that is over cannot change any more."""
    if not session.unplugged_ns:
        return session.ended_ns + ns(rules.idle_max_s)
    return max(settled_ns(session, rules), session.unplugged_ns)


def settled_ns(session: Session, rules: ChargeRules) -> int:
    """Until when readings of the counters belong to a session that does not flow."""
    if session.silent and not session.unplugged_ns:
        return session.ended_ns + ns(rules.hole_max_s)
    last = max(session.ended_ns, session.woke_ns, session.unplugged_ns if session.silent else 0)
    return last + ns(rules.settle_s)


def next_ns(state: ChargeState, session: Session, rules: ChargeRules) -> int:
    """The first time at which time alone changes anything."""
    before = state.before
    if session.flowing:
        first = silent_ns(state, session, rules)
    elif before is not None and not evident(session, rules):
        first = session.ended_ns + ns(rules.settle_s)
    else:
        first = _final_ns(session, rules) if session.over else _over_ns(session, rules)
    if before is None:
        return first
    if evident(session, rules):
        first = min(first, session.started_ns + ns(rules.agree_s))
    return min(first, _final_ns(before, rules)) if before.over else first


def pass_time(state: ChargeState, at_ns: int, rules: ChargeRules) -> list[Episode]:
    """Let time pass, one time-out after the other; return the rows that became final."""
    rows: list[Episode] = []
    while (session := state.session) is not None and (due_ns := next_ns(state, session, rules)) <= at_ns:
        rows += _time_out(state, session, due_ns, rules)
        rows += decide(state, due_ns, rules)
    return rows


def _time_out(state: ChargeState, session: Session, at_ns: int, rules: ChargeRules) -> list[Episode]:
    """What happens at the time that `next_ns` named."""
    before = state.before
    if before is not None and before.over and at_ns >= _final_ns(before, rules):
        state.before = None
        return rows_of(before, rules)
    if session.flowing:
        if at_ns >= silent_ns(state, session, rules):
            session.stop(session.seen_ns, session.seen_record, rules)
            session.silent, session.woke_ns = True, 0
    elif before is not None:
        if not evident(session, rules):
            state.session, state.before = before, None
    elif not session.over:
        session.over = True
    else:
        state.session = None
        return rows_of(session, rules)
    return []


def evident(session: Session, rules: ChargeRules) -> bool:
    """Whether enough energy was seen to arrive to speak of a session."""
    return session.meters.evident_kwh(rules) >= rules.least_kwh


def rows_of(session: Session, rules: ChargeRules) -> list[Episode]:
    """The session's row, or nothing where there was too little of it."""
    return [session.row(rules)] if evident(session, rules) else []


def decide(state: ChargeState, at_ns: int, rules: ChargeRules) -> list[Episode]:
    """Whether the session that began is the one before going on, as soon as that can be told."""
    before, session = state.before, state.session
    if before is None or session is None or not evident(session, rules):
        return []
    apart_max = ns(rules.hole_max_s if before.silent else rules.pause_max_s)
    if before.over or session.started_ns - before.ended_ns >= apart_max:
        return part(state, rules)
    counted = before.meters.battery.known() or before.meters.wall.known()
    if session.agreed or not (counted or before.silent):
        return _join(state, rules)
    if at_ns < session.started_ns + ns(rules.agree_s):
        return []
    return part(state, rules) if before.silent else _join(state, rules)


def _join(state: ChargeState, rules: ChargeRules) -> list[Episode]:
    before, session = state.before, state.session
    if before is not None and session is not None:
        before.go_on(session, rules)
        state.session, state.before = before, None
    return []


def part(state: ChargeState, rules: ChargeRules) -> list[Episode]:
    """The two sessions are two; return the row of the first."""
    before, session = state.before, state.session
    state.before = None
    if before is None or session is None:
        return []
    if not before.idle_until_ns and not before.silent and session.plug_in == before.plug_in:
        before.idle_until_ns = session.started_ns
    return rows_of(before, rules)
