"""The enumerations of the value union: numbers on the wire, short names in our values."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from tesla_protocol.telemetry.vehicle_data_pb2 import Value as WireValue

from motorcade.domain.signal import Signal

_UNKNOWN: Final = "Unknown "


class Choices:
    """The names of one enumeration's numbers, without the prefix that protobuf makes unique."""

    __slots__ = ("_by_name", "_by_number", "_prefix")

    def __init__(self, names: Mapping[int, str]) -> None:
        self._prefix = names[0].removesuffix("Unknown")
        self._by_number = {number: name.removeprefix(self._prefix) for number, name in names.items()}
        self._by_name = {name: number for number, name in self._by_number.items()}

    def name(self, number: int) -> str:
        """The name of a number, "Unknown 9" for one that we do not know yet."""
        name = self._by_number.get(number)
        return f"{_UNKNOWN}{number}" if name is None else name

    def from_text(self, text: str) -> str:
        """The name that an unquoted text means: with or without prefix, or a bare number; else the text itself."""
        bare = text.removeprefix(self._prefix)
        if bare in self._by_name:
            return bare
        try:
            return self.name(int(text))
        except ValueError:
            return text

    def number(self, name: str) -> int | None:
        """The number of a name, also of "Unknown 9"; None where there is none."""
        number = self._by_name.get(name)
        if number is None and name.startswith(_UNKNOWN):
            with suppress(ValueError):
                return int(name.removeprefix(_UNKNOWN))
        return number


CHOICES: Final[dict[str, Choices]] = {
    field.name.removesuffix("_value"): Choices({member.number: member.name for member in field.enum_type.values})
    for field in WireValue.DESCRIPTOR.fields
    if field.enum_type is not None
}
"""Arm of the value union (without `_value`) → its enumeration."""


def choices_of(signal: Signal) -> Choices | None:
    """The enumeration of a signal whose shape is a choice."""
    return next((CHOICES[kind] for kind in signal.kinds if kind in CHOICES), None)
