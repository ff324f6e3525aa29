from collections import Counter

import pytest

from motorcade.simulator.body import MODELS
from motorcade.simulator.charging import ChargeSession
from motorcade.simulator.day import Activity, SimulatedCar
from motorcade.simulator.fleet import start_days
from motorcade.simulator.roads.city import open_city
from motorcade.simulator.roads.network import load_network
from motorcade.simulator.vin import demo_fleet
from motorcade.simulator.whims import Whims, is_night

CITY = open_city(load_network())
HARSH_MS2 = 0.45 * 9.81
HOUR_NS = 3_600_000_000_000


def hardest_braking(*, impatient: bool) -> float:
    hardest = 0.0
    for seed in range(12):
        day = SimulatedCar("Car 01", MODELS["Model Y"], CITY, seed)
        day.whims = Whims(seed, impatient=impatient)
        day.begin(Activity.DRIVING)
        for _ in range(1_500):
            day.step(0.5)
            assert day.body.speed_ms >= 0
            hardest = max(hardest, -day.body.acceleration_ms2)
    return hardest


def test_an_impatient_driver_brakes_harshly_and_a_calm_one_never() -> None:
    assert hardest_braking(impatient=True) > HARSH_MS2
    assert hardest_braking(impatient=False) < HARSH_MS2


def test_a_sentry_meets_somebody_now_and_then_and_hardly_ever_sounds_the_alarm() -> None:
    whims, mood, moods = Whims(1, impatient=False), "Armed", Counter[str]()
    for _ in range(200_000):
        mood = whims.mood(mood)
        moods[mood] += 1
    assert moods["Armed"] > 0.95 * moods.total()
    assert 0 < moods["Panic"] < moods["Aware"] / 20
    assert whims.mood("Off") == "Off"


def test_more_parked_cars_keep_watch_at_night() -> None:
    watching = Counter[bool]()
    for night in (False, True):
        for seed in range(60):
            day = SimulatedCar("Car 01", MODELS["Model 3"], CITY, seed)
            day.night = night
            day.begin(Activity.DRIVING)
            while day.activity is Activity.DRIVING:
                day.step(0.5)
            for _ in range(30):
                day.step(0.5)
            watching[night] += day.body.sentry != "Off"
    assert watching[True] > 1.4 * watching[False]


@pytest.mark.parametrize(("hour", "night"), [(23, True), (2, True), (12, False), (19, False)])
def test_night_is_night_in_the_city(hour: int, night: bool) -> None:
    assert is_night((hour - 1) * HOUR_NS) is night


def test_a_fast_charge_tapers_and_the_old_field_does_not_tell_of_it() -> None:
    day = SimulatedCar("Car 01", MODELS["Model 3"], CITY, 1)
    body = day.body
    body.energy_kwh, body.charge_limit_pct = 0.1 * body.model.capacity_kwh, 90
    session, powers = ChargeSession(body, dc=True, power_kw=250.0, gain_pct=80.0), []
    while not session.step(5.0):
        powers.append(body.charge_kw)
    assert max(powers) > 0.9 * body.model.dc_max_kw
    assert powers[-1] < 0.2 * max(powers)


def test_some_drivers_of_a_fleet_are_impatient() -> None:
    days = start_days(demo_fleet(b"0" * 32, 200), seed=1)
    impatient = [day for day in days if day.whims and day.whims.stamps(60_000.0)]
    assert 15 < len(impatient) < 60
