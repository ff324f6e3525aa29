"""What can happen to a car of a simulated day; a pattern is a list of these."""

import math
import random
from collections.abc import Sequence
from typing import Final

from motorcade.simulator.days.car import Body, DayCar
from motorcade.simulator.days.collector import DayCollector
from motorcade.simulator.days.ledger import Ledger
from motorcade.simulator.days.motion import Style, draw_style, steps
from motorcade.simulator.days.truth import CarAlert, Leak, Unbelted
from motorcade.simulator.days.ways import Way, city_way, the_city, way_through
from motorcade.simulator.roads.city import City
from motorcade.simulator.roads.network import Place, distance_m
from motorcade.simulator.roads.route import Spot, spot_place

AWAKE_KW: Final = 0.2
_ASLEEP_KW: Final = 0.02
_SENTRY_KW: Final = 0.25
_CABIN_KW: Final = 0.9
CLIMATE_KW: Final = 3.0
_WAITING_KW: Final = 1.2  # climate for somebody who waits in the car
_PARKED_STEP_S: Final = 30
_SLOW_EVERY_S: Final = 10  # while driving, what changes slowly is looked at this often
_SILENCE_S: Final = 50  # of the speed, while places go on
_SILENCE_SHARE: Final = 0.2  # of the drives
_FLAP_SHARE: Final = 0.01  # of the half minutes of an awake parked car: its gear turns invalid, or comes back
_FULL_BAR: Final = 2.9
_FLAT_BAR: Final = 1.2
_LEAK_SHARE: Final = 0.08  # of the cars: a tyre loses air
_UNBELTED_SHARE: Final = 0.05  # of the drives
_STRAY_SHARE: Final = 0.004  # of the half minutes of an awake parked car: its fixes begin to lie off
_REST_WAKE_S: Final = (3 * 3_600, 8 * 3_600)  # a sleeping car wakes by itself now and then
_BESIDE_M: Final = 2.0
ALARM: Final = "VCSEC_a133_alarmTriggered"


