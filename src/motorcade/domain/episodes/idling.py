"""Idling: a driver keeps the car in gear, or ready to drive, while it stands.

A standstill counts as far as it was witnessed: what a silent car did, nobody knows. A car that is locked, or says that
it has no speed, is parked even where its P got lost.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from motorcade.domain.episodes.episode import Episode, episode_id
from motorcade.domain.episodes.moment import Latest, Moment
from motorcade.domain.episodes.trip_motion import GEAR, SPEED, Motion, Signs
from motorcade.domain.geodesy import Place
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name

RAIL: Final = by_name("drive_rail_on").number
CHARGE: Final = by_name("charge_state").number
LOCKED: Final = by_name("locked").number
_BEGINS: Final = frozenset({GEAR, RAIL, LOCKED, CHARGE})
"""With these it begins now, and not with the standstill."""
_CHARGES: Final = frozenset({"Charging", "Starting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IdlingRules:
    """What counts as idling.

    Attributes:
        idle_s: a standstill in gear this long.
        ready_counts: whether a car in P that is ready to drive idles, too; one that charges never does.
        witness_s: a silence longer than this ends it with the last word before.
        silence_s: a silence this long ends it although nothing came after.
    """

    idle_s: int = 120
    ready_counts: bool = True
    witness_s: int = 300
    silence_s: int = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class Idling(Episode):
    """A standstill in gear.

    Attributes:
        trip_id: the trip that it lies in or that it ended, None before the first.
        location: where, None where no place is known.
        fences: ids of the fences that it lies in.
    """

    kind: ClassVar[str] = "idling"

    trip_id: str | None
    location: Place | None
    fences: tuple[str, ...]


@dataclass(slots=True)
class Idle:
    """A standstill in gear that may become idling; times in ns.

    Attributes:
        since_ns: when it began, 0 where there is none.
        record: with which record.
        rule_version: rules in force then.
        trip_id: the trip running then, "" for none.
        place: where.
        fences: in which fences.
        shown: whether its row was given.
        ended_ns: when the last one ended.
        least_ns: how long it must last, by the rules in force at its beginning.
        silence_ns: how long a silence ends it, likewise.
    """

    since_ns: int = 0
    record: bytes = b""
    rule_version: int = 1
    trip_id: str = ""
    place: Place | None = None
    fences: tuple[str, ...] = ()
    shown: bool = False
    ended_ns: int = 0
    least_ns: int = 0
    silence_ns: int = 0


def elapse(idle: Idle, motion: Motion, vehicle_id: str, at_ns: int) -> list[Idling]:
    """Let time pass: a long silence ends it with the last word."""
    if not idle.since_ns or not _silent(idle, motion, at_ns):
        return []
    return _end(idle, vehicle_id, motion.heard_ns, motion.heard_record)


def follow(idle: Idle, moment: Moment, motion: Motion, signs: Signs, rules: IdlingRules) -> list[Idling]:
    """Take a record in that says something new.

    Returns:
        The row that ended, or the one that has just become long enough.
    """
    if idle.since_ns and (signs.moved or not _idles(motion, moment.latest, rules)):
        unseen = signs.gap_from_ns and moment.at_ns - signs.gap_from_ns > rules.witness_s * NS_PER_S
        end_ns, record = (signs.gap_from_ns, signs.gap_record) if unseen else (moment.at_ns, moment.record_id)
        return _end(idle, moment.vehicle_id, end_ns, record)
    if idle.since_ns and not idle.shown and motion.heard_ns - idle.since_ns >= idle.least_ns:
        idle.shown = True
        return [_row(idle, moment.vehicle_id)]
    return []


def begin(idle: Idle, moment: Moment, motion: Motion, trip_id: str, rules: IdlingRules, version: int) -> None:
    """Begin one where the car has come to stand in gear, or was put in gear while it stands."""
    if idle.since_ns or not _idles(motion, moment.latest, rules):
        return
    put_in_gear = not _BEGINS.isdisjoint(moment.changed)
    if motion.standing_ns <= idle.ended_ns:  # the same standstill again, after a silence
        put_in_gear = True
    idle.since_ns = moment.at_ns if put_in_gear else motion.standing_ns
    idle.record = moment.record_id if put_in_gear else motion.standing_record
    idle.rule_version, idle.trip_id = version, trip_id
    idle.place, idle.fences, idle.shown = motion.fix, moment.fences, False
    idle.least_ns, idle.silence_ns = rules.idle_s * NS_PER_S, rules.silence_s * NS_PER_S


def view(idle: Idle, motion: Motion, vehicle_id: str, horizon_ns: int) -> list[Idling]:
    """The row of one that is not over, as it stands at a horizon."""
    if not idle.since_ns or motion.heard_ns - idle.since_ns < idle.least_ns:
        return []
    if _silent(idle, motion, horizon_ns):
        return [_row(idle, vehicle_id, motion.heard_ns, motion.heard_record)]
    return [_row(idle, vehicle_id)]


def due_ns(idle: Idle, motion: Motion) -> int | None:
    """When silence ends it."""
    return motion.heard_ns + idle.silence_ns if idle.since_ns else None


def _silent(idle: Idle, motion: Motion, at_ns: int) -> bool:
    return at_ns - motion.heard_ns >= idle.silence_ns


def _idles(motion: Motion, latest: Latest, rules: IdlingRules) -> bool:
    if motion.moving or latest.values.get(LOCKED) is True:
        return False
    if motion.in_gear and not (SPEED in latest.values and latest.values[SPEED] is None):
        return True
    return _ready(motion, latest, rules)


def _ready(motion: Motion, latest: Latest, rules: IdlingRules) -> bool:
    return (
        rules.ready_counts
        and not motion.closed
        and latest.values.get(RAIL) is True
        and latest.values.get(CHARGE) not in _CHARGES
    )


def _end(idle: Idle, vehicle_id: str, end_ns: int, record: bytes) -> list[Idling]:
    long_enough = end_ns - idle.since_ns >= idle.least_ns
    rows = [_row(idle, vehicle_id, end_ns, record)] if long_enough else []
    idle.since_ns, idle.record, idle.trip_id, idle.place, idle.fences = 0, b"", "", None, ()
    idle.ended_ns, idle.shown = end_ns, False
    return rows


def _row(idle: Idle, vehicle_id: str, end_ns: int | None = None, record: bytes | None = None) -> Idling:
    return Idling(
        id=episode_id(Idling.kind, "", idle.rule_version, vehicle_id, idle.record),
        vehicle_id=vehicle_id,
        started_at_ns=idle.since_ns,
        ended_at_ns=end_ns,
        rule_version=idle.rule_version,
        first_record=idle.record,
        last_record=record,
        trip_id=idle.trip_id or None,
        location=idle.place,
        fences=idle.fences,
    )
