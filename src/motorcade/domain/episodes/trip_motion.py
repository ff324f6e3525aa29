"""Does the car stand, move, or set off: judged from gear, speed and place together, since each of them gets lost.

- Gear: `invalid` is no edge; the last known gear counts. A speed above the starting speed disproves a P.
- Speed: below the standstill speed, invalid or empty means standing. A creeping value that never changes again is the
  last one before parking, and so is any value that nothing has confirmed for long.
- Place: a fix farther from the anchor than receivers stray, and one that goes on from it, are movement where the speed
  is silent, unless the gear says P (a tow truck). A fix that no car could have reached is kept apart until a second one
  confirms it.
"""

from dataclasses import dataclass
from typing import Final

from motorcade.domain.episodes.moment import Moment
from motorcade.domain.episodes.trip_distance import step_m
from motorcade.domain.geodesy import Place
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name

GEAR: Final = by_name("gear").number
SPEED: Final = by_name("speed_kmh").number
LOCATION: Final = by_name("location").number
ACCURACY: Final = by_name("gps_accuracy_m").number

_DRIVING: Final = frozenset("DR")
_IN_GEAR: Final = frozenset("DRN")
_GEARS: Final = frozenset("PDRN")
_NOWHERE: Final = (0.0, 0.0)
"""What receivers say before their first fix; it lies in the sea."""
_MS_PER_KMH: Final = 1 / 3.6


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionRules:
    """Figures that tell standing from moving.

    Attributes:
        start_speed_kmh: above it a car drives whatever its gear says; parked cars report small speeds.
        standstill_kmh: below it a car stands (1 mph).
        stray_m: how far fixes of a standing car stray; farther is movement. Twice the stated accuracy where larger.
        progress_m: a fix that strayed stays where it is or comes back; one that goes on by so much is movement.
        fastest_kmh: no car covers ground faster; a fix that would need more is not believed alone.
        leap_m: what a fix may be off besides, e.g. after an underground car park.
        gap_s: no word for longer is a gap.
        late_word_s: a driving speed this soon after a P was said before it: resent records come under a new time.
        sign_s: without a sign of movement for longer, fixes that differ are taken for straying ones.
        still_s: a movement is a left-over when no speed and no place has confirmed it for this long.
        cruise_s: the same for a driving speed of a car without places: a steady cruise repeats its value.
        look_back_s: how far before its proof a start may be dated, to the first sign of it.
    """

    start_speed_kmh: float = 8.0
    standstill_kmh: float = 1.6
    stray_m: float = 50.0
    progress_m: float = 20.0
    fastest_kmh: float = 300.0
    leap_m: float = 200.0
    gap_s: int = 60
    late_word_s: int = 10
    sign_s: int = 15
    still_s: int = 300
    cruise_s: int = 900
    look_back_s: int = 90


@dataclass(slots=True)
class Motion:
    """What is known of the movement after the last record. Times in ns, 0 = never.

    Attributes:
        gear: last known gear, "" where there is none or a speed has disproved it.
        closed: whether its last connection was closed.
        in_gear: whether the driver has it in D, R or N; not so while it sleeps.
        heard_ns: when it last said anything new.
        heard_record: in which record.
        parked_ns: when the gear last went to P.
        still_ns: the first word that shows no movement a while after the last sign; a long silence shows nothing.
        moving: whether it moves.
        creeping: whether the last speed is below the starting speed.
        standing_ns: since when it stands (while it does).
        standing_record: with which record that began.
        sign_ns: the last sign of movement.
        sign_record: its record.
        anchor: the place from which displacement counts.
        drift: the first fix far from it, while the car stands: one that only strays does not go on from there.
        fix: the last believed place.
        fix_ns: when it was measured.
        odd_fix: a place that could not be believed.
        left_ns: first sign of a start that is not proved yet.
        left_record: its record.
        left_place: where the car stood before it.
        left_m: length of the way since.
    """

    gear: str = ""
    closed: bool = False
    in_gear: bool = False
    heard_ns: int = 0
    heard_record: bytes = b""
    parked_ns: int = 0
    still_ns: int = 0
    moving: bool = False
    creeping: bool = True
    standing_ns: int = 0
    standing_record: bytes = b""
    sign_ns: int = 0
    sign_record: bytes = b""
    anchor: Place | None = None
    drift: Place | None = None
    fix: Place | None = None
    fix_ns: int = 0
    odd_fix: Place | None = None
    left_ns: int = 0
    left_record: bytes = b""
    left_place: Place | None = None
    left_m: float = 0.0


