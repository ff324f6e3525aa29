"""Shapes on the map and what is wrong with one: circles, polygons with holes, corridors along a line.

Places are (latitude, longitude) in degrees, WGS84. An edge is straight in degrees, as GeoJSON (RFC 7946) defines it.
A fault names the ring and the point, counted from 1, so that an editor can point at it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, isfinite, radians
from typing import Final

import shapely

from motorcade.domain.errors import Invalid
from motorcade.domain.geodesy import Place

MAX_LATITUDE_DEG: Final = 85.0
"""The edge of the web map; nearer to a pole a degree of longitude shrinks to nothing and boxes lose their meaning."""
MAX_RING_POINTS: Final = 5_000
"""Of one ring: a state's border at a street's precision; more slows every check and helps nobody."""
MAX_SHAPE_POINTS: Final = 10_000
"""Of one shape in all its rings, so that a thousand holes are no way around the limit above."""
MAX_HOLES: Final = 100
"""Of one polygon; each pair of them is compared."""
MAX_PATH_POINTS: Final = 2_000
"""Of a corridor: a motorway across a country at 500 m a point."""
MAX_EXTENT_DEG: Final = 30.0
"""Between a shape's borders in either direction: the largest countries but two; beyond it a mistake is likelier."""
MIN_RADIUS_M: Final = 5.0
"""A receiver cannot tell a smaller circle from its own error."""
MAX_RADIUS_M: Final = 200_000.0
"""Larger areas are countries; those have borders, not radii."""
MIN_WIDTH_M: Final = 5.0
"""Of a corridor: one lane and the receiver's error."""
MAX_WIDTH_M: Final = 20_000.0
"""Of a corridor: wider ones are areas."""
METRES_PER_DEGREE: Final = 111_195.08
"""Of latitude, on the sphere of `geodesy.EARTH_RADIUS_M`."""

Ring = tuple[Place, ...]
"""A closed line: the last point repeats the first."""


class ShapeInvalid(Invalid):
    """A shape that cannot be a fence.

    Attributes:
        ring: 0 for the outline (or a path), 1 … for a hole, None where no ring is to blame.
        point: number of the offending point in its ring, from 1; of an edge, its first point.
        place: where, for an editor to show; never in the message, which may be logged.
    """

    def __init__(
        self, message: str, ring: int | None = None, point: int | None = None, place: Place | None = None
    ) -> None:
        super().__init__(message)
        self.ring, self.point, self.place = ring, point, place


@dataclass(frozen=True, slots=True)
class Circle:
    """Everything within a distance of a place."""

    centre: Place
    radius_m: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """An outline with holes; any direction of the rings."""

    outline: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class Corridor:
    """Everything within half a width of a line."""

    path: tuple[Place, ...]
    width_m: float


Shape = Circle | Polygon | Corridor


def check(shape: Shape) -> None:
    """See to it that a shape can be a fence.

    Raises:
        ShapeInvalid: it cannot; the message names the first fault by ring and point.
    """
    if isinstance(shape, Circle):
        _check_circle(shape)
    elif isinstance(shape, Corridor):
        _check_corridor(shape)
    else:
        _check_polygon(shape)


def _check_circle(shape: Circle) -> None:
    _check_place(shape.centre, "the centre", 0, 1)
    if not (isfinite(shape.radius_m) and MIN_RADIUS_M <= shape.radius_m <= MAX_RADIUS_M):
        raise ShapeInvalid(f"the radius must be {MIN_RADIUS_M:g} to {MAX_RADIUS_M:g} m")
    lat, lon = shape.centre
    reach_deg = shape.radius_m / METRES_PER_DEGREE
    if abs(lat) + reach_deg > MAX_LATITUDE_DEG:
        raise ShapeInvalid(f"the circle reaches beyond {MAX_LATITUDE_DEG:g} degrees of latitude", 0, 1, shape.centre)
    # At the circle's own top a degree of longitude is shortest; that bounds its width.
    if abs(lon) + reach_deg / cos(radians(abs(lat) + reach_deg)) > 180:
        raise ShapeInvalid("the circle crosses the antimeridian; make one on each side", 0, 1, shape.centre)


def _check_corridor(shape: Corridor) -> None:
    if not (isfinite(shape.width_m) and MIN_WIDTH_M <= shape.width_m <= MAX_WIDTH_M):
        raise ShapeInvalid(f"the width must be {MIN_WIDTH_M:g} to {MAX_WIDTH_M:g} m")
    if len(shape.path) < 2:
        raise ShapeInvalid("too few points: a corridor's line needs at least 2", 0, 1)
    if len(shape.path) > MAX_PATH_POINTS:
        raise ShapeInvalid(f"a corridor's line has at most {MAX_PATH_POINTS} points, this has {len(shape.path)}", 0)
    _check_points(shape.path, "the line", 0)
    _check_extent(shape.path)


