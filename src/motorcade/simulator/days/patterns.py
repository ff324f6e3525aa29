"""Whole days: which things happen to a car, in which order."""

from collections.abc import Callable
from enum import Enum
from typing import Final

from motorcade.simulator.days.charging import AcPlan, charge_ac, charge_dc
from motorcade.simulator.days.motion import draw_style
from motorcade.simulator.days.stage import Stage
from motorcade.simulator.days.ways import Way, country_way, short_way
from motorcade.simulator.roads.route import Spot

_HOUR: Final = 3_600.0
_DAY: Final = 24 * _HOUR
_FULL_PCT: Final = 87.0  # nobody plugs in for less


class Pattern(Enum):
    """Kinds of days."""

    COMMUTER = "commuter"
    """Home, work, errands, home; alternating current overnight."""
    DELIVERY = "delivery"
    """Many short hops with short stops; the depot's chargers at night."""
    LONG_DISTANCE = "long distance"
    """Country roads and motorways, one or two fast charges."""
    POOL = "pool"
    """A car that many people take for an hour."""
    PARKED = "parked"
    """Stands all day, with sentry mode."""
    NIGHT = "night"
    """Works late: trips over midnight, sentry in between."""


def play(stage: Stage, pattern: Pattern) -> None:
    """Let a day happen; it ends with the car asleep, some time after midnight."""
    _DAYS[pattern](stage)
    stage.park(stage.now_s + 2_400)
    stage.sleep()
    stage.ledger.unpark(stage.now_s, stage.body)


def _commuter(stage: Stage) -> None:
    chance, home = stage.chance, stage.spot
    work = stage.somewhere(2_500, 9_000)
    stage.park(_HOUR * chance.uniform(6.3, 8.3))
    if chance.random() < 0.5:
        stage.precondition(chance.randint(10, 18) * 60)
    _commute(stage, work)
    midday = _HOUR * chance.uniform(11.5, 13.0)
    hot = stage.body.outside_c > 18
    stage.park(midday, sentry=chance.random() < 0.25, cabin=hot and chance.random() < 0.6)
    if chance.random() < 0.4:
        stage.drive_to(stage.somewhere(800, 3_000))
        stage.park(stage.now_s + chance.uniform(700, 2_400))
        stage.drive_to(work)
    stage.park(_HOUR * chance.uniform(15.8, 18.0), cabin=hot and chance.random() < 0.5)
    if chance.random() < 0.6:
        stage.drive_to(stage.somewhere(800, 4_000))
        stage.park(stage.now_s + chance.uniform(500, 2_400), sentry=chance.random() < 0.3)
    _commute(stage, home)
    if chance.random() < 0.3:
        stage.park(stage.now_s + chance.uniform(700, 2_000))
        _shunt(stage)
    stage.linger(chance.randint(10, 60))
    if chance.random() < 0.8 or stage.body.soc_pct < 40:
        _night_at_box(stage, chance.choice([3.7, 7.4, 11.0]))


def _commute(stage: Stage, goal: Spot) -> None:
    """Drive with the town's traffic: lights, now and then a jam."""
    way = stage.way_to(goal)
    stage.drive(way, draw_style(way, stage.chance, jams=0.35))


def _night_at_box(stage: Stage, port_kw: float) -> None:
    """Charge over midnight, finish at the limit, stay plugged in till the morning."""
    chance, body = stage.chance, stage.body
    if body.soc_pct > _FULL_PCT:
        return
    limit = min(95, max(80, int(body.soc_pct) + chance.randint(10, 40)))
    scheduled = chance.random() < 0.4
    start = max(stage.now_s, _HOUR * chance.uniform(21.5, 25.0)) if scheduled else stage.now_s
    hole = (chance.uniform(1_200, 3_000), chance.uniform(600, 3_300)) if chance.random() < 0.3 else None
    unplug = _DAY + _HOUR * chance.uniform(5.0, 7.5)
    warm = chance.randint(10, 18) * 60 if chance.random() < 0.5 else 0
    charge_ac(stage, AcPlan(port_kw, limit, start, max(unplug, stage.now_s + 2 * _HOUR), hole, warm))


def _delivery(stage: Stage) -> None:
    chance, depot = stage.chance, stage.spot
    stage.park(_HOUR * chance.uniform(5.8, 7.5))
    for round_number in range(2):
        for _ in range(chance.randint(7, 12)):
            _hop(stage, stage.somewhere(350, 1_800))
            kind = chance.random()
            if kind < 0.75:
                stage.linger(chance.randint(50, 190))
            elif kind < 0.95:
                stage.linger(chance.randint(340, 900))
        stage.drive_to(depot)
        if round_number == 0:
            if chance.random() < 0.5:
                _hop(stage, stage.somewhere(350, 1_500), stay=True)
                stage.wait(chance.randint(340, 1_500))
                stage.park(stage.now_s + chance.uniform(400, 900))
                stage.drive_to(depot)
            stage.park(stage.now_s + chance.uniform(1_500, 3_600))
    stage.linger(chance.randint(60, 200))
    _night_at_box(stage, 11.0)


