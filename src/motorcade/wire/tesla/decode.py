"""Vehicle data → (signal number, metric value), fast for what cars send all day and right for everything else.

The plain way parses a datum with protobuf's C core and asks which arm of the value union is set. Most data, though,
are one double, one small enumeration or a place, written by a canonical encoder: these are recognised by their
first bytes, or as a whole, without building Python objects for the message. Whatever is not recognised goes the
plain way; a test compares both on everything it can think of.

The decoders of the other topics live in `reports.py` and can be imported from here as well.
"""

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

import msgspec
from google.protobuf.message import DecodeError
from tesla_protocol.telemetry.vehicle_data_pb2 import (
    Datum,
    Doors,
    LocationValue,
    Payload,
    Time,
    TireLocation,
)
from tesla_protocol.telemetry.vehicle_data_pb2 import Value as WireValue

from motorcade.domain.errors import Invalid
from motorcade.domain.signal import SIGNALS, Shape, Signal
from motorcade.domain.state import Value
from motorcade.wire.tesla.choices import CHOICES, Choices
from motorcade.wire.tesla.reports import decode_alerts, decode_connectivity, decode_errors, decode_metrics
from motorcade.wire.tesla.values import (
    DOOR_NAMES,
    FACTORS,
    TYRE_FIELDS,
    clean,
    from_number,
    from_text,
    integer_of,
    is_absent,
    location_of,
    time_of_day,
    unquoted,
)

__all__ = [
    "MAX_FIELD_NUMBER",
    "Oddities",
    "decode_alerts",
    "decode_connectivity",
    "decode_errors",
    "decode_metrics",
    "decode_plainly",
    "decode_vehicle_data",
]

MAX_FIELD_NUMBER: Final = 511
"""Highest field number that is kept: some 230 above today's catalogue, which grows by some tens a year. Each one may
hold a text, so a car could otherwise grow its state, which is written as a whole, to a gigabyte."""
_MAX_MEMO: Final = 4096  # distinct short data: enumerations, flags and small counts of 278 signals
_MAX_MEMO_BYTES: Final = 8  # key, arm and a one-byte value, with room for two-byte tags
_DATUM_TAG: Final = 0x0A  # field 1, length-delimited
_LONGITUDE_TAG: Final = 0x11
_DOUBLE: Final = Struct("<d").unpack_from
_PLACE: Final = Struct("<dBd").unpack_from
_PLACE_HEAD_BYTES: Final = 7
_PLACE_BYTES: Final = 24


class Oddities(msgspec.Struct):
    """What a decoder met that it could not use; the caller counts on."""

    unknown_fields: int = 0
    """Data whose field number the catalogue does not know; up to `MAX_FIELD_NUMBER` they are kept."""
    unknown_arms: int = 0
    """Data whose value is of a type that we do not know yet; decoded as no value."""
    unreadable: int = 0
    """Data whose value makes no sense for their signal; decoded as no value."""


_UNKNOWN_SIGNAL: Final = Signal(
    -1, "", "", None, "", "Other", (), "none", Shape.UNTYPED, promise_s=86_400, vss=None, note=""
)
_TEXT_SHAPES: Final = frozenset({Shape.TEXT, Shape.CHOICE, Shape.UNTYPED})
_FLAG_SHAPES: Final = frozenset({Shape.FLAG, Shape.CHOICE, Shape.UNTYPED})
_PLACE_SHAPES: Final = frozenset({Shape.LOCATION, Shape.UNTYPED})
_SET_SHAPES: Final = frozenset({Shape.SET, Shape.UNTYPED})
_TIME_SHAPES: Final = frozenset({Shape.TIME_OF_DAY, Shape.UNTYPED})
_NOTHING_ODD: Final = Oddities()
_MAX_MEMO_COUNT: Final = 100  # levels, counts and percentages
_memo: dict[bytes, tuple[int, Value]] = {}


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])


_DOUBLE_HEADS: Final = {
    b"\x08" + _varint(signal.number) + b"\x12\x09\x29": (signal.number, FACTORS[signal.conversion])
    for signal in SIGNALS
    if signal.shape is Shape.NUMBER
}
"""Key and arm of a datum that holds one double → signal number and factor."""
_PLACE_HEADS: Final = {
    b"\x08" + _varint(signal.number) + b"\x12\x14\x3a\x12\x09": signal.number
    for signal in SIGNALS
    if signal.shape is Shape.LOCATION
}
_DOUBLE_LENGTHS: Final = frozenset({13, 14})  # key numbers of one and of two bytes


def decode_vehicle_data(payload: bytes, odd: Oddities | None = None) -> list[tuple[int, Value]]:
    """The readings of one vehicle data payload, each signal once, the last of duplicates.

    Args:
        payload: the protobuf bytes, with or without a VIN.
        odd: counts what could not be used.

    Returns:
        (signal number, value in the catalogue's unit); None = the car has no value for it now. Field numbers
        that the catalogue does not know are kept under their number.

    Raises:
        Invalid: the payload does not parse.
    """
    readings: dict[int, Value] = {}
    at, size = 0, len(payload)
    while at + 1 < size and payload[at] == _DATUM_TAG and (length := payload[at + 1]) < 128:
        end = at + 2 + length
        if end > size:
            break
        body = payload[at + 2 : end]
        at = end
        if length in _DOUBLE_LENGTHS and (double := _DOUBLE_HEADS.get(body[:-8])):
            number = clean(_DOUBLE(body, length - 8)[0] * double[1])
            if number is None:  # NaN or infinite: the plain way counts it
                _plain(body, readings, odd)
            else:
                readings[double[0]] = number
        elif known := _memo.get(body):
            readings[known[0]] = known[1]
        elif length == _PLACE_BYTES and (number := _PLACE_HEADS.get(body[:_PLACE_HEAD_BYTES])):
            latitude, tag, longitude = _PLACE(body, _PLACE_HEAD_BYTES)
            if tag == _LONGITUDE_TAG:
                readings[number] = location_of(latitude, longitude)
            else:
                _plain(body, readings, odd)
        else:
            _plain(body, readings, odd)
    if at < size:
        _rest(payload[at:], readings, odd)
    return list(readings.items())


