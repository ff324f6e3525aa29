"""The index of fences says what measuring every fence anew would say, wherever a car has been before."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import cos, hypot, pi, radians, sin
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.errors import Invalid
from motorcade.domain.geodesy import EARTH_RADIUS_M, Place, distance_m
from motorcade.domain.geofence.fence import MAX_FENCES, Fence, FenceDraft, VisitRules
from motorcade.domain.geofence.index import FenceSet
from motorcade.domain.geofence.shape import Circle, Corridor, Polygon, Ring, Shape, ShapeInvalid, check
from motorcade.domain.geofence.timeline import FenceTimeline, FenceVersion
from tests.conditions import Scale

M = 180 / pi / EARTH_RADIUS_M


def moved(place: Place, north_m: float, east_m: float) -> Place:
    return (place[0] + north_m * M, place[1] + east_m * M / cos(radians(place[0])))


def flat(place: Place, origin: Place) -> tuple[float, float]:
    """Metres east and north of a place near."""
    return ((place[1] - origin[1]) / M * cos(radians(origin[0])), (place[0] - origin[0]) / M)


def gap_m(place: Place, one: Place, other: Place) -> float:
    """From a place to an edge that is straight in degrees."""
    (ax, ay), (bx, by) = flat(one, place), flat(other, place)
    along = ((ax - bx) * ax + (ay - by) * ay) / ((bx - ax) ** 2 + (by - ay) ** 2)
    share = min(1.0, max(0.0, along))
    return hypot(ax + share * (bx - ax), ay + share * (by - ay))


def holds(ring: Ring, place: Place) -> bool:
    """By counting the edges that a ray to the east crosses."""
    lat, lon = place
    crossings = 0
    for (a_lat, a_lon), (b_lat, b_lon) in pairwise(ring):
        if (a_lat > lat) != (b_lat > lat):
            crossings += a_lon + (lat - a_lat) * (b_lon - a_lon) / (b_lat - a_lat) > lon
    return crossings % 2 == 1


def depth_m(shape: Shape, place: Place) -> float:
    """Slowly, from every edge."""
    if isinstance(shape, Circle):
        return shape.radius_m - distance_m(shape.centre, place)
    if isinstance(shape, Corridor):
        edges = pairwise(shape.path)
        return shape.width_m / 2 - min(gap_m(place, one, other) for one, other in edges)
    rings = (shape.outline, *shape.holes)
    nearest = min(gap_m(place, one, other) for ring in rings for one, other in pairwise(ring))
    inside = holds(shape.outline, place) and not any(holds(hole, place) for hole in shape.holes)
    return nearest if inside else -nearest


def star(dice: Random, middle: Place, radius_m: float) -> Ring:
    """An outline with bays."""
    corners = dice.randint(3, 30)
    turns = sorted(dice.uniform(0, 2 * pi) for _ in range(corners))
    ways = [radius_m * dice.uniform(0.3, 1.0) for _ in turns]
    points = [moved(middle, way * sin(turn), way * cos(turn)) for way, turn in zip(ways, turns, strict=True)]
    return (*points, points[0])


def some_shape(dice: Random, near: Place) -> Shape:
    middle = moved(near, dice.uniform(-3_000, 3_000), dice.uniform(-3_000, 3_000))
    size_m = dice.choice([10.0, 60.0, 300.0, 5_000.0, 60_000.0])
    kind = dice.randrange(3)
    if kind == 0:
        return Circle(middle, size_m)
    if kind == 1:
        path = [middle]
        for _ in range(dice.randint(1, 6)):
            path.append(moved(path[-1], dice.uniform(-size_m, size_m), dice.uniform(-size_m, size_m)))
        return Corridor(tuple(path), dice.choice([10.0, 50.0, 400.0]))
    holes = (star(dice, middle, size_m * 0.25),) if dice.random() < 0.4 else ()
    return Polygon(star(dice, middle, size_m), holes)


def some_fences(dice: Random, near: Place, count: int) -> list[Fence]:
    fences: list[Fence] = []
    while len(fences) < count:
        shape = some_shape(dice, near)
        try:
            check(shape)
        except ShapeInvalid:
            continue  # stars with a hole outside, and the like
        fences.append(Fence(f"f{len(fences):03}", 1, "a fence", shape))
    return fences


def near_place(shape: Shape) -> Place:
    if isinstance(shape, Circle):
        return moved(shape.centre, shape.radius_m, 0)
    return shape.path[0] if isinstance(shape, Corridor) else shape.outline[0]


@pytest.mark.parametrize("around", [(57.7, 12.0), (-33.9, 151.2), (0.001, 0.001), (78.2, 15.6), (51.5, -0.0005)])
def test_the_index_says_what_measuring_every_fence_anew_says(around: Place, scale: Scale) -> None:
    @settings(max_examples=scale.n(60, 2_000))
    @given(st.integers(0, 2**32))
    def check_one(seed: int) -> None:
        dice = Random(seed)
        fences = some_fences(dice, around, dice.choice([1, 3, 12]))
        rules = FenceSet(1, fences)
        place, heading = near_place(dice.choice(fences).shape), 0.0
        for _ in range(60):
            if dice.random() < 0.05:
                place = near_place(dice.choice(fences).shape)
            heading += dice.gauss(0, 0.5)
            step_m = dice.choice([0.0, 0.3, 3.0, 14.0, 300.0, 4_000.0])
            place = moved(place, step_m * cos(heading), step_m * sin(heading))
            told = [fence.fence_id for fence in rules.holding("car", place)]
            assert told == sorted(told)
            for fence in fences:
                depth = depth_m(fence.shape, place)
                if abs(depth) > 0.1:  # far out, plane and sphere differ by centimetres
                    assert (fence.fence_id in told) == (depth > 0), (fence, depth)

    check_one()


def test_sure_is_farther_beyond_the_border_than_the_margin(scale: Scale) -> None:
    @settings(max_examples=scale.n(60, 2_000))
    @given(st.integers(0, 2**32))
    def check_one(seed: int) -> None:
        dice = Random(seed)
        fences = some_fences(dice, (57.7, 12.0), 5)
        rules = FenceSet(1, fences)
        for fence in fences:
            border = near_place(fence.shape)
            for reach_m in (1.0, 12.0, 60.0, 900.0):
                place = moved(border, dice.uniform(-reach_m, reach_m), dice.uniform(-reach_m, reach_m))
                margin_m = dice.choice([10.0, 35.0, 50.0])
                depth = depth_m(fence.shape, place)
                sure = rules.is_sure(fence, place, margin_m, inside=depth > 0)
                if depth > margin_m + 0.3:
                    assert sure
                elif depth < 0 and abs(depth + margin_m) > 0.3:
                    assert sure == (depth < -margin_m), (fence, depth, margin_m)

    check_one()


def test_edges_are_straight_in_degrees_also_where_they_are_long() -> None:
    # Halfway along an edge of four degrees the straight line on a Mercator map lies kilometres away.
    land = Fence("land", 1, "Land", Polygon(((56.0, 10.0), (60.0, 16.0), (56.0, 16.0), (56.0, 10.0))))
    told = FenceSet(1, [land])
    assert told.holding("car", (57.9998, 13.0005)) == (land,)
    assert told.holding("car", (58.0002, 12.9995)) == ()


def test_far_from_every_fence_a_car_is_not_looked_up_again_for_long() -> None:
    rules = FenceSet(1, [Fence("yard", 1, "Yard", Circle((57.7, 12.0), 200.0))])
    assert rules.holding("car", (58.2, 12.0)) == ()
    index = rules._built
    assert index is not None
    assert index.cars["car"].free_m2 ** 0.5 > 5_000
    cells = len(index.cells)
    assert rules.holding("car", (58.16, 12.0)) == ()
    assert len(index.cells) == cells


def test_a_set_without_fences_answers_without_an_index() -> None:
    assert FenceSet().holding("car", (57.7, 12.0)) == ()


def test_too_many_fences_are_refused() -> None:
    yard = Circle((57.7, 12.0), 200.0)
    with pytest.raises(Invalid, match="at most"):
        FenceSet(1, [Fence(f"{n}", 1, "Yard", yard) for n in range(MAX_FENCES + 1)])


@pytest.mark.parametrize(
    ("accuracy_m", "fixed", "margin_m"),
    [
        (None, True, 10.0),
        (4.0, True, 10.0),
        (10.1, True, 15.0),
        (14.9, True, 15.0),
        (400.0, True, 50.0),
        (None, False, 50.0),
    ],
)
def test_the_margin_grows_with_the_stated_error(accuracy_m: float | None, fixed: bool, margin_m: float) -> None:
    assert VisitRules().margin(accuracy_m, fixed=fixed) == margin_m


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (FenceDraft("  ", Circle((57.7, 12.0), 10.0)), "name"),
        (FenceDraft("Yard", Circle((57.7, 12.0), 10.0), dwell_s=0.0), "dwell_s"),
        (FenceDraft("Yard", Circle((57.7, 12.0), 10.0), speed_limit_kmh=-5.0), "speed_limit_kmh"),
        (FenceDraft("Yard", Circle((57.7, 12.0), 1.0)), "radius"),
    ],
)
def test_a_draft_that_cannot_be_a_fence_says_why(draft: FenceDraft, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        draft.check()


def test_a_timeline_gives_the_fences_of_a_time_and_knows_when_each_version_ended() -> None:
    yard, gate = Circle((57.7, 12.0), 200.0), Circle((57.8, 12.0), 50.0)
    line = FenceTimeline(
        [
            FenceVersion(Fence("yard", 1, "Yard", yard, from_ns=100), 200),
            FenceVersion(Fence("yard", 2, "Yard", gate, from_ns=200)),
            FenceVersion(Fence("gate", 1, "Gate", gate, from_ns=150), 300),
        ]
    )

    def told(at_ns: int) -> list[tuple[str, int]]:
        return [(fence.fence_id, fence.version) for fence in line.at(at_ns).fences.values()]

    assert [told(at_ns) for at_ns in (99, 100, 150, 200, 300)] == [
        [],
        [("yard", 1)],
        [("gate", 1), ("yard", 1)],
        [("gate", 1), ("yard", 2)],
        [("yard", 2)],
    ]
    assert [line.next_after(at_ns) for at_ns in (0, 100, 200, 300)] == [100, 150, 300, None]
    assert line.at(150) is line.at(199)
    assert (line.at(300).ended("gate", 1), line.at(300).ended("yard", 1), line.at(300).ended("yard", 2)) == (
        300,
        200,
        None,
    )
    assert len({line.at(at_ns).version for at_ns in (100, 150, 200, 300)}) == 4


def test_two_threads_may_ask_one_set_at_once() -> None:
    fences = some_fences(Random(5), (57.7, 12.0), 40)
    shared, dice = FenceSet(1, fences), Random(6)
    places = [moved((57.7, 12.0), dice.uniform(-4_000, 4_000), dice.uniform(-4_000, 4_000)) for _ in range(2_000)]
    wanted = [FenceSet(1, fences).holding("alone", place) for place in places[:50]]

    def ask(car: str) -> list[tuple[Fence, ...]]:
        return [shared.holding(car, place) for place in places]

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(ask, ("a", "b", "c", "d")))
    assert told[0] == told[1] == told[2] == told[3]
    assert told[0][:50] == wanted


def test_sets_of_one_timeline_share_what_is_drawn_and_only_some_are_kept() -> None:
    yard, gate = Circle((57.7, 12.0), 200.0), Circle((57.8, 12.0), 50.0)
    versions = [FenceVersion(Fence(f"{n}", 1, "Yard", gate, from_ns=n * 100)) for n in range(2, 9)]
    line = FenceTimeline([FenceVersion(Fence("yard", 1, "Yard", yard, from_ns=100)), *versions])
    for at_ns in range(100, 900, 100):
        held = line.at(at_ns).holding("car", (57.7, 12.0))
        assert [fence.fence_id for fence in held] == ["yard"]
    assert len(line._lands) == 8
    assert len(line._sets) == 4
    assert line.at(850) is line.at(820)
