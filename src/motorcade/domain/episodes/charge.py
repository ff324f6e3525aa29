"""Charging sessions, from a car's records in order.

A session is the time in which energy flows, within one plug-in. What ends it and what does not:

- A pause on the same plug (a schedule, load management, an outage) belongs to the session when the flow begins again
  within `pause_max_s` and the counters do not say otherwise; a longer one ends it where the flow stopped, and the next
  flow is a session of its own with the same `plug_in`. A charge that the car itself completed stays complete.
- Silence (`silence_s`, or `sleep_s` without a connection) ends it at its last reading. When the car speaks again within
  `hole_max_s` and a counter goes on from where it was, the same session goes on, and the hole is listed in `gaps`.
- A counter that begins anew tells of a new plug-in, seen or not.
- An end is shown at once and may be taken back by a later record, as said above; the row is final when the car was
  unplugged, drove off or charges anew, and late readings of the counters had their time.

A new flow is not shown before `least_kwh` of it are evident; until then, whether it belongs to the session before or is
one of its own stays open (`before`), for at most `agree_s` longer.
"""

from copy import deepcopy

from motorcade.domain.episodes.charging.counters import cable_out, counts, note, open_session, read_counter
from motorcade.domain.episodes.charging.energy import WATT_US_PER_KWH
from motorcade.domain.episodes.charging.flow import (
    AC_KW,
    BATTERY_KWH,
    DC_KW,
    JUDGED,
    LOCATION,
    PACK_A,
    TEXT,
    WALL_KWH,
    WATCHED,
    WORD,
    ChargeRules,
    begins,
    ceases,
    drives,
    ns,
    unplugs,
)
from motorcade.domain.episodes.charging.row import Charge
from motorcade.domain.episodes.charging.session import Session, completes
from motorcade.domain.episodes.charging.time_outs import (
    ChargeState,
    decide,
    evident,
    next_ns,
    part,
    pass_time,
    rows_of,
    silent_ns,
)
from motorcade.domain.episodes.episode import Episode, earliest
from motorcade.domain.episodes.moment import Moment
from motorcade.domain.geodesy import distance_m

__all__ = ["Charge", "ChargeRules", "ChargeState", "due_ns", "quiet", "running", "start", "step", "view"]

_DEFAULTS = ChargeRules()
_FLOW = frozenset({WORD, TEXT, AC_KW, DC_KW, PACK_A, BATTERY_KWH, WALL_KWH})


def start() -> ChargeState:
    """The state before a car's first record."""
    return ChargeState()


def running(state: ChargeState, rules: ChargeRules = _DEFAULTS) -> str | None:
    """The id of the session that is shown as running, None where none is."""
    session = state.session
    if session is None or state.before is not None or not session.flowing:
        return None
    return session.id if evident(session, rules) else None


def step(state: ChargeState, moment: Moment, rules: ChargeRules) -> list[Episode]:
    """Take one record in; see `episode.py` for the contract."""
    changed = moment.changed
    if state.session is None:
        if not changed or JUDGED.isdisjoint(changed):
            return []
        _take_idle(state, moment, rules)
        return []
    rows = pass_time(state, moment.at_ns, rules)
    if moment.presence is not None:
        state.offline_ns = 0 if moment.presence else moment.at_ns
    if not changed:
        return rows
    state.offline_ns = 0
    if state.session is None:
        if not JUDGED.isdisjoint(changed):
            _take_idle(state, moment, rules)
        return rows
    if WATCHED.isdisjoint(changed):
        if state.session.flowing:
            state.session.seen_ns, state.session.seen_record = moment.at_ns, moment.record_id
        return rows
    rows += _take(state, moment, rules)
    return rows + decide(state, moment.at_ns, rules)


def view(state: ChargeState, horizon_ns: int, rules: ChargeRules) -> list[Episode]:
    """The rows that are not final as they stand at a horizon."""
    session = state.session
    if session is None:
        return []
    rows: list[Episode] = []
    if next_ns(state, session, rules) <= horizon_ns:
        state = deepcopy(state)
        rows = pass_time(state, horizon_ns, rules)
    shown = state.session if state.before is None else state.before
    return rows if shown is None else rows + rows_of(shown, rules)


def due_ns(state: ChargeState, after_ns: int, rules: ChargeRules) -> int | None:
    """The next horizon after a time at which `view` says something else."""
    session, before = state.session, state.before
    if session is None:
        return None
    dues: list[int | None] = []
    if session.flowing:
        dues.append(silent_ns(state, session, rules))
    if before is not None and evident(session, rules):
        dues.append(session.started_ns + ns(rules.agree_s))
    return earliest(*(due for due in dues if due is not None and due > after_ns))


def quiet(state: ChargeState, at_ns: int, rules: ChargeRules) -> bool:
    """Whether no session is running, paused or plugged in and watched at a time."""
    if state.session is None:
        return True
    if next_ns(state, state.session, rules) > at_ns:
        return False
    passed = deepcopy(state)
    pass_time(passed, at_ns, rules)
    return passed.session is None


