"""Which of the maker's fields a simulated car reports, how often, and how each is read off the body.

Units here are those of the wire (mph, miles, bar), not ours: the conversion back is what the decoder has to prove.
Field numbers and value kinds are those of ``vehicle_data.proto``.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from motorcade.simulator.body import ACCESS, CHARGE, CLIMATE, IDENTITY, MOTION, TRIP, CarBody
from motorcade.simulator.roads.network import Place

METRES_PER_MILE: Final = 1_609.344
MS_PER_MPH: Final = 0.44704

SignalValue = float | int | bool | str | Place | frozenset[str] | None
"""``None`` is reported as invalid: the car cannot measure it now."""


class Signal(NamedTuple):
    """One field of the collector's configuration."""

    field: str
    """The maker's name of the field."""
    arm: str
    """Name of the value's arm in the protobuf oneof."""
    group: int
    interval_s: float
    """No more often than this."""
    minimum_delta: float
    """Smallest change worth a report, in the field's unit (metres for a location); 0 for any."""
    read: Callable[[CarBody], SignalValue]


def _real(field: str, group: int, interval_s: float, delta: float, read: Callable[[CarBody], float | None]) -> Signal:
    return Signal(field, "double_value", group, interval_s, delta, read)


def _state(field: str, arm: str, group: int, read: Callable[[CarBody], SignalValue], interval_s: float = 1.0) -> Signal:
    return Signal(field, arm, group, interval_s, 0.0, read)


def _bar(wheel: int) -> Callable[[CarBody], float]:
    return lambda body: body.tyres_bar[wheel]


def _miles(metres: float) -> float:
    return metres / METRES_PER_MILE


def _range_miles(body: CarBody, wh_per_km: float) -> float:
    return _miles(body.energy_kwh / wh_per_km * 1e6)


def _hours_to_full(body: CarBody) -> float | None:
    if body.charge_state != "Charging" or body.charge_kw <= 0:
        return None
    missing_pct = max(0.0, body.charge_limit_pct - body.soc_pct)
    return round(missing_pct / 100 * body.model.capacity_kwh / body.charge_kw, 1)


def _charge_word(body: CarBody) -> str:
    """The old string field has words of its own, and never says that a fast charge runs."""
    if body.charge_dc and body.charge_state == "Charging":
        return "Idle"
    return {"Charging": "Enable", "Starting": "Startup", "Complete": "Shutdown"}.get(body.charge_state, "Idle")


