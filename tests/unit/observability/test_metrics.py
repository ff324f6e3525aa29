"""The catalogue of metrics and what Prometheus reads of it."""

import urllib.request

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from motorcade.observability.metrics import CATALOGUE, LATENCY_BUCKETS_S, Count, Metrics, serve_metrics


def exposed(metrics: Metrics) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    return generate_latest(registry).decode()


def test_every_name_follows_the_conventions_and_has_a_meaning() -> None:
    for name, definition in CATALOGUE.items():
        assert name.startswith("motorcade_")
        assert (definition.kind == "counter") == name.endswith("_total"), name
        assert definition.meaning.endswith("."), name


def test_no_label_could_hold_a_vehicle_or_an_organisation() -> None:
    labels = {definition.label for definition in CATALOGUE.values()}
    assert labels <= {None, "reason", "where", "outcome", "step", "route", "kind", "method", "status", "part", "sweep"}


def test_a_name_outside_the_catalogue_or_of_another_kind_is_refused() -> None:
    metrics = Metrics()
    with pytest.raises(KeyError):
        metrics.count("motorcade_surprise_total")
    with pytest.raises(KeyError):
        metrics.count("motorcade_gateway_refused_total")
    with pytest.raises(KeyError):
        metrics.count("motorcade_gateway_received_total", "x")
    with pytest.raises(KeyError):
        metrics.spread("motorcade_gateway_received_total")
    with pytest.raises(KeyError):
        metrics.read("motorcade_gateway_received_total", lambda: 1)


def test_counters_gauges_and_histograms_are_exposed() -> None:
    metrics = Metrics()
    metrics.count("motorcade_gateway_refused_total", "unclaimed").add(2)
    metrics.read("motorcade_gateway_connections", lambda: 7)
    metrics.spread("motorcade_gateway_ack_seconds").observe(0.004)
    metrics.spread("motorcade_gateway_ack_seconds").observe(99)
    elsewhere = Count()
    elsewhere.add(3)
    metrics.adopt("motorcade_log_redactions_total", elsewhere)
    text = exposed(metrics)
    assert 'motorcade_gateway_refused_total{reason="unclaimed"} 2.0' in text
    assert "motorcade_gateway_connections 7.0" in text
    assert 'motorcade_gateway_ack_seconds_bucket{le="0.005"} 1.0' in text
    assert 'motorcade_gateway_ack_seconds_bucket{le="+Inf"} 2.0' in text
    assert "motorcade_gateway_ack_seconds_sum 99.004" in text
    assert "motorcade_log_redactions_total 3.0" in text
    assert len(metrics.spread("motorcade_gateway_ack_seconds").buckets) == len(LATENCY_BUCKETS_S) + 1


def test_they_are_served_on_loopback(port: int) -> None:
    metrics = Metrics()
    metrics.count("motorcade_gateway_received_total").add()
    server, thread = serve_metrics(metrics, port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b"motorcade_gateway_received_total 1.0" in answer.read()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
