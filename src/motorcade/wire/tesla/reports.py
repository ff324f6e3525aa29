"""The topics beside vehicle data: alerts, errors, connectivity and metrics, decoded to small structs."""

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from tesla_protocol.telemetry.vehicle_alert_pb2 import Audience, VehicleAlerts
from tesla_protocol.telemetry.vehicle_connectivity_pb2 import ConnectivityEvent, VehicleConnectivity
from tesla_protocol.telemetry.vehicle_error_pb2 import VehicleErrors
from tesla_protocol.telemetry.vehicle_metric_pb2 import VehicleMetrics

from motorcade.domain.record import Topic
from motorcade.wire.tesla.messages import parse, timestamp_ns

_NS_PER_S = 1_000_000_000


class Alert(msgspec.Struct, frozen=True):
    """One of the car's own alerts; it is active while it has no end. Times are ns since 1970 UTC."""

    name: str
    audiences: tuple[str, ...]
    """Whom it addresses: Customer, Service, ServiceFix, Unknown, or "Unknown 9" for a number we cannot name."""
    started_at_ns: int | None
    ended_at_ns: int | None


class VehicleError(msgspec.Struct, frozen=True):
    """Trouble that the car has with streaming, e.g. a field that it does not support."""

    name: str
    body: str
    tags: dict[str, str]
    created_at_ns: int | None


class Connectivity(msgspec.Struct, frozen=True):
    """A connection of the car began or ended."""

    connection_id: str
    connected: bool | None
    """None = neither, from a sender that knows more states than we do."""
    network_interface: str
    created_at_ns: int | None


class Metric(msgspec.Struct, frozen=True):
    """A number about the car's own software."""

    name: str
    tags: dict[str, str]
    value: float


def _at(holder: VehicleAlerts.VehicleAlert, field: str, *, may_be_ms: bool = False) -> int | None:
    """A timestamp field as ns, None where it is absent or no time."""
    if not holder.HasField(field):
        return None
    stamp: Timestamp = getattr(holder, field)
    return timestamp_ns(stamp.seconds, stamp.nanos, may_be_ms=may_be_ms)