def decode_plainly(payload: bytes, odd: Oddities | None = None) -> list[tuple[int, Value]]:
    """The same as `decode_vehicle_data` by protobuf's parser alone: slower, and what the fast one is tested against.

    Raises:
        Invalid: the payload does not parse.
    """
    readings: dict[int, Value] = {}
    _rest(payload, readings, odd)
    return list(readings.items())


def _rest(payload: bytes, readings: dict[int, Value], odd: Oddities | None) -> None:
    """Decode the remainder of a payload, whose bytes are themselves a payload."""
    try:
        data = Payload.FromString(payload).data
    except DecodeError as error:
        raise Invalid(f"vehicle data of {len(payload)} bytes do not parse") from error
    for datum in data:
        _keep(datum, readings, odd or Oddities())


def _plain(body: bytes, readings: dict[int, Value], odd: Oddities | None) -> None:
    """Decode one datum with the parser, and remember it where it is short and ordinary."""
    try:
        datum = Datum.FromString(body)
    except DecodeError as error:
        raise Invalid(f"a datum of {len(body)} bytes does not parse") from error
    if len(body) > _MAX_MEMO_BYTES or len(_memo) >= _MAX_MEMO or not 0 <= datum.key < len(SIGNALS):
        _keep(datum, readings, odd or Oddities())
        return
    met = Oddities()
    _keep(datum, readings, met)
    value = readings[datum.key]
    if met == _NOTHING_ODD:
        if datum.value.WhichOneof("value") != "string_value" and (
            value is None or isinstance(value, str) or (isinstance(value, int) and 0 <= value <= _MAX_MEMO_COUNT)
        ):
            _memo[body] = (datum.key, value)
    elif odd is not None:
        odd.unknown_arms += met.unknown_arms
        odd.unreadable += met.unreadable


def _keep(datum: Datum, readings: dict[int, Value], odd: Oddities) -> None:
    """Put one datum's reading where it belongs."""
    number: int = datum.key
    if 0 <= number < len(SIGNALS):
        signal = SIGNALS[number]
    else:
        odd.unknown_fields += 1
        if not 0 <= number <= MAX_FIELD_NUMBER:
            return
        signal = _UNKNOWN_SIGNAL
    readings[number] = _value(signal, datum.value, odd)


def _value(signal: Signal, wire: WireValue, odd: Oddities) -> Value:
    """The value of one datum; a datum without a value reads as one with an empty value."""
    arm = wire.WhichOneof("value")
    if arm is None:
        if wire.ByteSize():  # only bytes of fields that we do not know can be in there
            odd.unknown_arms += 1
        return None
    if arm == "invalid":
        return None
    sent = getattr(wire, arm)
    value = _READERS[arm](signal, sent)
    if value is None and not (arm == "string_value" and is_absent(unquoted(sent))):
        odd.unreadable += 1
    return value


_Reader = Callable[[Signal, Any], Value]


def _read_number(signal: Signal, sent: float) -> Value:
    return from_number[signal.number](sent) if signal.number >= 0 else integer_of(sent)


def _read_flag(signal: Signal, sent: bool) -> Value:  # noqa: FBT001 - a reader takes what was sent
    if signal.shape in _FLAG_SHAPES:
        return sent
    if signal.shape is Shape.TEXT:
        return "true" if sent else "false"
    return from_number[signal.number](int(sent))


def _read_location(signal: Signal, sent: LocationValue) -> Value:
    return location_of(sent.latitude, sent.longitude) if signal.shape in _PLACE_SHAPES else None


def _read_doors(signal: Signal, sent: Doors) -> Value:
    if signal.shape not in _SET_SHAPES:
        return None
    return tuple(name for name in DOOR_NAMES if getattr(sent, name))


def _read_tyres(signal: Signal, sent: TireLocation) -> Value:
    if signal.shape not in _SET_SHAPES:
        return None
    return tuple(name for field, name in TYRE_FIELDS.items() if getattr(sent, field))


def _read_time(signal: Signal, sent: Time) -> Value:
    return time_of_day(sent.hour, sent.minute, sent.second) if signal.shape in _TIME_SHAPES else None


def _choice_reader(choices: Choices) -> _Reader:
    return lambda signal, sent: choices.name(sent) if signal.shape in _TEXT_SHAPES else None


_READERS: Final[dict[str, _Reader]] = {
    "string_value": from_text,
    **dict.fromkeys(("int_value", "long_value", "float_value", "double_value"), _read_number),
    "boolean_value": _read_flag,
    "location_value": _read_location,
    "door_value": _read_doors,
    "tire_location_value": _read_tyres,
    "time_value": _read_time,
    **{f"{kind}_value": _choice_reader(choices) for kind, choices in CHOICES.items()},
}
"""Arm of the value union → how its content becomes a signal's value."""
