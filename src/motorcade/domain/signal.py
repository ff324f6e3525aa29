"""The signal catalogue: every value that a car can report, with our name, unit and meaning.

Look up by number with `by_number`, by our name with `by_name`, by the maker's field name with `by_tesla_name`. The
numbers are Tesla's field numbers (tesla-protocol 4.0.1) and are what state, archive and live bus key values by.
Values are metric (`Signal.unit`); `wire.tesla` converts once, when it decodes.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from motorcade.domain.errors import Invalid
from motorcade.domain.signals.notes import NOTES, VSS_PATHS
from motorcade.domain.signals.table import BELT, CLOCK, INTEGER, REAL, ROWS, STAMP


class Shape(StrEnum):
    """What type a signal's decoded value has."""

    NUMBER = "number"  # float, in the signal's unit
    INTEGER = "integer"  # int
    TIMESTAMP = "timestamp"  # int, Unix seconds
    FLAG = "flag"  # bool
    TEXT = "text"  # str
    CHOICE = "choice"  # str: the maker's enum value without its prefix, "Unknown 9" for a number we cannot name
    TIME_OF_DAY = "time_of_day"  # str "HH:MM:SS" in the car's local time
    LOCATION = "location"  # (latitude, longitude) in degrees
    SET = "set"  # tuple of the names that hold, e.g. of the open doors
    UNTYPED = "untyped"  # reserved: whatever was sent


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured value.

    Attributes:
        number: Tesla's field number, the key of a value everywhere.
        tesla_name: Tesla's field name.
        name: our name, snake_case, metric unit last.
        unit: unit of the decoded value, or None for counts, levels, texts and flags.
        label: English label for people.
        group: one of Drive, Battery, Charging, Climate, Tyres, Body, Safety, Navigation, Media, Software, Other.
        kinds: arms of the wire's value union that may carry it, the preferred one first; numbers and texts of any
            arm are accepted on decoding.
        conversion: how the sent value becomes the unit: none, mph_to_kmh, mi_to_km, bar_to_kpa, h_to_s, min_to_s,
            ms_to_s.
        shape: type of the decoded value.
        promise_s: how often an awake car is expected to report it, in seconds; older than three times that is
            stale. Signals that only change by somebody's hand promise little.
        vss: path in the COVESA Vehicle Signal Specification, or None where none surely means the same.
        note: a trap in its meaning, or "".
    """

    number: int
    tesla_name: str
    name: str
    unit: str | None
    label: str
    group: str
    kinds: tuple[str, ...]
    conversion: str
    shape: Shape
    promise_s: int
    vss: str | None
    note: str

    @property
    def reserved(self) -> bool:
        """Whether the number has no public meaning: unknown, experimental or deprecated fields."""
        return not self.kinds


_SHAPE_BY_KINDS: Final[dict[tuple[str, ...], Shape]] = {
    (): Shape.UNTYPED,
    REAL: Shape.NUMBER,
    INTEGER: Shape.INTEGER,
    STAMP: Shape.TIMESTAMP,
    CLOCK: Shape.TIME_OF_DAY,
    BELT: Shape.CHOICE,
    ("boolean",): Shape.FLAG,
    ("string",): Shape.TEXT,
    ("location",): Shape.LOCATION,
    ("door",): Shape.SET,
    ("tire_location",): Shape.SET,
}


def _shape(kinds: tuple[str, ...], conversion: str) -> Shape:
    """A converted integer is a number; what is in no list is an enumeration."""
    if kinds == INTEGER and conversion != "none":
        return Shape.NUMBER
    return _SHAPE_BY_KINDS.get(kinds, Shape.CHOICE)


SIGNALS: Final[tuple[Signal, ...]] = tuple(
    Signal(
        number=number,
        tesla_name=tesla_name,
        name=name,
        unit=unit,
        label=label,
        group=group,
        kinds=kinds,
        conversion=conversion,
        shape=_shape(kinds, conversion),
        promise_s=promise_s,
        vss=VSS_PATHS.get(number),
        note=NOTES.get(number, ""),
    )
    for number, tesla_name, name, label, group, kinds, (unit, conversion), promise_s in ROWS
)
"""All signals in the order of their numbers; the number of a signal is its index."""

_BY_NAME: Final = {signal.name: signal for signal in SIGNALS}
_BY_TESLA_NAME: Final = {signal.tesla_name: signal for signal in SIGNALS}


def by_number(number: int) -> Signal | None:
    """The signal with this number, or None: newer software may send numbers that we do not know yet."""
    return SIGNALS[number] if 0 <= number < len(SIGNALS) else None


def by_name(name: str) -> Signal:
    """The signal that we call `name`.

    Raises:
        Invalid: there is none of this name.
    """
    signal = _BY_NAME.get(name)
    if signal is None:
        raise Invalid(f"no signal is called {name!r}; the names are listed in docs/reference/signals.md")
    return signal


def by_tesla_name(tesla_name: str) -> Signal | None:
    """The signal that Tesla calls `tesla_name` (case-sensitive), or None."""
    return _BY_TESLA_NAME.get(tesla_name)


def name_of(number: int) -> str:
    """Our name of a number, `field_<number>` for one that the catalogue does not know."""
    signal = by_number(number)
    return f"field_{number}" if signal is None else signal.name
