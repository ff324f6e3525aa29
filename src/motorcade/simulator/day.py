"""A car's day: driving, parking, charging, sleeping, and the small things around each of them.

Pure and deterministic: the same seed and the same time steps give the same day.
"""

import math
import random
from collections.abc import Callable
from enum import Enum
from typing import Final

from motorcade.simulator.body import ACCESS, CHARGE, CLIMATE, EVERYTHING, MOTION, TRIP, CarBody, Model
from motorcade.simulator.charging import ChargeSession
from motorcade.simulator.driving import Drive, Temper
from motorcade.simulator.roads.city import City, Depot
from motorcade.simulator.roads.route import Spot, plan_route, spot_place
from motorcade.simulator.whims import Whims

# Lengths of the activities in seconds. With trips of about eight minutes they keep a fleet near 45 % driving,
# 15 % charging, 25 % parked and 12 % asleep, so that a map of it is never dull.
_PARKED_S: Final = (100.0, 460.0)
_ASLEEP_S: Final = (360.0, 1_000.0)
_SENTRY_SHARE: Final = 0.4  # of the parked cars by day
_NIGHT_SENTRY_SHARE: Final = 0.8
_SLEEP_SHARE: Final = 0.22  # of the stops; the others end in the next drive
_FALL_ASLEEP_S: Final = 3.0  # from the last report to the closed socket
_BOARDING_S: Final = 9.0
_OUTAGE_S: Final = (25.0, 120.0)
_BETWEEN_OUTAGES_S: Final = (900.0, 5_400.0)
_CLIMATE_EVERY_S: Final = 5.0
_SETTLE_S: Final = 240.0  # time constant of a cabin
_ENERGY_EVERY_S: Final = 30.0  # a standing car's battery is looked at this often


class Activity(Enum):
    """What a car is doing."""

    DRIVING = "driving"
    CHARGING = "charging"
    PARKED = "parked"
    ASLEEP = "asleep"


