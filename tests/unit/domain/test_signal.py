"""The signal catalogue: complete, unambiguous, metric."""

import re
import subprocess
import sys

import pytest
from tesla_protocol.telemetry.vehicle_data_pb2 import Field, Value

from motorcade.domain.errors import Invalid
from motorcade.domain.signal import SIGNALS, Shape, by_name, by_number, by_tesla_name, name_of
from tests.conditions import ROOT

SUFFIX = {
    "km/h": "_kmh",
    "km": "_km",
    "m": "_m",
    "kPa": "_kpa",
    "degC": "_c",
    "s": "_s",
    "V": "_v",
    "A": "_a",
    "kW": "_kw",
    "kWh": "_kwh",
    "%": "_pct",
    "kOhm": "_kohm",
    "rpm": "_rpm",
    "Nm": "_nm",
    "m/s^2": "_ms2",
    "kg": "_kg",
}


def test_every_field_of_the_protocol_has_one_row_under_its_own_number_and_name() -> None:
    assert {signal.number: signal.tesla_name for signal in SIGNALS} == {
        value.number: value.name for value in Field.DESCRIPTOR.values
    }
    assert [signal.number for signal in SIGNALS] == list(range(278))


def test_names_are_unique_snake_case_with_the_unit_last() -> None:
    assert len({signal.name for signal in SIGNALS}) == len(SIGNALS)
    for signal in SIGNALS:
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", signal.name), signal.name
        if signal.unit is not None and signal.unit != "deg":
            assert signal.name.endswith(SUFFIX[signal.unit]), signal.name


def test_kinds_are_arms_of_the_value_union() -> None:
    arms = {field.name.removesuffix("_value") for field in Value.DESCRIPTOR.fields}
    for signal in SIGNALS:
        assert set(signal.kinds) <= arms, signal.name


def test_what_the_maker_sends_in_other_units_is_converted() -> None:
    assert by_name("speed_kmh").conversion == "mph_to_kmh"
    assert by_name("odometer_km").conversion == "mi_to_km"
    assert by_name("tyre_pressure_front_left_kpa").conversion == "bar_to_kpa"
    assert by_name("time_to_full_charge_s").conversion == "h_to_s"


def test_reserved_numbers_are_the_unknown_experimental_and_deprecated_ones() -> None:
    for signal in SIGNALS:
        reserved = signal.tesla_name.startswith(("Unknown", "Experimental_", "Deprecated_"))
        assert signal.reserved == reserved, signal.name
        assert (signal.shape is Shape.UNTYPED) == reserved, signal.name


def test_vss_paths_are_used_once_each() -> None:
    paths = [signal.vss for signal in SIGNALS if signal.vss]
    assert len(paths) == len(set(paths)) > 30
    assert all(re.fullmatch(r"Vehicle(\.[A-Z][A-Za-z0-9]*)+", path) for path in paths)


def test_promises_match_the_design() -> None:
    promised = ("speed_kmh", "battery_pct", "inside_temperature_c", "tyre_pressure_rear_left_kpa")
    assert [by_name(name).promise_s for name in promised] == [15, 60, 300, 21_600]


def test_lookups_say_what_is_unknown() -> None:
    assert by_number(278) is None
    assert by_number(-1) is None
    assert by_tesla_name("vehiclespeed") is None
    assert by_tesla_name("VehicleSpeed") is by_number(4)
    assert (name_of(4), name_of(900)) == ("speed_kmh", "field_900")
    with pytest.raises(Invalid, match="speed_mph"):
        by_name("speed_mph")


def test_the_reference_page_is_current() -> None:
    done = subprocess.run([sys.executable, "tools/signals_page.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "run python tools/signals_page.py"
