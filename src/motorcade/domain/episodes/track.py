"""The way on the map: a bounded list of points that lies within a tolerance of every fix.

While a trip runs, a sleeve thins the fixes in constant time each: a fix is kept when the straight line past it would
leave the tolerance of one before. When the list is full, the tolerance doubles and the list is thinned again. A
finished trip's points are thinned once more by the halving of Douglas and Peucker. The full fixes stay in the archive.
"""

from dataclasses import dataclass
from math import asin, atan2, cos, hypot, pi, radians
from struct import Struct
from typing import Final, NamedTuple

from motorcade.domain.geodesy import Place
from motorcade.domain.record import NS_PER_S

LIMIT: Final = 256
"""Points that a running trip remembers: 3 kB of its vehicle's state."""
ROW_LIMIT: Final = 200
"""Points in a row: finer than a list's map can show."""
TOLERANCE_M: Final = 8.0
"""Where it begins: a lane and a receiver's error."""
FINE_M: Final = 1.0
"""Fixes closer than this to the last kept point have no direction."""

_POINT: Final = Struct("<Iii")  # s after the track's begin, latitude and longitude in 1e-7 degrees
_SCALE: Final = 1e7
_METRES_PER_DEGREE: Final = 111_195.0
_UNIT_M: Final = _METRES_PER_DEGREE / _SCALE
_UNIT_RAD: Final = radians(1.0) / _SCALE
_LAST_S: Final = 0xFFFF_FFFF


class Point(NamedTuple):
    """Where the car was, and when (seconds after the track's begin)."""

    after_s: int
    latitude: float
    longitude: float


@dataclass(slots=True)
class Track:
    """Points of a running trip.

    Attributes:
        begin_ns: what the points' times count from.
        points: the kept ones, 12 bytes each.
        corner: latitude and longitude of the last kept one, in 1e-7 degrees.
        tolerance_m: how far a fix may lie off.
        tip: the newest fix, which is no kept point yet; of 0 or 12 bytes.
        tip_m: how far that is from the last kept point.
        low_rad: the sleeve: directions from the last kept point …
        high_rad: … that come near enough to all fixes since.
    """

    begin_ns: int
    points: bytes = b""
    corner: tuple[int, int] = (0, 0)
    tolerance_m: float = TOLERANCE_M
    tip: bytes = b""
    tip_m: float = 0.0
    low_rad: float = -pi
    high_rad: float = pi


def unpack(points: bytes) -> list[Point]:
    """The points of a track, of a running one or of a row."""
    return [Point(after_s, lat / _SCALE, lon / _SCALE) for after_s, lat, lon in _POINT.iter_unpack(points)]


def add(track: Track, fix: Place, at_ns: int) -> None:
    """Take a fix, not earlier than the one before."""
    after_s = min(_LAST_S, max(0, (at_ns - track.begin_ns) // NS_PER_S))
    _take(track, after_s, round(fix[0] * _SCALE), round(fix[1] * _SCALE))
    if len(track.points) >= LIMIT * _POINT.size:
        _thin(track)


def row_points(track: Track) -> bytes:
    """What a finished trip's row holds: at most `ROW_LIMIT` points."""
    points = unpack(track.points + track.tip)
    tolerance_m = track.tolerance_m
    kept = douglas_peucker(points, tolerance_m)
    while len(kept) > ROW_LIMIT:
        tolerance_m *= 2
        kept = douglas_peucker(points, tolerance_m)
    return b"".join(_POINT.pack(one.after_s, round(one[1] * _SCALE), round(one[2] * _SCALE)) for one in kept)


def _take(track: Track, after_s: int, lat: int, lon: int) -> None:
    if not track.points:
        track.points = _POINT.pack(after_s, lat, lon)
        track.corner = (lat, lon)
        return
    lat_0, lon_0 = track.corner
    north, east = (lat - lat_0) * _UNIT_M, (lon - lon_0) * _UNIT_M * cos(lat_0 * _UNIT_RAD)
    far = hypot(north, east)
    if far < FINE_M:
        return
    bearing = atan2(east, north)
    if track.tip:
        middle = (track.low_rad + track.high_rad) / 2
        off = (bearing - middle + pi) % (2 * pi) - pi
        turned_back = far < track.tip_m - track.tolerance_m
        if turned_back or abs(off) > (track.high_rad - track.low_rad) / 2:
            _turn(track)
            _take(track, after_s, lat, lon)
            return
        bearing = middle + off
    if not track.tip:
        width = asin(min(1.0, track.tolerance_m / far))
        track.low_rad, track.high_rad = bearing - width, bearing + width
    elif far > track.tolerance_m:
        width = asin(track.tolerance_m / far)
        track.low_rad, track.high_rad = max(track.low_rad, bearing - width), min(track.high_rad, bearing + width)
    track.tip, track.tip_m = _POINT.pack(after_s, lat, lon), far


def _turn(track: Track) -> None:
    """The newest fix becomes a kept point, from which a new sleeve begins."""
    track.points += track.tip
    _, *corner = _POINT.unpack(track.tip)
    track.corner = (corner[0], corner[1])
    track.tip, track.low_rad, track.high_rad = b"", -pi, pi


def _thin(track: Track) -> None:
    """Double the tolerance until half the places are free again."""
    while len(track.points) > LIMIT // 2 * _POINT.size:
        track.tolerance_m *= 2
        packed, track.points = track.points + track.tip, b""
        track.tip, track.low_rad, track.high_rad = b"", -pi, pi
        for after_s, lat, lon in _POINT.iter_unpack(packed):
            _take(track, after_s, lat, lon)


def douglas_peucker(points: list[Point], tolerance_m: float) -> list[Point]:
    """The fewest of the points, chosen by halving, such that none lies farther than the tolerance from the line."""
    if len(points) < 3:
        return points
    scale = cos(radians(points[0].latitude))
    flat = [(one.longitude * scale * _METRES_PER_DEGREE, one.latitude * _METRES_PER_DEGREE) for one in points]
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        farthest, off = _farthest(flat, first, last)
        if off > tolerance_m:
            keep.add(farthest)
            spans += [(first, farthest), (farthest, last)]
    return [points[index] for index in sorted(keep)]


def _farthest(flat: list[tuple[float, float]], first: int, last: int) -> tuple[int, float]:
    """Which point between two lies farthest from the line between them, and how far (m)."""
    (x_0, y_0), (x_1, y_1) = flat[first], flat[last]
    x_line, y_line = x_1 - x_0, y_1 - y_0
    square = x_line * x_line + y_line * y_line
    farthest, most = first, -1.0
    for index in range(first + 1, last):
        x, y = flat[index][0] - x_0, flat[index][1] - y_0
        share = 0.0 if square == 0 else max(0.0, min(1.0, (x * x_line + y * y_line) / square))
        off = hypot(x - share * x_line, y - share * y_line)
        if off > most:
            farthest, most = index, off
    return farthest, most
