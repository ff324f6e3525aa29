"""Ways to drive: through the city's streets, or over land, where a network would be too large to ship."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from motorcade.simulator.roads.city import City, open_city
from motorcade.simulator.roads.network import METRES_PER_DEGREE, Place, distance_m, heading_deg, load_network
from motorcade.simulator.roads.route import BRAKING_MS2, Spot, plan_route

CORNERING_MS2: Final = 2.5  # a brisk but calm corner
_WALKING_MS: Final = 2.5  # nobody takes a corner slower than this
_REACH_M: Final = 30.0  # a bend is rounded off over at most this much road
_KNOT_M: Final = 250.0  # a country road's knots
_SECTIONS_KMH: Final = (70, 80, 90, 100, 110, 110, 120, 120)
_MOST_TURN_DEG: Final = 2.0  # between two knots of a country road


class Bend(NamedTuple):
    """How the road turns at a knot."""

    turn_rad: float
    """Positive to the right."""
    reach_m: float
    """Length of road over which the turn is made, half of it on either side of the knot."""


@dataclass(frozen=True, slots=True)
class Way:
    """A line of knots; all lists have the same length."""

    at_m: list[float]
    places: list[Place]
    headings_deg: list[float]
    limits_ms: list[float]
    bends: list[Bend]
    end: Spot | None = None
    """Where the car then stands, if that is a spot of the city."""

    @property
    def length_m(self) -> float:
        """Length of the whole way."""
        return self.at_m[-1]

    def caps_ms(self, limits_ms: Sequence[float], brisk: Mapping[int, float]) -> list[float]:
        """Return the speed at which each knot may be passed so that everything ahead can still be met.

        Args:
            limits_ms: what the driver takes for the limit after each knot.
            brisk: knots whose bend the driver takes faster than is calm, with the sideways acceleration in m/s².
        """
        caps = [0.0] * len(self.at_m)
        for knot in range(len(caps) - 2, -1, -1):
            length = self.at_m[knot + 1] - self.at_m[knot]
            cap = min(limits_ms[knot], math.sqrt(caps[knot + 1] ** 2 + 2 * BRAKING_MS2 * length))
            if knot:
                bend = self.bends[knot]
                calm = brisk.get(knot, CORNERING_MS2)
                turn = abs(bend.turn_rad)
                corner = math.inf if turn < 0.01 else math.sqrt(calm * bend.reach_m / turn)
                cap = min(cap, limits_ms[knot - 1], max(corner, _WALKING_MS))
            caps[knot] = cap
        return caps

    def reversed(self) -> "Way":
        """Return the same way back."""
        return way_through(self.places[::-1], self.limits_ms[-2::-1])


def way_through(places: Sequence[Place], limits_ms: Sequence[float], end: Spot | None = None) -> Way:
    """Make a way of places (at least two, no two neighbours alike) and the limit of each stretch between them."""
    lengths = [distance_m(one, other) for one, other in pairwise(places)]
    headings = [heading_deg(one, other) for one, other in pairwise(places)]
    bends = [Bend(0.0, _REACH_M)]
    for knot in range(1, len(headings)):
        turn = math.radians((headings[knot] - headings[knot - 1] + 180.0) % 360.0 - 180.0)
        reach = min(lengths[knot - 1], lengths[knot], _REACH_M)
        # At walking pace even a hairpin pushes nobody aside.
        bends.append(Bend(turn, max(reach, abs(turn) * _WALKING_MS**2 / CORNERING_MS2)))
    bends.append(Bend(0.0, _REACH_M))
    return Way(
        at_m=list(accumulate(lengths, initial=0.0)),
        places=list(places),
        headings_deg=[*headings, headings[-1]],
        limits_ms=[*limits_ms, limits_ms[-1]],
        bends=bends,
        end=end,
    )


@cache
def the_city() -> City:
    """The city in which all days take place; loaded once."""
    return open_city(load_network())


def city_way(start: Spot, goal: Spot) -> Way:
    """Plan the fastest way through the city."""
    route = plan_route(the_city().network, start, goal)
    return way_through(route.places, route.limits_ms[:-1], goal)


def country_way(start: Place, length_m: float, chance: random.Random) -> Way:
    """Make up a road over land: sections of different limits, gentle bends."""
    heading, bend, limit = chance.uniform(0.0, 360.0), 0.0, 70.0
    place, places, limits = start, [start], []
    section_m = 0.0
    for _ in range(max(2, round(length_m / _KNOT_M))):
        if section_m <= 0:
            section_m = chance.uniform(4_000.0, 15_000.0)
            limit = float(chance.choice(_SECTIONS_KMH))
        bend = max(-_MOST_TURN_DEG, min(_MOST_TURN_DEG, bend * 0.9 + chance.uniform(-0.4, 0.4)))
        heading += bend
        place = _moved(place, heading, _KNOT_M)
        section_m -= _KNOT_M
        places.append(place)
        limits.append(limit / 3.6)
    return way_through(places, limits)


def short_way(start: Place, heading: float, length_m: float) -> Way:
    """Make a straight way for a manoeuvre."""
    half = _moved(start, heading, length_m / 2)
    return way_through([start, half, _moved(start, heading, length_m)], [3.0, 3.0])


def _moved(place: Place, heading: float, length_m: float) -> Place:
    angle = math.radians(heading)
    north = length_m * math.cos(angle) / METRES_PER_DEGREE
    middle = math.radians(place.latitude + north / 2)
    east = length_m * math.sin(angle) / (METRES_PER_DEGREE * math.cos(middle))
    return Place(place.latitude + north, place.longitude + east)
