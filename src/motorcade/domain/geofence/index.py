"""The index that says in about a microsecond which of thousands of fences hold a place.

The land is cut into cells. The first car in a cell asks a tree of all fences for those that matter there; most cells
lie wholly inside of some and outside of all others, and are answered at once ever after. Only where a border runs
through the cell a place is compared with those few fences. Far from every fence a car is not looked up again before it
has driven as far as the nearest is away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import cos, radians
from threading import Lock
from typing import Any, Final, NamedTuple

import shapely

from motorcade.domain.errors import Invalid
from motorcade.domain.geodesy import Place, distance_m
from motorcade.domain.geofence.fence import MAX_FENCES, Fence, VisitRules
from motorcade.domain.geofence.shape import METRES_PER_DEGREE, Circle, Corridor, Polygon, Shape, flipped

CELL_DEG: Final = 0.0014
"""A cell is some 160 m high and 160 m (equator) to 80 m (60 degrees) wide: a few seconds of a drive, a few borders."""
MAX_CELLS: Final = 100_000
"""Cells kept, then all are forgotten: those of the roads of a city, most of them a hundred bytes."""
MAX_CARS: Final = 50_000
"""Cars far from every fence that are remembered, then all are forgotten."""
FREE_MAX_M: Final = 10_000.0
"""How far a car may drive unasked, however far the next fence is: distances in a plane hold that far."""
SAFETY: Final = 0.97
"""Share of a free distance that is used: a plane errs by less than 3 % over `FREE_MAX_M`."""
FLAT_DEG: Final = 0.05
"""A shape no higher than that (5.6 km) fits a plane: at 60 degrees a degree of longitude changes by 0.1 % in it."""
FLAT_POINTS: Final = 300
"""A border with more is cut to what is near before it is measured."""
GROWN: Final = 1.001
"""By how much what is asked of the tree is larger than needed, so that no rounding hides a border."""


class _Cell(NamedTuple):
    """What matters in one cell."""

    within: tuple[Fence, ...]  # hold all of it
    polygons: tuple[Fence, ...]  # whose border runs through it
    areas: Any  # those polygons, prepared, as an array for shapely's functions
    others: tuple[Fence, ...]  # circles and corridors near
    free_m: float  # how far from any fence it is, 0 where any is near


class _Free(NamedTuple):
    """No fence is within a distance of a place."""

    place: Place
    lon_m: float
    free_m2: float


class _Drawn(NamedTuple):
    """A fence as geometry, in degrees."""

    line: shapely.Geometry  # a polygon's border or a corridor's line
    flat: shapely.Geometry | None  # the same in metres about `origin`, of small ones
    origin: Place
    lon_m: float
    area: shapely.Geometry  # a polygon's, prepared
    deep_m: float  # so deep inside lies some place of it surely


@dataclass(slots=True)
class _Index:
    """The tree and what was learnt from it."""

    fences: list[Fence]
    tree: shapely.STRtree
    lands: Any  # the tree's own array of geometries, prepared; of a polygon it is the polygon
    cells: dict[int, _Cell] = field(default_factory=dict)
    cars: dict[str, _Free] = field(default_factory=dict)
    drawn: dict[str, _Drawn] = field(default_factory=dict)  # fence id → drawn when first needed
    # The live fold and a re-fold in another thread may ask at once, and a prepared polygon, which is asked while the
    # interpreter's lock is let go, makes up its own index on the first question without any lock.
    asked: Lock = field(default_factory=Lock)


class FenceSet:
    """All fences in force at one time. Immutable; what it remembers only makes it faster.

    Attributes:
        version: of the organisation's rules that these fences belong to.
        fences: by id.
        from_ns: when this set came into force.
        rules: when a car counts as inside.
        ended_ns: (fence id, version) → when that version ceased to be in force, for versions no longer here.
    """

    __slots__ = ("_built", "_lands", "ended_ns", "fences", "from_ns", "rules", "version")

    def __init__(
        self,
        version: int = 1,
        fences: Iterable[Fence] = (),
        from_ns: int = 0,
        rules: VisitRules | None = None,
        ended_ns: Mapping[tuple[str, int], int] | None = None,
        lands: dict[tuple[str, int], shapely.Geometry] | None = None,
    ) -> None:
        """Take fences; their index is built when the first place is asked for.

        Args:
            version: see above; another set has another one.
            fences: with different ids.
            from_ns: see above.
            rules: see above.
            ended_ns: see above.
            lands: what sets of one timeline share, so that an edit does not draw all fences again.
        """
        self.version = version
        self.fences = {fence.fence_id: fence for fence in sorted(fences, key=lambda one: one.fence_id)}
        self.from_ns = from_ns
        self.rules = VisitRules() if rules is None else rules
        self.ended_ns = {} if ended_ns is None else dict(ended_ns)
        self._lands = {} if lands is None else lands
        self._built: _Index | None = None
        if len(self.fences) > MAX_FENCES:
            raise Invalid(f"an organisation has at most {MAX_FENCES} fences, this one has {len(self.fences)}")

    def ended(self, fence_id: str, version: int) -> int | None:
        """When a version of a fence ceased to be in force; None while it is."""
        there = self.fences.get(fence_id)
        if there is not None and there.version == version:
            return None
        return self.ended_ns.get((fence_id, version), self.from_ns if there is None else there.from_ns)

    def holding(self, car: str, place: Place) -> tuple[Fence, ...]:
        """The fences that hold a place, in order of their ids.

        Args:
            car: whose place it is; the same car is likely near on the next call. It changes nothing but the time taken.
            place: in degrees.
        """
        built = self._built
        if built is None:
            if not self.fences:
                return ()
            built = self._built = _index(list(self.fences.values()), self._lands)
        free = built.cars.get(car)
        if free is not None:
            up_m = (place[0] - free.place[0]) * METRES_PER_DEGREE
            right_m = (place[1] - free.place[1]) * free.lon_m
            if up_m * up_m + right_m * right_m < free.free_m2:
                return ()
        row, column = int((place[0] + 90) / CELL_DEG), int((place[1] + 180) / CELL_DEG)
        key = row << 20 | column
        cell = built.cells.get(key)
        if cell is None:
            if len(built.cells) >= MAX_CELLS:
                built.cells.clear()
            cell = built.cells[key] = _cell(built, row, column)
        if cell.polygons or cell.others:
            return _compare(built, cell, place)
        if cell.free_m:
            if len(built.cars) >= MAX_CARS:
                built.cars.clear()
            built.cars[car] = _Free(place, METRES_PER_DEGREE * cos(radians(place[0])), cell.free_m**2)
        return cell.within

    def is_sure(self, fence: Fence, place: Place, margin_m: float, *, inside: bool) -> bool:
        """Whether a place lies farther than the margin beyond a fence's border.

        Args:
            fence: one of this set.
            place: in degrees.
            margin_m: how far; inside of a small fence half of what it is deep suffices.
            inside: on which side the place is known to be.
        """
        built = self._built
        if built is None:
            built = self._built = _index(list(self.fences.values()), self._lands)
        drawn = _draw(built, fence)
        needed_m = min(margin_m, drawn.deep_m) if inside else margin_m
        with built.asked:
            depth_m = _depth_m(fence.shape, drawn, place, needed_m)
        return depth_m >= needed_m if inside else depth_m <= -needed_m


def _compare(built: _Index, cell: _Cell, place: Place) -> tuple[Fence, ...]:
    """The fences that hold a place in a cell with borders."""
    lat, lon = place
    found: list[Fence] = []
    if cell.polygons:
        with built.asked:
            held: list[bool] = shapely.intersects_xy(cell.areas, lon, lat).tolist()
        if True in held:
            found = [fence for fence, inside in zip(cell.polygons, held, strict=True) if inside]
    for fence in cell.others:
        shape = fence.shape
        if isinstance(shape, Circle):
            if distance_m(shape.centre, place) <= shape.radius_m:
                found.append(fence)
        elif _depth_m(shape, _draw(built, fence), place, 0.0) >= 0:
            found.append(fence)
    if not found:
        return cell.within
    found += cell.within
    if len(found) > 1:
        found.sort(key=_fence_id)
    return tuple(found)


def _fence_id(fence: Fence) -> str:
    return fence.fence_id


def _depth_m(shape: Shape, drawn: _Drawn, place: Place, within_m: float) -> float:
    """How far inside a fence a place is (negative: outside); farther than `within_m` from a border any such number."""
    if isinstance(shape, Circle):
        return shape.radius_m - distance_m(shape.centre, place)
    half_m = shape.width_m / 2 if isinstance(shape, Corridor) else 0.0
    lat, lon = place
    if drawn.flat is not None:
        # One pair of numbers makes a point at a third of the cost of two.
        right_m, up_m = (lon - drawn.origin[1]) * drawn.lon_m, (lat - drawn.origin[0]) * METRES_PER_DEGREE
        gap_m = float(shapely.distance(drawn.flat, shapely.points((right_m, up_m))))
    else:
        gap_m = _near_gap_m(drawn.line, place, (within_m + half_m) * 1.05 + 1.0)
    if isinstance(shape, Corridor):
        return half_m - gap_m
    return gap_m if shapely.intersects_xy(drawn.area, lon, lat) else -gap_m


def _near_gap_m(line: shapely.Geometry, place: Place, reach_m: float) -> float:
    """How far a line is from a place, at most as far as it is looked for; for lines too long for one plane."""
    lat, lon = place
    lon_m = METRES_PER_DEGREE * cos(radians(lat))
    up, right = reach_m / METRES_PER_DEGREE, reach_m / lon_m
    near = shapely.clip_by_rect(line, lon - right, lat - up, lon + right, lat + up)
    if shapely.is_empty(near):
        return reach_m
    # In metres about the place, where a plane is as good as the earth.
    flat = shapely.transform(near, lambda at: (at - (lon, lat)) * (lon_m, METRES_PER_DEGREE))
    return float(shapely.distance(flat, _HERE))


def _cell(built: _Index, row: int, column: int) -> _Cell:
    """Look a cell up in the tree."""
    grown = CELL_DEG * (GROWN - 1)
    south, west = row * CELL_DEG - 90 - grown, column * CELL_DEG - 180 - grown
    box = shapely.box(west, south, west + CELL_DEG + 2 * grown, south + CELL_DEG + 2 * grown)
    within, polygons, others = [], [], []
    near = sorted(built.tree.query(box, predicate="intersects").tolist())
    with built.asked:
        whole: list[bool] = shapely.contains_properly(built.lands[near], box).tolist() if near else []
    for number, holds_all in zip(near, whole, strict=True):
        fence = built.fences[number]
        if not isinstance(fence.shape, Polygon):
            others.append(fence)
        elif holds_all:
            within.append(fence)
        else:
            polygons.append((fence, number))
    areas = built.lands[[number for _, number in polygons]] if polygons else None
    free_m = 0.0 if near else _free_m(built, box)
    return _Cell(tuple(within), tuple(fence for fence, _ in polygons), areas, tuple(others), free_m)


def _free_m(built: _Index, box: shapely.Polygon) -> float:
    """At least how far the next fence is from an empty cell; a degree is counted as long as it is at its shortest."""
    _, degrees = built.tree.query_nearest(box, return_distance=True, all_matches=False)
    most = float(degrees[0])
    lat = min(max(abs(box.bounds[1]), abs(box.bounds[3])) + most, 90.0)
    return min(FREE_MAX_M, most * METRES_PER_DEGREE * cos(radians(lat))) * SAFETY


def _index(fences: list[Fence], lands: dict[tuple[str, int], shapely.Geometry]) -> _Index:
    """Everything that is worked out once for a set of fences."""
    drawn = []
    for fence in fences:
        land = lands.get((fence.fence_id, fence.version))
        if land is None:
            land = lands[fence.fence_id, fence.version] = _land(fence.shape)
        drawn.append(land)
    tree = shapely.STRtree(drawn)
    shapely.prepare(tree.geometries)
    return _Index(fences, tree, tree.geometries)


def _land(shape: Shape) -> shapely.Geometry:
    """A polygon; of other shapes something that covers it."""
    if isinstance(shape, Circle):
        lat, lon = shape.centre
        up = shape.radius_m / METRES_PER_DEGREE * GROWN
        right = up / cos(radians(abs(lat) + up))
        return shapely.box(lon - right, lat - up, lon + right, lat + up)
    if isinstance(shape, Corridor):
        half_deg = shape.width_m / 2 / METRES_PER_DEGREE
        most = max(abs(lat) for lat, _ in shape.path) + half_deg
        # Few segments to a quarter circle cut its corners; a tenth more covers them.
        return shapely.LineString(flipped(shape.path)).buffer(half_deg / cos(radians(most)) * 1.1, quad_segs=2)
    return shapely.Polygon(flipped(shape.outline), [flipped(hole) for hole in shape.holes])


def _draw(built: _Index, fence: Fence) -> _Drawn:
    drawn = built.drawn.get(fence.fence_id)
    if drawn is None:
        drawn = built.drawn[fence.fence_id] = _drawn(fence.shape)
    return drawn


def _drawn(shape: Shape) -> _Drawn:
    if isinstance(shape, Circle):
        return _Drawn(_NOTHING, None, shape.centre, 0.0, _NOTHING, shape.radius_m / 2)
    if isinstance(shape, Corridor):
        line = shapely.LineString(flipped(shape.path))
        return _Drawn(line, *_flat(line), _NOTHING, shape.width_m / 4)
    area = shapely.Polygon(flipped(shape.outline), [flipped(hole) for hole in shape.holes])
    shapely.prepare(area)
    lat = sum(place[0] for place in shape.outline) / len(shape.outline)
    scale = (METRES_PER_DEGREE * cos(radians(lat)), METRES_PER_DEGREE)
    in_metres = shapely.transform(area, lambda at: at * scale)
    # No place of a polygon need be deeper inside than its area over its border; half of that many are.
    return _Drawn(area.boundary, *_flat(area.boundary), area, float(in_metres.area / in_metres.length / 2))


def _flat(line: shapely.LineString | shapely.MultiLineString) -> tuple[shapely.Geometry | None, Place, float]:
    """A line in one plane of metres, if it is small enough for that and short enough to be measured whole."""
    west, south, east, north = line.bounds
    origin = ((south + north) / 2, (west + east) / 2)
    lon_m = METRES_PER_DEGREE * cos(radians(origin[0]))
    if north - south > FLAT_DEG or shapely.get_num_coordinates(line) > FLAT_POINTS:
        return None, origin, lon_m
    moved = shapely.transform(line, lambda at: (at - (origin[1], origin[0])) * (lon_m, METRES_PER_DEGREE))
    return moved, origin, lon_m


_NOTHING: Final = shapely.Polygon()
_HERE: Final = shapely.Point(0.0, 0.0)