_MOTION: Final = (
    _state("Location", "location_value", MOTION, lambda b: b.place)._replace(minimum_delta=1.0),
    _real("VehicleSpeed", MOTION, 1, 0, lambda b: round(b.speed_ms / MS_PER_MPH, 2) if b.driving else None),
    _real("GpsHeading", MOTION, 1, 1, lambda b: round(b.heading_deg, 2)),
    _state("Gear", "shift_state_value", MOTION, lambda b: b.gear),
    _real("LongitudinalAcceleration", MOTION, 2, 0.2, lambda b: round(b.acceleration_ms2, 2)),
    _real("LateralAcceleration", MOTION, 2, 0.3, lambda b: round(b.lateral_ms2, 2)),
    _real("PackCurrent", MOTION, 2, 1, lambda b: -round(b.pack_a, 1)),
    _real("PackVoltage", MOTION, 5, 0.5, lambda b: round(b.pack_v, 2)),
    _real("PedalPosition", MOTION, 2, 2, lambda b: round(max(0.0, b.acceleration_ms2) * 28.0 + b.speed_ms * 0.4, 1)),
    _state("BrakePedal", "boolean_value", MOTION, lambda b: b.acceleration_ms2 < -2.2),
    _state("LightsTurnSignal", "turn_signal_state_value", MOTION, lambda b: b.turn_signal),
    _state("GpsState", "boolean_value", MOTION, lambda _: True, 60),
)
_TRIP: Final = (
    _real("Odometer", TRIP, 10, 0.1, lambda b: _miles(b.odometer_m)),
    _real("Soc", TRIP, 10, 0.1, lambda b: b.soc_pct),
    _real("BatteryLevel", TRIP, 10, 0.1, lambda b: 3.0 + 0.97 * b.soc_pct),
    _real("EnergyRemaining", TRIP, 10, 0.05, lambda b: b.energy_kwh),
    _real("RatedRange", TRIP, 30, 0.3, lambda b: _range_miles(b, 150.0)),
    _real("EstBatteryRange", TRIP, 30, 0.3, lambda b: _range_miles(b, 178.0)),
    _real("IdealBatteryRange", TRIP, 30, 0.3, lambda b: _range_miles(b, 150.0)),
    _real("LifetimeEnergyUsed", TRIP, 30, 0.05, lambda b: b.lifetime_used_kwh),
    _state("DestinationName", "string_value", TRIP, lambda b: b.destination_name),
    _state("DestinationLocation", "location_value", TRIP, lambda b: b.destination),
    _state("OriginLocation", "location_value", TRIP, lambda b: b.origin),
    _real("MilesToArrival", TRIP, 10, 0.1, lambda b: _miles(b.rest_m) if b.destination else None),
    _real("MinutesToArrival", TRIP, 10, 0.25, lambda b: b.rest_s / 60 if b.destination else None),
)
_CLIMATE: Final = (
    _real("InsideTemp", CLIMATE, 30, 0.3, lambda b: round(b.inside_c, 1)),
    _real("OutsideTemp", CLIMATE, 60, 0.5, lambda b: round(b.outside_c * 2) / 2),
    _state("HvacPower", "hvac_power_value", CLIMATE, lambda b: "On" if b.climate_on else "Off"),
    _state("HvacACEnabled", "boolean_value", CLIMATE, lambda b: b.climate_on),
    _state("HvacFanStatus", "int_value", CLIMATE, lambda b: 4 if b.climate_on else 0, 10),
    _real("HvacLeftTemperatureRequest", CLIMATE, 10, 0, lambda b: b.setpoint_c),
    _real("HvacRightTemperatureRequest", CLIMATE, 10, 0, lambda b: b.setpoint_c),
    _real("TpmsPressureFl", CLIMATE, 60, 0.025, _bar(0)),
    _real("TpmsPressureFr", CLIMATE, 60, 0.025, _bar(1)),
    _real("TpmsPressureRl", CLIMATE, 60, 0.025, _bar(2)),
    _real("TpmsPressureRr", CLIMATE, 60, 0.025, _bar(3)),
)
_ACCESS: Final = (
    _state("Locked", "boolean_value", ACCESS, lambda b: b.locked),
    _state("DoorState", "door_value", ACCESS, lambda b: b.open_doors),
    _state("FdWindow", "window_state_value", ACCESS, lambda _: "Closed"),
    _state("FpWindow", "window_state_value", ACCESS, lambda _: "Closed"),
    _state("RdWindow", "window_state_value", ACCESS, lambda _: "Closed"),
    _state("RpWindow", "window_state_value", ACCESS, lambda _: "Closed"),
    _state("SentryMode", "sentry_mode_state_value", ACCESS, lambda b: b.sentry),
    _state("CenterDisplay", "display_state_value", ACCESS, lambda b: b.screen),
    _state("DriverSeatOccupied", "boolean_value", ACCESS, lambda b: b.driver_present),
    _state("DriverSeatBelt", "buckle_status_value", ACCESS, lambda b: "Latched" if b.driving else "Unlatched"),
)
_CHARGE: Final = (
    _state("DetailedChargeState", "detailed_charge_state_value", CHARGE, lambda b: b.charge_state),
    _state("ChargeState", "string_value", CHARGE, _charge_word),
    _real("ACChargingPower", CHARGE, 5, 0.1, lambda b: 0.0 if b.charge_dc else round(b.charge_kw, 2)),
    _real("DCChargingPower", CHARGE, 5, 0.1, lambda b: round(b.charge_kw, 2) if b.charge_dc else 0.0),
    _real("ACChargingEnergyIn", CHARGE, 10, 0.05, lambda b: 0.0 if b.charge_dc else b.charged_kwh / 0.92),
    _real("DCChargingEnergyIn", CHARGE, 10, 0.05, lambda b: b.charged_kwh),
    _real("ChargeAmps", CHARGE, 5, 0.5, lambda b: 0.0 if b.charge_dc else round(b.charge_kw / 0.69, 1)),
    _real("ChargerVoltage", CHARGE, 10, 0.5, lambda b: 230.0 if b.charge_kw > 0 and not b.charge_dc else 2.0),
    _state("ChargerPhases", "int_value", CHARGE, lambda b: 3 if b.charge_kw > 0 and not b.charge_dc else None),
    _state("ChargeLimitSoc", "int_value", CHARGE, lambda b: b.charge_limit_pct),
    _real("TimeToFullCharge", CHARGE, 60, 0.1, _hours_to_full),
    _state("FastChargerPresent", "boolean_value", CHARGE, lambda b: b.plugged and b.charge_dc),
    _state("FastChargerType", "fast_charger_value", CHARGE, lambda b: "Combo" if b.plugged and b.charge_dc else None),
    _state("ChargingCableType", "cable_type_value", CHARGE, lambda b: "IEC" if b.plugged else None),
    _state("ChargePortDoorOpen", "boolean_value", CHARGE, lambda b: b.plugged),
    _state(
        "ChargePortLatch",
        "charge_port_latch_value",
        CHARGE,
        lambda b: "Engaged" if b.plugged else "Disengaged",
    ),
)
_IDENTITY: Final = (
    _state("VehicleName", "string_value", IDENTITY, lambda b: b.name),
    _state("CarType", "car_type_value", IDENTITY, lambda b: b.model.car_type),
    _state("Trim", "string_value", IDENTITY, lambda b: b.model.trim),
    _state("ExteriorColor", "string_value", IDENTITY, lambda b: b.colour),
    _state("Version", "string_value", IDENTITY, lambda b: b.version),
    _state("EuropeVehicle", "boolean_value", IDENTITY, lambda _: True),
    _state("RightHandDrive", "boolean_value", IDENTITY, lambda _: False),
    _state("SettingDistanceUnit", "distance_unit_value", IDENTITY, lambda _: "Kilometers"),
    _state("ServiceMode", "boolean_value", IDENTITY, lambda _: False),
)

SIGNALS: Final[tuple[Signal, ...]] = (*_MOTION, *_TRIP, *_CLIMATE, *_ACCESS, *_CHARGE, *_IDENTITY)
"""The configuration that every simulated car was given."""
