"""Fences of an organisation, and the index that says in about a microsecond which of thousands a car is near.

The land is cut into cells. The first car in a cell asks a tree of all fences for what lies near it; the cell keeps
those borders in metres of its own, so that distances are right everywhere and an enormous border costs no more than the
piece of it at hand. And whoever is far from any border is not asked again before having moved that far.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import cos, radians
from typing import Any, Final, NamedTuple

import shapely

from motorcade.domain.errors import Invalid
from motorcade.domain.geodesy import Place, distance_m
from motorcade.domain.geofence.fence import MAX_FENCES, REACH_M, Fence, VisitRules
from motorcade.domain.geofence.shape import METRES_PER_DEGREE, Circle, Corridor, Polygon, Shape, flipped

CELL_DEG: Final = 0.002
"""A cell is some 220 m high and 220 m (equator) to 110 m (60 degrees) wide: a few seconds of a drive, a few borders."""
TILE_DEG: Final = CELL_DEG / 16
"""A tile is some 14 m high. Where no border is near, all of it lies on the same sides of all fences, for every car."""
NEAR_M: Final = 150.0
"""Only nearer to a border than this are tiles made: with none in reach of the cell a car is seldom asked for."""
MAX_TILES: Final = 100_000
"""Tiles kept, then all are forgotten: the busy roads of a city, some ten megabytes."""
MAX_CELLS: Final = 50_000
"""Cells kept, then all are forgotten: those of the roads of a city, most of them a hundred bytes."""
MAX_CARS: Final = 50_000
"""Cars whose surroundings are remembered, then all are forgotten."""
FREE_MAX_M: Final = 10_000.0
"""How far a car may drive unasked, however far the next fence is: distances in a plane hold that far."""
SAFETY: Final = 0.97
"""Share of a computed free distance that is used: a plane errs by less than 3 % over `FREE_MAX_M`."""

OUT_FAR: Final = -2
OUT_NEAR: Final = -1
IN_NEAR: Final = 1
IN_FAR: Final = 2
"""On which side of a border, and whether surely: farther from it than the margin."""


class Side(NamedTuple):
    """Where a place is as seen from one fence."""

    fence: Fence
    level: int


class _Cell(NamedTuple):
    """What lies around one cell. Borders are in metres from `origin`, x east."""

    origin: Place
    lon_m: float
    free_m: float
    within: tuple[int, ...]
    circles: tuple[int, ...]
    numbers: tuple[int, ...]
    half_widths_m: tuple[float | None, ...]  # None: a polygon
    borders: Any  # array of lines, as shapely's functions take it
    areas: Any  # array of polygons in degrees; meaningless ones for corridors


class _Around(NamedTuple):
    """What holds everywhere within `free_m2` of a place."""

    place: Place
    lon_m: float
    free_m2: float
    margin_m: float
    sides: tuple[Side, ...]


@dataclass(slots=True)
class _Index:
    """The tree and what was learnt from it."""

    fences: list[Fence]
    tree: shapely.STRtree
    lands: Any  # the tree's own array of geometries, prepared; of a polygon it is the polygon
    borders: list[shapely.Geometry]
    depths_m: list[float]
    cells: dict[int, _Cell] = field(default_factory=dict)
    cars: dict[str, _Around] = field(default_factory=dict)
    tiles: dict[int, tuple[Side, ...] | None] = field(default_factory=dict)  # None: not the same all over


_UNSEEN: Final[tuple[Side, ...]] = (Side(Fence("", 0, "", Circle((0.0, 0.0), 0.0)), 0),)
"""Stands for a tile that nobody was in; no answer is this very object."""


class FenceSet:
    """All fences in force at one time. Immutable; what it remembers only makes it faster.

    Attributes:
        version: of the organisation's rules that these fences belong to.
        fences: by id.
        from_ns: when this set came into force.
        rules: when a car counts as inside.
        ended_ns: (fence id, version) → when that version ceased to be in force, for versions no longer here.
    """

    __slots__ = ("_built", "ended_ns", "fences", "from_ns", "rules", "version")

    def __init__(
        self,
        version: int = 1,
        fences: Iterable[Fence] = (),
        from_ns: int = 0,
        rules: VisitRules | None = None,
        ended_ns: Mapping[tuple[str, int], int] | None = None,
    ) -> None:
        self.version = version
        self.fences = {fence.fence_id: fence for fence in sorted(fences, key=lambda one: one.fence_id)}
        self.from_ns = from_ns
        self.rules = VisitRules() if rules is None else rules
        self.ended_ns = {} if ended_ns is None else dict(ended_ns)
        self._built: _Index | None = None
        if len(self.fences) > MAX_FENCES:
            raise Invalid(f"an organisation has at most {MAX_FENCES} fences, this one has {len(self.fences)}")

    def ended(self, fence_id: str, version: int) -> int | None:
        """When a version of a fence ceased to be in force; None while it is."""
        there = self.fences.get(fence_id)
        if there is not None and there.version == version:
            return None
        return self.ended_ns.get((fence_id, version), self.from_ns if there is None else there.from_ns)

    def sides(self, car: str, place: Place, margin_m: float) -> tuple[Side, ...]:
        """The fences that a place is in or near, in order of their ids; all others are surely not around it.

        Args:
            car: whose place it is; its neighbours on the next call are likely the same.
            place: in degrees.
            margin_m: how far from a border a side is sure.
        """
        built = self._built
        if built is None:
            if not self.fences:
                return ()
            built = self._built = _index(list(self.fences.values()))
        known = built.cars.get(car)
        if known is not None and known.margin_m == margin_m:
            up_m = (place[0] - known.place[0]) * METRES_PER_DEGREE
            right_m = (place[1] - known.place[1]) * known.lon_m
            if up_m * up_m + right_m * right_m < known.free_m2:
                return known.sides
        row, column = int((place[0] + 90) / TILE_DEG), int((place[1] + 180) / TILE_DEG)
        tile = row << 24 | column
        usual = margin_m == self.rules.margin_m
        shared = built.tiles.get(tile, _UNSEEN) if usual else None
        if shared is not None and shared is not _UNSEEN:
            return shared
        around = _look(built, place, margin_m)
        if len(built.cars) >= MAX_CARS:
            built.cars.clear()
        built.cars[car] = around
        if shared is _UNSEEN and around.free_m2 < NEAR_M * NEAR_M:
            if len(built.tiles) >= MAX_TILES:
                built.tiles.clear()
            built.tiles[tile] = _tile(built, row, column, margin_m)
        return around.sides

    def depths(self, place: Place) -> dict[str, float]:
        """How many metres a place lies inside of the fences around it (negative: outside), as far as `REACH_M`.

        Where the border is farther than that, a fence around the place has `REACH_M`, one elsewhere is not listed.
        """
        if not self.fences:
            return {}
        if self._built is None:
            self._built = _index(list(self.fences.values()))
        found, _ = _depths(self._built, place)
        return {self._built.fences[number].fence_id: depth for number, depth in found if depth > -REACH_M}


def _tile(built: _Index, row: int, column: int, margin_m: float) -> tuple[Side, ...] | None:
    """The sides of all places of a tile, None where they differ."""
    middle = ((row + 0.5) * TILE_DEG - 90, (column + 0.5) * TILE_DEG - 180)
    around = _look(built, middle, margin_m)
    half_m2 = (TILE_DEG / 2 * METRES_PER_DEGREE) ** 2 + (TILE_DEG / 2 * around.lon_m) ** 2
    return around.sides if half_m2 < around.free_m2 else None


def _look(built: _Index, place: Place, margin_m: float) -> _Around:
    found, free_m = _depths(built, place)
    sides = []
    for number, depth_m in sorted(found):
        sure_m = min(margin_m, built.depths_m[number])
        free_m = min(free_m, abs(depth_m), abs(depth_m - sure_m), abs(depth_m + margin_m))
        if depth_m > -margin_m:
            level = (IN_FAR if depth_m >= sure_m else IN_NEAR) if depth_m >= 0 else OUT_NEAR
            sides.append(Side(built.fences[number], level))
    free_m *= SAFETY
    lon_m = METRES_PER_DEGREE * cos(radians(place[0]))
    return _Around(place, lon_m, free_m * free_m, margin_m, tuple(sides))


def _depths(built: _Index, place: Place) -> tuple[list[tuple[int, float]], float]:
    """(Number of a fence, metres inside) of all that matter, and how far no other border is."""
    lat, lon = place
    row, column = int((lat + 90) / CELL_DEG), int((lon + 180) / CELL_DEG)
    key = row << 20 | column
    cell = built.cells.get(key)
    if cell is None:
        if len(built.cells) >= MAX_CELLS:
            built.cells.clear()
        cell = built.cells[key] = _cell(built, row, column)
    found = [(number, REACH_M) for number in cell.within]
    for number in cell.circles:
        shape = built.fences[number].shape
        assert isinstance(shape, Circle)
        found.append((number, shape.radius_m - distance_m(shape.centre, place)))
    if cell.numbers:
        # One pair is a third of the cost of two numbers here.
        point = shapely.points(((lon - cell.origin[1]) * cell.lon_m, (lat - cell.origin[0]) * METRES_PER_DEGREE))
        distances: list[float] = shapely.distance(cell.borders, point).tolist()
        insides: list[bool] = shapely.intersects_xy(cell.areas, lon, lat).tolist()
        for number, half_m, gap_m, inside in zip(cell.numbers, cell.half_widths_m, distances, insides, strict=True):
            depth_m = (gap_m if inside else -gap_m) if half_m is None else half_m - gap_m
            found.append((number, depth_m))
    return found, cell.free_m


def _cell(built: _Index, row: int, column: int) -> _Cell:
    """Look a cell's surroundings up in the tree."""
    south, west = row * CELL_DEG - 90, column * CELL_DEG - 180
    origin = (south + CELL_DEG / 2, west + CELL_DEG / 2)
    lon_m = METRES_PER_DEGREE * cos(radians(origin[0]))
    # A cell is so small that the shortest degree in it is nearly its middle's; SAFETY covers the rest.
    box = shapely.box(west, south, west + CELL_DEG, south + CELL_DEG)
    within, circles, lines = [], [], []
    for number in sorted(built.tree.query(_wider(origin, lon_m, REACH_M)).tolist()):
        shape = built.fences[number].shape
        if isinstance(shape, Circle):
            circles.append(number)
            continue
        half_m = shape.width_m / 2 if isinstance(shape, Corridor) else None
        view = _wider(origin, lon_m, REACH_M + (half_m or 0.0))
        near = shapely.clip_by_rect(built.borders[number], *view.bounds)
        if not shapely.is_empty(near):
            lines.append((number, half_m, near))
        elif half_m is None and shapely.intersects_xy(built.lands[number], origin[1], origin[0]):
            within.append(number)
    free_m = REACH_M if within or circles or lines else _free_m(built, box, lon_m)
    scale = (lon_m, METRES_PER_DEGREE)
    return _Cell(
        origin,
        lon_m,
        free_m,
        tuple(within),
        tuple(circles),
        tuple(number for number, _, _ in lines),
        tuple(half_m for _, half_m, _ in lines),
        shapely.transform([near for _, _, near in lines], lambda at: (at - (origin[1], origin[0])) * scale),
        built.lands[[number for number, _, _ in lines]] if lines else None,
    )


