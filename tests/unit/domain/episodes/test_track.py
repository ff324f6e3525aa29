"""Tracks: bounded, near every fix, and with both ends."""

from itertools import pairwise
from math import hypot

from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.episodes.track import LIMIT, ROW_LIMIT, Point, Track, add, row_points, unpack
from tests.unit.domain.episodes.driving import BEGIN_NS, METRES_PER_DEGREE, at, place

Steps = list[tuple[int, int]]
STEPS = st.lists(st.tuples(st.integers(-60, 60), st.integers(-60, 60)), min_size=1, max_size=40)


def flat(point: Point) -> tuple[float, float]:
    return (point.longitude - 11.0) * METRES_PER_DEGREE, (point.latitude - 48.0) * METRES_PER_DEGREE


def off_m(point: tuple[float, float], line: list[tuple[float, float]]) -> float:
    """Distance of a point from a line of points."""
    best = min(hypot(point[0] - x, point[1] - y) for x, y in line)
    for (x_0, y_0), (x_1, y_1) in pairwise(line):
        square = (x_1 - x_0) ** 2 + (y_1 - y_0) ** 2
        if square:
            share = ((point[0] - x_0) * (x_1 - x_0) + (point[1] - y_0) * (y_1 - y_0)) / square
            share = max(0.0, min(1.0, share))
            best = min(best, hypot(point[0] - x_0 - share * (x_1 - x_0), point[1] - y_0 - share * (y_1 - y_0)))
    return best


def walk(steps: Steps, repeat: int = 1) -> tuple[Track, list[tuple[float, float]]]:
    track, fixes, north, east = Track(BEGIN_NS), [], 0.0, 0.0
    for number, (dn, de) in enumerate(steps * repeat):
        north, east = north + dn, east + de
        add(track, place(north, east), at(number))
        fixes.append((east, north))
    return track, fixes


@settings(max_examples=200)
@given(STEPS)
def test_no_fix_lies_farther_off_than_twice_the_tolerance(steps: Steps) -> None:
    # Once by the sleeve, once by the halving; a sphere's degree and rounding add a little.
    track, fixes = walk(steps)
    line = [flat(point) for point in unpack(row_points(track))]
    assert max(off_m(fix, line) for fix in fixes) <= 2 * track.tolerance_m + 2.5


@settings(max_examples=60)
@given(STEPS)
def test_a_track_never_outgrows_its_limits(steps: Steps) -> None:
    track, _ = walk(steps, 40)
    assert len(track.points) + len(track.tip) <= 12 * LIMIT
    assert len(unpack(row_points(track))) <= ROW_LIMIT


def test_a_straight_line_is_its_two_ends() -> None:
    track, _ = walk([(10, 0)] * 500)
    points = unpack(row_points(track))
    assert [point.after_s for point in points] == [0, 499]


def test_the_way_out_and_back_is_not_forgotten() -> None:
    track, _ = walk([(10, 0)] * 50 + [(-10, 0)] * 50)
    assert max(point.latitude for point in unpack(row_points(track))) > place(480)[0]


def test_both_ends_are_kept() -> None:
    track, fixes = walk([(30, 10), (-20, 40), (5, 5), (50, -3)])
    line = [flat(point) for point in unpack(row_points(track))]
    assert hypot(line[-1][0] - fixes[-1][0], line[-1][1] - fixes[-1][1]) < 1.0