@dataclass(slots=True)
class Signs:
    """What one record showed.

    Attributes:
        sets_off: proof that a trip begins, where none runs.
        moved: a sign of movement.
        shifted: the gear went from P to D or R.
        parked: the gear went to P.
        fix: a new believed place.
        way_m: distance of it from the one before.
        off_m: distance of it from the anchor.
        from_place: the anchor that it left behind, where it is farther than fixes stray.
        leapt: that place was reached by no way a car can drive.
        gap_from_ns: the last word before the gap that ended with this record, 0 if there was none.
        gap_record: the record of that word.
    """

    sets_off: bool = False
    moved: bool = False
    shifted: bool = False
    parked: bool = False
    fix: Place | None = None
    way_m: float = 0.0
    off_m: float = 0.0
    from_place: Place | None = None
    leapt: bool = False
    gap_from_ns: int = 0
    gap_record: bytes = b""


def observe(motion: Motion, moment: Moment, rules: MotionRules, *, running: bool) -> Signs:
    """Take a record in that says something new.

    Args:
        motion: changed in place.
        moment: the record.
        rules: the figures.
        running: whether a trip runs: then a change of place is movement, else it may be a start.
    """
    signs = Signs()
    at_ns, changed = moment.at_ns, moment.changed
    if moment.presence is not None:
        motion.closed = not moment.presence
    heard_ns, heard_record = motion.heard_ns, motion.heard_record
    if changed:
        if heard_ns and at_ns - heard_ns > rules.gap_s * NS_PER_S:
            signs.gap_from_ns, signs.gap_record = heard_ns, heard_record
        motion.heard_ns, motion.heard_record = at_ns, moment.record_id
    displaced = LOCATION in changed and _place(motion, moment, rules, signs, silent_ns=at_ns - heard_ns)
    if GEAR in changed:
        _shift(motion, moment, signs)
    stopped = signs.parked
    if SPEED in changed and not signs.parked:
        stopped = _speed(motion, moment, rules, signs)
    if displaced and running and _may_drive(motion, moment):
        signs.moved = True
    if signs.moved:
        motion.sign_ns, motion.sign_record, motion.still_ns = at_ns, moment.record_id, 0
        motion.moving = True
    if stopped and motion.moving:
        # With no sign of movement for a while it stood before it said so, unless it has no places to show movement by.
        unsure = motion.fix is None and not motion.creeping and not signs.gap_from_ns
        if at_ns - motion.sign_ns > rules.gap_s * NS_PER_S and not displaced and not unsure:
            _stand(motion, motion.sign_ns, motion.sign_record)
        else:
            _stand(motion, at_ns, moment.record_id)
    elif displaced and signs.moved and _slow(moment, rules):
        _stand(motion, at_ns, moment.record_id)  # it moved until now; its speed says that it does not any more
    _doubt(motion, moment, rules, silent_ns=at_ns - heard_ns)
    _sleep(motion, moment)
    if not running:
        _leave(motion, moment, rules, signs, stopped=stopped)
    return signs


def _stand(motion: Motion, at_ns: int, record: bytes) -> None:
    motion.moving, motion.still_ns = False, 0
    motion.standing_ns, motion.standing_record = at_ns, record
    motion.anchor = motion.fix  # while it moved, the anchor trailed behind


def _may_drive(motion: Motion, moment: Moment) -> bool:
    """Whether a change of place can be driving: not in P, and not where the car says that it has no speed."""
    if motion.gear in _IN_GEAR:
        return True
    values = moment.latest.values
    return motion.gear != "P" and not (SPEED in values and values[SPEED] is None)


def _slow(moment: Moment, rules: MotionRules) -> bool:
    speed = moment.latest.number(SPEED)
    return speed is None or speed < rules.standstill_kmh


def _shift(motion: Motion, moment: Moment, signs: Signs) -> None:
    gear = moment.latest.text(GEAR)
    if gear not in _GEARS or gear == motion.gear:
        return
    signs.parked = gear == "P"
    signs.shifted = gear in _DRIVING and motion.gear not in _IN_GEAR
    motion.gear = gear or ""
    if signs.parked:
        motion.parked_ns = moment.at_ns


def _speed(motion: Motion, moment: Moment, rules: MotionRules, signs: Signs) -> bool:
    """Take a new speed in; whether it says standing."""
    speed = moment.latest.number(SPEED)
    motion.creeping = speed is None or speed <= rules.start_speed_kmh
    if speed is None or speed < rules.standstill_kmh:
        return True
    if speed > rules.start_speed_kmh:
        if motion.gear == "P" and moment.at_ns - motion.parked_ns < rules.late_word_s * NS_PER_S:
            return False
        signs.sets_off = signs.moved = True
        if motion.gear == "P":
            motion.gear = ""
        return False
    if motion.gear == "P":
        return False
    signs.moved = True
    signs.sets_off = signs.sets_off or motion.in_gear
    return False


