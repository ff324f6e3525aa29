"""Recorded messages in the maker's protobuf JSON, one a line."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from tesla_protocol.telemetry import vehicle_alert_pb2, vehicle_data_pb2, vehicle_error_pb2

from motorcade.domain.errors import Invalid

_NO_VIN: Final = ""  # messages without one belong to one car

Message = vehicle_data_pb2.Payload | vehicle_alert_pb2.VehicleAlerts | vehicle_error_pb2.VehicleErrors
_KINDS: Final[dict[str, tuple[str, Callable[[], Message]]]] = {
    "data": ("V", vehicle_data_pb2.Payload),
    "alerts": ("alerts", vehicle_alert_pb2.VehicleAlerts),
    "errors": ("errors", vehicle_error_pb2.VehicleErrors),
}
_MOST_SHOWN: Final = 200  # characters of a parser's complaint


_ABSENT: Final = msgspec.Raw(b"")


class _Head(msgspec.Struct):
    """As much of a line as tells what it is."""

    vin: str = _NO_VIN
    data: msgspec.Raw = _ABSENT
    alerts: msgspec.Raw = _ABSENT
    errors: msgspec.Raw = _ABSENT


class RecordedMessage(NamedTuple):
    """One line."""

    line: int
    topic: str
    vin: str
    text: str

    def parse(self, vin: str) -> Message:
        """Read the message with every mention of its recorded VIN replaced by ``vin``.

        Raises:
            Invalid: it is not a message of its kind; says the line.
        """
        text = self.text.replace(self.vin, vin) if self.vin else self.text
        make = next(make for topic, make in _KINDS.values() if topic == self.topic)
        try:
            message = json_format.Parse(text, make())
        except json_format.ParseError as error:
            raise Invalid(f"line {self.line}: {str(error)[:_MOST_SHOWN]}") from error
        message.vin = vin
        return message


@dataclass(frozen=True, slots=True)
class Recording:
    """The messages of a file, in its order."""

    messages: tuple[RecordedMessage, ...]
    vins: tuple[str, ...]
    """The cars in it, in order of appearance; may hold one empty string."""
    last_ns: int
    """Time of the newest message, nanoseconds since 1970."""


def parse_recording(lines: Iterable[str]) -> Recording:
    """Check the lines of a recording; empty lines are passed over.

    Raises:
        Invalid: there is no message with a time, or a line is malformed (says which).
    """
    messages = [_head(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    times = [time for message in messages for time in _times(message.parse(message.vin))]
    if not times:
        raise Invalid("the recording holds no message with a time, so there is nothing to play")
    vins = tuple(dict.fromkeys(message.vin for message in messages))
    return Recording(tuple(messages), vins, max(time.ToNanoseconds() for time in times))


def shift(message: Message, by_ns: int) -> int | None:
    """Move every time in a message; return its own new time in nanoseconds, None if it has none."""
    times = _times(message)
    for time in times:
        time.FromNanoseconds(time.ToNanoseconds() + by_ns)
    return times[0].ToNanoseconds() if times else None


def _head(number: int, line: str) -> RecordedMessage:
    try:
        head = msgspec.json.decode(line, type=_Head)
    except msgspec.MsgspecError as error:
        raise Invalid(f"line {number} is not a JSON message ({error}); remove or repair it") from error
    present = [kind for kind in _KINDS if bytes(getattr(head, kind))]
    if len(present) != 1:
        raise Invalid(f"line {number} has to hold exactly one of {', '.join(_KINDS)}; it holds {len(present)}")
    return RecordedMessage(number, _KINDS[present[0]][0], head.vin, line)


def _times(message: Message) -> list[Timestamp]:
    """Return the times that are set, the message's own first."""
    own = [message.created_at] if message.HasField("created_at") else []
    if isinstance(message, vehicle_alert_pb2.VehicleAlerts):
        own += [alert.started_at for alert in message.alerts if alert.HasField("started_at")]
        own += [alert.ended_at for alert in message.alerts if alert.HasField("ended_at")]
    elif isinstance(message, vehicle_error_pb2.VehicleErrors):
        own += [error.created_at for error in message.errors if error.HasField("created_at")]
    return own
