"""Distances on the earth, for places in degrees and lengths in metres."""

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG); a sphere errs by at most 0.6 %, far less over a car's ways than its receiver does."""

Place = tuple[float, float]
"""(latitude, longitude) in degrees."""


def distance_m(one: Place, other: Place) -> float:
    """Length of the great circle between two places (haversine)."""
    lat_1, lat_2 = radians(one[0]), radians(other[0])
    half_lat, half_lon = (lat_2 - lat_1) / 2, radians(other[1] - one[1]) / 2
    chord = sin(half_lat) ** 2 + cos(lat_1) * cos(lat_2) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))