def _wider(origin: Place, lon_m: float, by_m: float) -> shapely.Polygon:
    """A cell's box, wider by some metres on every side."""
    up, right = CELL_DEG / 2 + by_m / METRES_PER_DEGREE, CELL_DEG / 2 + by_m / lon_m * 1.01
    return shapely.box(origin[1] - right, origin[0] - up, origin[1] + right, origin[0] + up)


def _free_m(built: _Index, box: shapely.Polygon, lon_m: float) -> float:
    """At least how far the next fence is from an empty cell; a degree is counted as long as it is at its shortest."""
    _, degrees = built.tree.query_nearest(box, return_distance=True, all_matches=False)
    lat = min(abs(box.bounds[1]) + float(degrees[0]), 90.0)
    return max(REACH_M, min(FREE_MAX_M, float(degrees[0]) * min(lon_m, METRES_PER_DEGREE * cos(radians(lat)))))


def _index(fences: Sequence[Fence]) -> _Index:
    """Everything that is worked out once for a set of fences."""
    built = [_geometry(fence.shape) for fence in fences]
    tree = shapely.STRtree([land for land, _, _ in built])
    shapely.prepare(tree.geometries)
    return _Index(
        list(fences),
        tree,
        tree.geometries,
        [border for _, border, _ in built],
        [depth_m for _, _, depth_m in built],
    )


