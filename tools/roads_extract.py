"""Make `gothenburg.roads.json` from an OpenStreetMap extract: the streets that the simulated cars drive on.

The extract is `test/large-network.json` of the npm package geojson-path-finder 2.1.0 (GeoJSON, one feature a way):

    npm pack geojson-path-finder@2.1.0 && tar xzf geojson-path-finder-2.1.0.tgz
    python tools/roads_extract.py package/test/large-network.json gothenburg.roads.json

The result is a database derived from OpenStreetMap under the ODbL: keep `NOTICE` and `LICENSE-ODbL.txt` beside it.
The shipped file is what these two commands write, byte for byte.
"""

import itertools
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

# Road classes open to cars, with the limit in km/h that holds where the map names none.
DEFAULT_LIMITS = {
    "motorway": 90,
    "motorway_link": 60,
    "trunk": 70,
    "trunk_link": 50,
    "primary": 60,
    "primary_link": 50,
    "secondary": 50,
    "secondary_link": 50,
    "tertiary": 50,
    "tertiary_link": 50,
    "residential": 40,
    "unclassified": 50,
    "living_street": 20,
}
CLOSED = {"no", "private"}
ONE_WAY = {"yes", "true", "1"}
AGAINST = {"-1", "reverse"}
UNIT = 100_000  # integers of 1e-5 degrees, about a metre

Point = tuple[int, int]
"""Longitude and latitude in integers of 1e-5 degrees."""
Piece = tuple[list[Point], dict[str, str]]


def main(source: Path, target: Path) -> None:
    """Read the extract, write the network, and say what came out."""
    extract = json.loads(source.read_text())
    ways = [way for feature in extract["features"] if (way := drivable(feature)) is not None]
    pieces = connected(split(ways))
    target.write_text(json.dumps(network(extract["copyright"], pieces), ensure_ascii=False, separators=(",", ":")))
    total_km = sum(length_m(points) for points, _ in pieces) / 1_000
    print(f"{len(pieces)} streets, {total_km:.0f} km")


def drivable(feature: dict[str, Any]) -> Piece | None:
    """Return a way's points in driving order with its tags, None if cars may not use it."""
    tags = feature["properties"]
    if feature["geometry"]["type"] != "LineString" or tags.get("highway") not in DEFAULT_LIMITS:
        return None
    if any(tags.get(key) in CLOSED for key in ("access", "vehicle", "motor_vehicle", "motorcar")):
        return None
    points = [(round(east * UNIT), round(north * UNIT)) for east, north in feature["geometry"]["coordinates"]]
    points = [point for point, _ in itertools.groupby(points)]
    if tags.get("oneway") in AGAINST:
        points.reverse()
    return (points, tags) if len(points) > 1 else None


def one_way(tags: dict[str, str]) -> bool:
    """Tell whether a way may be driven in one direction only."""
    implied = tags.get("junction") == "roundabout" or tags["highway"] in {"motorway", "motorway_link"}
    return tags.get("oneway", "yes" if implied else "no") in ONE_WAY | AGAINST


def limit_kmh(tags: dict[str, str]) -> int:
    """Return the signed limit, or the usual one of the class."""
    signed = tags.get("maxspeed", "")
    return int(signed) if signed.isdigit() else DEFAULT_LIMITS[tags["highway"]]


def split(ways: Sequence[Piece]) -> list[Piece]:
    """Cut every way at the points that it shares with another."""
    uses = Counter(point for points, _ in ways for point in points)
    ends = {point for points, _ in ways for point in (points[0], points[-1])}
    pieces: list[Piece] = []
    for points, tags in ways:
        start = 0
        for at in range(1, len(points)):
            if at == len(points) - 1 or uses[points[at]] > 1 or points[at] in ends:
                pieces.append((points[start : at + 1], tags))
                start = at
    return pieces


def connected(pieces: Sequence[Piece]) -> list[Piece]:
    """Keep the pieces whose ends can all reach each other: nobody drives into a trap."""
    ahead: dict[Point, list[Point]] = defaultdict(list)
    behind: dict[Point, list[Point]] = defaultdict(list)
    for points, tags in pieces:
        for start, end in directions(points, tags):
            ahead[start].append(end)
            behind[end].append(start)
    hub = max(ahead, key=lambda point: len(ahead[point]) + len(behind[point]))
    inside = reach(hub, ahead) & reach(hub, behind)
    return [piece for piece in pieces if piece[0][0] in inside and piece[0][-1] in inside]


def directions(points: Sequence[Point], tags: dict[str, str]) -> Iterator[tuple[Point, Point]]:
    """Yield the pairs of ends that a piece connects."""
    yield points[0], points[-1]
    if not one_way(tags):
        yield points[-1], points[0]


def reach(origin: Point, neighbours: dict[Point, list[Point]]) -> set[Point]:
    """Return every point that can be reached."""
    seen, queue = {origin}, [origin]
    while queue:
        for point in neighbours[queue.pop()]:
            if point not in seen:
                seen.add(point)
                queue.append(point)
    return seen


def length_m(points: Sequence[Point]) -> float:
    """Return a line's length in metres."""
    scale = math.cos(math.radians(points[0][1] / UNIT))
    return sum(111_195 / UNIT * math.hypot((b[0] - a[0]) * scale, b[1] - a[1]) for a, b in itertools.pairwise(points))


def deltas(points: Iterable[Point], origin: Point = (0, 0)) -> list[int]:
    """Code points as differences to the point before, longitude first."""
    coded: list[int] = []
    for point in points:
        coded += [point[0] - origin[0], point[1] - origin[1]]
        origin = point
    return coded


def network(copyright_text: str, pieces: Sequence[Piece]) -> dict[str, Any]:
    """Number junctions, names and classes, and lay the streets out as rows."""
    junctions = list(dict.fromkeys(end for points, _ in pieces for end in (points[0], points[-1])))
    number = {point: index for index, point in enumerate(junctions)}
    names = sorted({"", *(tags.get(key, "") for _, tags in pieces for key in ("name", "ref"))})
    name_number = {name: index for index, name in enumerate(names)}
    classes = list(DEFAULT_LIMITS)
    rows = [
        [
            number[points[0]],
            number[points[-1]],
            classes.index(tags["highway"]),
            name_number[tags.get("name", "")],
            name_number[tags.get("ref", "")],
            limit_kmh(tags),
            int(one_way(tags)),
            round(length_m(points)),
            deltas(points[1:-1], points[0]),
        ]
        for points, tags in pieces
    ]
    return {"copyright": copyright_text, "classes": classes, "names": names, "nodes": deltas(junctions), "edges": rows}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python tools/roads_extract.py large-network.json OUT.roads.json")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
