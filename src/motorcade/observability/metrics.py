"""The catalogue of metrics: every name that any room exports, with its meaning, in one place.

Rooms count with plain integers (a hot path cannot afford a lock per record) and Prometheus reads them when it asks.
No label ever holds a VIN, a vehicle, an organisation or anything else that a sender can choose.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Final, Literal
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

Kind = Literal["counter", "gauge", "histogram"]
LATENCY_BUCKETS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds: fine where an acknowledgement lives (5 ms), coarse where an alarm does (over 1 s)."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric: its kind, what it says, and the label that splits it (None = no split)."""

    kind: Kind
    meaning: str
    label: str | None = None


CATALOGUE: Final[Mapping[str, Definition]] = {
    # Gateway: vehicles come in.
    "motorcade_gateway_connections": Definition("gauge", "Open vehicle connections."),
    "motorcade_gateway_handshakes_pending": Definition("gauge", "TLS handshakes under way."),
    "motorcade_gateway_connections_total": Definition("counter", "Vehicle connections opened since the start."),
    "motorcade_gateway_refused_total": Definition("counter", "Connections refused before the upgrade.", "reason"),
    "motorcade_gateway_closed_total": Definition("counter", "Connections that ended.", "reason"),
    "motorcade_gateway_tls_failures_total": Definition("counter", "TLS handshakes that failed or timed out."),
    "motorcade_gateway_extra_chain_certs_total": Definition(
        "counter", "Connections whose client sent certificates that its verified chain does not need."
    ),
    "motorcade_gateway_received_total": Definition("counter", "Messages received from vehicles."),
    "motorcade_gateway_received_bytes_total": Definition("counter", "Bytes of messages received from vehicles."),
    "motorcade_gateway_appended_total": Definition("counter", "Vehicle records handed to the stream."),
    "motorcade_gateway_acked_total": Definition("counter", "Vehicle records acknowledged after they were durable."),
    "motorcade_gateway_ack_lost_total": Definition("counter", "Durable records whose connection was gone by then."),
    "motorcade_gateway_append_failed_total": Definition("counter", "Records whose group commit failed; tried again."),
    "motorcade_gateway_undispatched_total": Definition("counter", "Messages acknowledged without storing.", "reason"),
    "motorcade_gateway_errors_sent_total": Definition("counter", "Error replies sent to vehicles.", "reason"),
    "motorcade_gateway_too_big_total": Definition("counter", "Messages over the size limit."),
    "motorcade_gateway_mismatch_total": Definition(
        "counter", "Messages that named another vehicle than the certificate; overwritten.", "where"
    ),
    "motorcade_gateway_masked_total": Definition("counter", "Payloads in which the VIN stood outside its field."),
    "motorcade_gateway_outside_claim_total": Definition("counter", "Records measured outside the claim's interval."),
    "motorcade_gateway_future_total": Definition("counter", "Records from a clock more than 120 s ahead."),
    "motorcade_gateway_ancient_total": Definition("counter", "Records older than 7 days."),
    "motorcade_gateway_resend_total": Definition("counter", "Records that the car sent again."),
    "motorcade_gateway_quarantined_total": Definition("counter", "Unreadable messages kept, sealed."),
    "motorcade_gateway_quarantine_dropped_total": Definition(
        "counter", "Unreadable messages over the quarantine's limits, or that it failed to keep: only counted."
    ),
    "motorcade_gateway_paused_total": Definition("counter", "Times that reading from a vehicle paused.", "reason"),
    "motorcade_gateway_queued_bytes": Definition("gauge", "Bytes that wait for the stream's durability."),
    "motorcade_gateway_ack_seconds": Definition(
        "histogram", "Receipt to acknowledgement of the oldest record of each group commit."
    ),
    "motorcade_gateway_loop_lag_seconds": Definition("gauge", "How late the event loop ran its last one-second beat."),
    "motorcade_gateway_anchor_expiry_seconds": Definition(
        "gauge", "Time of the earliest end of a trust anchor that is still valid, in seconds since 1970."
    ),
    "motorcade_gateway_claims_age_seconds": Definition(
        "gauge", "Time since the gateway last heard from the store which cars are claimed."
    ),
    # Consumer: from the stream to state and live.
    "motorcade_consumer_records_total": Definition(
        "counter", "Records by how their way ended; they add up.", "outcome"
    ),
    "motorcade_consumer_vehicles": Definition("gauge", "Vehicles in the consumer's memory."),
    "motorcade_consumer_lag_seconds": Definition("gauge", "Age of the newest record folded."),
    "motorcade_consumer_readings_dropped_total": Definition("counter", "Texts dropped from states over the limit."),
    "motorcade_consumer_states_unstored_total": Definition("counter", "States that the store could not hold."),
    "motorcade_consumer_corrupt_entries_total": Definition("counter", "Stream entries that were unreadable."),
    "motorcade_consumer_refolds_total": Definition(
        "counter", "Re-folds that the worker laid ready, by what became of them.", "outcome"
    ),
    "motorcade_consumer_fold_faults_total": Definition(
        "counter", "Times that a vehicle's records could not be folded: a fault of this program."
    ),
    "motorcade_consumer_gaps_total": Definition("counter", "Times that the stream was trimmed before it was read."),
    "motorcade_consumer_braked_total": Definition("counter", "Times that too many vehicles' records were unreadable."),
    # Worker: what must be done at least once.
    "motorcade_worker_jobs_total": Definition("counter", "Attempts at jobs by how they ended.", "outcome"),
    "motorcade_worker_running": Definition("gauge", "Jobs under way."),
    "motorcade_worker_wait_seconds": Definition("histogram", "From a job's sending to its first attempt."),
    "motorcade_worker_dead_total": Definition("counter", "Jobs that became dead letters.", "kind"),
    "motorcade_worker_handed_over_total": Definition("counter", "Rows of the outbox put into the channels' lines."),
    "motorcade_worker_sweeps_total": Definition("counter", "Sweeps done.", "sweep"),
    "motorcade_worker_faults_total": Definition("counter", "Times that a part of the worker had to pause.", "part"),
    # Archiver: from the stream to Parquet, and merging it.
    "motorcade_archiver_records_total": Definition(
        "counter", "Records by how their way to the archive ended; they add up.", "outcome"
    ),
    "motorcade_archiver_undecodable_total": Definition("counter", "Records archived as bytes that no decoder reads."),
    "motorcade_archiver_objects_total": Definition("counter", "Objects written by flushes."),
    "motorcade_archiver_bytes_total": Definition("counter", "Bytes of objects written by flushes."),
    "motorcade_archiver_lag_seconds": Definition("gauge", "Age of the oldest record that waits for its object."),
    "motorcade_archiver_corrupt_entries_total": Definition("counter", "Stream entries that were unreadable."),
    "motorcade_archiver_gaps_total": Definition("counter", "Times that the stream was trimmed before it was archived."),
    "motorcade_archiver_merged_objects_total": Definition("counter", "Objects replaced by merged ones."),
    "motorcade_archiver_damaged_objects_total": Definition("counter", "Objects found damaged while merging; kept."),
    "motorcade_archiver_removed_objects_total": Definition("counter", "Replaced objects and litter removed."),
    "motorcade_archive_gaps_total": Definition(
        "counter", "Damaged parts of the archive that a reader met; counted anew each time."
    ),
    # API: people and programs.
    "motorcade_api_requests_total": Definition("counter", "Requests answered, by hundreds of their status.", "status"),
    "motorcade_api_request_seconds": Definition("histogram", "From a request's head to its whole answer; no streams."),
    "motorcade_api_streams": Definition("gauge", "Open live streams."),
    "motorcade_api_frames_total": Definition("counter", "Pieces of live streams handed to connections."),
    "motorcade_api_streams_cut_total": Definition("counter", "Live streams cut because their reader took nothing."),
    "motorcade_api_tick_late_seconds": Definition("gauge", "How late the ticks of live streams are on average."),
    # Logs: the net under everything that is written.
    "motorcade_log_redactions_total": Definition("counter", "Log lines in which something VIN-shaped was masked."),
}