class Stage:
    """A car, its day's clock and what it has told so far."""

    def __init__(self, car: DayCar, begin_ns: int, chance: random.Random, home: Spot) -> None:
        """Put a sleeping car to where its day begins, at second 0."""
        self.car, self.chance, self.spot = car, chance, home
        place, heading = spot_place(home)
        capacity = car.model.capacity_kwh
        self.body = Body(
            car.model, place, heading, capacity * chance.uniform(0.6, 0.85), chance.uniform(4e6, 9e7), 5_000.0
        )
        self.body.gear = None
        self.body.outside_c = self.body.inside_c = chance.uniform(-2.0, 24.0)
        # The counters still show the last session's figures: they are no charge of this day.
        self.body.counter_kwh, self.body.plug_kwh = chance.uniform(0.0, 30.0), chance.uniform(0.0, 30.0)
        self.collector, self.ledger = DayCollector(car, chance), Ledger(begin_ns)
        self.now_s = 0
        self.links: list[list[float]] = []
        """When the car's own connection begins and ends, in pairs."""
        self.garages: list[tuple[float, float]] = []
        """Where the plan has no network at all: from, to."""
        self.awake = False
        self._strayed = False
        # A generator of its own, so that small things more or less leave the day as it is.
        self._mishaps = random.Random(f"{begin_ns} {place} {self.body.odometer_m}")
        if self._mishaps.random() < _LEAK_SHARE:
            self.ledger.leak = Leak(self._mishaps.randrange(4), self._mishaps.uniform(0.02, 0.07))
        self._asleep_from_s = 0
        self._unbelted_ns = 0
        self.ledger.park(0, self.body)

    @property
    def city(self) -> City:
        """Where streets and depots are."""
        return the_city()

    def refill(self, share: float) -> None:
        """Let the day begin with another charge; only before anything has happened."""
        self.body.energy_kwh = self.body.model.capacity_kwh * share
        self.ledger.park(0, self.body)

    # -- waking and sleeping --------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Connect and report everything. Idempotent."""
        if self.awake:
            return
        self.awake = True
        if self.now_s > self._asleep_from_s:
            self.ledger.asleep.append((self.ledger.ns(self._asleep_from_s), self.ledger.ns(self.now_s)))
        self.links.append([float(self.now_s), math.inf])
        self.now_s += 1
        self.body.gear = "P" if self.chance.random() < 0.7 else None
        self.collector.restart()
        self.look()
        self._pass(3)  # for all the chunks of the full report

    def sleep(self) -> None:
        """Say that the gear can no longer be measured, and disconnect. Idempotent."""
        if not self.awake:
            return
        self.body.gear, self.body.locked = None, True
        self.look()
        self._pass(2)
        self.links[-1][1] = self.now_s + 0.9
        self.now_s += 1
        self.awake, self._asleep_from_s = False, self.now_s

    def look(self) -> None:
        """Let the collector see everything now."""
        leak = self.ledger.leak
        if leak is not None:
            self.body.tyres_bar[leak.wheel] = max(_FLAT_BAR, _FULL_BAR - leak.bar_per_h * self.now_s / 3_600.0)
        self.collector.look(self.body, self.now_s)

    def _pass(self, seconds: int) -> None:
        """Let time pass for an awake car that stands, without looking."""
        self.now_s += seconds
        self._drain("other", AWAKE_KW, seconds)

    def _drain(self, cause: str, power_kw: float, seconds: float) -> None:
        if not self.body.in_gear:
            self.ledger.drain(cause, self.body.draw(power_kw, seconds))
        else:
            self.body.draw(power_kw, seconds)

    # -- parking --------------------------------------------------------------------------------------------------

    def park(self, until_s: float, *, sentry: bool = False, cabin: bool = False, alarms: Sequence[float] = ()) -> None:
        """Stand until a second of the day; without sentry or cabin protection the car falls asleep.

        Args:
            until_s: second of the day.
            sentry: whether sentry mode watches.
            cabin: whether cabin overheat protection cools now and then.
            alarms: when the alarm sounds, seconds of the day in order; only with sentry.
        """
        body, chance = self.body, self.chance
        until = int(until_s)
        if (sentry or cabin) and until - self.now_s > 60:
            self.wake()
            body.sentry = "Armed" if sentry else "Off"
            body.cabin_protection = "On" if cabin else "Off"
            self.look()
        doze_s = math.inf if sentry or cabin else self.now_s + chance.uniform(240.0, 1_200.0)
        rest_s = self.now_s + chance.uniform(*_REST_WAKE_S)
        waiting = list(alarms)
        while self.now_s < until:
            if waiting and self.now_s >= waiting[0]:
                waiting.pop(0)
                self.alarm()
            elif self.awake and self.now_s >= doze_s:
                self.sleep()
                rest_s = self.now_s + chance.uniform(*_REST_WAKE_S)
            elif self.awake:
                self._stand_awake(min(_PARKED_STEP_S, until - self.now_s))
            elif rest_s < until:
                self._lie(int(rest_s) - self.now_s)
                self.wake()
                doze_s = self.now_s + chance.uniform(120.0, 600.0)
            else:
                self._lie(until - self.now_s)
        if body.sentry != "Off" or body.cabin_protection != "Off":
            body.sentry = body.cabin_protection = body.hvac = "Off"
            self.look()

    def _lie(self, seconds: int) -> None:
        seconds = max(1, seconds)
        self.now_s += seconds
        self._drain("other", _ASLEEP_KW, seconds)
        self.body.inside_c = self.body.outside_c

    def _stand_awake(self, seconds: int) -> None:
        body = self.body
        self.now_s += seconds
        self._drain("other", AWAKE_KW, seconds)
        power_kw = AWAKE_KW
        if body.sentry != "Off":
            self._drain("sentry", _SENTRY_KW, seconds)
            power_kw += _SENTRY_KW
        if body.cabin_protection == "On":
            cools = self.now_s // 600 % 2 == 0
            body.hvac = "OverheatProtect" if cools else "Off"
            if cools:
                self._drain("cabin", _CABIN_KW, seconds)
                power_kw += _CABIN_KW
        body.power_kw = power_kw
        if self.chance.random() < _FLAP_SHARE:
            body.gear = None if body.gear == "P" else "P"
            self.collector.count("gear_flap")
        if self._strayed or self.chance.random() < _STRAY_SHARE:
            self._strayed = not self._strayed or self.chance.random() < 0.6
            self.collector.stray(self.chance.uniform(1.5, 8.0) if self._strayed else 0.0)
        body.inside_c += (body.outside_c - body.inside_c) * seconds / 3_600.0
        self.look()

    def alarm(self) -> None:
        """Let sentry mode meet somebody: the alarm sounds for half a minute, and the car says so."""
        start_s, name = self.now_s, ALARM
        self.body.sentry = "Panic"
        self.look()
        self.collector.alert(name, start_s, start_s, None)
        self._stand_awake(self.chance.randint(20, 45))
        self.body.sentry = "Armed"
        self.look()
        self.collector.alert(name, self.now_s, start_s, self.now_s)
        self.ledger.alerts.append(CarAlert(name, self.ledger.ns(start_s), self.ledger.ns(self.now_s)))

    def precondition(self, seconds: int) -> None:
        """Warm or cool the cabin before a departure, out of the battery or, plugged in, mostly out of the wall."""
        self.wake()
        body = self.body
        body.hvac = "Precondition"
        for _ in range(0, seconds, _PARKED_STEP_S):
            self.now_s += _PARKED_STEP_S
            if body.plugged == "AC":
                body.port_kw = CLIMATE_KW - 0.2
                body.plug_kwh += body.port_kw * _PARKED_STEP_S / 3_600.0
                # The wall does not quite keep up, and the session's counter runs backwards.
                body.counter_kwh -= 0.3 * _PARKED_STEP_S / 3_600.0
                self._drain("climate", 0.3, _PARKED_STEP_S)
            else:
                self._drain("climate", CLIMATE_KW, _PARKED_STEP_S)
            body.inside_c += (21.0 - body.inside_c) * 0.08
            self.look()
        body.port_kw = 0.0
        body.hvac = "Off"
        self.look()

    # -- driving --------------------------------------------------------------------------------------------------

    def drive(self, way: Way, style: Style | None = None, *, climate_kw: float = 0.8, stay: bool = False) -> None:
        """Board, drive and park; ``stay`` leaves the driver in his seat."""
        chance, body = self.chance, self.body
        if style is None:
            style = draw_style(way, chance)
        belt_s = self._board()
        mute_s = self.now_s + chance.randint(40, 400) if chance.random() < _SILENCE_SHARE else -1
        for moved in steps(body, way, style, climate_kw):
            self.now_s += 1
            self.ledger.second(self.now_s, body, moved)
            if self.now_s == belt_s:
                self._belt_up()
            if self.now_s == mute_s and body.speed_ms > 5.0:
                self.collector.mute_speed(mute_s, _SILENCE_S)
            self.collector.look(body, self.now_s, states=False, slow=self.now_s % _SLOW_EVERY_S == 0)
        self.ledger.halt(self.now_s, body)
        self.ledger.park(self.now_s, body)
        if not body.belted:
            self._belt_up()
        if way.end is not None:
            self.spot = way.end
        self._stop(stay=stay)

    def drive_to(self, goal: Spot, style: Style | None = None) -> None:
        """Drive through the city."""
        self.drive(self.way_to(goal), style)

    def way_to(self, goal: Spot) -> Way:
        """Plan the way from where the car really stands, which after a manoeuvre is beside its spot."""
        way = city_way(self.spot, goal)
        if distance_m(self.body.place, way.places[0]) < _BESIDE_M:
            return way
        return way_through([self.body.place, *way.places], [5.0, *way.limits_ms[:-1]], goal)

    def _belt_up(self) -> None:
        self.body.belted = True
        self.ledger.unbelted.append(Unbelted(self._unbelted_ns, self.ledger.ns(self.now_s)))
        self.look()

    def _board(self) -> int:
        """Get in and shift; returns the second at which the belt is closed if the driver forgot it, else -1."""
        body, chance = self.body, self.chance
        self.wake()
        if self._strayed:
            self._strayed = False
            self.collector.stray(0.0)
        if not body.occupied:
            body.locked, body.doors, body.occupied = False, frozenset({"DriverFront"}), True
            self.look()
            self._pass(chance.randint(3, 6))
            body.doors, body.ready, body.hvac = frozenset(), True, "On"
            body.belted = self._mishaps.random() >= _UNBELTED_SHARE
            body.gear = "P"
            self.ledger.idle(self.now_s, body)
            self.look()
            self._pass(chance.randint(2, 8))
        body.gear = "P"
        self.look()
        self._pass(1)
        self.ledger.unpark(self.now_s, body)
        body.gear = "D"
        self.ledger.ready(self.now_s, body)
        self._unbelted_ns = self.ledger.ns(self.now_s)
        if chance.random() < self.car.drive_gear_lost:
            self.collector.lose_gear(body, self.now_s)
        for _ in range(chance.randint(1, 5)):
            self.look()
            self.now_s += 1
            body.draw(AWAKE_KW, 1.0)
        return -1 if body.belted else self.now_s + self._mishaps.randint(40, 200)

    def _stop(self, *, stay: bool) -> None:
        body, chance = self.body, self.chance
        self.now_s += 1
        body.draw(AWAKE_KW, 1.0)
        self.ledger.drain("other", AWAKE_KW / 3_600.0)
        if chance.random() < 0.3:  # the driver waits before he takes out the gear
            for _ in range(chance.randint(3, 15)):
                self.collector.look(body, self.now_s, states=False)
                self.now_s += 1
                self.ledger.drain("other", body.draw(AWAKE_KW, 1.0))
        else:
            self.collector.end_speed(self.now_s)
        body.gear = "P"
        self.look()
        if stay:
            return
        self._pass(chance.randint(2, 6))
        self._leave()
        self.look()
        self._pass(chance.randint(3, 6))
        body.doors, body.locked, body.destination = frozenset(), True, None
        self.look()

    def _leave(self) -> None:
        body = self.body
        body.doors, body.occupied, body.belted, body.hvac = frozenset({"DriverFront"}), False, False, "Off"
        body.ready = False
        self.ledger.idle(self.now_s, body)

    def wait(self, seconds: int) -> None:
        """Let the driver, who stayed in his seat, wait with the climate on, and then get out."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            step = min(10, end_s - self.now_s)
            self._drain("climate", _WAITING_KW, step)
            self._stand_awake(step)
        self._leave()
        self.look()

    def linger(self, seconds: int) -> None:
        """Stand for a short while with the car awake: a delivery, a shop's door."""
        self.wake()
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self._stand_awake(min(10, end_s - self.now_s))

    def hold(self, seconds: float, way: Way) -> tuple[float, float]:
        """Return a halt of so many seconds in the middle of a way, for a style."""
        return way.length_m * self.chance.uniform(0.3, 0.7), seconds

    # -- places ---------------------------------------------------------------------------------------------------

    def somewhere(self, nearest_m: float, furthest_m: float, near: Place | None = None) -> Spot:
        """Pick a spot so far from a place (from here), as the crow flies."""
        near, chance = near or self.body.place, self.chance
        lanes = self.city.lanes
        lane = chance.choice(lanes)
        for _ in range(200):  # in this city a few dozen tries find one; else the last will do
            lane = chance.choice(lanes)
            if nearest_m < distance_m(near, lane.points[0]) < furthest_m:
                break
        return Spot(lane, lane.length_m * chance.uniform(0.2, 0.8))
