"""A planned drive: the path as a line of knots, each with the highest speed at which it may be passed."""

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from motorcade.simulator.roads.network import Lane, Place, RoadNetwork, distance_m, heading_deg
from motorcade.simulator.roads.paths import find_path

BRAKING_MS2: Final = 1.5  # what passengers do not notice; emergency braking is above 6
_CORNERING_MS2: Final = 2.5  # a brisk but calm corner
_WALKING_MS: Final = 2.5  # nobody takes a corner slower than this
_CORNER_REACH_M: Final = 30.0  # a bend is rounded off over at most this much road on either side
_SHORTEST_M: Final = 0.5  # knots closer than this have no reliable heading


class Spot(NamedTuple):
    """Where a car can stand: so far along a lane."""

    lane: Lane
    along_m: float


class _Stretch(NamedTuple):
    """A straight piece of road."""

    start: Place
    end: Place
    limit_ms: float


@dataclass(frozen=True, slots=True)
class Route:
    """Knots of a drive, all lists of the same length; the last knot is the place of arrival."""

    at_m: list[float]
    """Distance from the start, strictly ascending from 0."""
    places: list[Place]
    headings_deg: list[float]
    """Direction after the knot."""
    limits_ms: list[float]
    """Speed limit after the knot."""
    caps_ms: list[float]
    """Highest speed at the knot from which everything ahead can still be met; 0 at the end."""
    destination: Spot

    @property
    def length_m(self) -> float:
        """Length of the whole drive."""
        return self.at_m[-1]

    def knot_before(self, along_m: float) -> int:
        """Return the number of the last knot at or before a distance; never the final knot."""
        return max(0, min(bisect_right(self.at_m, along_m), len(self.at_m) - 1) - 1)

    def place_at(self, knot: int, along_m: float) -> Place:
        """Return the place on the stretch after a knot."""
        start, end = self.places[knot], self.places[knot + 1]
        share = (along_m - self.at_m[knot]) / (self.at_m[knot + 1] - self.at_m[knot])
        return Place(
            start.latitude + (end.latitude - start.latitude) * share,
            start.longitude + (end.longitude - start.longitude) * share,
        )


def spot_place(spot: Spot) -> tuple[Place, float]:
    """Return the place of a spot and the direction of its lane there, in degrees."""
    pieces = list(_lane_pieces(spot.lane, 0.0, max(spot.along_m, _SHORTEST_M)))
    last = pieces[-1]
    return last.end, heading_deg(last.start, last.end)


def plan_route(network: RoadNetwork, start: Spot, goal: Spot) -> Route:
    """Plan the fastest drive from one spot to another, with the speeds that bends and junctions allow.

    Raises:
        Invalid: no path leads there.
    """
    if start.lane is goal.lane and start.along_m < goal.along_m:
        pieces = list(_lane_pieces(start.lane, start.along_m, goal.along_m))
    else:
        path = find_path(network, start.lane.end, goal.lane.start)
        whole = ((lane, 0.0, lane.length_m) for lane in path)
        parts = [
            (start.lane, start.along_m, start.lane.length_m),
            *whole,
            (goal.lane, 0.0, max(goal.along_m, _SHORTEST_M)),
        ]
        pieces = [piece for part in parts for piece in _lane_pieces(*part)]
    return _route_of(pieces, goal)


def _lane_pieces(lane: Lane, from_m: float, to_m: float) -> Iterator[_Stretch]:
    """Yield the straight pieces of a lane between two distances along it."""
    passed = 0.0
    for start, end in itertools.pairwise(lane.points):
        length = distance_m(start, end)
        first, last = max(from_m - passed, 0.0), min(to_m - passed, length)
        if length > 0 and last > first:
            yield _Stretch(
                _between(start, end, first / length), _between(start, end, last / length), lane.limit_kmh / 3.6
            )
        passed += length


def _between(start: Place, end: Place, share: float) -> Place:
    return Place(
        start.latitude + (end.latitude - start.latitude) * share,
        start.longitude + (end.longitude - start.longitude) * share,
    )


def _merged(pieces: Iterable[_Stretch]) -> list[_Stretch]:
    """Join pieces too short to have a direction to their successor."""
    merged: list[_Stretch] = []
    for piece in pieces:
        if merged and distance_m(merged[-1].start, merged[-1].end) < _SHORTEST_M:
            piece = piece._replace(start=merged.pop().start)  # noqa: PLW2901 - the longer piece takes its place
        merged.append(piece)
    return [piece for piece in merged if distance_m(piece.start, piece.end) > 0]


def _route_of(pieces: Sequence[_Stretch], goal: Spot) -> Route:
    pieces = _merged(pieces)
    lengths = [distance_m(piece.start, piece.end) for piece in pieces]
    headings = [heading_deg(piece.start, piece.end) for piece in pieces]
    limits = [piece.limit_ms for piece in pieces]
    return Route(
        at_m=list(itertools.accumulate(lengths, initial=0.0)),
        places=[*(piece.start for piece in pieces), pieces[-1].end],
        headings_deg=[*headings, headings[-1]],
        limits_ms=[*limits, limits[-1]],
        caps_ms=_caps_ms(lengths, headings, limits),
        destination=goal,
    )


def _caps_ms(lengths: Sequence[float], headings: Sequence[float], limits: Sequence[float]) -> list[float]:
    """Return the passing speed of every knot, worked out from the end backwards (v² = v₁² + 2·a·s)."""
    caps = [0.0] * (len(lengths) + 1)
    for knot in range(len(lengths) - 1, -1, -1):
        cap = min(limits[knot], math.sqrt(caps[knot + 1] ** 2 + 2 * BRAKING_MS2 * lengths[knot]))
        if knot > 0:
            reach = min(lengths[knot - 1], lengths[knot], _CORNER_REACH_M)
            cap = min(cap, limits[knot - 1], _corner_ms(headings[knot] - headings[knot - 1], reach))
        caps[knot] = cap
    return caps


def _corner_ms(turn_deg: float, reach_m: float) -> float:
    """Return the speed for a bend that is rounded off over ``reach_m`` on both sides (radius of the arc)."""
    turn = abs((turn_deg + 180.0) % 360.0 - 180.0)
    if turn < 1.0:
        return math.inf
    radius_m = reach_m / (2 * math.tan(math.radians(min(turn, 179.0) / 2)))
    return max(_WALKING_MS, math.sqrt(_CORNERING_MS2 * radius_m))