def _place(motion: Motion, moment: Moment, rules: MotionRules, signs: Signs, *, silent_ns: int) -> bool:
    """Take a new place in; whether the car is elsewhere than before."""
    place = moment.latest.place(LOCATION)
    if place is None or place == _NOWHERE:
        return False
    # A standing car sends no fixes, so the time since the last one is no excuse for a leap, unless it was silent.
    silent_ns = max(silent_ns, rules.gap_s * NS_PER_S)
    way_m = 0.0 if motion.fix is None else step_m(motion.fix, place)
    if not _reachable(way_m, min(moment.at_ns - motion.fix_ns, silent_ns), rules):
        if motion.odd_fix is None or step_m(motion.odd_fix, place) > rules.leap_m:
            motion.odd_fix = place
            return False
        signs.leapt = True
    motion.fix, motion.fix_ns, motion.odd_fix = place, moment.at_ns, None
    signs.fix, signs.way_m = place, way_m
    if motion.anchor is None:
        motion.anchor = place
        return False
    accuracy_m = moment.latest.number(ACCURACY) or 0.0
    signs.off_m = step_m(motion.anchor, place)
    if signs.off_m <= max(rules.stray_m, 2 * accuracy_m):
        motion.drift = None
        return False
    if not motion.moving and (motion.drift is None or step_m(motion.drift, place) < rules.progress_m):
        motion.drift = motion.drift or place
        return False
    signs.from_place, motion.anchor, motion.drift = motion.anchor, place, None
    return True


def _reachable(way_m: float, passed_ns: int, rules: MotionRules) -> bool:
    """Whether a car could drive so far in a time."""
    return way_m <= rules.leap_m + passed_ns / NS_PER_S * rules.fastest_kmh * _MS_PER_KMH


def _doubt(motion: Motion, moment: Moment, rules: MotionRules, *, silent_ns: int) -> None:
    """Note since when nothing moves; a movement that nothing has confirmed for long has ended with its last sign."""
    at_ns, last_ns = moment.at_ns, max(motion.sign_ns, motion.standing_ns)
    if not moment.changed:
        return
    still_first = not motion.still_ns and at_ns - last_ns >= rules.gap_s * NS_PER_S
    if still_first or silent_ns > rules.still_s * NS_PER_S:
        motion.still_ns = at_ns
    if motion.moving and is_still(motion, at_ns, rules):
        limit_s = rules.still_s if motion.creeping or motion.fix is not None else rules.cruise_s
        if at_ns - motion.sign_ns >= limit_s * NS_PER_S:
            _stand(motion, motion.sign_ns, motion.sign_record)


def is_still(motion: Motion, at_ns: int, rules: MotionRules) -> bool:
    """Whether its words have shown no movement for a while: a car that moves says so within that time."""
    return motion.still_ns != 0 and at_ns - motion.still_ns >= rules.gap_s * NS_PER_S


def _sleep(motion: Motion, moment: Moment) -> None:
    """A car that closed its connection and knows neither gear nor speed sleeps: its D was left over."""
    latest = moment.latest
    asleep = motion.closed and (latest.values.get(GEAR) is None or latest.values.get(SPEED) is None)
    motion.in_gear = motion.gear in _IN_GEAR and not asleep
    if asleep and motion.moving:
        _stand(motion, motion.sign_ns, motion.sign_record)


def _awakes(moment: Moment, rules: MotionRules) -> bool:
    """Whether the speed became known, or more than standstill: the first that shows of a start whose D got lost."""
    if SPEED not in moment.changed:
        return False
    speed = moment.latest.number(SPEED)
    return speed is not None and (speed >= rules.standstill_kmh or moment.changed[SPEED] is None)


def _leave(motion: Motion, moment: Moment, rules: MotionRules, signs: Signs, *, stopped: bool) -> None:
    """Remember the first sign of a start, so that one proved later is dated back to it."""
    signs.sets_off = signs.sets_off or signs.shifted
    at_ns = moment.at_ns
    began_ns = motion.left_ns
    # After a gap or a leap the car is elsewhere, but how it came there was not seen.
    seen = signs.from_place is not None and not signs.gap_from_ns and not signs.leapt
    if seen or _awakes(moment, rules):
        if not began_ns or at_ns - began_ns > rules.look_back_s * NS_PER_S:
            motion.left_ns, motion.left_record = at_ns, moment.record_id
            motion.left_place = signs.from_place if seen else motion.fix
            motion.left_m = signs.off_m if seen else 0.0
            return
    elif stopped:
        forget_start(motion)
        return
    if began_ns and not signs.leapt:
        motion.left_m += signs.way_m


def forget_start(motion: Motion) -> None:
    """Suspect no start any more; nothing of it stays, so that states which mean the same are the same."""
    motion.left_ns, motion.left_record, motion.left_place, motion.left_m = 0, b"", None, 0.0
