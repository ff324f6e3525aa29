"""Trips: when a car drives, from the first sign of it to the moment of its last standstill.

One reducer gives trips, the stops between them and the idling inside, because all three are cut by the same edges.
How movement is told from standing is in `trip_motion.py`, the metres are in `trip_distance.py`.

A trip begins with D or R, or with a speed above the starting speed whatever the gear says, or where a place and the
odometer both advance while neither was heard. It ends with a standstill or a P that lasts `pause_s`, dated back to its
beginning; a shorter one is a pause. A car in gear ends by standing only as far as its records show that it stands:
silence ends nothing before `silence_s`, unless it sleeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from motorcade.domain.episodes import idling as idlings
from motorcade.domain.episodes import stop as stops
from motorcade.domain.episodes import track as tracks
from motorcade.domain.episodes import trip_course as course
from motorcade.domain.episodes import trip_distance as ways
from motorcade.domain.episodes import trip_edges as edges
from motorcade.domain.episodes import trip_energy as energies
from motorcade.domain.episodes import trip_row as rows
from motorcade.domain.episodes.episode import Episode, earliest, episode_id
from motorcade.domain.episodes.idling import Idle
from motorcade.domain.episodes.moment import Moment
from motorcade.domain.episodes.stop import Standing, Stop
from motorcade.domain.episodes.track import Track
from motorcade.domain.episodes.trip_course import ODOMETER
from motorcade.domain.episodes.trip_distance import Way
from motorcade.domain.episodes.trip_edges import TripRules
from motorcade.domain.episodes.trip_motion import GEAR, LOCATION, SPEED, Motion, Signs, forget_start, observe
from motorcade.domain.episodes.trip_row import End, Running, Trip
from motorcade.domain.record import NS_PER_S

__all__ = ["Trip", "TripRules", "TripState", "due_ns", "quiet", "running_id", "start", "step", "view"]

_CONCERNS_PARKED: Final = frozenset({GEAR, SPEED, LOCATION, ODOMETER, idlings.RAIL, idlings.CHARGE, idlings.LOCKED})
_STOP_SHOWN_M: Final = 3_000.0
"""A stop's end is final when its trip has gone so far, also without the odometer that may tell of an unseen trip."""


@dataclass(slots=True)
class TripState:
    """What is remembered of a vehicle's driving.

    Attributes:
        vehicle_id: whose.
        motion: how it moves.
        running: the trip that is not final.
        stop: the stop that is open, or that the running trip ends.
        idle: a standstill in gear.
        trip_id: id of the newest trip, "" before the first.
        odometer_km: what the odometer showed at the end of the newest trip.
        left_odometer_km: what it showed when a start was first suspected.
        expires_ns: when time alone ends the running trip, by the rules in force at its last word; 0 without one.
        left_fences: fences that the car was in then.
        left_read_m: how far the car had gone since then when the odometer was last read.
    """

    vehicle_id: str = ""
    motion: Motion = field(default_factory=Motion)
    running: Running | None = None
    stop: Standing | None = None
    idle: Idle = field(default_factory=Idle)
    trip_id: str = ""
    odometer_km: float | None = None
    left_odometer_km: float | None = None
    left_fences: tuple[str, ...] = ()
    left_read_m: float = 0.0
    expires_ns: int = 0


def start() -> TripState:
    """The state before a vehicle's first record."""
    return TripState()


def running_id(state: TripState) -> str | None:
    """Id of the running trip, for `Moment.trip_id`."""
    return state.running.id if state.running else None


def step(state: TripState, moment: Moment, rules: TripRules) -> list[Episode]:
    """Let the time up to a record pass, then take the record in."""
    out: list[Episode] = []
    motion = state.motion
    if state.running is not None:
        end = _ended(state, moment.at_ns)
        if end is not None:
            out += _finish(state, end)
    if state.idle.since_ns:
        out += idlings.elapse(state.idle, motion, moment.vehicle_id, moment.at_ns)
    if not moment.changed and moment.presence is None:
        return out  # a resend says nothing new, and proves nothing
    if (
        state.running is None
        and not state.idle.since_ns
        and moment.presence is None
        and _CONCERNS_PARKED.isdisjoint(moment.changed)
    ):
        # The usual record of a parked car; only that it spoke is of interest.
        motion.heard_ns, motion.heard_record = moment.at_ns, moment.record_id
        return out
    state.vehicle_id = moment.vehicle_id
    was_standing = None if motion.moving else (motion.standing_ns, motion.gear)
    left_before_ns = motion.left_ns
    signs = observe(motion, moment, rules.motion, running=state.running is not None)
    out += idlings.follow(state.idle, moment, motion, signs, rules.idling)
    if state.running is not None:
        out += _go_on(state, state.running, moment, signs, rules, was_standing)
    else:
        if not motion.left_ns:
            _forget_start(state)
        elif motion.left_ns != left_before_ns:
            state.left_odometer_km, state.left_fences = course.held_odometer_km(moment), moment.fences
            state.left_read_m = 0.0
        if ODOMETER in moment.changed:
            state.left_read_m = motion.left_m
        if signs.sets_off or _driven_blindly(state, moment, signs, rules):
            out += _set_off(state, moment, signs, rules)
    idlings.begin(state.idle, moment, motion, state.trip_id, rules.idling, rules.version)
    state.expires_ns = edges.expires_ns(motion, rules) if state.running is not None else 0
    return out


