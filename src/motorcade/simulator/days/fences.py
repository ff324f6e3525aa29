"""When a car was inside a fence, from its true track: an oracle that shares no code with the product's geofences."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from motorcade.simulator.days.truth import Fix, Visit
from motorcade.simulator.roads.network import Place, distance_m


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within a distance."""

    name: str
    centre: Place
    radius_m: float

    def holds(self, place: Place) -> bool:
        """Whether a place lies inside."""
        return distance_m(self.centre, place) <= self.radius_m


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon with holes; rings need not repeat their first place."""

    name: str
    rings: tuple[tuple[Place, ...], ...]
    """The outer ring first."""

    def holds(self, place: Place) -> bool:
        """Whether a place lies inside: a ray to the east crosses the rings an odd number of times."""
        odd = False
        for ring in self.rings:
            for one, other in zip(ring, (*ring[1:], ring[0]), strict=True):
                if (one.latitude > place.latitude) == (other.latitude > place.latitude):
                    continue
                share = (place.latitude - one.latitude) / (other.latitude - one.latitude)
                odd ^= place.longitude < one.longitude + share * (other.longitude - one.longitude)
        return odd


def visits(track: Sequence[Fix], fence: Circle | Area) -> list[Visit]:
    """Return the stays inside a fence; crossings are found to a twentieth of a second of the true track."""
    stays: list[Visit] = []
    inside = False
    enter_ns: int | None = None
    last: Fix | None = None
    for fix in track:
        now_inside = fence.holds(fix.place)
        if now_inside != inside:
            crossed = None if last is None else _crossing(last, fix, fence)
            if now_inside:
                enter_ns = crossed
            else:
                stays.append(Visit(fence.name, enter_ns, crossed))
            inside = now_inside
        last = fix
    if inside:
        stays.append(Visit(fence.name, enter_ns, None))
    return stays


def _crossing(before: Fix, after: Fix, fence: Circle | Area) -> int:
    low, high = 0.0, 1.0
    was_inside = fence.holds(before.place)
    span_ns = after.at_ns - before.at_ns
    for _ in range(max(1, math.ceil(math.log2(max(2.0, span_ns / 5e7))))):
        middle = (low + high) / 2
        place = Place(
            before.place.latitude + (after.place.latitude - before.place.latitude) * middle,
            before.place.longitude + (after.place.longitude - before.place.longitude) * middle,
        )
        if fence.holds(place) == was_inside:
            low = middle
        else:
            high = middle
    return before.at_ns + round(span_ns * high)
