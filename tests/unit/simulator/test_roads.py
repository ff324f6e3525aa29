import itertools
import math
import random

import pytest

from motorcade.domain.errors import Invalid
from motorcade.simulator.roads.city import open_city
from motorcade.simulator.roads.network import Lane, Place, distance_m, heading_deg, load_network, parse_network
from motorcade.simulator.roads.paths import find_path, lane_cost_s
from motorcade.simulator.roads.route import Spot, plan_route, spot_place

NETWORK = load_network()
LANES = tuple(NETWORK.lanes())


def test_the_network_is_the_city_that_the_notice_describes() -> None:
    assert len(NETWORK.junctions) == 7_452
    both_ways = sum(lane.length_m for lane in LANES)
    assert 885_000 < both_ways < 2 * 885_000
    assert "OpenStreetMap" in NETWORK.copyright or "openstreetmap" in NETWORK.copyright


def test_lanes_of_one_way_streets_lead_one_way_only() -> None:
    ends = {(lane.start, lane.end) for lane in LANES}
    one_way = [pair for pair in ends if (pair[1], pair[0]) not in ends]
    assert len(one_way) > 1_000


def test_every_lane_begins_and_ends_at_its_junctions() -> None:
    for lane in LANES[::50]:
        assert lane.points[0] == NETWORK.junctions[lane.start]
        assert lane.points[-1] == NETWORK.junctions[lane.end]
        assert lane.length_m == pytest.approx(sum(itertools.starmap(distance_m, itertools.pairwise(lane.points))))


def test_headings_are_compass_directions() -> None:
    middle = Place(57.7, 11.97)
    assert heading_deg(middle, Place(57.8, 11.97)) == pytest.approx(0)
    assert heading_deg(middle, Place(57.7, 12.07)) == pytest.approx(90, abs=0.1)
    assert heading_deg(middle, Place(57.6, 11.97)) == pytest.approx(180)
    assert heading_deg(middle, Place(57.7, 11.87)) == pytest.approx(270, abs=0.1)


def dijkstra_cost_s(start: int, goal: int) -> float:
    """The textbook algorithm without any estimate, as an independent measure."""
    cost, open_set = {start: 0.0}, {start}
    while open_set:
        here = min(open_set, key=lambda junction: cost[junction])
        if here == goal:
            return cost[here]
        open_set.remove(here)
        for lane in NETWORK.leaving[here]:
            reached = cost[here] + lane_cost_s(lane)
            if reached < cost.get(lane.end, math.inf):
                cost[lane.end] = reached
                open_set.add(lane.end)
    return math.inf


def test_a_path_is_connected_and_as_fast_as_any() -> None:
    chance = random.Random(7)
    for _ in range(5):
        start, goal = chance.sample(NETWORK.reachable, 2)
        path = find_path(NETWORK, start, goal)
        assert path[0].start == start
        assert path[-1].end == goal
        assert all(one.end == other.start for one, other in itertools.pairwise(path))
        assert sum(map(lane_cost_s, path)) == pytest.approx(dijkstra_cost_s(start, goal))


def test_a_route_runs_from_spot_to_spot_and_ends_at_rest() -> None:
    chance = random.Random(3)
    for _ in range(20):
        start, goal = (Spot(lane, lane.length_m * chance.random()) for lane in chance.sample(LANES, 2))
        route = plan_route(NETWORK, start, goal)
        assert distance_m(route.places[0], spot_place(start)[0]) < 1.0
        assert distance_m(route.places[-1], spot_place(goal)[0]) < 1.0
        assert all(one < other for one, other in itertools.pairwise(route.at_m))
        assert route.caps_ms[-1] == 0
        assert all(cap <= limit for cap, limit in zip(route.caps_ms, route.limits_ms, strict=True))


def test_a_route_can_be_braked_to_every_cap() -> None:
    start, goal = Spot(LANES[10], 1.0), Spot(LANES[9_000], 1.0)
    route = plan_route(NETWORK, start, goal)
    for knot in range(len(route.at_m) - 1):
        gap = route.at_m[knot + 1] - route.at_m[knot]
        assert route.caps_ms[knot] ** 2 <= route.caps_ms[knot + 1] ** 2 + 2 * 1.5 * gap + 1e-6


def test_a_car_ahead_of_its_goal_on_the_same_lane_simply_goes_there() -> None:
    lane = max(LANES, key=lambda one: one.length_m)
    route = plan_route(NETWORK, Spot(lane, 10.0), Spot(lane, lane.length_m - 10.0))
    assert route.length_m == pytest.approx(lane.length_m - 20.0, abs=1.0)


def test_depots_lie_apart_on_named_streets_and_offer_both_kinds_of_charger() -> None:
    city = open_city(NETWORK)
    assert len({depot.name for depot in city.depots}) == 12
    assert {depot.dc for depot in city.depots} == {True, False}
    gaps = [
        distance_m(one.lane.points[0], other.lane.points[0]) for one, other in itertools.combinations(city.depots, 2)
    ]
    assert min(gaps) > 500


def test_a_damaged_street_file_is_refused_with_a_remedy() -> None:
    with pytest.raises(Invalid, match="restore it from the package"):
        parse_network(b'{"copyright":"","classes":[],"names":[],"nodes":[1,2],"edges":[[0,9,0,0,0,50,0,1,[]]]}')


def test_a_dead_end_of_one_way_streets_is_left_out() -> None:
    network = parse_network(
        b'{"copyright":"","classes":["primary"],"names":["","A"],"nodes":[0,0,0,100,100,0],'
        b'"edges":[[0,1,0,1,0,50,0,111,[]],[0,2,0,1,0,50,1,111,[]]]}'
    )
    assert network.reachable == (0, 1)
    assert [(lane.start, lane.end) for lane in network.lanes()] == [(0, 1), (1, 0)]


def test_lanes_know_where_through_traffic_does_not_belong() -> None:
    assert {lane.road_class for lane in LANES if lane.minor} == {"residential", "living_street"}
    assert isinstance(LANES[0], Lane)