def _check_polygon(shape: Polygon) -> None:
    if len(shape.holes) > MAX_HOLES:
        raise ShapeInvalid(f"a polygon has at most {MAX_HOLES} holes, this has {len(shape.holes)}")
    if sum(map(len, (shape.outline, *shape.holes))) > MAX_SHAPE_POINTS:
        raise ShapeInvalid(f"a polygon has at most {MAX_SHAPE_POINTS} points in all its rings")
    for number, ring in enumerate((shape.outline, *shape.holes)):
        _check_ring(ring, number)
    _check_extent(shape.outline)
    outline = shapely.Polygon(flipped(shape.outline))
    holes = [shapely.Polygon(flipped(hole)) for hole in shape.holes]
    for number, hole in enumerate(holes, 1):
        _check_hole(outline, hole, shape.holes[number - 1], number)
    for number, hole in enumerate(holes, 1):
        for other, one in enumerate(holes[: number - 1], 1):
            if shapely.intersects(hole, one) and not shapely.touches(hole, one):
                raise ShapeInvalid(f"holes {other} and {number} overlap", number)
    whole = shapely.Polygon(flipped(shape.outline), [flipped(hole) for hole in shape.holes])
    if not shapely.is_valid(whole):
        raise ShapeInvalid("the rings touch each other so that the inside falls apart")


def _check_ring(ring: Ring, number: int) -> None:
    name = ring_name(number)
    if len(ring) < 4:
        raise ShapeInvalid(f"too few points: {name} needs at least 4, the last repeating the first", number, len(ring))
    if len(ring) > MAX_RING_POINTS:
        raise ShapeInvalid(f"a ring has at most {MAX_RING_POINTS} points, {name} has {len(ring)}", number)
    _check_points(ring, name, number)
    if ring[0] != ring[-1]:
        raise ShapeInvalid(f"{name} is not closed: point {len(ring)} must repeat point 1", number, len(ring), ring[-1])
    seen: dict[Place, int] = {}
    for index, place in enumerate(ring[:-1], 1):
        if place in seen:
            raise ShapeInvalid(f"{name}: point {index} is the same as point {seen[place]}", number, index, place)
        seen[place] = index
    polygon = shapely.Polygon(flipped(ring))
    if shapely.convex_hull(polygon).area == 0:
        raise ShapeInvalid(f"{name} encloses no area", number)
    if not shapely.is_valid(polygon):
        _raise_crossing(ring, number, str(shapely.is_valid_reason(polygon)))


def _check_points(points: Sequence[Place], name: str, ring: int) -> None:
    """Range, repeated neighbours and jumps over the antimeridian."""
    before: Place | None = None
    for index, place in enumerate(points, 1):
        _check_place(place, f"{name}, point {index}", ring, index)
        if before is not None:
            if place == before:
                raise ShapeInvalid(f"{name}: point {index} repeats point {index - 1}", ring, index, place)
            if abs(place[1] - before[1]) > 180:
                raise ShapeInvalid(
                    f"{name} crosses the antimeridian between points {index - 1} and {index}; "
                    "make one shape on each side",
                    ring,
                    index - 1,
                    before,
                )
        before = place


def _check_place(place: Place, name: str, ring: int, point: int) -> None:
    lat, lon = place
    if not (isfinite(lat) and isfinite(lon)):
        raise ShapeInvalid(f"{name} is no number", ring, point)
    if abs(lat) > 90 or abs(lon) > 180:
        swapped = ": latitude and longitude may be swapped" if abs(lat) > 90 >= abs(lon) else ""
        raise ShapeInvalid(f"{name} is out of range{swapped}", ring, point)
    if abs(lat) > MAX_LATITUDE_DEG:
        raise ShapeInvalid(f"{name} lies beyond {MAX_LATITUDE_DEG:g} degrees of latitude", ring, point, place)


def _check_extent(points: Sequence[Place]) -> None:
    for axis, word in enumerate(("latitude", "longitude")):
        values = [place[axis] for place in points]
        if max(values) - min(values) > MAX_EXTENT_DEG:
            raise ShapeInvalid(f"the shape spans more than {MAX_EXTENT_DEG:g} degrees of {word}", 0)


def _check_hole(outline: shapely.Polygon, hole: shapely.Polygon, ring: Ring, number: int) -> None:
    if shapely.covers(outline, hole):
        return
    for index, (lat, lon) in enumerate(ring, 1):
        if not shapely.intersects_xy(outline, lon, lat):
            raise ShapeInvalid(
                f"hole {number} lies outside the outline at its point {index}", number, index, (lat, lon)
            )
    raise ShapeInvalid(f"hole {number} crosses the outline", number)


def _raise_crossing(ring: Ring, number: int, reason: str) -> None:
    """Name the two edges that meet where they must not; the geometry engine only tells the place."""
    name = ring_name(number)
    if "[" not in reason:
        raise ShapeInvalid(f"{name} is no simple ring", number)
    lon, lat = (float(word) for word in reason[reason.index("[") + 1 : reason.index("]")].split()[:2])
    edges = [shapely.LineString(flipped(ring[at : at + 2])) for at in range(len(ring) - 1)]
    gaps = [float(shapely.distance(edge, shapely.Point(lon, lat))) for edge in edges]
    first, second = sorted(sorted(range(len(edges)), key=gaps.__getitem__)[:2])
    raise ShapeInvalid(
        f"{name} crosses itself: the edge from point {first + 1} to {first + 2} meets the edge "
        f"from point {second + 1} to {second + 2}",
        number,
        first + 1,
        (lat, lon),
    )


def ring_name(number: int) -> str:
    """How people are told of a ring."""
    return "the outline" if number == 0 else f"hole {number}"


def flipped(points: Sequence[Place]) -> list[tuple[float, float]]:
    """Places as (longitude, latitude), which is x and y for geometry."""
    return [(lon, lat) for lat, lon in points]
