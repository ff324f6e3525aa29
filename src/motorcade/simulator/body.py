"""What a car is and measures at one moment, in metric units; nothing here knows the wire."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from motorcade.simulator.roads.network import Place

# Groups of measurements that change together. A step marks the groups it may have changed, so that the collector
# looks at a parked car's seventy signals only when something happened.
MOTION: Final = 1
TRIP: Final = 2
CLIMATE: Final = 4
ACCESS: Final = 8
CHARGE: Final = 16
IDENTITY: Final = 32
EVERYTHING: Final = 63


class Model(NamedTuple):
    """What the fleet's models differ in; figures of the usual order for such a car."""

    name: str
    car_type: str
    trim: str
    mass_kg: float
    drag_area_m2: float
    capacity_kwh: float
    dc_max_kw: float


MODELS: Final = {
    "Model 3": Model("Model 3", "Model3", "50", 1_850.0, 0.51, 57.5, 100.0),
    "Model 3 Long Range": Model("Model 3 Long Range", "Model3", "74D", 1_950.0, 0.51, 75.0, 150.0),
    "Model Y": Model("Model Y", "ModelY", "74D", 2_070.0, 0.60, 75.0, 150.0),
    "Model S": Model("Model S", "ModelS", "100D", 2_170.0, 0.56, 95.0, 150.0),
    "Model X": Model("Model X", "ModelX", "100D", 2_450.0, 0.65, 95.0, 150.0),
}


@dataclass(slots=True)
class CarBody:
    """The measurable state of one car. ``None`` means that the car cannot measure it now."""

    name: str
    model: Model
    place: Place
    heading_deg: float
    energy_kwh: float
    odometer_m: float
    colour: str = "PearlWhite"
    version: str = "2026.38.4"

    gear: str | None = "P"
    speed_ms: float = 0.0
    acceleration_ms2: float = 0.0
    lateral_ms2: float = 0.0
    power_kw: float = 0.3
    """Positive out of the battery, negative into it."""
    turn_signal: str = "Off"
    lifetime_used_kwh: float = 0.0

    destination_name: str | None = None
    destination: Place | None = None
    origin: Place | None = None
    rest_m: float = 0.0
    rest_s: float = 0.0

    inside_c: float = 19.0
    outside_c: float = 8.0
    climate_on: bool = False
    setpoint_c: float = 21.0
    tyres_bar: list[float] = field(default_factory=lambda: [2.9, 2.9, 2.9, 2.9])
    """Front left, front right, rear left, rear right."""

    locked: bool = True
    open_doors: frozenset[str] = frozenset()
    driver_present: bool = False
    sentry: str = "Off"
    screen: str = "Off"

    charge_state: str = "Disconnected"
    charge_dc: bool = False
    plugged: bool = False
    charge_kw: float = 0.0
    charge_limit_pct: int = 80
    charged_kwh: float = 0.0

    dirty: int = EVERYTHING
    """Groups that may have changed since the collector last looked."""

    @property
    def soc_pct(self) -> float:
        """Usable state of charge."""
        return 100.0 * self.energy_kwh / self.model.capacity_kwh

    @property
    def pack_v(self) -> float:
        """Pack voltage: open circuit by state of charge, less the drop over 60 mΩ."""
        open_v = 330.0 + 0.62 * self.soc_pct
        return open_v - 0.06 * 1_000.0 * self.power_kw / open_v

    @property
    def pack_a(self) -> float:
        """Pack current, positive out of the battery."""
        return 1_000.0 * self.power_kw / self.pack_v

    @property
    def driving(self) -> bool:
        """Whether the car is in a driving gear."""
        return self.gear in {"D", "R"}
