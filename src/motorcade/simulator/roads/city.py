"""Where cars go: streets to park in, and the depots where the fleet charges."""

import random
from dataclasses import dataclass
from typing import Final, NamedTuple

from motorcade.simulator.roads.network import Lane, Place, RoadNetwork, distance_m
from motorcade.simulator.roads.route import Spot

_TRIP_M: Final = (1_500.0, 7_500.0)  # as the crow flies: trips of three to fifteen minutes, so the map stays busy
_STALL_M: Final = 3.0  # cars at a depot stand beside each other, not on one point
_DEPOT_SEED: Final = 1877  # the same depots in every fleet, or two data directories would disagree about the city


class Depot(NamedTuple):
    """A place of the fleet with chargers."""

    name: str
    lane: Lane
    dc: bool
    power_kw: float


@dataclass(frozen=True, slots=True)
class City:
    """The network with the places that matter to the fleet."""

    network: RoadNetwork
    lanes: tuple[Lane, ...]
    depots: tuple[Depot, ...]

    def parking_spot(self, near: Place, chance: random.Random) -> Spot:
        """Pick a spot within a usual trip's distance of a place."""
        nearest, furthest = _TRIP_M
        lane = self.lanes[0]
        for _ in range(50):  # a few tries find one in the city; the last one will do at its edge
            lane = chance.choice(self.lanes)
            if nearest < distance_m(near, lane.points[0]) < furthest:
                break
        return Spot(lane, lane.length_m * chance.uniform(0.15, 0.85))

    def stall(self, depot: Depot, chance: random.Random) -> Spot:
        """Pick a stall of a depot."""
        stalls = max(1, int(depot.lane.length_m * 0.8 / _STALL_M))
        return Spot(depot.lane, depot.lane.length_m * 0.1 + _STALL_M * chance.randrange(stalls))

    def depot_for(self, near: Place, chance: random.Random) -> Depot:
        """Pick one of the four nearest depots: not every car of a district takes the same."""
        ranked = sorted(self.depots, key=lambda depot: distance_m(near, depot.lane.points[0]))
        return chance.choice(ranked[:4])


def open_city(network: RoadNetwork) -> City:
    """Lay out a city: streets to park in and twelve depots, spread over the network."""
    lanes = tuple(network.lanes())
    streets = [lane for lane in lanes if lane.name and lane.length_m > 60 and not _is_link(lane)]
    sites = _spread(streets, 12, random.Random(_DEPOT_SEED))
    depots = tuple(
        Depot(f"Depot {lane.name}", lane, dc=number % 2 == 0, power_kw=75.0 if number % 2 == 0 else 11.0)
        for number, lane in enumerate(sites)
    )
    return City(network, tuple(streets), depots)


def _is_link(lane: Lane) -> bool:
    """Whether nobody could park there."""
    return lane.road_class.endswith("_link") or lane.road_class in {"motorway", "trunk"}


def _spread(streets: list[Lane], count: int, chance: random.Random) -> list[Lane]:
    """Pick streets far from each other: each next one is the furthest of thirty from those already picked."""
    picked = [chance.choice(streets)]
    while len(picked) < count:
        tries = chance.sample(streets, 30)
        picked.append(max(tries, key=lambda lane: min(distance_m(lane.points[0], other.points[0]) for other in picked)))
    return picked
