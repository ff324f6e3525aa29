"""From what a vehicle sends to metric values: numbers, texts, enumerations, places.

Vehicles send the same signal in different forms, depending on their software: typed or as text, with or without the
enumeration's prefix, wrapped in stray quotes, as float32 widened to a double. Each form of one measurement must give
the same value here. None means "no value": invalid, not a number, or not readable.
"""

from collections.abc import Callable
from math import inf
from typing import Final

from tesla_protocol.telemetry.vehicle_data_pb2 import TireLocation

from motorcade.domain.signal import SIGNALS, Shape, Signal
from motorcade.domain.state import Value
from motorcade.wire.tesla.choices import choices_of

FACTORS: Final[dict[str, float]] = {
    "none": 1.0,
    "mph_to_kmh": 1.609344,  # the international mile, exactly 1,609.344 m
    "mi_to_km": 1.609344,
    "bar_to_kpa": 100.0,
    "h_to_s": 3600.0,
    "min_to_s": 60.0,
    "ms_to_s": 0.001,
}
"""Conversion id of the catalogue → what a sent number is multiplied by."""

MAX_TEXT_BYTES: Final = 4_096
"""Longest text (UTF-8) kept as a value; a longer one is no value, never a part of it."""
MAX_LONG_TEXT_BYTES: Final = 65_536  # a route across a continent, as a polyline, needs some ten thousand
MAX_UNKNOWN_TEXT_BYTES: Final = 256  # of fields that nobody shows yet: numbers, names and words fit
_LONG_TEXTS: Final = frozenset({"RouteLine"})
_MAX_NUMBER_CHARS: Final = 64  # a double's longest useful spelling is 25
_INT64_MAX: Final = 2**63 - 1
_INT32_MAX: Final = 2**31 - 1

DOOR_NAMES: Final = ("DriverFront", "DriverRear", "PassengerFront", "PassengerRear", "TrunkFront", "TrunkRear")
TYRE_FIELDS: Final[dict[str, str]] = {
    field.name: "".join(part.capitalize() for part in field.name.split("_")) for field in TireLocation.DESCRIPTOR.fields
}
"""Field of the wire's tyre set → the name in our values, e.g. front_left → FrontLeft."""


def clean(number: float) -> float | None:
    """A number to seven significant digits but never coarser than 0.001; None for NaN and the infinities.

    The vehicles' doubles carry noise of 32-bit floats (382.22999145649374 for 382.23). Seven digits are what such a
    float holds; the thousandths keep metres of an odometer that has passed 10,000 km.
    """
    size = abs(number)
    if size >= 10.0:
        if size < 100.0:
            scale = 1e5
        elif size < 1000.0:
            scale = 1e4
        elif size < 1e12:
            scale = 1e3
        else:  # thousandths of more than this do not fit a double
            return number if size < inf else None
    elif size >= 1.0:
        scale = 1e6
    elif size >= 0.1:
        scale = 1e7
    else:
        return _clean_small(number)
    return round(number * scale) / scale


def _clean_small(number: float) -> float | None:
    """`clean` below a tenth, where no fixed scale serves; NaN lands here as well."""
    if number != number:  # noqa: PLR0124 - the fastest test for NaN there is
        return None
    return float(f"{number:.7g}") if number else 0.0


def unquoted(text: str) -> str:
    """A text without blanks and the stray quotes around it that some software sends."""
    text = text.strip()
    while len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    return text


def is_absent(text: str) -> bool:
    """Whether a text says that there is no value."""
    return not text or text == "<invalid>"


def number_of(text: str) -> float | None:
    """The number that an unquoted text spells, or None; underscores and other alphabets' digits are no numbers."""
    if len(text) > _MAX_NUMBER_CHARS or not text.isascii() or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def integer_of(number: float) -> Value:
    """An integer where the number is one that 64 bits hold, else the cleaned number."""
    if number == number and abs(number) <= _INT64_MAX and number == int(number):  # noqa: PLR0124 - NaN
        return int(number)
    return clean(number)


def location_of(latitude: float, longitude: float) -> tuple[float, float] | None:
    """A place in degrees, or None where the coordinates lie off the globe or are no numbers."""
    if -90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0:
        return (latitude, longitude)
    return None


