"""One car of a simulated day: what it is, how it was configured, and what is true of it at one moment."""

import random
from dataclasses import dataclass, field
from typing import Final

from motorcade.simulator.body import MODELS, Model
from motorcade.simulator.roads.network import Place

# How often a car's configuration asks for its place, in seconds, with the share of cars that have it.
_LOCATION_S: Final = ((1, 0.3), (2, 0.4), (3, 0.3))
_FAR_LOCATION_S: Final = ((1, 0.2), (2, 0.2), (5, 0.3), (10, 0.3))  # where roads hardly bend
_TEXT_SHARE: Final = 0.25  # cars whose software writes text
_TEXT_WITH_STATE_SHARE: Final = 0.5  # of those: software new enough to send DetailedChargeState
_ACCELERATION_SHARE: Final = 0.75


@dataclass(frozen=True, slots=True)
class DayCar:
    """A car and its telemetry configuration."""

    model: Model
    typed: bool
    """False for software that writes most values as text."""
    sends_charge_state: bool
    """Whether DetailedChargeState is among its fields."""
    sends_acceleration: bool
    """Whether longitudinal and lateral acceleration are among its fields; without them only speed tells."""
    location_s: int
    speed_s: int
    odometer_s: int
    odometer_delta_mi: float
    energy_s: int
    fraction_s: float
    """Where in its half second the car's collector sends."""
    drive_gear_lost: float
    """Share of this car's shifts into D that never reach the fleet."""
    network: str
    """``wifi`` or ``cellular``."""


def draw_car(chance: random.Random, *, sporty: bool = False) -> DayCar:
    """Draw a car; ``sporty`` ones drive far and have the larger battery."""
    model = MODELS[chance.choice(["Model 3 Long Range", "Model Y", "Model S"] if sporty else list(MODELS))]
    typed = chance.random() >= _TEXT_SHARE
    places = _FAR_LOCATION_S if sporty else _LOCATION_S
    location_s = chance.choices([period for period, _ in places], [share for _, share in places])[0]
    return DayCar(
        model=model,
        typed=typed,
        sends_charge_state=typed or chance.random() < _TEXT_WITH_STATE_SHARE,
        sends_acceleration=chance.random() < _ACCELERATION_SHARE,
        location_s=location_s,
        speed_s=min(location_s, chance.choice([1, 2, 3, 5])),
        odometer_s=chance.choice([30, 60]),
        odometer_delta_mi=chance.choice([0.0, 0.1]),
        energy_s=chance.choice([10, 30, 30, 60]),
        fraction_s=chance.uniform(0.02, 0.48),
        drive_gear_lost=chance.choice([0.05, 0.3, 0.7]),
        network=chance.choice(["cellular", "cellular", "cellular", "wifi"]),
    )


@dataclass(slots=True)
class Body:
    """What is true now. ``None`` means that the car cannot measure it."""

    model: Model
    place: Place
    heading_deg: float
    energy_kwh: float
    odometer_m: float
    lifetime_used_kwh: float
    gear: str | None = "P"
    speed_ms: float = 0.0
    acceleration_ms2: float = 0.0
    lateral_ms2: float = 0.0
    power_kw: float = 0.2
    """Positive out of the battery, negative into it."""
    destination: str | None = None
    inside_c: float = 15.0
    outside_c: float = 9.0
    tyres_bar: list[float] = field(default_factory=lambda: [2.9, 2.9, 2.9, 2.9])
    hvac: str = "Off"
    heats_battery: bool = False
    sentry: str = "Off"
    locked: bool = True
    doors: frozenset[str] = frozenset()
    occupied: bool = False
    belted: bool = False
    ready: bool = False
    """Whether it could be driven off at once."""
    plugged: str | None = None
    """``AC``, ``DC`` or nothing."""
    charge_state: str = "Disconnected"
    charge_word: str = "Idle"
    port_kw: float = 0.0
    """Power through the plug."""
    counter_kwh: float = 0.0
    """Into the battery since the plug went in; the car shows the last session's figure until the next one."""
    plug_kwh: float = 0.0
    limit_pct: int = 80
    cabin_protection: str = "Off"

    @property
    def soc_pct(self) -> float:
        """Usable state of charge."""
        return 100.0 * self.energy_kwh / self.model.capacity_kwh

    @property
    def pack_v(self) -> float:
        """Pack voltage: open circuit by state of charge, less the drop over 60 mΩ."""
        open_v = 330.0 + 0.62 * self.soc_pct
        return open_v - 60.0 * self.power_kw / open_v

    @property
    def in_gear(self) -> bool:
        """Whether a driving gear is engaged."""
        return self.gear in {"D", "R"}

    def draw(self, power_kw: float, seconds: float) -> float:
        """Take power out of the battery for a time (negative: put it in); return the energy in kWh."""
        self.power_kw = power_kw
        energy_kwh = power_kw * seconds / 3_600.0
        self.energy_kwh -= energy_kwh
        return energy_kwh
