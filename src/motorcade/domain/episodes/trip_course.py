"""What a running trip takes in of each record."""

from typing import Final

from motorcade.domain.episodes import track as tracks
from motorcade.domain.episodes import trip_distance as ways
from motorcade.domain.episodes import trip_energy as energies
from motorcade.domain.episodes import trip_row as rows
from motorcade.domain.episodes.moment import Moment
from motorcade.domain.episodes.track import Track
from motorcade.domain.episodes.trip_edges import TripRules
from motorcade.domain.episodes.trip_motion import SPEED, Motion, Signs
from motorcade.domain.episodes.trip_row import Pause, Running
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name

ODOMETER: Final = by_name("odometer_km").number


def held_odometer_km(moment: Moment) -> float | None:
    """What the odometer showed last."""
    return moment.latest.number(ODOMETER)


def measure(running: Running, moment: Moment, signs: Signs, motion: Motion, rules: TripRules) -> None:
    """Take the readings of a record that counts."""
    way, changed, at_ns = running.way, moment.changed, moment.at_ns
    # A movement that nothing confirms any more may have ended with its last sign; what strays then is no way.
    moving = signs.moved or (motion.moving and at_ns - motion.sign_ns <= rules.motion.sign_s * NS_PER_S)
    if SPEED in changed:
        speed_kmh = moment.latest.number(SPEED)
        ways.hold_speed(way, speed_kmh, at_ns)
        if speed_kmh is not None and signs.moved and speed_kmh <= rules.motion.fastest_kmh:
            running.top_kmh = max(running.top_kmh or 0.0, speed_kmh)
    if signs.fix is not None:
        if signs.leapt and ways.length_m(way) < rules.manoeuvre_m:  # it began here, and its last place was another
            running.start_place = signs.fix
            running.track = Track(running.started_at_ns)
        stood_ns = motion.sign_ns if motion.moving else motion.standing_ns
        if ways.reach(way, signs.fix, at_ns, standing_ns=None if moving else stood_ns, leapt=signs.leapt):
            running.end_place = signs.fix
            tracks.add(running.track, signs.fix, at_ns)
    if ODOMETER in changed:
        km = moment.latest.number(ODOMETER)
        if km is not None:
            ways.read_odometer(way, km, at_ns, moving=moving and motion.moving)
    if energies.concerns(moment):
        energies.update(running.energy, moment.latest)
    running.last_fences = moment.fences


def catch_up(running: Running, moment: Moment) -> None:
    """Take in what came while the car stood for longer than the settling time: the trip goes on, so it counts."""
    running.late = False
    energies.update(running.energy, moment.latest)
    km = held_odometer_km(moment)
    since_ns = moment.latest.since_ns.get(ODOMETER, 0)
    if km is not None and since_ns > running.way.odometer_ns and ODOMETER not in moment.changed:
        ways.read_odometer(running.way, km, since_ns, moving=False)


def add_pause(running: Running, standing: tuple[int, str], moment: Moment, rules: TripRules) -> None:
    """List a standstill that ends with this record.

    Args:
        running: changed in place.
        standing: since when the car stood, and in which gear.
        moment: the record.
        rules: how long is worth listing.
    """
    began_ns, gear = standing
    began_ns = max(began_ns, running.started_at_ns)
    lasted_ns = moment.at_ns - began_ns
    if lasted_ns < rules.pause_listed_s * NS_PER_S:
        return
    running.pause_count += 1
    running.paused_ns += lasted_ns
    if len(running.pauses) < rows.MAX_PAUSES:
        running.pauses.append(Pause(began_ns, moment.at_ns, running.end_place, running.last_fences, gear))