class SimulatedCar:
    """One car and its driver; ``step`` lets time pass for both."""

    def __init__(self, name: str, model: Model, city: City, seed: int) -> None:
        """Make a car that stands parked somewhere in the city, about to leave; ``begin`` puts it in mid-day."""
        self._chance = random.Random(seed)
        self._city = city
        chance = self._chance
        lane = chance.choice(city.lanes)
        self._spot = Spot(lane, lane.length_m * chance.uniform(0.15, 0.85))
        place, heading = spot_place(self._spot)
        self.body = CarBody(
            name=name,
            model=model,
            place=place,
            heading_deg=heading,
            energy_kwh=model.capacity_kwh * chance.uniform(0.35, 0.92),
            odometer_m=chance.uniform(4e6, 9e7),
            colour=chance.choice(["PearlWhite", "SolidBlack", "MidnightSilver", "DeepBlue", "RedMulticoat"]),
            inside_c=chance.uniform(9.0, 21.0),
            outside_c=chance.uniform(5.0, 9.0),
            setpoint_c=chance.choice([20.0, 20.5, 21.0, 21.5, 22.0]),
            tyres_bar=[round(chance.uniform(2.7, 3.0), 3) for _ in range(4)],
            charge_limit_pct=chance.choice([80, 85, 90]),
        )
        self.body.lifetime_used_kwh = self.body.odometer_m * 0.00016
        self.activity = Activity.PARKED
        self.whims: Whims | None = None
        """Set for cars that are to be more than ordinary."""
        self.night = False
        """Whether it is dark, as whoever knows the time says."""
        self._temper = Temper(chance.uniform(0.86, 1.03), chance.uniform(1.2, 2.2), chance.uniform(0, math.tau))
        self._elapsed_s = 0.0
        self._todo: list[tuple[float, Callable[[], None]]] = []
        self._drive: Drive | None = None
        self._session: ChargeSession | None = None
        self._bound_for: Depot | None = None
        self._outage_until_s = 0.0
        self._outage_from_s = chance.uniform(*_BETWEEN_OUTAGES_S)
        self._climate_at_s = chance.uniform(0, _CLIMATE_EVERY_S)
        self._energy_at_s = chance.uniform(0, _ENERGY_EVERY_S)

    @property
    def awake(self) -> bool:
        """Whether the car measures and reports at all."""
        return self.activity is not Activity.ASLEEP

    @property
    def covered(self) -> bool:
        """Whether the car has a network; without one it goes on measuring and keeps its reports."""
        return not self._outage_from_s <= self._elapsed_s < self._outage_until_s

    def begin(self, activity: Activity, *, silent_after_s: float | None = None) -> None:
        """Start in the middle of an activity, so that a fleet looks alive at once.

        Args:
            activity: what the car is doing; a sleeping one is still awake for a moment, to report where it stands.
            silent_after_s: when the car will lose its network for the first time; None: some time later.
        """
        chance = self._chance
        if activity is Activity.DRIVING:
            self._leave(already=chance.uniform(0.05, 0.7))
        elif activity is Activity.CHARGING:
            self._stand_at_depot()
            self._plug_in(already=chance.uniform(0.05, 0.8))
        else:
            asleep = activity is Activity.ASLEEP
            rest = _FALL_ASLEEP_S if asleep else chance.uniform(0.0, 1.0) * _PARKED_S[1] + _BOARDING_S
            self.body.sentry = "Armed" if not asleep and chance.random() < 0.3 else "Off"
            self._after(rest, self._doze_off if asleep else self._board)
        if silent_after_s is not None:
            self._outage_from_s = self._elapsed_s + silent_after_s
            self._outage_until_s = self._outage_from_s + chance.uniform(*_OUTAGE_S)

    def step(self, dt_s: float) -> None:
        """Let ``dt_s`` seconds pass."""
        self._elapsed_s += dt_s
        while self._todo and self._todo[0][0] <= self._elapsed_s:
            self._todo.pop(0)[1]()
        if self._drive is not None:
            self._drive.step(dt_s)
            if self._drive.arrived:
                self._arrive()
        elif self._session is not None and self._session.step(dt_s):
            self._after(self._chance.uniform(40.0, 200.0), self._unplug)
            self._session = None
        if self._elapsed_s >= self._climate_at_s:
            self._weather()
        if self._elapsed_s >= self._outage_until_s > self._outage_from_s:
            self._outage_from_s = self._elapsed_s + self._chance.uniform(*_BETWEEN_OUTAGES_S)
        if self._outage_until_s < self._outage_from_s <= self._elapsed_s:
            self._outage_until_s = self._elapsed_s + self._chance.uniform(*_OUTAGE_S)

    # -- what follows what ----------------------------------------------------------------------------------------

    def _after(self, delay_s: float, action: Callable[[], None]) -> None:
        self._todo.append((self._elapsed_s + delay_s, action))
        self._todo.sort(key=lambda entry: entry[0])

    def _board(self) -> None:
        """The driver comes: door, seat, belt; then off."""
        body = self.body
        body.locked, body.sentry, body.screen = False, "Off", "On"
        body.open_doors = frozenset({"DriverFront"})
        body.driver_present, body.climate_on = True, True
        body.dirty |= ACCESS | CLIMATE
        self._after(_BOARDING_S / 2, self._shut)
        self._after(_BOARDING_S, self._leave)

    def _shut(self) -> None:
        self.body.open_doors = frozenset()
        self.body.dirty |= ACCESS

    def _leave(self, already: float = 0.0) -> None:
        """Drive off; ``already`` is the share of the way that lies behind the car."""
        body, chance = self.body, self._chance
        low = body.soc_pct < chance.uniform(25.0, 60.0)
        self._bound_for = self._city.depot_for(body.place, chance) if low else None
        if self._bound_for is None:
            goal = self._city.parking_spot(body.place, chance)
        else:
            goal = self._city.stall(self._bound_for, chance)
        route = plan_route(self._city.network, self._spot, goal)
        body.origin, body.destination = body.place, route.places[-1]
        body.destination_name = self._bound_for.name if self._bound_for else goal.lane.name
        body.gear, body.screen = "D", "Driving"
        body.driver_present, body.climate_on, body.locked = True, True, True
        self._spot, self.activity = goal, Activity.DRIVING
        stamps = self.whims.stamps(route.length_m) if self.whims else ()
        self._drive = Drive(body, route, self._temper, route.length_m * already, stamps)
        body.dirty = EVERYTHING

    def _arrive(self) -> None:
        body, chance = self.body, self._chance
        self._drive = None
        body.gear, body.speed_ms, body.acceleration_ms2, body.lateral_ms2 = "P", 0.0, 0.0, 0.0
        body.power_kw, body.turn_signal = 0.3, "Off"
        body.destination_name = body.destination = body.origin = None
        body.screen, body.locked = "On", False
        body.dirty |= MOTION | TRIP | ACCESS | CLIMATE
        self.activity = Activity.PARKED
        self._after(3.0, self._alight)
        if self._bound_for is not None:
            self._after(16.0, self._plug_in)
        elif chance.random() < _SLEEP_SHARE:
            self._after(chance.uniform(60.0, _PARKED_S[0] * 2), self._doze_off)
        else:
            self._after(chance.uniform(*_PARKED_S), self._board)

    def _alight(self) -> None:
        """The driver leaves, sometimes with a bag from the boot."""
        doors = {"DriverFront", "TrunkRear"} if self._chance.random() < 0.3 else {"DriverFront"}
        self.body.open_doors = frozenset(doors)
        self.body.driver_present = False
        self.body.dirty |= ACCESS
        self._after(5.0, self._lock)

    def _lock(self) -> None:
        body = self.body
        body.open_doors, body.locked, body.climate_on = frozenset(), True, False
        body.screen = "Off"
        share = _NIGHT_SENTRY_SHARE if self.night else _SENTRY_SHARE
        body.sentry = "Armed" if self._chance.random() < share else "Off"
        body.dirty |= ACCESS | CLIMATE

    def _stand_at_depot(self) -> None:
        """Put the car at a depot without a drive, low enough to have something to charge."""
        depot = self._city.depot_for(self.body.place, self._chance)
        self._spot, self._bound_for = self._city.stall(depot, self._chance), depot
        self.body.place, self.body.heading_deg = spot_place(self._spot)
        self.body.energy_kwh = self.body.model.capacity_kwh * self._chance.uniform(0.22, 0.5)

    def _plug_in(self, already: float = 0.0) -> None:
        depot = self._bound_for
        assert depot is not None, "a car plugs in at a depot only"
        gain_pct = self._chance.uniform(12.0, 30.0)
        self._session = ChargeSession(self.body, depot.dc, depot.power_kw, gain_pct, already)
        self.activity = Activity.CHARGING

    def _unplug(self) -> None:
        body = self.body
        body.plugged, body.charge_state, body.charge_kw = False, "Disconnected", 0.0
        body.dirty |= CHARGE
        self._bound_for, self.activity = None, Activity.PARKED
        self._after(self._chance.uniform(5.0, 60.0), self._board)

    def _doze_off(self) -> None:
        """Report once more, with a gear that can no longer be measured, and close the socket a moment later."""
        body = self.body
        body.gear, body.sentry, body.screen, body.climate_on = None, "Off", "Off", False
        body.dirty |= MOTION | ACCESS | CLIMATE
        self._after(_FALL_ASLEEP_S / 2, self._sleep)

    def _sleep(self) -> None:
        self.activity = Activity.ASLEEP
        self._after(self._chance.uniform(*_ASLEEP_S), self._wake)

    def _wake(self) -> None:
        self.activity, self.body.gear = Activity.PARKED, "P"
        self.body.dirty = EVERYTHING
        self._after(self._chance.uniform(15.0, 90.0), self._board)

    def _weather(self) -> None:
        """Let cabin, tyres and the standing battery follow what surrounds them."""
        body = self.body
        self._climate_at_s = self._elapsed_s + _CLIMATE_EVERY_S
        body.outside_c += self._chance.uniform(-0.03, 0.03)
        goal = body.setpoint_c if body.climate_on else body.outside_c + 1.5
        body.inside_c += (goal - body.inside_c) * _CLIMATE_EVERY_S / (_SETTLE_S if body.climate_on else 1_800.0)
        if body.driving:
            # Gas laws: a tyre gains about a hundredth of its pressure for 3 °C, and rolling warms it.
            body.tyres_bar = [min(3.15, bar + 0.0008) for bar in body.tyres_bar]
        body.dirty |= CLIMATE
        if self.whims and body.sentry != "Off":
            body.sentry = self.whims.mood(body.sentry)
            body.dirty |= ACCESS
        if not body.driving and self._elapsed_s >= self._energy_at_s:
            self._energy_at_s = self._elapsed_s + _ENERGY_EVERY_S
            if self._session is None and self.awake:
                standby_kw = 0.25 if body.sentry != "Off" else 0.05
                body.power_kw = standby_kw
                body.energy_kwh = max(0.5, body.energy_kwh - standby_kw * _ENERGY_EVERY_S / 3_600.0)
                body.dirty |= TRIP | MOTION
