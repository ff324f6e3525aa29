"""The street network that simulated cars drive on.

The data file beside this module and its licence are described in ``NOTICE``; ``tools/roads_extract.py`` made it.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

import msgspec

from motorcade.domain.errors import Invalid

METRES_PER_DEGREE: Final = 111_195.0
"""Length of a degree of latitude on a sphere of 6,371 km; good to 0.3 %, which no eye sees in one city."""

_UNIT: Final = 1e-5  # degrees per integer step in the file


class Place(NamedTuple):
    """A point on the ground in WGS 84 degrees."""

    latitude: float
    longitude: float


class _StreetRow(msgspec.Struct, array_like=True):
    """One street of the file; the order of the fields is the file's."""

    start: int
    end: int
    road_class: int
    name: int
    number: int
    limit_kmh: int
    one_way: int
    length_m: int
    inner: list[int]


class _NetworkFile(msgspec.Struct):
    copyright: str
    classes: list[str]
    names: list[str]
    nodes: list[int]
    edges: list[_StreetRow]


@dataclass(frozen=True, slots=True)
class Lane:
    """One direction of a street between two neighbouring junctions."""

    start: int
    end: int
    length_m: float
    limit_kmh: int
    road_class: str
    name: str
    points: tuple[Place, ...]
    """Geometry from start to end, both included; at least two points."""

    @property
    def minor(self) -> bool:
        """Whether this is a street where through traffic does not belong."""
        return self.road_class in {"residential", "living_street"}


@dataclass(frozen=True, slots=True)
class RoadNetwork:
    """Junctions and lanes, reduced to the part where every junction can be reached from every other."""

    junctions: tuple[Place, ...]
    leaving: tuple[tuple[Lane, ...], ...]
    """Lanes by the junction they start from; empty for junctions outside the connected part."""
    reachable: tuple[int, ...]
    """Numbers of the junctions of the connected part, in ascending order."""
    copyright: str

    def lanes(self) -> Iterator[Lane]:
        """Yield every lane of the connected part."""
        return itertools.chain.from_iterable(self.leaving)


def distance_m(one: Place, other: Place) -> float:
    """Return the metres between two places of one city (flat-earth formula, error under 0.1 % at 20 km)."""
    scale = math.cos(math.radians((one.latitude + other.latitude) / 2))
    return METRES_PER_DEGREE * math.hypot(other.latitude - one.latitude, (other.longitude - one.longitude) * scale)


def heading_deg(one: Place, other: Place) -> float:
    """Return the compass direction from one place to another, 0 = north, 90 = east, below 360."""
    scale = math.cos(math.radians((one.latitude + other.latitude) / 2))
    east, north = (other.longitude - one.longitude) * scale, other.latitude - one.latitude
    return math.degrees(math.atan2(east, north)) % 360.0


@cache
def load_network() -> RoadNetwork:
    """Load the network that ships with the package; the same object on every call.

    Raises:
        Invalid: the data file cannot be read as a network.
    """
    data = resources.files(__package__).joinpath("gothenburg.roads.json").read_bytes()
    return parse_network(data)


def parse_network(data: bytes) -> RoadNetwork:
    """Build a network from the bytes of a ``*.roads.json`` file.

    Raises:
        Invalid: the bytes are not such a file.
    """
    try:
        file = msgspec.json.decode(data, type=_NetworkFile)
        junctions = tuple(_places(file.nodes))
        lanes = [lane for row in file.edges for lane in _lanes_of(row, junctions, file)]
    except (msgspec.MsgspecError, IndexError) as error:
        raise Invalid(f"the street data file is damaged ({error}); restore it from the package") from error
    inside = _strongly_connected(len(junctions), lanes)
    leaving: list[list[Lane]] = [[] for _ in junctions]
    for lane in lanes:
        if lane.start in inside and lane.end in inside:
            leaving[lane.start].append(lane)
    return RoadNetwork(junctions, tuple(map(tuple, leaving)), tuple(sorted(inside)), file.copyright)


def _places(deltas: Sequence[int], first: Place | None = None) -> Iterator[Place]:
    """Undo the delta coding: longitude and latitude alternate, each relative to the place before."""
    longitude = round(first.longitude / _UNIT) if first else 0
    latitude = round(first.latitude / _UNIT) if first else 0
    for east, north in zip(deltas[::2], deltas[1::2], strict=True):
        longitude += east
        latitude += north
        yield Place(latitude * _UNIT, longitude * _UNIT)


def _lanes_of(row: _StreetRow, junctions: Sequence[Place], file: _NetworkFile) -> Iterator[Lane]:
    first, last = junctions[row.start], junctions[row.end]
    points = (first, *_places(row.inner, first), last)
    length_m = sum(itertools.starmap(distance_m, itertools.pairwise(points)))
    if length_m <= 0 or row.start == row.end:
        return  # a loop without a junction leads nowhere, and a street without length has no direction
    name = file.names[row.name] or file.names[row.number]
    road_class = file.classes[row.road_class]
    yield Lane(row.start, row.end, length_m, row.limit_kmh, road_class, name, points)
    if not row.one_way:
        yield Lane(row.end, row.start, length_m, row.limit_kmh, road_class, name, points[::-1])


def _strongly_connected(count: int, lanes: Iterable[Lane]) -> frozenset[int]:
    """Return the largest set of junctions that can all reach each other.

    A car that enters a one-way dead end at the map's edge would never come back.
    """
    ahead: list[list[int]] = [[] for _ in range(count)]
    behind: list[list[int]] = [[] for _ in range(count)]
    for lane in lanes:
        ahead[lane.start].append(lane.end)
        behind[lane.end].append(lane.start)
    # Forward reach cut with backward reach of one junction is the component of that junction; the busiest
    # junction of a city lies in the largest one.
    hub = max(range(count), key=lambda junction: len(ahead[junction]) + len(behind[junction]))
    return frozenset(_reach(hub, ahead) & _reach(hub, behind))


def _reach(origin: int, neighbours: Sequence[Sequence[int]]) -> set[int]:
    seen, queue = {origin}, [origin]
    while queue:
        for junction in neighbours[queue.pop()]:
            if junction not in seen:
                seen.add(junction)
                queue.append(junction)
    return seen
