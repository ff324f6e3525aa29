import itertools
import math
import random
from collections import Counter, defaultdict

import pytest

from motorcade.simulator.body import MODELS
from motorcade.simulator.day import Activity, SimulatedCar
from motorcade.simulator.fleet import start_days
from motorcade.simulator.roads.city import open_city
from motorcade.simulator.roads.network import METRES_PER_DEGREE, Lane, Place, distance_m, load_network
from motorcade.simulator.vin import demo_fleet

CITY = open_city(load_network())
SEED = b"0" * 32
CELL = 0.004  # degrees; wider than any 15 m and narrower than the city


def car(seed: int, activity: Activity, model: str = "Model Y") -> SimulatedCar:
    made = SimulatedCar("Car 01", MODELS[model], CITY, seed)
    made.begin(activity)
    return made


def lanes_by_cell() -> dict[tuple[int, int], list[Lane]]:
    cells: dict[tuple[int, int], list[Lane]] = defaultdict(list)
    for lane in CITY.network.lanes():
        for point in lane.points:
            cells[int(point.latitude / CELL), int(point.longitude / CELL)].append(lane)
    return cells


CELLS = lanes_by_cell()


def distance_to_segment_m(place: Place, one: Place, other: Place) -> float:
    scale = math.cos(math.radians(place.latitude))

    def flat(point: Place) -> tuple[float, float]:
        return (
            (point.longitude - place.longitude) * scale * METRES_PER_DEGREE,
            (point.latitude - place.latitude) * METRES_PER_DEGREE,
        )

    (ax, ay), (bx, by) = flat(one), flat(other)
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    share = 0.0 if length == 0 else max(0.0, min(1.0, -(ax * dx + ay * dy) / length))
    return math.hypot(ax + share * dx, ay + share * dy)


def distance_to_street_m(place: Place) -> float:
    row, column = int(place.latitude / CELL), int(place.longitude / CELL)
    near = [lane for a in (-1, 0, 1) for b in (-1, 0, 1) for lane in CELLS[row + a, column + b]]
    return min(
        distance_to_segment_m(place, one, other) for lane in near for one, other in itertools.pairwise(lane.points)
    )


def diary(seed: int, steps: int) -> list[tuple[object, ...]]:
    driven = car(seed, Activity.DRIVING)
    pages: list[tuple[object, ...]] = []
    for _ in range(steps):
        driven.step(0.5)
        body = driven.body
        pages.append((driven.activity, body.place, body.speed_ms, body.energy_kwh, body.gear, body.locked))
    return pages


def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    assert diary(5, 4_000) == diary(5, 4_000)
    assert diary(5, 100) != diary(6, 100)


@pytest.mark.parametrize("seed", range(6))
def test_a_driving_car_stays_on_the_streets(seed: int) -> None:
    driven = car(seed, Activity.DRIVING)
    for step in range(1_200):
        driven.step(0.5)
        if step % 20 == 0:
            assert distance_to_street_m(driven.body.place) < 15


@pytest.mark.parametrize("seed", range(6))
def test_speed_and_acceleration_stay_within_what_a_calm_driver_does(seed: int) -> None:
    driven = car(seed, Activity.DRIVING)
    speeds = []
    for _ in range(2_000):
        driven.step(0.5)
        if driven.activity is Activity.DRIVING:
            speeds.append(driven.body.speed_ms * 3.6)
            assert -3.6 <= driven.body.acceleration_ms2 <= 2.3
    assert max(speeds) <= 90 * 1.08  # 90 is the city's highest limit; nobody drives far above it
    assert 20 < sum(speeds) / len(speeds) < 75


def test_a_car_keeps_the_limit_of_the_street_it_is_on() -> None:
    for seed in range(5):
        driven = car(seed, Activity.DRIVING)
        for _ in range(400):
            driven.step(0.5)
            if driven.activity is not Activity.DRIVING:
                break
            place = driven.body.place
            row, column = int(place.latitude / CELL), int(place.longitude / CELL)
            near = [lane for a in (-1, 0, 1) for b in (-1, 0, 1) for lane in CELLS[row + a, column + b]]
            limits = [
                lane.limit_kmh
                for lane in near
                if any(distance_to_segment_m(place, *pair) < 30 for pair in itertools.pairwise(lane.points))
            ]
            assert driven.body.speed_ms * 3.6 <= max(limits) * 1.08


def test_every_driving_car_moves_visibly_every_second() -> None:
    for seed in range(10):
        driven = car(seed, Activity.DRIVING)
        for _ in range(60):
            before = driven.body.place
            driven.step(0.5)
            driven.step(0.5)
            if driven.activity is Activity.DRIVING:
                assert distance_m(before, driven.body.place) > 0.5


