"""Which fields a car of a simulated day reports, how often, and how each is read off its body.

Units are the maker's (mph, miles, bar). Three groups keep the collector quick: what changes every second of a drive,
what changes slowly or while charging, and states that change by somebody's hand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from motorcade.simulator.days.car import Body, DayCar
from motorcade.wire.tesla.entries import EntryValue

METRES_PER_MILE: Final = 1_609.344
MS_PER_MPH: Final = 0.44704
_COUNTER_STEP_KWH: Final = 0.02  # resolution of the car's energy counters


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the configuration."""

    name: str
    arm: str
    interval_s: int
    delta: float
    """Smallest change worth a report, in the field's unit (metres for a place); 0 for any."""
    read: Callable[[Body], EntryValue]


def _real(name: str, interval_s: int, delta: float, read: Callable[[Body], float | None]) -> Field:
    return Field(name, "double_value", interval_s, delta, read)


def _state(name: str, arm: str, read: Callable[[Body], EntryValue]) -> Field:
    return Field(name, arm, 1, 0.0, read)


def _counter(kwh: float) -> float:
    return round(kwh / _COUNTER_STEP_KWH) * _COUNTER_STEP_KWH


def _range_miles(body: Body, wh_per_km: float) -> float:
    return body.energy_kwh / wh_per_km * 1e6 / METRES_PER_MILE


def _hours_to_full(body: Body) -> float | None:
    if body.charge_state != "Charging" or body.port_kw <= 0:
        return None
    return round(max(0.0, body.limit_pct - body.soc_pct) / 100 * body.model.capacity_kwh / body.port_kw, 2)


def _tyre(wheel: int) -> Callable[[Body], float]:
    return lambda body: body.tyres_bar[wheel]


def quick_fields(car: DayCar) -> list[Field]:
    """Return the fields that are looked at every second of a drive."""
    fields = [
        # The collector knows these two by their positions: place first, speed second.
        Field("Location", "location_value", car.location_s, 1.0, lambda b: b.place),
        _real("VehicleSpeed", car.speed_s, 0.0, lambda b: b.speed_ms / MS_PER_MPH if b.in_gear else None),
        _real("GpsHeading", car.location_s, 1.0, lambda b: b.heading_deg),
        _real("Odometer", car.odometer_s, car.odometer_delta_mi, lambda b: b.odometer_m / METRES_PER_MILE),
        _real("PackCurrent", 10, 0.5, lambda b: -1_000.0 * b.power_kw / b.pack_v),
        _real("PackVoltage", 10, 0.3, lambda b: round(b.pack_v, 2)),
        _real("Soc", car.energy_s, 0.05, lambda b: b.soc_pct),
        _real("EnergyRemaining", car.energy_s, 0.02, lambda b: _counter(b.energy_kwh)),
        _real("RatedRange", 60, 0.2, lambda b: _range_miles(b, 150.0)),
        _real("LifetimeEnergyUsed", 60, 0.01, lambda b: b.lifetime_used_kwh),
        _real("InsideTemp", 60, 0.3, lambda b: round(b.inside_c, 1)),
    ]
    if car.sends_acceleration:
        fields.append(_real("LongitudinalAcceleration", 1, 0.8, lambda b: round(b.acceleration_ms2, 2)))
        fields.append(_real("LateralAcceleration", 1, 0.8, lambda b: round(b.lateral_ms2, 2)))
    return fields


def slow_fields(car: DayCar) -> list[Field]:
    """Return the measured fields that are looked at every few seconds of a charge and now and then otherwise."""
    return [
        _real("BatteryLevel", 60, 0.1, lambda b: 3.0 + 0.97 * b.soc_pct),
        _real("EstBatteryRange", 60, 0.3, lambda b: _range_miles(b, 178.0)),
        _real("OutsideTemp", 120, 0.5, lambda b: round(b.outside_c * 2) / 2),
        *(_real(f"TpmsPressure{name}", 300, 0.025, _tyre(at)) for at, name in enumerate(("Fl", "Fr", "Rl", "Rr"))),
        _real("ACChargingPower", 10, 0.1, lambda b: round(b.port_kw, 1) if b.plugged == "AC" else 0.0),
        _real("DCChargingPower", 30, 0.1, lambda b: b.port_kw if b.plugged == "DC" else 0.0),
        _real("ACChargingEnergyIn", 60, 0.0, lambda b: b.plug_kwh if b.plugged != "DC" else 0.0),
        _real("DCChargingEnergyIn", 30, 0.0, lambda b: _counter(b.counter_kwh)),
        _real("ChargeAmps", 10, 0.5, lambda b: round(b.port_kw / 0.69, 1) if b.plugged == "AC" else 0.0),
        _real("ChargerVoltage", 30, 0.5, lambda b: 230.0 if b.plugged == "AC" and b.port_kw > 0 else 2.0),
        _real("TimeToFullCharge", car.energy_s, 0.05, _hours_to_full),
    ]


def state_fields(car: DayCar) -> list[Field]:
    """Return the fields that change by somebody's hand; looked at when something happened."""
    fields = [
        # The collector knows the gear by its position: first.
        _state("Gear", "shift_state_value", lambda b: b.gear),
        _state("Locked", "boolean_value", lambda b: b.locked),
        _state("DoorState", "door_value", lambda b: b.doors),
        _state("SentryMode", "sentry_mode_state_value", lambda b: b.sentry),
        _state("HvacPower", "hvac_power_value", lambda b: b.hvac),
        _state("CabinOverheatProtectionMode", "cabin_overheat_protection_mode_value", lambda b: b.cabin_protection),
        _state("BatteryHeaterOn", "boolean_value", lambda b: b.heats_battery),
        _state("PreconditioningEnabled", "boolean_value", lambda b: b.hvac == "Precondition"),
        _state("DriverSeatOccupied", "boolean_value", lambda b: b.occupied),
        _state("DriveRail", "boolean_value", lambda b: b.ready),
        _state("DriverSeatBelt", "buckle_status_value", lambda b: "Latched" if b.belted else "Unlatched"),
        _state("DestinationName", "string_value", lambda b: b.destination),
        _state("ChargeState", "string_value", lambda b: b.charge_word),
        _state("FastChargerPresent", "boolean_value", lambda b: b.plugged == "DC"),
        _state("FastChargerType", "fast_charger_value", lambda b: "Combo" if b.plugged == "DC" else None),
        _state("ChargingCableType", "cable_type_value", lambda b: "IEC" if b.plugged else None),
        _state("ChargePortDoorOpen", "boolean_value", lambda b: b.plugged is not None),
        _state("ChargePortLatch", "charge_port_latch_value", lambda b: "Engaged" if b.plugged else "Disengaged"),
        _state("ChargeLimitSoc", "int_value", lambda b: b.limit_pct),
        _state("ChargerPhases", "int_value", lambda b: 3 if b.plugged == "AC" and b.port_kw > 0 else None),
        _state("CarType", "car_type_value", lambda b: b.model.car_type),
        _state("Version", "string_value", lambda _: "2026.38.4"),
    ]
    if car.sends_charge_state:
        arm = "detailed_charge_state_value"
        fields.append(_state("DetailedChargeState", arm, lambda b: b.charge_state))
    return fields
