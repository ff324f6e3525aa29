"""The curve of a charging session: bounded while it grows, simplified when it is complete."""

from typing import Final, NamedTuple

MAX_POINTS: Final = 128
"""Points of a running session; at the first spacing of 30 s an hour of a fast charge, at 8 minutes 17 hours."""
FIRST_SPACING_S: Final = 30.0
_STRAIGHT: Final = 0.01  # share of the peak power, or of the energy, by which a left-out point may lie off the line


class CurvePoint(NamedTuple):
    """One point of the curve.

    Attributes:
        at_s: seconds since the session's start.
        power_kw: charging power from there on.
        battery_pct: charge of the battery, None where it was not known yet.
        added_kwh: energy into the battery since the start.
    """

    at_s: float
    power_kw: float
    battery_pct: float | None
    added_kwh: float


def add(points: list[CurvePoint], point: CurvePoint, spacing_s: float, *, edge: bool) -> float:
    """Add a point unless it follows too closely; an edge (start, stop) is always kept.

    Returns:
        The spacing to use from now on: twice the former one where the list was full and every other point went.
    """
    if points and not edge and point.at_s - points[-1].at_s < spacing_s:
        return spacing_s
    points.append(point)
    if len(points) > MAX_POINTS:
        points[:] = [points[0], *points[1:-1:2], points[-1]]
        spacing_s *= 2
    return spacing_s


def complete(points: list[CurvePoint], total_kwh: float, end_s: float) -> tuple[CurvePoint, ...]:
    """The curve of a session that is over: energy never falls, ends at the session's; points on a line are left out."""
    rising: list[CurvePoint] = []
    most_kwh = 0.0
    for point in points:
        if point.at_s > end_s:
            break
        most_kwh = min(max(most_kwh, point.added_kwh), total_kwh)
        rising.append(point._replace(added_kwh=most_kwh))
    if not rising:
        return ()
    last = rising[-1]._replace(at_s=end_s, added_kwh=total_kwh)
    if len(rising) > 1 and rising[-1].at_s == end_s:
        rising[-1] = last
    else:
        rising.append(last)
    peak_kw = max(point.power_kw for point in rising)
    return _simplified(rising, max(peak_kw * _STRAIGHT, 0.01), max(total_kwh * _STRAIGHT, 0.001))


def _simplified(points: list[CurvePoint], off_kw: float, off_kwh: float) -> tuple[CurvePoint, ...]:
    """Douglas and Peucker's rule over power and energy by time."""
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        low, high = spans.pop()
        worst, at = 1.0, -1
        for index in range(low + 1, high):
            off = _off(points[low], points[index], points[high], (off_kw, off_kwh))
            if off > worst:
                worst, at = off, index
        if at > 0:
            keep.add(at)
            spans += [(low, at), (at, high)]
    return tuple(points[index] for index in sorted(keep))


def _off(one: CurvePoint, point: CurvePoint, other: CurvePoint, allowed: tuple[float, float]) -> float:
    share = (point.at_s - one.at_s) / ((other.at_s - one.at_s) or 1.0)
    power = abs(point.power_kw - one.power_kw - share * (other.power_kw - one.power_kw)) / allowed[0]
    energy = abs(point.added_kwh - one.added_kwh - share * (other.added_kwh - one.added_kwh)) / allowed[1]
    return max(power, energy)
