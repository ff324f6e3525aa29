"""The energy counters of a car over its sessions: where one begins, and when a reading tells of another plug-in."""

from typing import Final

from motorcade.domain.episodes.charging.energy import Counter, Meter, Meters, is_reset, start_meter
from motorcade.domain.episodes.charging.flow import (
    BATTERY_KWH,
    WALL_KWH,
    ChargeRules,
    drives,
    flows_still,
    ns,
    unplugs,
)
from motorcade.domain.episodes.charging.session import Session, opened
from motorcade.domain.episodes.charging.time_outs import ChargeState, evident, rows_of, settled_ns
from motorcade.domain.episodes.episode import Episode, episode_id
from motorcade.domain.episodes.moment import Moment

_ENOUGH_RISES: Final = 2  # of a counter without any other sign of a flow: a single one may be a late reading


def note(counter: Counter, number: int, moment: Moment, rules: ChargeRules) -> None:
    """Remember a counter's reading that belongs to no session."""
    value = moment.latest.number(number) if number in moment.changed else None
    if value is None:
        return
    if value <= 0.0 or is_reset(value, counter.value, rules):
        counter.fresh, counter.rises = False, 0
    elif 0.0 <= counter.value < value and moment.at_ns - counter.at_ns < ns(rules.silence_s):
        counter.rises += 1
    else:
        counter.rises = 0
    counter.value, counter.at_ns = value, moment.at_ns


def counts(state: ChargeState) -> bool:
    """Whether the battery's counter alone says that energy flows."""
    return state.battery.rises >= _ENOUGH_RISES


def cable_out(state: ChargeState) -> None:
    """Forget what held for the plug-in that is over."""
    state.plug_in = ""
    for counter in (state.battery, state.wall):
        counter.fresh, counter.rises = True, 0


def open_session(state: ChargeState, moment: Moment, rules: ChargeRules) -> None:
    """Begin a session; the one that was there before it waits for a decision, if it was one."""
    changed, latest = moment.changed, moment.latest
    bases = []
    for counter, number in ((state.battery, BATTERY_KWH), (state.wall, WALL_KWH)):
        was = changed.get(number)
        bases.append(float(was) if number in changed and isinstance(was, int | float) else counter.value)
    meters = Meters(battery=start_meter(state.battery, bases[0]), wall=start_meter(state.wall, bases[1]))
    charge_id = episode_id("charge", "", rules.version, moment.vehicle_id, moment.record_id)
    session = opened(moment, charge_id, state.plug_in, meters, rules)
    state.plug_in = session.plug_in
    previous = state.session
    if state.before is None and previous is not None and (not previous.over or evident(previous, rules)):
        state.before = previous
    state.session = session
    for counter, meter, number in ((state.battery, meters.battery, BATTERY_KWH), (state.wall, meters.wall, WALL_KWH)):
        counter.rises = 0
        value = latest.number(number) if number in changed else None
        if value is not None:
            _read_in(meter, counter, value, moment, rules)


def _read_in(meter: Meter, counter: Counter, value: float, moment: Moment, rules: ChargeRules) -> None:
    """The reading of the very record that began the session."""
    if meter.base >= 0.0 and is_reset(value, meter.base, rules):
        meter.restart(value, moment.at_ns)
    else:
        meter.take(value, moment.at_ns, -1.0 if counter.value == value else counter.value, 0.0)
    counter.value, counter.at_ns = value, moment.at_ns


def read_counter(state: ChargeState, number: int, moment: Moment, rules: ChargeRules) -> list[Episode]:
    """Take in a counter's reading while there is a session."""
    value = moment.latest.number(number) if number in moment.changed else None
    session = state.session
    if value is None or session is None:
        return []
    battery = number == BATTERY_KWH
    counter = state.battery if battery else state.wall
    meter = session.meters.battery if battery else session.meters.wall
    stood = max(meter.peak, counter.value)
    if is_reset(value, stood, rules):
        return _anew(state, counter, meter, value, moment, rules)
    if session.flowing:
        session.meters.run(moment.at_ns, rules)
        meter.take(value, moment.at_ns, counter.value, _could_kwh(session, moment, rules))
        before = state.before
        if before is not None:
            earlier = before.meters.battery if battery else before.meters.wall
            session.agreed = session.agreed or (earlier.known() and value >= earlier.peak)
    elif moment.at_ns <= settled_ns(session, rules) and _goes_on(session, meter, value):
        _late(session, meter, counter, value, moment, rules)
    else:
        note(counter, number, moment, rules)
        return []
    counter.value, counter.at_ns, counter.fresh = value, moment.at_ns, counter.fresh and not session.flowing
    return []


def _goes_on(session: Session, meter: Meter, value: float) -> bool:
    """Whether a reading after the flow tells of more of it; after a silence only a counter known before it can."""
    stood = max(meter.peak, meter.base)
    return value > stood and (stood >= 0.0 or not session.silent)


def _could_kwh(session: Session, moment: Moment, rules: ChargeRules) -> float:
    return rules.fastest_kw * (moment.at_ns - session.started_ns) / 3.6e12


def _anew(
    state: ChargeState, counter: Counter, meter: Meter, value: float, moment: Moment, rules: ChargeRules
) -> list[Episode]:
    """A counter began anew: another plug-in, unless the session has only just begun."""
    session = state.session
    assert session is not None
    rows: list[Episode] = []
    if session.flowing and meter.watched() < rules.least_kwh:
        if state.before is not None:
            session.plug_in = state.plug_in = session.id
            rows = rows_of(state.before, rules)
            state.before = None
        session.meters.run(moment.at_ns, rules)
        meter.restart(value, moment.at_ns)
    else:
        if session.flowing:
            session.stop(session.flow_ns, session.flow_record, rules)
        state.plug_in = ""
        rows = [row for one in (state.before, session) if one is not None for row in rows_of(one, rules)]
        state.session = state.before = None
        if flows_still(moment.latest, rules):
            counter.fresh, counter.value = False, 0.0
            open_session(state, moment, rules)
    counter.value, counter.at_ns, counter.fresh, counter.rises = value, moment.at_ns, False, 0
    return rows


def _late(session: Session, meter: Meter, counter: Counter, value: float, moment: Moment, rules: ChargeRules) -> None:
    """A counter that had still grown when a session ended, or while nobody listened."""
    grown_kwh = value - max(meter.peak, meter.base)
    meter.take(value, moment.at_ns, counter.value, _could_kwh(session, moment, rules))
    if not session.silent or (session.unplugged_ns and not session.woke_ns):
        return
    woke_ns = session.woke_ns or moment.at_ns
    session.left_kwh, session.left_w = grown_kwh, session.meters.into_w(rules)
    session.add_gap((session.ended_ns, woke_ns))
    session.silent, session.stale = False, True
    gone = session.unplugged_ns or unplugs(moment) or drives(moment, rules)
    if gone or not flows_still(moment.latest, rules):
        session.ended_in_gap()
        return
    session.seen_ns = session.flow_ns = moment.at_ns
    session.seen_record = session.flow_record = moment.record_id
    session.flowing, session.woke_ns = True, moment.at_ns
    session.meters.clock_ns = moment.at_ns
    session.meters.hold(moment.latest, moment.at_ns, rules)
