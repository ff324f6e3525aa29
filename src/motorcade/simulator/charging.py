"""A charging session: ramp, plateau, taper, end."""

from typing import Final

from motorcade.simulator.body import CHARGE, MOTION, TRIP, CarBody
from motorcade.simulator.taper import curve_share

_HANDSHAKE_S: Final = 6.0  # cable locked, car and charger talking
_RAMP_KW_PER_S: Final = 4.0
_LOSS: Final = 0.08  # alternating current passes the car's own charger


class ChargeSession:
    """One session at one charger; fills the body that it was given."""

    def __init__(self, body: CarBody, dc: bool, power_kw: float, gain_pct: float, already: float = 0.0) -> None:  # noqa: FBT001 - a session is described by exactly these
        """Plug in; ``already`` is the share of ``gain_pct`` that is charged when the session comes into view."""
        self._body, self._dc = body, dc
        self._most_kw = power_kw if dc else min(power_kw, 11.0)
        self._goal_pct = min(float(body.charge_limit_pct), body.soc_pct + gain_pct)
        self._age_s = _HANDSHAKE_S if already else 0.0
        body.plugged, body.charge_dc, body.charged_kwh = True, dc, 0.0
        body.charge_state = "Starting"
        body.locked, body.climate_on, body.driver_present = True, False, False
        if already:
            gained_kwh = body.model.capacity_kwh * (self._goal_pct - body.soc_pct) / 100 * already
            body.energy_kwh += gained_kwh
            body.charged_kwh = gained_kwh
            body.charge_kw, body.charge_state = self._wanted_kw(), "Charging"
        body.dirty |= CHARGE | TRIP

    def step(self, dt_s: float) -> bool:
        """Charge for ``dt_s`` seconds; return whether the session has just come to its end."""
        body = self._body
        self._age_s += dt_s
        if self._age_s < _HANDSHAKE_S:
            return False
        body.charge_state = "Charging"
        body.charge_kw = min(self._wanted_kw(), body.charge_kw + _RAMP_KW_PER_S * dt_s)
        into_battery_kw = body.charge_kw * (1.0 if self._dc else 1.0 - _LOSS)
        body.power_kw = -into_battery_kw
        gained_kwh = into_battery_kw * dt_s / 3_600.0
        body.energy_kwh += gained_kwh
        body.charged_kwh += gained_kwh
        body.dirty |= CHARGE | TRIP | MOTION
        if body.soc_pct < self._goal_pct:
            return False
        body.charge_state, body.charge_kw, body.power_kw = "Complete", 0.0, 0.2
        return True

    def _wanted_kw(self) -> float:
        if not self._dc:
            return self._most_kw
        return min(self._most_kw, self._body.model.dc_max_kw * curve_share(self._body.soc_pct))