def _geometry(shape: Shape) -> tuple[shapely.Geometry, shapely.Geometry, float]:
    """The land a fence covers, or more; its border; how deep inside is surely reachable."""
    if isinstance(shape, Circle):
        lat, lon = shape.centre
        up = shape.radius_m / METRES_PER_DEGREE
        right = up / cos(radians(abs(lat) + up))
        return shapely.box(lon - right, lat - up, lon + right, lat + up), shapely.Polygon(), shape.radius_m / 2
    if isinstance(shape, Corridor):
        line = shapely.LineString(flipped(shape.path))
        half_deg = shape.width_m / 2 / METRES_PER_DEGREE
        most = max(abs(lat) for lat, _ in shape.path) + half_deg
        return line.buffer(half_deg / cos(radians(most)) * 1.1, quad_segs=2), line, shape.width_m / 4
    area = shapely.Polygon(flipped(shape.outline), [flipped(hole) for hole in shape.holes])
    return area, area.boundary, _half_depth_m(shape, area)


def _half_depth_m(shape: Polygon, area: shapely.Polygon) -> float:
    """Half of area over border: no place of a polygon has to be deeper inside than that."""
    lat = sum(place[0] for place in shape.outline) / len(shape.outline)
    scale = (METRES_PER_DEGREE * cos(radians(lat)), METRES_PER_DEGREE)
    flat = shapely.transform(area, lambda at: at * scale)
    return float(flat.area / flat.length / 2)
