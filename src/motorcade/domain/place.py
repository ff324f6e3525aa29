"""The nearest named place of a gazetteer, and how a place is named to people.

A pure look-up over arrays that somebody else has read: rows of episodes hold locations and fence ids, names are given
on reading. The arrays are sorted by bands of latitude and by longitude inside each, so that a look-up inspects a few
hundred of some hundred thousand places.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Final, NamedTuple

from motorcade.domain.geodesy import Place, distance_m

UNITS: Final = 1_000
"""Places are kept in thousandths of a degree, about a hundred metres: a town is no point."""
BAND: Final = UNITS // 2
"""Height of a band."""
FARTHEST_M: Final = 50_000.0
"""What lies farther from any named place is named by nothing: "near" would mislead."""
_FIRST_M: Final = 4_000.0  # the circle that is searched first; each next one is four times as wide
_METRES_PER_DEGREE: Final = 111_195.0
_TURN: Final = 360 * UNITS


class NamedPlace(NamedTuple):
    """A place of the gazetteer.

    Attributes:
        name: in its own country's Latin spelling.
        country: ISO 3166-1 alpha-2.
        distance_m: from the place asked for to its centre.
    """

    name: str
    country: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Named places in parallel arrays, sorted by (band, longitude).

    Attributes:
        latitudes: in thousandths of a degree.
        longitudes: likewise.
        countries: two letters each.
        names: all names in UTF-8, one after another.
        ends: where in `names` each one ends.
    """

    latitudes: "array[int]"
    longitudes: "array[int]"
    countries: bytes
    names: bytes
    ends: "array[int]"

    def __len__(self) -> int:
        return len(self.latitudes)

    def nearest(self, place: Place, farthest_m: float = FARTHEST_M) -> NamedPlace | None:
        """The nearest named place, None where none lies within `farthest_m`; of two equally near the first."""
        reach_m = min(_FIRST_M, farthest_m)
        while True:
            found, index = min(self._around(place, reach_m), default=(farthest_m, -1))
            if index >= 0 and found <= reach_m:
                return NamedPlace(self._name(index), self.countries[2 * index : 2 * index + 2].decode(), found)
            if reach_m >= farthest_m:
                return None
            reach_m = min(4 * reach_m, farthest_m)

    def _around(self, place: Place, reach_m: float) -> list[tuple[float, int]]:
        """(distance, index) of all places within a box around a place."""
        latitude, longitude = place
        high = reach_m / _METRES_PER_DEGREE
        # The box is as wide as its narrowest parallel; nearer to a pole than it is high, it goes all around.
        slim = cos(radians(min(90.0, abs(latitude) + high)))
        wide = 180.0 if slim * 180.0 <= high else high / slim
        found: list[tuple[float, int]] = []
        for band in range(_band((latitude - high) * UNITS), _band((latitude + high) * UNITS) + 1):
            first, last = self._band(band)
            for west, east in _spans(longitude - wide, longitude + wide):
                begin = bisect_left(self.longitudes, west, first, last)
                end = bisect_right(self.longitudes, east, first, last)
                found += [(distance_m(place, self._place(index)), index) for index in range(begin, end)]
        return found

    def _band(self, band: int) -> tuple[int, int]:
        """First index of a band and of the next one."""
        return (
            bisect_left(self.latitudes, band, key=_band),
            bisect_left(self.latitudes, band + 1, key=_band),
        )

    def _place(self, index: int) -> Place:
        return self.latitudes[index] / UNITS, self.longitudes[index] / UNITS

    def _name(self, index: int) -> str:
        return self.names[self.ends[index - 1] if index else 0 : self.ends[index]].decode()


def name_of(
    place: Place | None, fences: Sequence[str], fence_names: Mapping[str, str], gazetteer: Gazetteer | None
) -> str | None:
    """How people call a place: the name of a fence it lies in, else the nearest named place; None if neither is known.

    Args:
        place: where.
        fences: ids of the fences it lies in, the most telling first; ids that are not in `fence_names` are passed over.
        fence_names: names of the organisation's fences by id.
        gazetteer: None where it is not installed.
    """
    for fence in fences:
        name = fence_names.get(fence)
        if name:
            return name
    if place is None or gazetteer is None:
        return None
    near = gazetteer.nearest(place)
    return None if near is None else f"{near.name}, {near.country}"


def _band(latitude: float) -> int:
    """The band of a latitude in thousandths of a degree."""
    return int(latitude // BAND)


def _spans(west: float, east: float) -> list[tuple[float, float]]:
    """An interval of longitudes in thousandths of a degree, cut where it crosses the date line."""
    if east - west >= 360.0:
        return [(-180.0 * UNITS, 180.0 * UNITS)]
    low, high = west * UNITS, east * UNITS
    edge = 180 * UNITS
    if low < -edge:
        return [(-edge, high), (low + _TURN, edge)]
    if high > edge:
        return [(low, edge), (-edge, high - _TURN)]
    return [(low, high)]
