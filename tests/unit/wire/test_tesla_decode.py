"""Vehicle data in every form that cars send it, and the fast decoder against the plain one."""

import json
import math
import random
import struct
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from tesla_protocol.telemetry.vehicle_data_pb2 import Field, Payload

from motorcade.domain.errors import Invalid
from motorcade.domain.signal import SIGNALS, by_name
from motorcade.domain.state import Value
from motorcade.wire.tesla.decode import MAX_FIELD_NUMBER, Oddities, decode_plainly, decode_vehicle_data
from motorcade.wire.tesla.encode import encode_vehicle_data
from tests.conditions import Scale, shared_data
from tests.unit.wire.hostile import mutate
from tests.unit.wire.oracle import agrees, expected

NONE = object()


def decode(name: str, **value: Any) -> Value:
    """What one datum decodes to; nested values are given as dicts."""
    return decode_all([{"key": Field.Name(by_name(name).number), "value": value}])[name]


def decode_all(data: Any, odd: Oddities | None = None) -> dict[str, Value]:
    raw = json_format.ParseDict({"data": data}, Payload()).SerializeToString()
    readings = decode_vehicle_data(raw, odd)
    assert repr(sorted(readings)) == repr(sorted(decode_plainly(raw)))
    return {SIGNALS[number].name: value for number, value in readings}


@pytest.mark.parametrize(
    "value",
    [
        {"doubleValue": 44.797},
        {"floatValue": 44.797},
        {"stringValue": "44.797"},
        {"stringValue": '"44.797"'},
        {"stringValue": ' ""44.797"" '},
        {"stringValue": "4.4797e1"},
    ],
)
def test_every_spelling_of_a_number_gives_the_same_value(value: Any) -> None:
    assert decode("speed_kmh", **value) == pytest.approx(72.09378, abs=2e-5)


@pytest.mark.parametrize(
    "name, sent, value",
    [
        ("speed_kmh", 100, 160.9344),
        ("odometer_km", 33774.30032466555, 54354.468),
        ("rated_range_km", 1, 1.609344),
        ("tyre_pressure_front_left_kpa", 2.8500000424683094, 285.0),
        ("time_to_full_charge_s", 0.5, 1800.0),
        ("time_to_arrival_s", 21.683333333333334, 1301.0),
        ("inside_temperature_c", 8.100000716745853, 8.100001),
        ("pack_voltage_v", 382.22999145649374, 382.23),
        ("ac_charging_energy_kwh", 0.00011111111276679568, 0.0001111111),
        ("pack_current_a", -0.7000000104308128, -0.7),
    ],
)
def test_units_become_metric_and_float_noise_goes(name: str, sent: Any, value: Any) -> None:
    assert decode(name, doubleValue=sent) == value
    assert decode(name, stringValue=repr(sent)) == value


