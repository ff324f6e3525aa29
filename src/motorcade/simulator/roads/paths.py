"""The fastest way from one junction to another."""

import heapq
from typing import Final

from motorcade.domain.errors import Invalid
from motorcade.simulator.roads.network import Lane, RoadNetwork, distance_m

_FASTEST_KMH: Final = 90.0  # the highest limit in the network: the estimate of the rest must never be too long
_MINOR_PENALTY: Final = 1.3  # drivers keep to the main roads where the minor ones would save little
_JUNCTION_S: Final = 3.0  # slowing down, looking and pulling away costs about this much


def lane_cost_s(lane: Lane) -> float:
    """Return the seconds that a driver counts for a lane, its end junction included."""
    return lane.length_m * 3.6 / lane.limit_kmh * (_MINOR_PENALTY if lane.minor else 1.0) + _JUNCTION_S


def find_path(network: RoadNetwork, start: int, goal: int) -> tuple[Lane, ...]:
    """Return the lanes of the fastest path (A*); empty when start and goal are the same junction.

    Raises:
        Invalid: the goal cannot be reached, which happens only outside ``network.reachable``.
    """
    target = network.junctions[goal]
    came_by: dict[int, Lane] = {}
    cost = {start: 0.0}
    done: set[int] = set()
    queue = [(0.0, start)]
    while queue:
        junction = heapq.heappop(queue)[1]
        if junction == goal:
            return _trace(came_by, start, goal)
        if junction in done:
            continue
        done.add(junction)
        for lane in network.leaving[junction]:
            reached = cost[junction] + lane_cost_s(lane)
            if reached < cost.get(lane.end, float("inf")):
                cost[lane.end] = reached
                came_by[lane.end] = lane
                rest_s = distance_m(network.junctions[lane.end], target) * 3.6 / _FASTEST_KMH
                heapq.heappush(queue, (reached + rest_s, lane.end))
    raise Invalid(f"no path leads from junction {start} to junction {goal}")


def _trace(came_by: dict[int, Lane], start: int, goal: int) -> tuple[Lane, ...]:
    path: list[Lane] = []
    while goal != start:
        path.append(came_by[goal])
        goal = path[-1].start
    return tuple(reversed(path))
