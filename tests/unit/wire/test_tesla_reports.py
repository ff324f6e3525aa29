"""Alerts, errors, connectivity and metrics."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tesla_protocol.telemetry.vehicle_alert_pb2 import VehicleAlerts
from tesla_protocol.telemetry.vehicle_connectivity_pb2 import VehicleConnectivity
from tesla_protocol.telemetry.vehicle_error_pb2 import VehicleErrors
from tesla_protocol.telemetry.vehicle_metric_pb2 import VehicleMetrics

from motorcade.domain.errors import Invalid
from motorcade.wire.tesla.reports import (
    Alert,
    Connectivity,
    Metric,
    VehicleError,
    decode_alerts,
    decode_connectivity,
    decode_errors,
    decode_metrics,
    encode_connectivity,
)
from tests.conditions import Scale
from tests.unit.wire.hostile import mutate

AT_NS = 1_755_000_000_123_000_000
AT = {"seconds": 1_755_000_000, "nanos": 123_000_000}


def alerts() -> bytes:
    message = VehicleAlerts()
    message.alerts.add(name="VCSEC_a133_alarmTriggered", audiences=[2, 1, 9], started_at=AT)
    message.alerts.add(name="ended", started_at={"seconds": AT_NS // 10**6}, ended_at=AT)
    return message.SerializeToString()


def errors() -> bytes:
    message = VehicleErrors()
    message.errors.add(name="unsupported_field", body="text", tags={"field_name": "Soc"}, created_at=AT)
    message.errors.add(name="timeless")
    return message.SerializeToString()


def metrics() -> bytes:
    message = VehicleMetrics()
    message.metrics.add(name="sent", tags={"topic": "V"}, value=2.5)
    return message.SerializeToString()


def test_alerts_keep_their_times_whether_in_seconds_or_milliseconds_and_are_active_without_an_end() -> None:
    assert decode_alerts(alerts()) == [
        Alert("VCSEC_a133_alarmTriggered", ("Service", "Customer", "Unknown 9"), AT_NS, None),
        Alert("ended", (), AT_NS, AT_NS),
    ]


def test_errors_keep_their_tags() -> None:
    assert decode_errors(errors()) == [
        VehicleError("unsupported_field", "text", {"field_name": "Soc"}, AT_NS),
        VehicleError("timeless", "", {}, None),
    ]


def test_metrics_are_named_numbers() -> None:
    assert decode_metrics(metrics()) == [Metric("sent", {"topic": "V"}, 2.5)]


@given(st.text(max_size=36), st.booleans(), st.integers(0, 2**62), st.sampled_from(["", "wifi", "cellular"]))
def test_a_connectivity_report_reads_back_and_names_no_vehicle(
    connection_id: str, connected: bool, at_ns: Any, interface: str
) -> None:
    raw = encode_connectivity(connection_id, connected, at_ns, interface)
    assert decode_connectivity(raw) == Connectivity(connection_id, connected, interface, at_ns)
    assert VehicleConnectivity.FromString(raw).vin == ""


def test_a_connectivity_state_that_we_do_not_know_is_neither() -> None:
    assert decode_connectivity(b"\x18\x07") == Connectivity("", None, "", None)


@pytest.mark.parametrize("decode", [decode_alerts, decode_errors, decode_connectivity, decode_metrics])
def test_hostile_reports_raise_invalid_and_nothing_else(decode: Any, scale: Scale) -> None:
    rng = random.Random(20_261_127)
    seeds = [alerts(), errors(), metrics(), encode_connectivity("0a1b", True, AT_NS, "wifi")]
    for _ in range(scale.n(5_000, 250_000)):
        try:
            decode(mutate(rng, rng.choice(seeds)))
        except Invalid:
            continue