def view(state: TripState, horizon_ns: int, rules: TripRules) -> list[Episode]:  # noqa: ARG001 - the contract of all reducers
    """The rows of what is not final, as they stand when nothing before the horizon can come any more."""
    out: list[Episode] = []
    if state.running is not None:
        end = _ended(state, horizon_ns)
        if end is not None:
            out += _ending(state, state.running, end)[0]
        else:
            out.append(rows.row(state.running, None))
            # What the trip ends is not over before it is more than a manoeuvre.
            out += [stops.row(stops.reopened(state.stop))] if state.stop else []
    elif state.stop is not None:
        out.append(stops.row(state.stop))
    out += idlings.view(state.idle, state.motion, state.vehicle_id, horizon_ns)
    return out


def due_ns(state: TripState, after_ns: int, rules: TripRules) -> int | None:  # noqa: ARG001 - the contract of all reducers
    """The first horizon later than `after_ns` at which `view` says something else by time alone."""
    dues = (
        state.expires_ns if state.running is not None else None,
        idlings.due_ns(state.idle, state.motion),
    )
    return earliest(*(due for due in dues if due is not None and due > after_ns))


def quiet(state: TripState, at_ns: int, rules: TripRules) -> bool:
    """Whether no trip runs, no idling is on and no start is suspected at a time, time-outs included."""
    motion = state.motion
    if motion.left_ns and at_ns - motion.left_ns <= rules.motion.look_back_s * NS_PER_S:
        return False
    if state.idle.since_ns and at_ns < (idlings.due_ns(state.idle, motion) or 0):
        return False
    return state.running is None or at_ns >= state.expires_ns


# -- ends -----------------------------------------------------------------------------------------------------------


def _ended(state: TripState, at_ns: int) -> End | None:
    """The end edge that time has brought until then."""
    return edges.edge(state.motion) if at_ns >= state.expires_ns else None


def _ending(state: TripState, running: Running, end: End) -> tuple[Sequence[Episode], Standing, float | None]:
    """The rows of an end, the stop that begins with it, and the odometer then; the state is not changed."""
    trip = rows.row(running, end)
    if trip.manoeuvre and state.stop is not None:
        stop = stops.reopened(state.stop)
        return [trip, stops.row(stop)], stop, trip.odometer_end_km
    stop = Standing(
        id=stops.stop_id(running.vehicle_id, running.rule_version, end.record),
        vehicle_id=running.vehicle_id,
        started_at_ns=end.at_ns,
        first_record=end.record,
        rule_version=running.rule_version,
        trip_before=running.id,
        location=trip.end_location,
        fences=trip.end_fences,
        soc_start_pct=trip.soc_end_pct,
        odometer_km=trip.odometer_end_km,
    )
    before: list[Stop] = [stops.row(state.stop)] if state.stop else []
    return [*before, trip, stops.row(stop)], stop, trip.odometer_end_km


def _finish(state: TripState, end: End) -> Sequence[Episode]:
    assert state.running is not None, "the caller looked"
    ended, state.stop, odometer_km = _ending(state, state.running, end)
    if odometer_km is not None:
        state.odometer_km = odometer_km
    state.running = None
    motion = state.motion
    if motion.moving:
        motion.moving, motion.standing_ns, motion.standing_record = False, end.at_ns, end.record
    motion.anchor, state.expires_ns = motion.fix, 0
    _forget_start(state)
    return ended


# -- while it runs --------------------------------------------------------------------------------------------------


def _go_on(
    state: TripState,
    running: Running,
    moment: Moment,
    signs: Signs,
    rules: TripRules,
    was_standing: tuple[int, str] | None,
) -> Sequence[Episode]:
    motion, at_ns = state.motion, moment.at_ns
    if was_standing is not None and (signs.moved or signs.shifted):
        course.add_pause(running, was_standing, moment, rules)
        if not signs.moved:  # the driver means to go on: standing in gear is a standstill of its own
            motion.standing_ns, motion.standing_record = at_ns, moment.record_id
        if running.late:
            course.catch_up(running, moment)
    elif was_standing is None and signs.gap_from_ns:
        running.silent_ns += at_ns - signs.gap_from_ns
        if len(running.gaps) < rows.MAX_GAPS:
            running.gaps.append((signs.gap_from_ns, at_ns))
    if motion.moving or signs.moved or at_ns <= motion.standing_ns + rules.settle_s * NS_PER_S:
        course.measure(running, moment, signs, motion, rules)
    else:
        running.late = running.late or ODOMETER in moment.changed or energies.concerns(moment)
        running.last_fences = moment.fences  # being inside is confirmed only after a while
    if motion.in_gear and not motion.moving and edges.stood(motion, at_ns, rules):
        return _finish(state, End(motion.standing_ns, motion.standing_record, "standstill"))
    return _stop_settled(state, running)