class Count:
    """A number that one thread changes and Prometheus reads. `n` may be set directly on a hot path."""

    __slots__ = ("n",)

    def __init__(self) -> None:
        self.n: float = 0

    def add(self, amount: float = 1) -> None:
        """Count up."""
        self.n += amount


class Spread:
    """A histogram over `LATENCY_BUCKETS_S`."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(LATENCY_BUCKETS_S) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Record one value in seconds."""
        self.buckets[bisect_left(LATENCY_BUCKETS_S, value)] += 1
        self.total += value


@dataclass(eq=False)  # the registry keeps it in a set
class Metrics(Collector):
    """The metrics of one process; a name outside the catalogue is a programming error.

    Raises (from every lookup):
        KeyError: the name is not in the catalogue, or not of that kind.
    """

    _counts: dict[tuple[str, str | None], Count] = field(default_factory=dict)
    _spreads: dict[str, Spread] = field(default_factory=dict)
    _reads: dict[str, Callable[[], float]] = field(default_factory=dict)

    def count(self, name: str, label: str | None = None) -> Count:
        """The counter or gauge of a name, made at its first use; `label` is the value of its split."""
        definition = CATALOGUE[name]
        if definition.kind == "histogram" or (definition.label is None) != (label is None):
            raise KeyError(f"{name} is a {definition.kind} split by {definition.label}")
        return self._counts.setdefault((name, label), Count())

    def adopt(self, name: str, count: Count) -> None:
        """Export a number that lives elsewhere in the process."""
        if CATALOGUE[name].label is not None:
            raise KeyError(f"{name} is split by {CATALOGUE[name].label}")
        self._counts[name, None] = count

    def spread(self, name: str) -> Spread:
        """The histogram of a name."""
        if CATALOGUE[name].kind != "histogram":
            raise KeyError(f"{name} is no histogram")
        return self._spreads.setdefault(name, Spread())

    def read(self, name: str, source: Callable[[], float]) -> None:
        """Let a gauge ask for its value when Prometheus does."""
        if CATALOGUE[name].kind != "gauge" or CATALOGUE[name].label is not None:
            raise KeyError(f"{name} is no plain gauge")
        self._reads[name] = source

    def value(self, name: str, label: str | None = None) -> float:
        """What a counter or gauge holds now; 0 where nothing was counted."""
        if name in self._reads:
            return self._reads[name]()
        known = self._counts.get((name, label))
        return known.n if known else 0

    def collect(self) -> Iterable[Metric]:
        """Everything that this process has touched, for Prometheus."""
        for name in sorted({name for name, _ in list(self._counts)}):
            yield self._family(name, CATALOGUE[name])
        for name, source in list(self._reads.items()):
            yield GaugeMetricFamily(name, CATALOGUE[name].meaning, value=source())
        for name, spread in list(self._spreads.items()):
            yield _histogram(name, spread)

    def _family(self, name: str, definition: Definition) -> Metric:
        labels: Sequence[str] = [definition.label] if definition.label else []
        made = CounterMetricFamily if definition.kind == "counter" else GaugeMetricFamily
        family = made(name, definition.meaning, labels=labels)
        for (counted, label), count in list(self._counts.items()):
            if counted == name:
                family.add_metric([label] if label is not None else [], count.n)
        return family


def _histogram(name: str, spread: Spread) -> Metric:
    total, buckets = 0, []
    for bound, amount in zip((*LATENCY_BUCKETS_S, float("inf")), spread.buckets, strict=True):
        total += amount
        buckets.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
    return HistogramMetricFamily(name, CATALOGUE[name].meaning, buckets=buckets, sum_value=spread.total)


def serve_metrics(metrics: Metrics, port: int, host: str = "127.0.0.1") -> tuple[WSGIServer, Thread]:
    """Answer Prometheus on a loopback port from a thread of its own.

    Raises:
        OSError: the port is taken.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    return start_http_server(port, addr=host, registry=registry)