@pytest.mark.parametrize("sent", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_no_value(sent: Any) -> None:
    assert decode("speed_kmh", doubleValue=sent) is None
    assert decode("speed_kmh", floatValue=sent) is None


@pytest.mark.parametrize("text", ["", "<invalid>", '""', "nan", "inf", "1e999", "1_000", "١٢", "fast", "9" * 100])
def test_texts_that_are_no_number_are_no_value(text: str) -> None:
    assert decode("speed_kmh", stringValue=text) is None


def test_invalid_and_missing_values_are_no_value_and_not_odd() -> None:
    odd = Oddities()
    data = [{"key": "VehicleSpeed", "value": {"invalid": True}}, {"key": "Gear", "value": {}}, {"key": "Soc"}]
    assert decode_all(data, odd) == {"speed_kmh": None, "gear": None, "battery_pct": None}
    assert odd == Oddities()


@pytest.mark.parametrize(
    "value, gear",
    [
        ({"shiftStateValue": "ShiftStateD"}, "D"),
        ({"stringValue": "ShiftStateD"}, "D"),
        ({"stringValue": "D"}, "D"),
        ({"stringValue": '"D"'}, "D"),
        ({"intValue": 5}, "D"),
        ({"stringValue": "5"}, "D"),
        ({"shiftStateValue": 9}, "Unknown 9"),
        ({"intValue": 9}, "Unknown 9"),
        ({"doubleValue": "NaN"}, None),
        ({"stringValue": "<invalid>"}, None),
    ],
)
def test_enumerations_lose_their_prefix_in_every_form(value: Any, gear: str | None) -> None:
    assert decode("gear", **value) == gear


def test_an_enumeration_whose_names_are_numbers_keeps_them() -> None:
    assert decode("cruise_follow_distance", followDistanceValue="FollowDistance3") == "3"
    assert decode("cruise_follow_distance", stringValue="3") == "3"


def test_flags_are_read_typed_as_text_and_as_numbers() -> None:
    assert decode("locked", booleanValue=True) is True
    assert decode("locked", stringValue="true") is True
    assert decode("locked", stringValue="false") is False
    assert decode("locked", intValue=0) is False
    assert decode("locked", intValue=2) is None
    assert decode("driver_seat_belt", stringValue="true") is True
    assert decode("driver_seat_belt", buckleStatusValue="BuckleStatusLatched") == "Latched"


def test_counts_stay_integers_in_every_form() -> None:
    for value in ({"intValue": 95}, {"longValue": "95"}, {"stringValue": "95"}, {"doubleValue": 95}):
        assert repr(decode("brick_highest_voltage_number", **value)) == "95"
    assert decode("scheduled_charging_start_s", longValue="1736756100") == 1_736_756_100


def test_whole_numbers_of_a_real_signal_are_floats() -> None:
    assert repr(decode("battery_pct", intValue=71)) == "71.0"


@pytest.mark.parametrize(
    "value, place",
    [
        ({"locationValue": {"latitude": 37.412374, "longitude": -122.145867}}, (37.412374, -122.145867)),
        ({"stringValue": "(37.412374 N, 122.145867 W)"}, (37.412374, -122.145867)),
        ({"stringValue": '"(37.412374 S, 122.145867 E)"'}, (-37.412374, 122.145867)),
        ({"stringValue": "(37.4 N)"}, None),
        ({"stringValue": "(37.4 E, 12.0 N)"}, None),
        ({"stringValue": "(nan N, 1 E)"}, None),
        ({"locationValue": {"latitude": 91, "longitude": 0}}, None),
        ({"locationValue": {"latitude": 0, "longitude": -180.5}}, None),
        ({"locationValue": {"latitude": "NaN", "longitude": 1}}, None),
    ],
)
def test_places_are_read_in_both_forms_and_only_on_the_globe(value: Any, place: tuple[float, float] | None) -> None:
    assert decode("location", **value) == place


@pytest.mark.parametrize(
    "value, doors",
    [
        ({"doorValue": {}}, ()),
        ({"stringValue": ""}, ()),
        ({"doorValue": {"PassengerFront": True, "DriverFront": True}}, ("DriverFront", "PassengerFront")),
        ({"stringValue": "DriverFront|PassengerFront"}, ("DriverFront", "PassengerFront")),
        ({"stringValue": "PassengerFront | DriverFront"}, ("DriverFront", "PassengerFront")),
    ],
)
def test_doors_are_the_names_of_the_open_ones(value: Any, doors: tuple[str, ...]) -> None:
    assert decode("doors_open", **value) == doors


def test_tyre_warnings_are_the_names_of_the_tyres() -> None:
    value = {"frontLeft": True, "semiMiddleAxleLeft2": True}
    assert decode("tyre_warnings_hard", tireLocationValue=value) == ("FrontLeft", "SemiMiddleAxleLeft2")


def test_times_of_day_are_read_and_impossible_ones_are_not() -> None:
    assert decode("scheduled_departure_time", timeValue={"hour": 7, "minute": 5}) == "07:05:00"
    assert decode("scheduled_departure_time", timeValue={"hour": 24}) is None


def test_text_stays_text() -> None:
    assert decode("vehicle_name", stringValue='"Van 81"') == "Van 81"
    assert decode("charge_state_text", stringValue="Idle") == "Idle"
    assert decode("vehicle_name", intValue=81) == "81"


def test_of_a_field_that_comes_twice_the_last_counts() -> None:
    data = [{"key": "Soc", "value": {"doubleValue": soc}} for soc in (50, 51)]
    assert decode_all(data) == {"battery_pct": 51.0}


def test_fields_and_arms_that_we_do_not_know_are_kept_or_counted_and_never_stop_the_rest() -> None:
    odd = Oddities()
    body = b"\x08\x90\x03\x12\x02\x30\x01"  # field 400: a flag
    arm = b"\x08\x08\x12\x05\xaa\x06\x02hi"  # Soc with arm 101
    beyond = b"\x08\xff\xff\x7f\x12\x02\x30\x01"
    speed = encode_vehicle_data({4: 80.0}, None)
    raw = b"".join(b"\x0a" + bytes([len(part)]) + part for part in (body, arm, beyond)) + speed
    assert dict(decode_vehicle_data(raw, odd)) == {400: True, 8: None, 4: 80.0}
    assert odd == Oddities(unknown_fields=2, unknown_arms=1)


@pytest.mark.parametrize(
    ("key", "most_bytes"), [(Field.VehicleName, 4_096), (Field.RouteLine, 65_536), (MAX_FIELD_NUMBER, 256)]
)
@pytest.mark.parametrize("letter", ["x", "é", "\U0001f697"])
def test_a_text_over_the_bytes_of_its_field_is_no_value_and_never_a_part(
    key: int, most_bytes: int, letter: str
) -> None:
    fits = letter * (most_bytes // len(letter.encode()))
    for text, kept, unreadable in ((fits, fits, 0), (fits + letter, None, 1)):
        odd = Oddities()
        raw: Any = Payload()
        raw.data.add(key=key).value.string_value = text
        assert decode_vehicle_data(raw.SerializeToString(), odd) == [(key, kept)]
        assert odd.unreadable == unreadable


def test_a_car_that_fills_every_field_it_can_name_stays_within_two_megabytes() -> None:
    kept = 0
    for key in range(1, 4_096):
        raw: Any = Payload()
        datum = raw.data.add(key=key)
        for size in (65_536, 4_096, 256):
            datum.value.string_value = "x" * size
            values = [value for _, value in decode_vehicle_data(raw.SerializeToString()) if isinstance(value, str)]
            if values:
                kept += len(values[0])
                break
    assert kept < 2_000_000


def test_a_value_that_makes_no_sense_for_its_signal_is_no_value_and_counted() -> None:
    odd = Oddities()
    data = [
        {"key": "VehicleSpeed", "value": {"locationValue": {"latitude": 1, "longitude": 1}}},
        {"key": "Soc", "value": {"shiftStateValue": "ShiftStateD"}},
        {"key": "Location", "value": {"doubleValue": 1}},
        {"key": "Odometer", "value": {"stringValue": "far"}},
    ]
    assert set(decode_all(data, odd).values()) == {None}
    assert odd.unreadable == len(data)


@pytest.mark.parametrize("raw", [b"\x0a\x05ab", b"\x0a\x02\x08", b"\x0b", b"\x0a\x80", b"\x0a\x04\x12\x05ab"])
def test_damaged_payloads_are_invalid(raw: bytes) -> None:
    with pytest.raises(Invalid):
        decode_vehicle_data(raw)


ARMS = st.one_of(
    st.floats(width=32).map(lambda x: ("float_value", x)),
    st.floats().map(lambda x: ("double_value", x)),
    st.integers(-(2**31), 2**31 - 1).map(lambda x: ("int_value", x)),
    st.integers(-(2**63), 2**63 - 1).map(lambda x: ("long_value", x)),
    st.booleans().map(lambda x: ("boolean_value", x)),
    st.text(max_size=20).map(lambda x: ("string_value", x)),
    st.integers(0, 12).map(lambda x: ("shift_state_value", x)),
    st.just(("invalid", True)),
)


@given(st.lists(st.tuples(st.integers(-2, 300), ARMS), max_size=12))
def test_the_fast_and_the_plain_decoder_agree(data: Any) -> None:
    payload = Payload(vin="SIM00000000000001")
    for key, (arm, value) in data:
        datum = payload.data.add(key=key)
        setattr(datum.value, arm, value)
    raw = payload.SerializeToString()
    fast, plain = Oddities(), Oddities()
    assert repr(decode_vehicle_data(raw, fast)) == repr(decode_plainly(raw, plain))
    assert fast == plain
    for _, value in decode_vehicle_data(raw):
        assert not isinstance(value, float) or math.isfinite(value)


def test_hostile_payloads_raise_invalid_and_nothing_else_and_both_decoders_agree(scale: Scale) -> None:
    rng = random.Random(20_261_126)
    values: dict[int, Value] = {
        4: 80.0,
        5: 54_000.5,
        8: 71.25,
        10: "D",
        21: (57.7, 11.9),
        58: ("DriverFront",),
        59: True,
        64: "Van 81",
    }
    seeds = [encode_vehicle_data(values, 1_755_000_000_000_000_000, typed=typed) for typed in (True, False)]
    read = 0
    for _ in range(scale.n(20_000, 1_000_000)):
        raw = mutate(rng, rng.choice(seeds))
        try:
            readings = decode_vehicle_data(raw)
        except Invalid:
            with pytest.raises(Invalid):
                decode_plainly(raw)
            continue
        read += 1
        assert repr(readings) == repr(decode_plainly(raw))
    assert read > 1_000


def test_every_recorded_message_decodes_to_the_right_metric_values() -> None:
    lines = [
        line
        for path in sorted(shared_data("tesla-streams").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert len(lines) > 300
    odd = Oddities()
    for line in lines:
        message = json.loads(line)
        readings = dict(decode_vehicle_data(json_format.Parse(line, Payload()).SerializeToString(), odd))
        wanted = {datum["key"]: expected(datum["key"], datum.get("value")) for datum in message["data"]}
        assert {SIGNALS[number].tesla_name for number in readings} == set(wanted)
        for number, got in readings.items():
            assert agrees(got, wanted[SIGNALS[number].tesla_name]), line
    assert odd == Oddities(), "nothing in a recording is unreadable"


def test_a_double_is_read_from_the_last_eight_bytes_of_its_datum() -> None:
    raw = b"\x0a\x0d\x08\x04\x12\x09\x29" + struct.pack("<d", 10.0)
    assert decode_vehicle_data(raw) == [(4, 16.09344)]