def test_driving_costs_a_plausible_amount_of_energy() -> None:
    used_kwh = metres = 0.0
    for seed in range(10):
        driven = car(seed, Activity.DRIVING)
        energy, odometer = driven.body.energy_kwh, driven.body.odometer_m
        while driven.activity is Activity.DRIVING:
            driven.step(0.5)
        used_kwh += energy - driven.body.energy_kwh
        metres += driven.body.odometer_m - odometer
    assert 100 < used_kwh / metres * 1e6 < 260  # Wh/km


def test_the_odometer_tells_what_was_driven() -> None:
    driven = car(2, Activity.DRIVING)
    start, before, along = driven.body.odometer_m, driven.body.place, 0.0
    for _ in range(300):
        driven.step(0.5)
        along += distance_m(before, driven.body.place)
        before = driven.body.place
    assert driven.body.odometer_m - start == pytest.approx(along, rel=0.03)


def test_a_charging_car_gains_energy_until_its_goal_and_is_unplugged() -> None:
    charged = car(4, Activity.CHARGING)
    seen, energy = [charged.body.charge_state], charged.body.energy_kwh
    for _ in range(40_000):
        charged.step(0.5)
        if charged.body.charge_state != seen[-1]:
            seen.append(charged.body.charge_state)
        if charged.activity is Activity.DRIVING:
            break
    assert seen[:3] == ["Charging", "Complete", "Disconnected"]
    assert charged.body.energy_kwh > energy
    assert not charged.body.plugged


def test_a_sleeping_car_reports_once_then_sleeps_and_wakes() -> None:
    sleepy = car(1, Activity.ASLEEP)
    assert sleepy.awake
    states = [sleepy.awake]
    for _ in range(3_000):
        sleepy.step(0.5)
        if sleepy.awake != states[-1]:
            states.append(sleepy.awake)
    assert states[:3] == [True, False, True]


def test_a_parked_car_is_boarded_through_a_door_before_it_leaves() -> None:
    parked = car(8, Activity.PARKED)
    doors: set[str] = set()
    locked: set[bool] = set()
    while parked.activity is Activity.PARKED:
        parked.step(0.5)
        doors |= parked.body.open_doors
        locked.add(parked.body.locked)
    assert "DriverFront" in doors
    assert locked == {True, False}


def test_a_fleet_is_busy_from_its_first_second() -> None:
    days = start_days(demo_fleet(SEED, 200), seed=1)
    for day in days:
        day.step(0.5)
    doing = Counter(day.activity for day in days)
    assert 85 <= doing[Activity.DRIVING] <= 105
    assert 25 <= doing[Activity.CHARGING] <= 35
    assert 65 <= doing[Activity.PARKED] <= 85  # the sleepers among them have not fallen asleep yet
    moving = [day for day in days if day.activity is Activity.DRIVING and day.body.speed_ms > 2]
    assert len(moving) > 75


def test_a_fleet_stays_busy_and_a_few_cars_are_out_of_reach() -> None:
    days = start_days(demo_fleet(SEED, 200), seed=2)
    silent = 0
    doing: Counter[Activity] = Counter()
    for minute in range(25):
        for day in days:
            for _ in range(120):
                day.step(0.5)
        if minute >= 5:
            doing.update(day.activity for day in days)
            silent += sum(day.awake and not day.covered for day in days)
    total = sum(doing.values())
    assert 0.38 < doing[Activity.DRIVING] / total < 0.58
    assert 0.08 < doing[Activity.CHARGING] / total < 0.27
    assert 0.14 < doing[Activity.PARKED] / total < 0.34
    assert 0.06 < doing[Activity.ASLEEP] / total < 0.2
    assert 0 < silent / total < 0.05


def test_a_car_that_loses_its_network_finds_it_again() -> None:
    lost = SimulatedCar("Car 01", MODELS["Model 3"], CITY, 3)
    lost.begin(Activity.DRIVING, silent_after_s=5.0)
    covered = []
    for _ in range(400):
        lost.step(0.5)
        covered.append(lost.covered)
    assert covered[0]
    assert not covered[12]
    assert covered[-1]


def test_charge_never_leaves_its_bounds_in_a_long_day() -> None:
    chance = random.Random(1)
    for seed in range(4):
        long_day = car(seed, chance.choice([Activity.DRIVING, Activity.PARKED]))
        for _ in range(20_000):
            long_day.step(0.5)
            assert 5 < long_day.body.soc_pct <= 95
