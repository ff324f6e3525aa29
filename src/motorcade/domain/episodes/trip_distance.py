"""How far a trip went: the odometer between its readings, and the path at both edges.

A car reports its odometer every tenth of a mile or once a minute, so odometer alone misses up to that much at either
edge; a path of fixes cuts every corner. Each is right where the other is not.
"""

from dataclasses import dataclass, field
from math import cos, hypot, radians
from typing import Final

from motorcade.domain.geodesy import EARTH_RADIUS_M, Place
from motorcade.domain.record import NS_PER_S

STEP_M: Final = 5.0
"""Fixes closer than this to the last point of the path are its noise."""
STRAY_M: Final = 20.0
ROLLS_MS: Final = 40.0
"""A car that stands since the last fix may have gone on by so much: its error, and so fast until it stood."""
FASTEST_MS: Final = 84.0
"""No odometer of ours advances faster (300 km/h) …"""
LEAP_M: Final = 1_000.0
"""… but for what one late reading may hold back."""
BRIDGE_S: Final = 30
"""A speed is held this long where there is no fix; longer it says nothing."""
UNSEEN_SHARE: Final = 1.5
UNSEEN_M: Final = 500.0
"""An odometer that gained more since the car was parked than 1.5 times the path and this was driven unseen."""


@dataclass(slots=True)
class Way:
    """Metres of a running trip.

    Attributes:
        counted_m: up to the last odometer reading.
        tail_m: path since that reading.
        closing_m: from the path's last point to where the car stands now.
        blind_m: speed by time while there was no fix at all.
        vertex: last point of the path, None before the first fix.
        fix_ns: when the last fix of the moving car was measured.
        speed_ms: last speed.
        speed_ns: since when it is counted.
        odometer_km: last odometer reading, None before the first.
        odometer_ns: when it was read.
        before_km: what it showed before the trip, at its last reading.
        readings: how many there were inside the trip.
        at_rest: whether it was read since the car stands; then no path is missing.
        faults: what was wrong with them, as stable words, each once.
    """

    counted_m: float = 0.0
    tail_m: float = 0.0
    closing_m: float = 0.0
    blind_m: float = 0.0
    vertex: Place | None = None
    fix_ns: int = 0
    speed_ms: float = 0.0
    speed_ns: int = 0
    odometer_km: float | None = None
    odometer_ns: int = 0
    before_km: float | None = None
    readings: int = 0
    at_rest: bool = False
    faults: list[str] = field(default_factory=list)


_METRES_PER_DEGREE: Final = radians(EARTH_RADIUS_M)


def step_m(one: Place, other: Place) -> float:
    """Distance of two places near each other, as on a plane: a third of the cost, and right to 0.01 % over 20 km."""
    latitude, longitude = one
    north, east = other[0] - latitude, other[1] - longitude
    if not -180.0 < east < 180.0:
        east -= 360.0 if east > 0 else -360.0
    return _METRES_PER_DEGREE * hypot(north, east * cos(radians(latitude + north / 2)))


def length_m(way: Way) -> float:
    """Length of the trip as far as it is known."""
    if way.vertex is None and way.readings and way.before_km is not None and way.odometer_km is not None:
        return max(0.0, way.odometer_km - way.before_km) * 1_000  # no path at all: at worst a tenth of a mile too long
    # A tail below nothing is what the odometer was ahead of the last fix; the next fix takes it back.
    return way.counted_m + max(0.0, way.tail_m + way.closing_m) + way.blind_m


def hold_speed(way: Way, speed_kmh: float | None, at_ns: int) -> None:
    """Take a new speed, None = unknown: the one before held until now."""
    if way.vertex is None:
        way.blind_m += way.speed_ms * min(at_ns - way.speed_ns, BRIDGE_S * NS_PER_S) / NS_PER_S
    way.speed_ms, way.speed_ns = (speed_kmh or 0.0) / 3.6, at_ns


def reach(way: Way, fix: Place, at_ns: int, *, standing_ns: int | None, leapt: bool) -> bool:
    """Go on to a fix.

    Args:
        way: changed in place.
        fix: where the car is now.
        at_ns: when.
        standing_ns: since when it stands, None while it moves.
        leapt: no car could drive there, so nothing is known of the way.

    Returns:
        Whether the car is there; a receiver that loses the sky strays.
    """
    if way.vertex is None or leapt:
        way.tail_m += way.blind_m + way.closing_m
        way.blind_m = way.closing_m = 0.0
        way.vertex = fix
        way.fix_ns = at_ns
        if leapt:
            blame(way, "location_jump")
        return True
    metres = step_m(way.vertex, fix)
    if standing_ns is not None:
        if metres > STRAY_M + ROLLS_MS * max(0, standing_ns - way.fix_ns) / NS_PER_S:
            return False
        way.closing_m = metres if metres >= STEP_M and not way.at_rest else 0.0
        return True
    way.fix_ns = at_ns
    if metres >= STEP_M:
        way.tail_m += metres
        way.vertex, way.closing_m, way.at_rest = fix, 0.0, False
    return True


def read_odometer(way: Way, km: float, at_ns: int, *, moving: bool) -> None:
    """Take an odometer reading of inside the trip, or of up to the settling time after it."""
    ahead_m = 0.0  # how far the car has gone since its last fix
    if moving and way.vertex is not None:
        ahead_m = way.speed_ms * min(at_ns - way.fix_ns, BRIDGE_S * NS_PER_S) / NS_PER_S
    path_m = way.tail_m + way.closing_m + way.blind_m + ahead_m
    way.counted_m += path_m if way.odometer_km is None else _gained_m(way, km, at_ns, path_m)
    way.tail_m, way.closing_m, way.blind_m = -ahead_m, 0.0, 0.0
    way.odometer_km, way.odometer_ns = km, at_ns
    way.readings += 1
    way.at_rest = not moving


def _gained_m(way: Way, km: float, at_ns: int, path_m: float) -> float:
    """Metres since the last reading: by the odometer, by the path where it cannot be right."""
    assert way.odometer_km is not None, "the caller looked"
    gained_m = (km - way.odometer_km) * 1_000
    if gained_m < 0:
        blame(way, "odometer_backwards")
        return max(0.0, path_m)
    if not way.readings:
        if gained_m > path_m * UNSEEN_SHARE + UNSEEN_M:
            return path_m
        return gained_m
    if gained_m > LEAP_M + FASTEST_MS * (at_ns - way.odometer_ns) / NS_PER_S:
        blame(way, "odometer_jump")
        return max(0.0, path_m)
    return gained_m


def blame(way: Way, fault: str) -> None:
    """Remember what was wrong."""
    if fault not in way.faults:
        way.faults.append(fault)
