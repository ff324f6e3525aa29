"""How a car moves along a route and what that costs it: pure mechanics, advanced by time steps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from motorcade.simulator.body import MOTION, TRIP, CarBody
from motorcade.simulator.roads.route import BRAKING_MS2, Route

_GRAVITY_MS2: Final = 9.81
_ROLLING: Final = 0.009  # coefficient of ordinary tyres on asphalt
_AIR_KG_M3: Final = 1.23
_DRIVE_EFFICIENCY: Final = 0.9
_RECUPERATION: Final = 0.65
_REGEN_MAX_KW: Final = 60.0
_HARD_BRAKING_MS2: Final = 3.5  # harder than planned, for the rounding of finite steps
_STAMP_S: Final = 2.0
_ARRIVED_M: Final = 1.0
_CREEP_MS: Final = 0.8  # keeps the last metres from taking for ever
_TURN_ROUND_M: Final = 40.0  # the indicator goes on this far before a turn
_TURN_DEG: Final = 40.0


@dataclass(frozen=True, slots=True)
class Temper:
    """How a driver drives."""

    pace: float
    """Share of the speed limit that the driver aims at, 0.86 to 1.03."""
    pull_ms2: float
    """How hard the driver accelerates from a stop."""
    wobble: float
    """Where the slow swing of the driver's speed starts, in radians."""


class Drive:
    """One drive along a route; moves and drains the body that it was given."""

    def __init__(
        self,
        body: CarBody,
        route: Route,
        temper: Temper,
        start_m: float = 0.0,
        stamps: Sequence[tuple[float, float]] = (),
    ) -> None:
        """Begin at ``start_m``: at rest when that is 0, else at the speed a car would have there.

        Args:
            body: what moves.
            route: where.
            temper: how.
            start_m: where on the route.
            stamps: where the driver brakes hard, in order, and with how many m/s²; left out where the car is too slow.
        """
        self._stamps = [stamp for stamp in stamps if stamp[0] > start_m]
        self._stamping_s = 0.0
        self._body, self._route, self._temper = body, route, temper
        self._along_m = start_m
        self._knot = route.knot_before(start_m)
        self._swing = temper.wobble
        if start_m > 0:
            body.speed_ms = min(self._allowed_ms(), temper.pace * route.caps_ms[self._knot])
        self._publish()

    @property
    def arrived(self) -> bool:
        """Whether the car stands at its destination."""
        return self._route.length_m - self._along_m < _ARRIVED_M

    def step(self, dt_s: float) -> None:
        """Drive on for ``dt_s`` seconds (sensible up to about one)."""
        body = self._body
        self._swing += 0.11 * dt_s  # one swing a minute: nobody holds a speed exactly
        wish = self._allowed_ms()
        # Pulling away gets weaker with speed, as pedal and power allow less.
        pull = self._temper.pull_ms2 * max(0.25, 1.0 - body.speed_ms / 40.0)
        change = max(-_HARD_BRAKING_MS2, min(pull, (wish - body.speed_ms) / dt_s))
        if self._stamps and self._along_m >= self._stamps[0][0]:
            change = self._stamp(change, dt_s)
        body.acceleration_ms2 = change
        body.speed_ms = max(_CREEP_MS, body.speed_ms + change * dt_s)
        moved_m = min(body.speed_ms * dt_s, self._route.length_m - self._along_m)
        self._along_m += moved_m
        body.odometer_m += moved_m
        self._drain(dt_s)
        before = body.heading_deg
        self._publish()
        turned = (body.heading_deg - before + 180.0) % 360.0 - 180.0
        # Lateral force is speed times rate of turn; geometry turns in jumps, hence the limit of a calm corner.
        lateral = body.speed_ms * math.radians(turned) / dt_s
        body.lateral_ms2 = max(-3.0, min(3.0, lateral))
        body.dirty |= MOTION | TRIP

    def _stamp(self, change: float, dt_s: float) -> float:
        """Brake hard for two seconds, or leave it: braking from a low speed is over before anybody feels it."""
        braking = self._stamps[0][1]
        if not self._stamping_s and self._body.speed_ms < braking * _STAMP_S:
            self._stamps.pop(0)
            return change
        self._stamping_s += dt_s
        if self._stamping_s >= _STAMP_S:
            self._stamps.pop(0)
            self._stamping_s = 0.0
        return -braking

    def _allowed_ms(self) -> float:
        """Return the speed the driver aims at here: the limit in his way, and what lies ahead."""
        route, knot = self._route, self._knot
        pace = self._temper.pace * (1.0 + 0.03 * math.sin(self._swing))
        ahead_m = max(0.0, route.at_m[knot + 1] - self._along_m)
        reachable = math.sqrt(route.caps_ms[knot + 1] ** 2 + 2 * BRAKING_MS2 * ahead_m)
        return min(route.limits_ms[knot] * pace, reachable)

    def _drain(self, dt_s: float) -> None:
        body, model = self._body, self._body.model
        speed = body.speed_ms
        force = model.mass_kg * (body.acceleration_ms2 + _GRAVITY_MS2 * _ROLLING)
        force += 0.5 * _AIR_KG_M3 * model.drag_area_m2 * speed * speed
        wheels_kw = force * speed / 1_000.0
        drive_kw = wheels_kw / _DRIVE_EFFICIENCY if wheels_kw > 0 else wheels_kw * _RECUPERATION
        extras_kw = 0.35 + (0.09 * abs(body.setpoint_c - body.outside_c) if body.climate_on else 0.0)
        body.power_kw = max(drive_kw, -_REGEN_MAX_KW) + extras_kw
        used_kwh = body.power_kw * dt_s / 3_600.0
        body.energy_kwh = max(0.5, body.energy_kwh - used_kwh)
        body.lifetime_used_kwh += max(0.0, used_kwh)

    def _publish(self) -> None:
        """Write position, heading and what remains into the body."""
        body, route = self._body, self._route
        last = len(route.at_m) - 2
        while self._knot < last and self._along_m >= route.at_m[self._knot + 1]:
            self._knot += 1
        knot = self._knot
        body.place = route.place_at(knot, self._along_m)
        body.heading_deg = route.headings_deg[knot]
        body.rest_m = route.length_m - self._along_m
        body.rest_s = body.rest_m / 12.0  # what these streets allow on average, about 43 km/h
        body.turn_signal = "Off"
        if knot < last and route.at_m[knot + 1] - self._along_m < _TURN_ROUND_M:
            turn = (route.headings_deg[knot + 1] - body.heading_deg + 180.0) % 360.0 - 180.0
            if abs(turn) > _TURN_DEG:
                body.turn_signal = "Right" if turn > 0 else "Left"