def _hop(stage: Stage, goal: Spot, *, stay: bool = False) -> None:
    """Drive to the next door; some deliveries are handed out with the car standing in D."""
    way = stage.way_to(goal)
    style = draw_style(way, stage.chance, harsh=0.06, jams=0.05)
    if stage.chance.random() < 0.25 and way.length_m > 400:
        style.halts = sorted({*style.halts, stage.hold(stage.chance.uniform(60, 240), way)})
    stage.drive(way, style, stay=stay or stage.chance.random() < 0.2)


def _long_distance(stage: Stage) -> None:
    chance = stage.chance
    stage.refill(chance.uniform(0.75, 0.9))
    stage.body.limit_pct = chance.choice([80, 85, 90, 100])
    stage.park(_HOUR * chance.uniform(5.5, 9.5))
    if chance.random() < 0.5:
        stage.precondition(900)
    ways: list[Way] = []
    for _ in range(chance.randint(1, 2)):
        way = country_way(stage.body.place, chance.uniform(60_000, 120_000), chance)
        ways.append(way)
        _cruise(stage, way)
        _fast_charge(stage)
    stage.park(stage.now_s + chance.uniform(1_800, 3 * _HOUR), sentry=chance.random() < 0.4)
    for way in reversed(ways):
        _cruise(stage, way.reversed())
        if stage.body.soc_pct < 60:
            _fast_charge(stage)
        else:
            stage.park(stage.now_s + chance.uniform(420, 1_500))
    stage.park(max(stage.now_s + 600, _HOUR * 22), sentry=chance.random() < 0.5)


def _cruise(stage: Stage, way: Way) -> None:
    style = draw_style(way, stage.chance, harsh=0.12, jams=0.25, rush=0.5)
    stage.drive(way, style, climate_kw=stage.chance.uniform(0.4, 1.5))


def _fast_charge(stage: Stage) -> None:
    """Charge on a trip; half of the drivers had the battery warmed on the way there."""
    chance = stage.chance
    stage.linger(chance.randint(15, 80))
    until = max(stage.body.soc_pct + chance.uniform(17, 30), chance.uniform(65, 85))
    stage.body.limit_pct = max(stage.body.limit_pct, min(100, int(stage.body.soc_pct) + 18))
    charge_dc(stage, chance.choice([75.0, 150.0, 250.0]), min(until, 97.0), warm=chance.random() < 0.5)
    stage.linger(chance.randint(330, 420) if chance.random() < 0.3 else chance.randint(5, 60))


def _pool(stage: Stage) -> None:
    chance, depot = stage.chance, stage.spot
    stage.park(_HOUR * chance.uniform(7.0, 9.0))
    for index in range(chance.randint(2, 4)):
        stage.drive_to(stage.somewhere(1_000, 5_500))
        stage.park(stage.now_s + chance.uniform(400, 4_500), sentry=chance.random() < 0.2)
        stage.drive_to(depot)
        if index == 1 and chance.random() < 0.6:
            stage.linger(chance.randint(20, 120))
            _fast_charge(stage)
        elif chance.random() < 0.3:
            stage.park(stage.now_s + chance.uniform(400, 900))
            _shunt(stage)
        stage.park(stage.now_s + chance.uniform(600, 5_000))
    stage.park(max(stage.now_s, _HOUR * chance.uniform(18.0, 20.0)))
    if chance.random() < 0.5:
        _night_at_box(stage, 11.0)


def _shunt(stage: Stage) -> None:
    """Move the car by some metres: no trip."""
    chance = stage.chance
    heading = stage.body.heading_deg + chance.uniform(-60, 60)
    stage.drive(short_way(stage.body.place, heading, chance.uniform(12, 85)))
    stage.park(stage.now_s + chance.uniform(400, 1_200))


def _parked(stage: Stage) -> None:
    chance = stage.chance
    alarms = sorted(chance.uniform(_HOUR, 23 * _HOUR) for _ in range(chance.randint(0, 2)))
    if chance.random() < 0.5:
        stage.park(_HOUR * chance.uniform(8, 16), sentry=True, alarms=[at for at in alarms if at < 8 * _HOUR])
        _shunt(stage)
        alarms = [at for at in alarms if at > stage.now_s]
    stage.park(_HOUR * 23.5, sentry=True, alarms=alarms)


def _night(stage: Stage) -> None:
    chance = stage.chance
    stage.park(_HOUR * chance.uniform(14, 17))
    stage.drive_to(stage.somewhere(2_500, 8_000))
    stage.park(_HOUR * chance.uniform(19, 21), sentry=chance.random() < 0.7)
    stage.drive_to(stage.somewhere(2_000, 7_000))
    stage.park(_HOUR * chance.uniform(23.2, 23.6), sentry=True)
    away = country_way(stage.body.place, chance.uniform(45_000, 80_000), chance)
    _cruise(stage, away)
    stage.linger(chance.randint(340, 900))
    _cruise(stage, away.reversed())


_DAYS: Final[dict[Pattern, Callable[[Stage], None]]] = {
    Pattern.COMMUTER: _commuter,
    Pattern.DELIVERY: _delivery,
    Pattern.LONG_DISTANCE: _long_distance,
    Pattern.POOL: _pool,
    Pattern.PARKED: _parked,
    Pattern.NIGHT: _night,
}
