"""What the encoder writes, the decoder reads back."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tesla_protocol.telemetry.vehicle_data_pb2 import Payload

from motorcade.domain.errors import Invalid
from motorcade.domain.signal import SIGNALS, Shape, Signal, by_name
from motorcade.wire.tesla.choices import choices_of
from motorcade.wire.tesla.decode import Oddities, decode_plainly, decode_vehicle_data
from motorcade.wire.tesla.encode import encode_vehicle_data
from motorcade.wire.tesla.values import DOOR_NAMES, TYRE_FIELDS

AT_NS = 1_755_000_000_123_000_000
TEXTS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


def is_plain_word(text: str) -> bool:
    """Whether a text of an untyped signal cannot be read as a flag or a number."""
    return text.isalpha() and text.lower() not in {"true", "false", "nan", "inf", "infinity"}


def values_of(signal: Signal) -> Any:
    """Values that a car could have for a signal."""
    if signal.shape is Shape.CHOICE:
        choices = choices_of(signal)
        assert choices is not None
        return st.integers(0, 12).map(choices.name)
    if signal.shape is Shape.SET:
        names = DOOR_NAMES if signal.kinds[0] == "door" else tuple(TYRE_FIELDS.values())
        return st.sets(st.sampled_from(names)).map(lambda chosen: tuple(name for name in names if name in chosen))
    if signal.shape is Shape.NUMBER:
        whole = st.integers(0, 100).map(lambda count: float(count * 3600 if signal.unit == "s" else count))
        return whole if signal.kinds[0] == "int" else st.floats(-99_999, 99_999)
    return {
        Shape.INTEGER: st.integers(0, 2**31 - 1),
        Shape.TIMESTAMP: st.integers(0, 2**40),
        Shape.FLAG: st.booleans(),
        Shape.TEXT: TEXTS,
        Shape.TIME_OF_DAY: st.times().map(lambda time: time.strftime("%H:%M:%S")),
        Shape.LOCATION: st.tuples(
            st.floats(-90, 90).map(lambda degrees: round(degrees, 6)),
            st.floats(-180, 180).map(lambda degrees: round(degrees, 6)),
        ),
        Shape.UNTYPED: st.one_of(st.booleans(), st.integers(0, 2**40), TEXTS.filter(is_plain_word)),
    }[signal.shape]


READINGS = st.lists(st.sampled_from(SIGNALS), max_size=8, unique=True).flatmap(
    lambda signals: st.fixed_dictionaries(
        {signal.number: st.one_of(st.none(), values_of(signal)) for signal in signals}
    )
)


@given(READINGS, st.booleans())
def test_readings_survive_the_way_to_the_wire_and_back(readings: Any, typed: bool) -> None:
    odd = Oddities()
    raw = encode_vehicle_data(readings, AT_NS, "SIM00000000000001", typed=typed)
    back: dict[int, Any] = dict(decode_vehicle_data(raw, odd))
    assert list(back) == list(readings)
    assert back == dict(decode_plainly(raw))
    for number, value in readings.items():
        if isinstance(value, float):
            assert math.isclose(back[number], value, rel_tol=1e-6, abs_tol=1e-9), SIGNALS[number].name
        elif SIGNALS[number].reserved and not typed and number < 179:  # later fields are typed always
            assert back[number] == (
                str(value).lower() if isinstance(value, bool) else str(value) if value is not None else None
            )
        else:
            assert back[number] == value, SIGNALS[number].name
    assert odd == Oddities()


def test_time_vin_and_resend_mark_are_written_where_given() -> None:
    message = Payload.FromString(encode_vehicle_data({}, AT_NS, "SIM00000000000001", is_resend=True))
    assert (message.created_at.ToNanoseconds(), message.vin, message.is_resend) == (AT_NS, "SIM00000000000001", True)
    assert encode_vehicle_data({}, None) == b""


def test_older_software_sends_text_for_the_older_fields_only() -> None:
    speed, charge = by_name("speed_kmh").number, by_name("charge_state").number
    message = Payload.FromString(encode_vehicle_data({speed: 72.09378, charge: "Charging"}, None, typed=False))
    assert [datum.value.WhichOneof("value") for datum in message.data] == [
        "string_value",
        "detailed_charge_state_value",
    ]
    assert float(message.data[0].value.string_value) == pytest.approx(44.797, abs=1e-4)


@pytest.mark.parametrize(
    "number, value",
    [(4, "fast"), (10, "Sideways"), (59, "yes"), (21, 5.0), (24, 2**40), (58, ("Roof",)), (900, 1.0), (224, ("x",))],
)
def test_a_value_that_does_not_fit_its_signal_is_invalid(number: int, value: Any) -> None:
    with pytest.raises(Invalid):
        encode_vehicle_data({number: value}, AT_NS)
