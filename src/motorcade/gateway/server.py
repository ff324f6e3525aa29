"""The gateway: the vehicle door and everything behind it, started and stopped as one."""

import asyncio
import resource
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from picows import WSCloseCode

from motorcade.gateway.accept import AcceptPath
from motorcade.gateway.connectivity import Ledger, Presence
from motorcade.gateway.door import ClaimResolver, Door
from motorcade.gateway.fairness import Intake, Pacer
from motorcade.gateway.limits import Limits
from motorcade.gateway.listener import Desk, VehicleListener
from motorcade.gateway.protocols.anchors import load_anchors, server_context
from motorcade.gateway.protocols.tesla import Gatekeeper
from motorcade.gateway.quarantine import Quarantine, QuarantineWriter
from motorcade.gateway.session import Session
from motorcade.observability.logs import get_logger, redactions
from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.ports.keys import Keys
from motorcade.ports.stream import OnDurable, OnFailure, StreamWriter

_log = get_logger(__name__)
_NS_PER_S: Final = 1_000_000_000
_SPARE_FILES: Final = 256  # the stream, its files, metrics and logs beside the sockets


class GatewayWriter(StreamWriter, Ledger, Protocol):
    """The stream's appending end that also keeps the ledger of connections."""


OpenWriter = Callable[[OnDurable, OnFailure], Awaitable[GatewayWriter]]
"""Opens the stream for appending; the callbacks run on the event loop."""


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where the door stands and whom it trusts."""

    host: str
    port: int
    certificate: Path
    key: Path
    run_dir: Path
    production_anchors: Path | None = None
    development_anchor: Path | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class GatewayDoors:
    """What the gateway needs from the rest of the house."""

    clock: Clock
    keys: Keys
    metrics: Metrics
    open_writer: OpenWriter
    resolve_claim: ClaimResolver
    quarantine: QuarantineWriter


class Gateway:
    """One gateway process: `start`, serve until `stop`."""

    def __init__(self, settings: GatewaySettings, doors: GatewayDoors) -> None:
        self._settings = settings
        self._doors = doors
        limits, clock, metrics = settings.limits, doors.clock, doors.metrics
        self._limits, self._clock, self._metrics = limits, clock, metrics
        self._listeners: dict[Session, VehicleListener] = {}
        self._by_vin: dict[str, list[VehicleListener]] = {}
        self._intake = Intake(limits, clock, metrics, self._listeners)
        self._presence = Presence(self._intake, clock)
        self._quarantine = Quarantine(limits, clock, metrics, doors.keys, doors.quarantine)
        self._accept = AcceptPath(self._intake, clock, metrics, self._quarantine.park)
        self._accept.after_durable = self._presence.after_durable
        self._desk = Desk(
            limits, clock, metrics, self._accept, Pacer(limits, clock, metrics), self._opened, self._closed
        )
        self._door: Door | None = None
        self._emptied = asyncio.Event()
        self._writer: GatewayWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.port = settings.port

    async def start(self) -> None:
        """Open the stream, close what earlier epochs left open, then let vehicles in.

        Raises:
            Invalid, Unavailable: trust anchors or our certificate cannot be used, or the stream cannot be opened.
            OSError: the port is taken.
        """
        settings = self._settings
        anchors = load_anchors(settings.production_anchors, settings.development_anchor, self._clock.now_ns())
        for warning in anchors.warnings:
            _log.warning("trust anchor", detail=warning)
        context = server_context(anchors, settings.certificate, settings.key, settings.run_dir)
        _allow_files(self._limits.max_connections + self._limits.pending_handshakes + _SPARE_FILES)
        self._writer = await self._doors.open_writer(self._accept.on_durable, self._accept.on_failure)
        self._presence.attach(self._writer)
        self._intake.attach(self._writer, self._presence.before_append)
        self._gauges(anchors.earliest_expiry_s)
        closed = await self._presence.close_earlier_epochs()
        self._quarantine.start()
        self._door = Door(
            self._desk,
            Gatekeeper(anchors),
            self._doors.resolve_claim,
            self._listeners.__len__,
            lambda: self._intake.refuses_newcomers,
        )
        self.port = await self._door.open(settings.host, settings.port, context)
        self._tasks = [
            asyncio.create_task(self._beat(), name="heartbeat"),
            asyncio.create_task(self._sweep(), name="sweep"),
        ]
        _log.info("vehicle door open", port=self.port, closed_of_earlier_epochs=closed)

    async def stop(self) -> None:
        """Let nobody in any more, make durable and acknowledge what came, close everything with 1001. Idempotent."""
        if self._door is not None:
            await self._door.close()
            self._door = None
        await _cancelled(self._tasks)
        if self._writer is None:
            return
        for session in self._listeners:
            session.pause(_ALL_STOP)
        await self._settled(self._limits.flush_s)
        for listener in list(self._listeners.values()):
            listener.close(WSCloseCode.GOING_AWAY, "shutdown")
        await self._gone(self._limits.tls_shutdown_s + 1)
        await self._settled(self._limits.flush_s)  # the records of their ends
        await self._quarantine.stop(self._limits.flush_s)
        await self._writer.close()
        self._writer = None

    def revoke(self, vins: "set[str]") -> int:
        """Close the connections of vehicles whose claim has ended or was suspended; gives how many.

        Nobody has to call this: every connection's claim is compared with the claims in memory within 2 s. It is for
        who knows earlier.
        """
        closing = [listener for vin in vins for listener in self._by_vin.get(vin, ())]
        for listener in closing:
            listener.close(WSCloseCode.POLICY_VIOLATION, "revoked")
        return len(closing)

    @property
    def open_connections(self) -> int:
        """How many vehicle sockets are open."""
        return len(self._listeners)

    def counts(self) -> dict[str, float]:
        """The plain counters of the accept path by short name, for benches and the status page."""
        names = ("received", "appended", "acked", "append_failed", "quarantined", "too_big")
        return {name: self._metrics.value(f"motorcade_gateway_{name}_total") for name in names}

    def _opened(self, listener: VehicleListener) -> None:
        session = listener.session
        self._listeners[session] = listener
        siblings = self._by_vin.setdefault(session.identity.vin, [])
        siblings.append(listener)
        self._metrics.count("motorcade_gateway_connections_total").n += 1
        self._presence.connected(session)
        self._intake.begin(session)
        if len(siblings) > self._limits.sockets_per_vehicle:
            siblings[0].close(WSCloseCode.POLICY_VIOLATION, "too_many_sockets")

    def _closed(self, listener: VehicleListener) -> None:
        session = listener.session
        if self._listeners.pop(session, None) is None:
            return
        siblings = self._by_vin[session.identity.vin]
        siblings.remove(listener)
        if not siblings:
            del self._by_vin[session.identity.vin]
        self._metrics.count("motorcade_gateway_closed_total", session.close_reason).n += 1
        self._presence.disconnected(session)
        if not self._listeners:
            self._emptied.set()

    async def _beat(self) -> None:
        """Each second: our clock into the stream, unless something older than it still waits outside."""
        loop = asyncio.get_running_loop()
        lag = self._metrics.count("motorcade_gateway_loop_lag_seconds")
        due = loop.time()
        while True:
            lag.n = max(0.0, loop.time() - due)
            try:
                self._intake.drain()
                self._presence.beat()
            except Exception:  # noqa: BLE001 - without heartbeats every time rule behind us stands still: go on, and say it
                _log.exception("heartbeat failed")
            due = loop.time() + self._limits.heartbeat_s
            await asyncio.sleep(self._limits.heartbeat_s)

    async def _sweep(self) -> None:
        """Look after a slice of the connections at a time."""
        turn = 0
        while True:
            await asyncio.sleep(self._limits.sweep_s)
            for listener in list(self._listeners.values())[turn :: self._limits.sweep_slices]:
                try:
                    self._look_at(listener)
                except Exception:  # noqa: BLE001 - one connection must not end the care for all others
                    _log.exception("looking after a connection failed")
                    listener.cut("internal")
            turn = (turn + 1) % self._limits.sweep_slices

    def _look_at(self, listener: VehicleListener) -> None:
        session = listener.session
        claim = self._doors.resolve_claim(session.identity.vin)
        if claim is not session.claim and claim != session.claim:
            listener.close(WSCloseCode.POLICY_VIOLATION, "revoked")
        else:
            listener.look_after(self._clock.monotonic_ns())

    async def _settled(self, timeout_s: float) -> None:
        """Wait until everything is durable, or for as long as a stop may take."""
        end_ns = self._clock.monotonic_ns() + int(timeout_s * _NS_PER_S)
        while self._intake.outstanding and self._clock.monotonic_ns() < end_ns:
            self._intake.drain()
            await asyncio.sleep(0.01)  # two group commits

    async def _gone(self, timeout_s: float) -> None:
        """Wait until every connection has ended, and cut those that do not."""
        self._emptied.clear()
        with suppress(TimeoutError):
            if self._listeners:
                await asyncio.wait_for(self._emptied.wait(), timeout_s)
        for listener in list(self._listeners.values()):
            listener.cut("shutdown")
        await asyncio.sleep(0)
        for listener in list(self._listeners.values()):
            self._closed(listener)

    def _gauges(self, earliest_expiry_s: float) -> None:
        metrics, writer = self._metrics, self._intake.writer
        metrics.adopt("motorcade_log_redactions_total", redactions)
        metrics.read("motorcade_gateway_connections", self._listeners.__len__)
        metrics.read("motorcade_gateway_queued_bytes", lambda: writer.queued_bytes)
        metrics.read("motorcade_gateway_anchor_expiry_seconds", lambda: earliest_expiry_s)


_ALL_STOP: Final = 1 << 7
"""A reason to pause that nobody takes back: the gateway is stopping."""


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
    tasks.clear()


def _allow_files(wanted: int) -> None:
    """Raise this process's limit of open files as far as it may, and say where that is too little."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if max(soft, allowed) < wanted:
        _log.warning("few open files allowed", allowed=max(soft, allowed), wanted=wanted, remedy="raise ulimit -n")
