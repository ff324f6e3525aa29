"""The facts that alerts ask for and no other reducer keeps: the car's notices, its presence, what changed."""

from typing import Final

from motorcade.domain.alerts.watch import Watch
from motorcade.domain.episodes.alerting.standing import AlertState, plain
from motorcade.domain.episodes.moment import Moment, Notice
from motorcade.domain.record import NS_PER_S
from motorcade.domain.state import Value

MAX_NOTICES: Final = 64
"""Notices remembered of a vehicle; a car lists a few at a time, and only those are kept that a rule asks for."""
FLASH_NS: Final = 600 * NS_PER_S
"""How long ago a notice may have ended that is heard of only after its end; older ones are the car's history."""


def go_online(state: AlertState, moment: Moment) -> bool:
    """Note whether the car is online; gives whether that changed."""
    if moment.online:
        if state.online is True:
            return False
        state.online = True
        return True
    if state.online is True:
        state.online, state.offline_ns = False, moment.at_ns
        return True
    return False


def pulses_of(state: AlertState, moment: Moment, watch: Watch) -> dict[int, tuple[Value, Value]]:
    """The signals that went from one known value to another with this record."""
    pulses: dict[int, tuple[Value, Value]] = {}
    for number in moment.changed:
        name = watch.pulse_signals.get(number)
        if name is None:
            continue
        value = plain(moment.latest.values.get(number))
        if value is None:
            continue
        last = state.known.get(name)
        state.known[name] = value
        if last is not None and (last != value or type(last) is not type(value)):
            pulses[number] = (last, value)
    return pulses


def hear(state: AlertState, notices: tuple[Notice, ...], watch: Watch, at_ns: int) -> list[str]:
    """Take in the car's own notices; gives the names of those that are heard of only after their end."""
    flashes: list[str] = []
    for name, _, started_ns, ended_ns in notices:
        if not any(fits(name) for fits in watch.matchers):
            continue
        known = state.notices.get(name)
        if known is not None and (started_ns < known[0] or (started_ns == known[0] and not known[1])):
            continue  # an older one, or one that is over: cars list what they listed before
        lasted = known is not None and known[1]
        state.notices[name] = (started_ns, ended_ns is None)
        if name in flashes:
            flashes.remove(name)
        if ended_ns is not None and not lasted and at_ns - ended_ns <= FLASH_NS:
            flashes.append(name)
    while len(state.notices) > MAX_NOTICES:
        oldest = min(state.notices, key=lambda name: (state.notices[name][1], state.notices[name][0], name))
        del state.notices[oldest]
        if oldest in flashes:
            flashes.remove(oldest)
    return flashes