# -- records ---------------------------------------------------------------------------------------------------------


def _take_idle(state: ChargeState, moment: Moment, rules: ChargeRules) -> None:
    """Take in a record while no session is known."""
    note(state.battery, BATTERY_KWH, moment, rules)
    note(state.wall, WALL_KWH, moment, rules)
    if drives(moment, rules) or unplugs(moment):
        cable_out(state)
    elif begins(moment, rules) or counts(state):
        open_session(state, moment, rules)


def _take(state: ChargeState, moment: Moment, rules: ChargeRules) -> list[Episode]:
    """Take in a record while a session runs, pauses or settles."""
    session = state.session
    assert session is not None
    if session.silent and not session.woke_ns:
        session.woke_ns = moment.at_ns
    rows = read_counter(state, BATTERY_KWH, moment, rules)
    rows += read_counter(state, WALL_KWH, moment, rules)
    session = state.session
    if session is None:
        _take_idle(state, moment, rules)
        return rows
    if drives(moment, rules):
        _drive_off(state, moment, rules)
    elif session.flowing:
        _flow(state, session, moment, rules)
    elif begins(moment, rules) or counts(state):
        rows += _settle_before(state, rules)
        open_session(state, moment, rules)
    else:
        _rest(state, session, moment, rules)
    return rows


def _flow(state: ChargeState, session: Session, moment: Moment, rules: ChargeRules) -> None:
    """Take in a record while energy flows."""
    now_ns, changed = moment.at_ns, moment.changed
    session.meters.run(now_ns, rules)
    session.see(moment, rules)
    if ceases(moment, rules):
        session.draw(moment, rules, edge=True)
        session.stop(now_ns, moment.record_id, rules)
        session.ended_in_gap()
        session.completed = session.over = completes(moment)
        if unplugs(moment):
            _unplug(state, now_ns)
        return
    if not JUDGED.isdisjoint(changed):
        session.meters.hold(moment.latest, now_ns, rules)
        if not _FLOW.isdisjoint(changed):
            session.flow_ns, session.flow_record = now_ns, moment.record_id
            session.stale = session.stale and session.woke_ns == now_ns
    session.seen_ns, session.seen_record = now_ns, moment.record_id
    session.draw(moment, rules, edge=False)
    if _stalls(session, moment, rules):
        session.stop(max(session.meters.battery.at_ns, session.started_ns), session.flow_record, rules)
        session.meters.battery.tail = 0
        session.stalled = True


def _stalls(session: Session, moment: Moment, rules: ChargeRules) -> bool:
    """Whether the battery's counter stands still although the power as last told would have moved it."""
    battery, latest = session.meters.battery, moment.latest
    stall_ns = moment.at_ns - ns(rules.stall_s)
    if not battery.known() or battery.at_ns > stall_ns:
        return False
    if any(latest.since_ns.get(number, 0) > stall_ns for number in (AC_KW, DC_KW, PACK_A, WALL_KWH)):
        return False
    return battery.tail >= rules.stall_kwh * WATT_US_PER_KWH or session.meters.power_w(rules) == 0


def _drive_off(state: ChargeState, moment: Moment, rules: ChargeRules) -> None:
    """A car that drives is not plugged in; a flow whose end was lost ended with its last sign."""
    session = state.session
    if session is not None and session.flowing:
        lost = moment.at_ns - session.flow_ns > ns(rules.edge_s)
        at_ns, record = (session.flow_ns, session.flow_record) if lost else (moment.at_ns, moment.record_id)
        session.stop(at_ns, record, rules)
        session.ended_in_gap()
    _unplug(state, moment.at_ns)


def _unplug(state: ChargeState, at_ns: int) -> None:
    for session in (state.session, state.before):
        if session is not None:
            session.unplug(at_ns)
    cable_out(state)


def _rest(state: ChargeState, session: Session, moment: Moment, rules: ChargeRules) -> None:
    """Take in a record while nothing flows."""
    if moment.at_ns <= session.ended_ns + ns(rules.edge_s):
        session.see(moment, rules)
    if unplugs(moment) or _moved(session, moment, rules):
        _unplug(state, moment.at_ns)
    elif completes(moment) and not session.silent:
        session.completed = session.over = True


def _moved(session: Session, moment: Moment, rules: ChargeRules) -> bool:
    """Whether the car stands somewhere else than where it charged."""
    if LOCATION not in moment.changed or session.place is None:
        return False
    place = moment.latest.place(LOCATION)
    return place is not None and distance_m(session.place, place) > rules.moved_m


def _settle_before(state: ChargeState, rules: ChargeRules) -> list[Episode]:
    """Before yet another flow begins: two sessions that nothing has joined are two."""
    if state.before is None or state.session is None:
        return []
    return part(state, rules) if evident(state.session, rules) else []