# -- starts ---------------------------------------------------------------------------------------------------------


def _driven_blindly(state: TripState, moment: Moment, signs: Signs, rules: TripRules) -> bool:
    """Whether place and odometer advanced together although no D and no speed came: a towed car's odometer rests."""
    motion, latest = state.motion, moment.latest
    if signs.from_place is None or not motion.left_ns or motion.left_m < rules.blind_start_m:
        return False
    if latest.values.get(SPEED) is not None and latest.since_ns[SPEED] >= motion.left_ns:
        return False
    km, before_km = course.held_odometer_km(moment), state.left_odometer_km
    if km is None or before_km is None or latest.since_ns[ODOMETER] <= motion.left_ns:
        return False
    return (km - before_km) * 1_000 >= motion.left_m / 2


def _set_off(state: TripState, moment: Moment, signs: Signs, rules: TripRules) -> Sequence[Episode]:
    """Begin a trip, dated back to the first sign where gear did not say it."""
    motion, latest = state.motion, moment.latest
    at_ns, record, place, behind_m = moment.at_ns, moment.record_id, motion.fix, 0.0
    dated_back = not signs.shifted and motion.left_ns and at_ns - motion.left_ns <= rules.motion.look_back_s * NS_PER_S
    if dated_back:
        at_ns, record, place, behind_m = motion.left_ns, motion.left_record, motion.left_place, motion.left_m
    way = Way(tail_m=behind_m, vertex=motion.fix, fix_ns=moment.at_ns, before_km=course.held_odometer_km(moment))
    odometer_ns = latest.since_ns.get(ODOMETER, 0)
    if way.before_km is not None and motion.standing_ns <= odometer_ns < moment.at_ns:
        way.odometer_km, way.odometer_ns = way.before_km, odometer_ns
        if odometer_ns >= at_ns:
            way.counted_m, way.tail_m = state.left_read_m, behind_m - state.left_read_m
    running = Running(
        id=episode_id(Trip.kind, "", rules.version, moment.vehicle_id, record),
        vehicle_id=moment.vehicle_id,
        rule_version=rules.version,
        started_at_ns=at_ns,
        first_record=record,
        by="gear" if signs.shifted or motion.in_gear else "speed" if signs.sets_off else "place",
        way=way,
        energy=energies.begin(latest),
        track=Track(at_ns),
        start_place=place,
        end_place=motion.fix,
        manoeuvre_m=rules.manoeuvre_m,
        start_fences=state.left_fences if dated_back else moment.fences,
        last_fences=moment.fences,
    )
    if place is not None:
        tracks.add(running.track, place, at_ns)
    if not signs.moved and signs.sets_off:
        motion.moving, motion.standing_ns, motion.standing_record = False, at_ns, record
    elif not signs.moved:
        motion.moving, motion.sign_ns, motion.sign_record = True, moment.at_ns, moment.record_id
    _forget_start(state)
    state.running, state.trip_id = running, running.id
    course.measure(running, moment, Signs(moved=signs.moved), motion, rules)
    if state.stop is not None:
        stops.close(state.stop, running.id, at_ns, record)
        stops.leave_from(state.stop, place, running.energy.soc_start_pct)
    return [rows.row(running, None)]


def _forget_start(state: TripState) -> None:
    forget_start(state.motion)
    state.left_odometer_km, state.left_fences, state.left_read_m = None, (), 0.0


def _stop_settled(state: TripState, running: Running) -> Sequence[Episode]:
    """Give the stop before as final once the trip is surely one, and the odometer had time to tell of unseen ways."""
    stop, way = state.stop, running.way
    if stop is None:
        return []
    metres = ways.length_m(way)
    if way.readings == 1 and not stop.unseen_m and state.odometer_km is not None and way.odometer_km is not None:
        gained_m = (way.odometer_km - state.odometer_km) * 1_000 - (metres - way.tail_m)
        stop.unseen_m = max(0.0, gained_m)
    if way.readings < 2 and metres < _STOP_SHOWN_M:
        return []
    stops.leave_from(stop, running.start_place, running.energy.soc_start_pct)
    if metres < 2 * running.manoeuvre_m:  # an odometer that comes later may take some of a path back
        return []
    state.stop, running.manoeuvre_m = None, 0.0
    return [stops.row(stop)]
