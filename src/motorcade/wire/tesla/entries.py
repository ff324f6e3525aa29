"""The entries of a vehicle-data message one by one, as new firmware (typed) or old firmware (text) writes them.

Values are in the maker's own units and fields have the maker's names: this is the car's side of the wire. Each value is
encoded once, as a whole entry of the repeated field, so that messages can be merged by joining bytes.
"""

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from tesla_protocol.telemetry import vehicle_data_pb2 as pb

_NEVER_TEXT_FROM: Final = 179  # newer fields are typed under every firmware
_MOST_ENTRIES: Final = 4_096  # entries remembered for values that recur: states, names, small numbers
_VALUE: Final = pb.Value.DESCRIPTOR
_DOUBLE: Final = struct.Struct("<d")
_DOUBLE_TAG: Final = bytes([_VALUE.fields_by_name["double_value"].number << 3 | 1])

EntryValue = float | int | bool | str | tuple[float, float] | frozenset[str] | None
Entry = tuple[int, bytes]
"""Field number and the entry's bytes, tag and length included."""


def entry(field: str, arm: str, value: EntryValue, *, typed: bool) -> Entry:
    """Encode one value.

    Args:
        field: the maker's name of the field.
        arm: name of the value's arm in the protobuf oneof; a choice is given by the end of its member's name ("D").
        value: in the maker's unit; a pair is latitude and longitude, a set the names of open doors, None is invalid.
        typed: False writes what old firmware writes as text as text.
    """
    number = int(pb.Field.Value(field))
    if isinstance(value, float) and (typed or number >= _NEVER_TEXT_FROM):
        return number, _double_head(number) + _DOUBLE.pack(value)
    if isinstance(value, float | tuple):
        return number, _wrap(number, _value(arm, value, typed, number))  # hardly ever the same twice
    return number, _remembered(arm, value, typed, number)


def payload(parts: Iterable[bytes], created_at_ns: int, vin: str, *, resend: bool = False) -> bytes:
    """Join encoded entries into a message.

    Args:
        parts: entries' bytes.
        created_at_ns: the car's time in nanoseconds since 1970.
        vin: the identification number that the car writes into it.
        resend: whether the car sends this for the second time.
    """
    tail = pb.Payload(vin=vin, is_resend=resend)
    tail.created_at.seconds, tail.created_at.nanos = divmod(created_at_ns, 1_000_000_000)
    return b"".join(parts) + tail.SerializeToString()


@lru_cache(maxsize=_MOST_ENTRIES)
def _remembered(arm: str, value: EntryValue, typed: bool, number: int) -> bytes:  # noqa: FBT001 - see above
    return _wrap(number, _value(arm, value, typed, number))


@lru_cache(maxsize=_MOST_ENTRIES)
def _double_head(number: int) -> bytes:
    """Everything before the eight bytes of a double: they never change for a field."""
    whole = _wrap(number, pb.Value(double_value=1.5))
    assert whole.endswith(_DOUBLE_TAG + _DOUBLE.pack(1.5)), "the value is the last thing in an entry"
    return whole[:-8]


def _wrap(number: int, value: pb.Value) -> bytes:
    return pb.Payload(data=[pb.Datum(key=pb.Field.Name(number), value=value)]).SerializeToString()


def _value(arm: str, value: EntryValue, typed: bool, number: int) -> pb.Value:  # noqa: FBT001 - see above
    if value is None:
        return pb.Value(invalid=True)
    if not typed and number < _NEVER_TEXT_FROM:
        return pb.Value(string_value=_text(value))
    made = pb.Value()
    field = _VALUE.fields_by_name[arm]
    if isinstance(value, tuple):
        made.location_value.latitude, made.location_value.longitude = value
    elif isinstance(value, frozenset):
        made.door_value.SetInParent()
        for door in value:
            setattr(made.door_value, door, True)
    elif field.enum_type is not None and isinstance(value, str):
        setattr(made, arm, _member(arm, value))
    else:
        setattr(made, arm, value)
    return made


@lru_cache(maxsize=_MOST_ENTRIES)
def _member(arm: str, suffix: str) -> int:
    """Number of an enum member by the end of its name, as old firmware says it ("D" for ShiftStateD)."""
    enum = _VALUE.fields_by_name[arm].enum_type
    assert enum is not None, "only fields with a choice have members"
    values = enum.values
    prefix = values[0].name.removesuffix("Unknown")
    return next(value.number for value in values if value.name == prefix + suffix)


def _text(value: float | bool | str | tuple[float, float] | frozenset[str]) -> str:  # noqa: FBT001 - a value, not a switch
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        latitude, longitude = value
        north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
        return f"({abs(latitude):.6f} {north}, {abs(longitude):.6f} {east})"
    if isinstance(value, frozenset):
        return "|".join(sorted(value))
    return str(value)
