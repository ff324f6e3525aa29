"""What is wrong with a shape is named by ring and point."""

from math import nan

import pytest

from motorcade.domain.geodesy import Place
from motorcade.domain.geofence.shape import Circle, Corridor, Polygon, Ring, Shape, ShapeInvalid, check


def ring(*corners: Place) -> Ring:
    return (*corners, corners[0])


SQUARE = ring((57.0, 12.0), (57.0, 12.4), (57.4, 12.4), (57.4, 12.0))
HOLE = ring((57.1, 12.1), (57.1, 12.2), (57.2, 12.2), (57.2, 12.1))
BOW = ring((57.0, 12.0), (57.4, 12.4), (57.0, 12.4), (57.4, 12.0))


@pytest.mark.parametrize(
    "shape",
    [
        Circle((57.7, 12.0), 5.0),
        Circle((-33.0, 179.9), 100.0),
        Polygon(SQUARE),
        Polygon(SQUARE[::-1], (HOLE, ring((57.25, 12.25), (57.25, 12.3), (57.3, 12.3)))),
        Polygon(SQUARE, (ring((57.0, 12.0), (57.1, 12.1), (57.1, 12.2)),)),  # touches the outline in one point
        Corridor(((57.0, 12.0), (57.1, 12.1), (57.0, 12.1), (57.1, 12.0)), 30.0),  # a road may cross itself
    ],
)
def test_shapes_that_can_be_fences(shape: Shape) -> None:
    check(shape)


@pytest.mark.parametrize(
    ("shape", "message", "where"),
    [
        (Circle((57.7, 12.0), 4.9), "radius must be", (None, None)),
        (Circle((57.7, 12.0), nan), "radius must be", (None, None)),
        (Circle((57.7, 180.5), 10.0), "the centre is out of range", (0, 1)),
        (Circle((12.0, 179.9999), 100.0), "antimeridian", (0, 1)),
        (Circle((84.0, 12.0), 200_000.0), "latitude", (0, 1)),
        (Polygon(SQUARE[:3]), "too few points: the outline needs at least 4", (0, 3)),
        (Polygon(()), "too few points", (0, 0)),
        (Polygon(SQUARE[:4]), "the outline is not closed: point 4 must repeat point 1", (0, 4)),
        (Polygon(SQUARE, (HOLE[:4],)), "hole 1 is not closed", (1, 4)),
        (Polygon((SQUARE[0], SQUARE[0], *SQUARE[1:])), "the outline: point 2 repeats point 1", (0, 2)),
        (
            Polygon(ring((57.0, 12.0), (57.0, 12.4), (57.4, 12.4), (57.2, 12.2), (57.4, 12.0), (57.2, 12.2))),
            "the outline: point 6 is the same as point 4",
            (0, 6),
        ),
        (Polygon(BOW), "the edge from point 1 to 2 meets the edge from point 3 to 4", (0, 1)),
        (
            Polygon(SQUARE, (HOLE, ring((57.3, 12.3), (57.35, 12.35), (57.3, 12.35), (57.35, 12.3)))),
            "hole 2 crosses",
            (2, 1),
        ),
        (Polygon(ring((57.0, 12.0), (57.1, 12.0), (57.2, 12.0))), "the outline encloses no area", (0, None)),
        (Polygon(ring((57.0, 12.0), (91.0, 12.4), (57.4, 12.4))), "point 2 is out of range: .* swapped", (0, 2)),
        (Polygon(ring((57.0, 12.0), (57.0, 181.0), (57.4, 12.4))), "point 2 is out of range", (0, 2)),
        (Polygon(ring((57.0, 12.0), (57.0, nan), (57.4, 12.4))), "point 2 is no number", (0, 2)),
        (Polygon(ring((57.0, 12.0), (86.0, 12.1), (57.4, 12.4))), "point 2 lies beyond 85", (0, 2)),
        (
            Polygon(ring((57.0, 179.0), (57.0, -179.0), (57.4, -179.0), (57.4, 179.0))),
            "antimeridian between points 1 and 2",
            (0, 1),
        ),
        (Polygon(ring((10.0, 12.0), (10.0, 43.0), (11.0, 43.0))), "more than 30 degrees of longitude", (0, None)),
        (
            Polygon(SQUARE, (ring((57.1, 12.1), (57.1, 12.5), (57.2, 12.5)),)),
            "hole 1 lies outside the outline at its point 2",
            (1, 2),
        ),
        (
            Polygon(SQUARE, (ring((58.1, 12.1), (58.1, 12.5), (58.2, 12.5)),)),
            "hole 1 lies outside the outline at its point 1",
            (1, 1),
        ),
        (
            Polygon(SQUARE, (HOLE, ring((57.15, 12.15), (57.15, 12.3), (57.3, 12.3)))),
            "holes 1 and 2 overlap",
            (2, None),
        ),
        (Polygon(SQUARE, (HOLE, HOLE)), "holes 1 and 2 overlap", (2, None)),
        (Polygon(SQUARE, (ring((57.0, 12.0), (57.4, 12.4), (57.1, 12.2)),)), "falls apart", (None, None)),
        (Polygon(SQUARE, (HOLE,) * 101), "at most 100 holes", (None, None)),
        (Polygon(tuple((57.0 + n * 1e-5, 12.0) for n in range(5_001))), "at most 5000 points", (0, None)),
        (Corridor(((57.0, 12.0),), 30.0), "too few points", (0, 1)),
        (Corridor(((57.0, 12.0), (57.0, 12.0)), 30.0), "the line: point 2 repeats point 1", (0, 2)),
        (Corridor(((57.0, 12.0), (57.1, 12.0)), 1.0), "width must be", (None, None)),
        (Corridor(tuple((57.0 + n * 1e-4, 12.0) for n in range(2_001)), 30.0), "at most 2000 points", (0, None)),
    ],
)
def test_a_fault_names_its_ring_and_point(shape: Shape, message: str, where: tuple[int | None, int | None]) -> None:
    with pytest.raises(ShapeInvalid, match=message) as caught:
        check(shape)
    assert (caught.value.ring, caught.value.point) == where


def test_where_a_ring_crosses_itself_is_told_apart_from_the_message() -> None:
    with pytest.raises(ShapeInvalid) as caught:
        check(Polygon(BOW))
    assert caught.value.place == pytest.approx((57.2, 12.2))
    assert "57.2" not in str(caught.value)
