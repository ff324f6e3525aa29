"""Metric values → vehicle data as a car sends them: the inverse of `decode.py`, for the simulator and for tests."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tesla_protocol.telemetry.vehicle_data_pb2 import Datum, Payload
from tesla_protocol.telemetry.vehicle_data_pb2 import Value as WireValue

from motorcade.domain.errors import Invalid
from motorcade.domain.signal import Shape, Signal, by_number
from motorcade.domain.state import Value
from motorcade.wire.tesla.choices import CHOICES
from motorcade.wire.tesla.values import FACTORS, TYRE_FIELDS

LAST_TEXT_FIELD: Final = 178
"""Cars that do not prefer typed values send these and lower fields as text; higher ones are always typed."""
_NS_PER_S: Final = 1_000_000_000


def encode_vehicle_data(
    values: Mapping[int, Value],
    created_at_ns: int | None,
    vin: str = "",
    *,
    is_resend: bool = False,
    typed: bool = True,
) -> bytes:
    """One vehicle data payload.

    Args:
        values: signal number → value in the catalogue's unit, of the shape that the decoder gives; None =
            reported as invalid. They are written in the order of the mapping.
        created_at_ns: ns since 1970 UTC by the car's clock; None leaves the time out.
        vin: written where not empty.
        is_resend: whether the car says that it sends this again.
        typed: False sends what older software sends as text as text.

    Raises:
        Invalid: a number is not in the catalogue, or a value does not fit its signal.
    """
    payload = Payload(vin=vin, is_resend=is_resend)
    for number, value in values.items():
        signal = by_number(number)
        if signal is None:
            raise Invalid(f"the catalogue has no signal {number}")
        _write(payload.data.add(), signal, value, as_text=not typed and number <= LAST_TEXT_FIELD)
    if created_at_ns is not None:
        payload.created_at.seconds, payload.created_at.nanos = divmod(created_at_ns, _NS_PER_S)
    return payload.SerializeToString()


def _write(datum: Datum, signal: Signal, value: Value, *, as_text: bool) -> None:
    """Fill one datum."""
    datum.key = signal.number  # type: ignore[assignment] # the bindings type an open enumeration as closed
    if value is None:
        datum.value.invalid = True
        return
    try:
        if as_text:
            datum.value.string_value = _text(signal, value)
        else:
            _WRITERS[signal.shape](datum.value, signal, value)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise Invalid(f"{signal.name} is of shape {signal.shape}; {value!r} is not") from error


def _sent_number(signal: Signal, value: Any) -> float:
    """A number in the unit that the car sends."""
    return float(value) / FACTORS[signal.conversion]


def _text(signal: Signal, value: Any) -> str:
    """A value as older software spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if signal.shape is Shape.LOCATION:
        latitude, longitude = value
        north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
        return f"({abs(latitude):.6f} {north}, {abs(longitude):.6f} {east})"
    if signal.shape is Shape.SET:
        return "|".join(value)
    return repr(_sent_number(signal, value)) if signal.shape is Shape.NUMBER else str(value)


def _write_number(wire: WireValue, signal: Signal, value: Any) -> None:
    if signal.kinds[0] == "int":
        wire.int_value = round(_sent_number(signal, value))
    else:
        wire.double_value = _sent_number(signal, value)


def _write_integer(wire: WireValue, signal: Signal, value: Any) -> None:
    if signal.kinds[0] == "int":
        wire.int_value = value
    else:
        wire.long_value = value


def _write_flag(wire: WireValue, _: Signal, value: Any) -> None:
    wire.boolean_value = value


def _write_text(wire: WireValue, _: Signal, value: Any) -> None:
    wire.string_value = value


def _write_choice(wire: WireValue, signal: Signal, value: Any) -> None:
    """An enumeration, or the flag that some choices also come as."""
    if isinstance(value, bool):
        wire.boolean_value = value
        return
    kind = next(kind for kind in signal.kinds if kind in CHOICES)
    number = CHOICES[kind].number(value)
    if number is None:
        raise ValueError(value)
    setattr(wire, f"{kind}_value", number)


def _write_time(wire: WireValue, _: Signal, value: Any) -> None:
    if isinstance(value, int):
        wire.long_value = value
        return
    hour, minute, second = (int(part) for part in value.split(":"))
    time = wire.time_value
    time.SetInParent()
    time.hour, time.minute, time.second = hour, minute, second


def _write_location(wire: WireValue, _: Signal, value: Any) -> None:
    latitude, longitude = value
    wire.location_value.SetInParent()
    wire.location_value.latitude, wire.location_value.longitude = latitude, longitude


def _write_set(wire: WireValue, signal: Signal, value: Any) -> None:
    names = set(value)
    if signal.kinds[0] == "door":
        wire.door_value.SetInParent()
        for name in names:
            setattr(wire.door_value, name, True)
        return
    wire.tire_location_value.SetInParent()
    fields = {name: field for field, name in TYRE_FIELDS.items()}
    for name in names:
        setattr(wire.tire_location_value, fields[name], True)


def _write_untyped(wire: WireValue, _: Signal, value: Any) -> None:
    """What a reserved field holds decides how it is sent."""
    if isinstance(value, bool):
        wire.boolean_value = value
    elif isinstance(value, int):
        wire.long_value = value
    elif isinstance(value, float):
        wire.double_value = value
    else:
        wire.string_value = value


_WRITERS: Final[dict[Shape, Callable[[WireValue, Signal, Any], None]]] = {
    Shape.NUMBER: _write_number,
    Shape.INTEGER: _write_integer,
    Shape.TIMESTAMP: _write_integer,
    Shape.FLAG: _write_flag,
    Shape.TEXT: _write_text,
    Shape.CHOICE: _write_choice,
    Shape.TIME_OF_DAY: _write_time,
    Shape.LOCATION: _write_location,
    Shape.SET: _write_set,
    Shape.UNTYPED: _write_untyped,
}
