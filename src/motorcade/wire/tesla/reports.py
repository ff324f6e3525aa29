"""The topics beside vehicle data: alerts, errors, connectivity and metrics, decoded to small structs."""

from typing import Final, cast

import msgspec
from tesla_protocol.telemetry.vehicle_alert_pb2 import Audience, VehicleAlert, VehicleAlerts
from tesla_protocol.telemetry.vehicle_connectivity_pb2 import ConnectivityEvent, VehicleConnectivity
from tesla_protocol.telemetry.vehicle_error_pb2 import VehicleErrors
from tesla_protocol.telemetry.vehicle_metric_pb2 import VehicleMetrics

from motorcade.domain.record import Topic
from motorcade.wire.tesla.messages import parse, timestamp_ns

_NS_PER_S: Final = 1_000_000_000
_AUDIENCES: Final = {value.number: value.name for value in Audience.DESCRIPTOR.values}
_STATES: Final = {int(ConnectivityEvent.CONNECTED): True, int(ConnectivityEvent.DISCONNECTED): False}


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


def decode_alerts(payload: bytes) -> list[Alert]:
    """The alerts of one message, in its order.

    Older software sends their times in milliseconds; both forms are read.

    Raises:
        Invalid: the payload does not parse.
    """
    message = cast(VehicleAlerts, parse(Topic.ALERTS, payload))
    return [
        Alert(
            alert.name,
            tuple(_AUDIENCES.get(int(number), f"Unknown {int(number)}") for number in alert.audiences),
            _alert_time_ns(alert, "started_at"),
            _alert_time_ns(alert, "ended_at"),
        )
        for alert in message.alerts
    ]


def _alert_time_ns(alert: VehicleAlert, field: str) -> int | None:
    """When an alert began or ended; None where that is absent or no time."""
    if not alert.HasField(field):
        return None
    stamp = alert.started_at if field == "started_at" else alert.ended_at
    return timestamp_ns(stamp.seconds, stamp.nanos, may_be_ms=True)


def decode_errors(payload: bytes) -> list[VehicleError]:
    """The errors of one message, in its order.

    Raises:
        Invalid: the payload does not parse.
    """
    message = cast(VehicleErrors, parse(Topic.ERRORS, payload))
    return [
        VehicleError(
            error.name,
            error.body,
            dict(error.tags),
            timestamp_ns(error.created_at.seconds, error.created_at.nanos) if error.HasField("created_at") else None,
        )
        for error in message.errors
    ]


def decode_connectivity(payload: bytes) -> Connectivity:
    """The one event of a connectivity message.

    Raises:
        Invalid: the payload does not parse.
    """
    message = cast(VehicleConnectivity, parse(Topic.CONNECTIVITY, payload))
    created = message.created_at
    return Connectivity(
        message.connection_id,
        _STATES.get(int(message.status)),
        message.network_interface,
        timestamp_ns(created.seconds, created.nanos) if message.HasField("created_at") else None,
    )


def encode_connectivity(
    connection_id: str,
    connected: bool,  # noqa: FBT001 - the event itself: it says more at its place than as an option
    created_at_ns: int,
    network_interface: str = "",
) -> bytes:
    """A connectivity payload as a gateway makes it when a connection begins or ends, without a VIN.

    Args:
        connection_id: the gateway's own id of the connection.
        connected: whether the connection began, else it ended.
        created_at_ns: ns since 1970 UTC by the gateway's clock.
        network_interface: what the car says it uses, e.g. wifi or cellular; "" where it does not say.
    """
    message = VehicleConnectivity(
        connection_id=connection_id,
        status=ConnectivityEvent.CONNECTED if connected else ConnectivityEvent.DISCONNECTED,
        network_interface=network_interface,
    )
    message.created_at.seconds, message.created_at.nanos = divmod(created_at_ns, _NS_PER_S)
    return message.SerializeToString()


def decode_metrics(payload: bytes) -> list[Metric]:
    """The metrics of one message, in its order.

    Raises:
        Invalid: the payload does not parse.
    """
    message = cast(VehicleMetrics, parse(Topic.METRICS, payload))
    return [Metric(metric.name, dict(metric.tags), metric.value) for metric in message.metrics]
