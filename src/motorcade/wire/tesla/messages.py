"""Which protobuf message each topic carries, and parsing it with one kind of error.

The bindings are tesla-protocol's (a superset of the maker's own field list); they must run on protobuf's C core, the
pure Python one is fifty times slower.
"""

from collections.abc import Callable
from typing import Final, cast

from google.protobuf.message import DecodeError, Message
from tesla_protocol.telemetry.vehicle_alert_pb2 import VehicleAlerts
from tesla_protocol.telemetry.vehicle_connectivity_pb2 import VehicleConnectivity
from tesla_protocol.telemetry.vehicle_data_pb2 import Payload
from tesla_protocol.telemetry.vehicle_error_pb2 import VehicleErrors
from tesla_protocol.telemetry.vehicle_metric_pb2 import VehicleMetrics

from motorcade.domain.errors import Invalid
from motorcade.domain.record import Topic

Report = Payload | VehicleAlerts | VehicleErrors | VehicleConnectivity | VehicleMetrics

_MS_THRESHOLD_S: Final = 315_576_000_000
"""Seconds that only a value in milliseconds can reach (10,000 years); older software sends alerts like that."""
_FIRST_S: Final = -62_135_596_800  # 0001-01-01T00:00:00Z, protobuf's own lower bound
_LAST_S: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, protobuf's own upper bound
_INT64_NS: Final = 2**63 - 1
_NS_PER_S: Final = 1_000_000_000
_NS_PER_MS: Final = 1_000_000

_PARSERS: Final[dict[Topic, Callable[[bytes], Message]]] = {
    Topic.VEHICLE_DATA: Payload.FromString,
    Topic.ALERTS: VehicleAlerts.FromString,
    Topic.ERRORS: VehicleErrors.FromString,
    Topic.CONNECTIVITY: VehicleConnectivity.FromString,
    Topic.METRICS: VehicleMetrics.FromString,
}


def parse(topic: Topic, payload: bytes) -> Report:
    """The message of a topic.

    The outer shapes of three topics are alike, so bytes of one often parse as another: choose by topic, never try.

    Raises:
        Invalid: the bytes do not parse, or the topic carries no message.
    """
    parser = _PARSERS.get(topic)
    if parser is None:
        raise Invalid(f"topic {int(topic)} carries no message")
    try:
        return cast(Report, parser(payload))
    except DecodeError as error:
        raise Invalid(f"{len(payload)} bytes on topic {topic.name} do not parse") from error


def timestamp_ns(seconds: int, nanos: int, *, may_be_ms: bool = False) -> int | None:
    """A protobuf timestamp as ns since 1970 UTC, or None where it is no time.

    No time is: a year outside 1-9999, nanoseconds outside 0-999,999,999, or beyond what 64 bits of nanoseconds hold
    (the years 1678-2262). The caller treats the report as one without a vehicle time.

    Args:
        seconds: since 1970.
        nanos: added to the seconds.
        may_be_ms: read seconds past the year 9999 as milliseconds, as alerts of older software need it.
    """
    if may_be_ms and seconds >= _MS_THRESHOLD_S:
        at_ns = seconds * _NS_PER_MS
    elif _FIRST_S <= seconds <= _LAST_S and 0 <= nanos < _NS_PER_S:
        at_ns = seconds * _NS_PER_S + nanos
    else:
        return None
    return at_ns if -_INT64_NS <= at_ns <= _INT64_NS else None
