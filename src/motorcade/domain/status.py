"""What a vehicle is doing, derived on reading from its summary and the time; never stored as truth.

Rules, in order; each `Reason` names one:

1. Nothing ever arrived → offline (`never_reported`).
2. Nothing arrived for `SILENCE` → offline (`silent`), connected or not: values this old say nothing about now.
3. Connected, or disconnected for less than `GRACE` → the activity, see below. A car that changes from Wi-Fi to mobile
   data is away for seconds; that must not blink.
4. Disconnected while parked → asleep (`closed_while_parked`): that is how a car goes to sleep.
5. Disconnected while driving or charging → offline (`vanished`): it should be reporting and is not.

Activity:

- in gear: D, R or N, at any speed (a traffic light is part of a drive). P never is. Where the car does not know its
  gear (invalid, absent, SNA: also a sleeping car says so), only a speed above `ROLLING_KMH` counts: parked cars
  report small speeds when GPS jitters.
- charging: the detailed charge state says Charging or Starting. Where it says nothing we know (older software, newer
  words), charging power above `CHARGING_KW` counts: idle chargers read up to a few hundred watts.
- both at once: one of the two was not followed by its end; the newer reading decides.
- else parked.
"""

from enum import StrEnum
from typing import NamedTuple

from motorcade.domain.record import NS_PER_S
from motorcade.domain.summary import Summary

GRACE_NS = 60 * NS_PER_S
"""How long a disconnected car keeps its activity; cars back off up to 30 s before they try again."""
SILENCE_NS = 48 * 3600 * NS_PER_S
"""A sleeping car wakes by itself within about a day, so two days of nothing mean that it is out of reach."""
ROLLING_KMH = 8.0
CHARGING_KW = 0.5

_GEARS = frozenset("DRN")
_CHARGES = frozenset({"Charging", "Starting"})
_CHARGES_NOT = frozenset({"Disconnected", "NoPower", "Complete", "Stopped"})


class Status(StrEnum):
    """What people see."""

    DRIVING = "driving"
    CHARGING = "charging"
    PARKED = "parked"
    ASLEEP = "asleep"
    OFFLINE = "offline"


class Reason(StrEnum):
    """The rule that decided."""

    IN_GEAR = "in_gear"
    ROLLING = "rolling"
    CHARGE_STATE = "charge_state"
    CHARGING_POWER = "charging_power"
    IDLE = "idle"
    CLOSED_WHILE_PARKED = "closed_while_parked"
    VANISHED = "vanished"
    SILENT = "silent"
    NEVER_REPORTED = "never_reported"


class Judgement(NamedTuple):
    """A status, why, and since when (ns) as far as the summary tells: the start of a stretch may lie earlier."""

    status: Status
    reason: Reason
    since_ns: int | None


def judge(summary: Summary, now_ns: int) -> Judgement:
    """The status of a vehicle at a time of our clock."""
    if summary.last_seen_ns <= 0:
        return Judgement(Status.OFFLINE, Reason.NEVER_REPORTED, None)
    if now_ns - summary.last_seen_ns > SILENCE_NS:
        return Judgement(Status.OFFLINE, Reason.SILENT, summary.last_seen_ns + SILENCE_NS)
    activity = _activity(summary)
    if summary.open_connections > 0:
        return activity
    gone_ns = summary.online_changed_at_ns or summary.last_seen_ns
    if now_ns - gone_ns < GRACE_NS:
        return activity
    if activity.status is Status.PARKED:
        return Judgement(Status.ASLEEP, Reason.CLOSED_WHILE_PARKED, gone_ns)
    return Judgement(Status.OFFLINE, Reason.VANISHED, gone_ns)


def next_change_ns(summary: Summary, now_ns: int) -> int | None:
    """When time alone may next change the status: the first such moment after now, None when there is none."""
    if summary.last_seen_ns <= 0:
        return None
    moments = [summary.last_seen_ns + SILENCE_NS + 1]
    if summary.open_connections <= 0:
        moments.append((summary.online_changed_at_ns or summary.last_seen_ns) + GRACE_NS)
    return min((moment for moment in moments if moment > now_ns), default=None)


def _activity(summary: Summary) -> Judgement:
    drives, charges = _drives(summary), _charges(summary)
    if drives and charges:
        return drives if (drives.since_ns or 0) >= (charges.since_ns or 0) else charges
    if drives or charges:
        return drives or charges  # type: ignore[return-value]  # one of them is there
    return Judgement(Status.PARKED, Reason.IDLE, summary.gear[0] if summary.gear else None)


def _drives(summary: Summary) -> Judgement | None:
    gear, speed = summary.gear, summary.speed_kmh
    word = gear[1] if gear else None
    if word in _GEARS:
        return Judgement(Status.DRIVING, Reason.IN_GEAR, gear[0] if gear else None)
    if word != "P" and speed and speed[1] is not None and speed[1] > ROLLING_KMH:
        return Judgement(Status.DRIVING, Reason.ROLLING, speed[0])
    return None


def _charges(summary: Summary) -> Judgement | None:
    state, power = summary.charge_state, summary.charging_kw
    word = state[1] if state else None
    if word in _CHARGES:
        return Judgement(Status.CHARGING, Reason.CHARGE_STATE, state[0] if state else None)
    if word not in _CHARGES_NOT and power and power[1] is not None and power[1] > CHARGING_KW:
        return Judgement(Status.CHARGING, Reason.CHARGING_POWER, power[0])
    return None
