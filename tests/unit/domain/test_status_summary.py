"""The summary of a vehicle's state."""

import pytest

from motorcade.domain import summary as numbers
from motorcade.domain.connections import Connections
from motorcade.domain.state import Fields, Value
from motorcade.domain.summary import Summary, summarise

NOW = 1_764_000_000_000_000_000


def made(**readings: Value) -> Summary:
    """The summary of readings, given by the name of the signal's constant, each measured a nanosecond later."""
    fields: Fields = {
        getattr(numbers, name): (NOW + position, 0, value) for position, (name, value) in enumerate(readings.items())
    }
    return summarise(fields, Connections(), last_seen_ns=NOW, updated_at_ns=NOW, clock_suspect=False)


def test_a_vehicle_without_readings_has_an_empty_summary() -> None:
    assert made() == Summary(last_seen_ns=NOW, updated_at_ns=NOW)


def test_an_invalid_reading_keeps_its_time_and_no_value() -> None:
    summary = made(SPEED=None, LOCATION=None, GEAR=None)
    assert (summary.speed_kmh, summary.location, summary.gear) == ((NOW, None), (NOW + 1, None), (NOW + 2, None))


@pytest.mark.parametrize("wrong", ["fast", True, (1.0, 2.0), ()])
def test_a_value_of_another_type_counts_as_invalid(wrong: Value) -> None:
    assert made(SPEED=wrong).speed_kmh == (NOW, None)


@pytest.mark.parametrize("wrong", ["here", 5.0, ("Open", "Doors"), (), (1.0, 2.0, 3.0)])
def test_a_place_of_another_shape_counts_as_invalid(wrong: Value) -> None:
    assert made(LOCATION=wrong).location == (NOW, None)


def test_power_has_the_sign_of_the_packs_current_and_the_time_of_the_newer_reading() -> None:
    assert made(PACK_VOLTAGE=400.0, PACK_CURRENT=-100.0).power_kw == (NOW + 1, -40.0)
    assert made(PACK_VOLTAGE=400.0, PACK_CURRENT=None).power_kw == (NOW + 1, None)
    assert made(PACK_VOLTAGE=400.0).power_kw is None


def test_while_a_charger_reports_its_power_that_is_the_power() -> None:
    charging = made(AC_POWER=0.0, DC_POWER=120.5, PACK_VOLTAGE=400.0, PACK_CURRENT=290.0)
    idle = made(AC_POWER=0.0, DC_POWER=0.0, PACK_VOLTAGE=400.0, PACK_CURRENT=-1.0)
    assert charging.power_kw == charging.charging_kw == (NOW + 1, 120.5)
    assert (idle.power_kw, idle.charging_kw) == ((NOW + 3, -0.4), (NOW, 0.0))
    assert made(AC_POWER=None, DC_POWER=7.0).charging_kw == (NOW + 1, 7.0)
    assert made(AC_POWER=7.0, DC_POWER=None).charging_kw == (NOW, 7.0)


def test_the_displays_charge_and_range_come_before_their_stand_ins() -> None:
    both = made(BATTERY_USABLE=50.0, BATTERY_GROSS=53.0, RANGE_RATED=200.0, RANGE_ESTIMATED=180.0)
    stand_ins = made(BATTERY_GROSS=53.0, RANGE_ESTIMATED=180.0)
    unknown = made(BATTERY_USABLE=None, BATTERY_GROSS=None)
    assert (both.battery_pct, both.range_km) == ((NOW, 50.0), (NOW + 2, 200.0))
    assert (stand_ins.battery_pct, stand_ins.range_km) == ((NOW, 53.0), (NOW + 1, 180.0))
    assert unknown.battery_pct == (NOW, None)


def test_a_car_is_online_while_a_connection_is_open() -> None:
    connections = Connections()
    connections.opened("aa" * 8, NOW)
    connections.opened("bb" * 8, NOW + 1)
    connections.close("aa" * 8, NOW + 2)
    summary = summarise({}, connections, last_seen_ns=NOW, updated_at_ns=NOW, clock_suspect=True)
    assert (summary.online, summary.open_connections, summary.online_changed_at_ns) == (True, 1, NOW + 2)
    assert summary.clock_suspect