def location_of_text(text: str) -> tuple[float, float] | None:
    """A place spelt like "(37.412374 N, 122.145867 W)"; south and west count negative. None where it is not."""
    if not (text.startswith("(") and text.endswith(")")):
        return None
    halves = text[1:-1].split(",")
    if len(halves) != 2:
        return None
    degrees = [_degrees(half.split(), signs) for half, signs in zip(halves, ("NS", "EW"), strict=True)]
    latitude, longitude = degrees
    return None if latitude is None or longitude is None else location_of(latitude, longitude)


def _degrees(words: list[str], signs: str) -> float | None:
    """Signed degrees from ["37.4", "N"]; `signs` are the letters for plus and minus."""
    if len(words) != 2 or words[1].upper() not in tuple(signs):
        return None
    number = number_of(words[0])
    if number is None:
        return None
    return number if words[1].upper() == signs[0] else -number


def time_of_day(hour: int, minute: int, second: int) -> str | None:
    """Hours, minutes and seconds as "HH:MM:SS", or None where that is no time of a day."""
    if 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60:
        return f"{hour:02}:{minute:02}:{second:02}"
    return None


def names_of_text(text: str) -> tuple[str, ...]:
    """The open doors in a text like "DriverFront|TrunkRear", in the order of the typed form; "" is none."""
    named = {part.strip() for part in text.replace(",", "|").split("|")}
    return tuple(name for name in DOOR_NAMES if name in named)


_FLAGS: Final = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}


def _number(signal: Signal) -> Callable[[float], Value]:
    factor = FACTORS[signal.conversion]
    return lambda number: clean(number * factor)


def _integer(_: Signal) -> Callable[[float], Value]:
    return integer_of


def _flag(_: Signal) -> Callable[[float], Value]:
    return lambda number: bool(number) if number in {0, 1} else None


def _choice(signal: Signal) -> Callable[[float], Value]:
    choices = choices_of(signal)
    assert choices is not None
    return lambda number: choices.name(int(number)) if abs(number) < _INT32_MAX else None


def _text(_: Signal) -> Callable[[float], Value]:
    return lambda number: str(number) if abs(number) < inf else None


def _nothing(_: Signal) -> Callable[[float], Value]:
    return lambda _number: None


_NUMBER_READERS: Final[dict[Shape, Callable[[Signal], Callable[[float], Value]]]] = {
    Shape.NUMBER: _number,
    Shape.INTEGER: _integer,
    Shape.TIMESTAMP: _integer,
    Shape.TIME_OF_DAY: _integer,
    Shape.UNTYPED: _integer,
    Shape.FLAG: _flag,
    Shape.CHOICE: _choice,
    Shape.TEXT: _text,
    Shape.LOCATION: _nothing,
    Shape.SET: _nothing,
}

from_number: Final[tuple[Callable[[float], Value], ...]] = tuple(
    _NUMBER_READERS[signal.shape](signal) for signal in SIGNALS
)
"""By signal number: a number of any arm of the union → the signal's value."""


def from_text(signal: Signal, raw: str) -> Value:
    """A text → the signal's value; None where it says that there is none, or does not read."""
    text = unquoted(raw)
    shape = signal.shape
    if shape is Shape.SET and not text:
        return ()
    if is_absent(text) or _is_too_long(signal, text):
        return None
    if shape in {Shape.TEXT, Shape.UNTYPED, Shape.TIME_OF_DAY}:
        return text
    return _from_word(signal, text)


def _is_too_long(signal: Signal, text: str) -> bool:
    if len(text) <= MAX_UNKNOWN_TEXT_BYTES // 4:  # four bytes a character is UTF-8's most
        return False
    if signal.number < 0:
        most_bytes = MAX_UNKNOWN_TEXT_BYTES
    else:
        most_bytes = MAX_LONG_TEXT_BYTES if signal.tesla_name in _LONG_TEXTS else MAX_TEXT_BYTES
    return len(text) > most_bytes or len(text.encode()) > most_bytes


def _from_word(signal: Signal, text: str) -> Value:
    """`from_text` for shapes that are no free text."""
    shape = signal.shape
    if shape in {Shape.FLAG, Shape.CHOICE} and text in _FLAGS:
        # A belt may be a flag or a choice; a follow distance of "1" is a choice.
        choices = choices_of(signal)
        return _FLAGS[text] if choices is None or text.isalpha() else choices.from_text(text)
    if shape is Shape.CHOICE:
        choices = choices_of(signal)
        return text if choices is None else choices.from_text(text)
    if shape is Shape.LOCATION:
        return location_of_text(text)
    if shape is Shape.SET:
        return names_of_text(text)
    number = number_of(text)
    return None if number is None else from_number[signal.number](number)
