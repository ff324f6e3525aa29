"""A load client for benches: many connections, messages built beforehand, acknowledgements counted.

It must not hide the server, so it does nothing per message that can be done before: see `frames`. Latency is taken
from a train's departure to the acknowledgement of its last frame; acknowledgements of one connection come in order.
"""

import asyncio
import random
import resource
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from motorcade.domain.errors import Unavailable
from motorcade.ports.clock import Clock
from motorcade.simulator.dev_ca import Authority, client_context, issue_vehicle
from motorcade.simulator.frames import Train, driving_samples
from motorcade.simulator.link import Gateway
from motorcade.simulator.roads.city import open_city
from motorcade.simulator.roads.network import load_network
from motorcade.wire.tesla.envelope import encode_ack

_HANDSHAKE_S: Final = 30.0  # a gateway under load answers late; a bench would rather wait than fail
_CONNECTING_AT_ONCE: Final = 16  # more only queue up inside the gateway
_CHECKED: Final = 64  # every n-th acknowledgement is compared with what was sent
_ACK_BYTES: Final = len(encode_ack(bytes(32), b"V"))  # every acknowledgement of a load message has this length
_TICK_S: Final = 0.005  # pace of a fixed rate: as fine as the gateway's own commits
_ENDING_S: Final = 10.0  # how long the last acknowledgements may take


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What to do."""

    duration_s: float = 10.0
    window: int = 16
    """Messages in flight per connection."""
    train: int = 8
    """Messages that leave in one write."""
    rate_per_s: float | None = None
    """All connections together; None: as fast as acknowledged."""
    warm_up_s: float = 0.0
    """Sends before the measurement begins."""
    abreast: int = _CONNECTING_AT_ONCE


@dataclass(slots=True)
class LoadResult:
    """What was seen between warm-up and end."""

    sent: int = 0
    acknowledged: int = 0
    errors: int = 0
    """Replies that were no acknowledgement of what was sent."""
    lost_connections: int = 0
    seconds: float = 0.0
    client_cpu_s: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)

    @property
    def acknowledged_per_s(self) -> float:
        """Acknowledged messages per second."""
        return self.acknowledged / self.seconds if self.seconds else 0.0

    @property
    def client_us(self) -> float:
        """Microseconds of this process's CPU per acknowledged message."""
        return 1e6 * self.client_cpu_s / self.acknowledged if self.acknowledged else 0.0

    def latency_ms(self, percentile: float) -> float:
        """Return a percentile (0 to 100) of the latencies, 0 without any."""
        ordered = sorted(self.latencies_ms)
        if not ordered:
            return 0.0
        return ordered[min(len(ordered) - 1, int(len(ordered) * percentile / 100))]


class LoadConnection(WSListener):
    """One connection with its train and what is on the way."""

    def __init__(self, train: Train, options: LoadOptions, clock: Clock) -> None:
        """Prepare; nothing is sent before ``go``."""
        super().__init__()
        self._train, self._options, self._clock = train, options, clock
        self._transport: WSTransport | None = None
        self._away: deque[tuple[int, int]] = deque()
        self._arrived = 0
        self._in_flight = 0
        self._acknowledged = 0
        self._running = False
        self.sent = self.errors = 0
        self.writable = True
        self.lost = False
        self.latencies_ms: list[float] = []

    @property
    def acknowledged(self) -> int:
        """Acknowledgements since the start."""
        return self._acknowledged

    @property
    def in_flight(self) -> int:
        """Messages sent and not acknowledged."""
        return self._in_flight

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the transport (called by picows)."""
        self._transport = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Count a connection that ended while it was needed (called by picows)."""
        del transport
        self.lost = self._running
        self._running = False

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Count an acknowledgement (called by picows)."""
        if frame.msg_type is not WSMsgType.BINARY:
            if frame.msg_type is WSMsgType.CLOSE:
                transport.disconnect()
            return
        self._acknowledged += 1
        self._in_flight -= 1
        self._arrived += 1
        departed_ns, size = self._away[0]
        if frame.payload_size != _ACK_BYTES or (self._acknowledged % _CHECKED == 0 and not self._matches(frame)):
            self.errors += 1
        if self._arrived == size:
            self._arrived = 0
            self._away.popleft()
            self.latencies_ms.append((self._clock.monotonic_ns() - departed_ns) / 1e6)
            if self._options.rate_per_s is None:
                self._fill()

    def pause_writing(self) -> None:
        """Stop sending (called by picows)."""
        self.writable = False

    def resume_writing(self) -> None:
        """Go on sending (called by picows)."""
        self.writable = True
        if self._running and self._options.rate_per_s is None:
            self._fill()

    def go(self) -> None:
        """Start sending; without a fixed rate the window is kept full from here on."""
        self._running = True
        if self._options.rate_per_s is None:
            self._fill()

    def halt(self) -> None:
        """Send no more; acknowledgements are still counted."""
        self._running = False

    def depart(self) -> int:
        """Send one train; return how many messages that were (0 if the connection takes none now)."""
        if self._transport is None or not self.writable or not self._running:
            return 0
        size = len(self._train)
        self._away.append((self._clock.monotonic_ns(), size))
        self._in_flight += size
        self.sent += size
        self._transport.underlying_transport.write(self._train.depart(self._clock.now_ns()))
        return size

    def close(self) -> None:
        """End the connection."""
        self._running = False
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def _fill(self) -> None:
        while self._in_flight + len(self._train) <= self._options.window and self.depart():
            pass

    def _matches(self, frame: WSFrame) -> bool:
        departure = self._train.departures - len(self._away) + 1
        expected = b"%07d%02d" % (departure % 10_000_000, self._arrived - 1)
        return expected in frame.get_payload_as_bytes()


class Load:
    """Open connections that can be loaded, once or several times."""

    def __init__(self, connections: Sequence[LoadConnection], options: LoadOptions) -> None:
        """Take open connections; ``open_load`` makes them."""
        self.connections, self._options = tuple(connections), options

    async def run(self) -> LoadResult:
        """Send for the time that the options name and return what was acknowledged in it."""
        loop, options = asyncio.get_running_loop(), self._options
        for connection in self.connections:
            connection.go()
        await self._send_for(options.warm_up_s)
        before, cpu, begin = self._totals(), _cpu_s(), loop.time()
        for connection in self.connections:
            connection.latencies_ms.clear()
        await self._send_for(options.duration_s)
        after = self._totals()
        sent, acknowledged, errors = (late - early for late, early in zip(after, before, strict=True))
        result = LoadResult(sent, acknowledged, errors)
        result.seconds, result.client_cpu_s = loop.time() - begin, _cpu_s() - cpu
        result.lost_connections = sum(connection.lost for connection in self.connections)
        result.latencies_ms = [value for one in self.connections for value in one.latencies_ms]
        for connection in self.connections:
            connection.halt()
        await self._settle()
        return result

    def close(self) -> None:
        """End every connection."""
        for connection in self.connections:
            connection.close()

    async def _send_for(self, seconds: float) -> None:
        rate = self._options.rate_per_s
        if rate is None:
            await asyncio.sleep(seconds)
            return
        loop = asyncio.get_running_loop()
        begin, sent, turn = loop.time(), 0.0, 0
        while (passed := loop.time() - begin) < seconds:
            idle = 0
            while sent < passed * rate and idle < len(self.connections):
                moved = self.connections[turn % len(self.connections)].depart()
                turn, sent, idle = turn + 1, sent + moved, 0 if moved else idle + 1
            await asyncio.sleep(_TICK_S)

    async def _settle(self) -> None:
        """Wait for what is still on the way: a second run must not count the first one's."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _ENDING_S
        while any(one.in_flight and not one.lost for one in self.connections) and loop.time() < until:  # noqa: ASYNC110 - an event per connection would cost the measured path
            await asyncio.sleep(_TICK_S)

    def _totals(self) -> tuple[int, int, int]:
        ones = self.connections
        return sum(o.sent for o in ones), sum(o.acknowledged for o in ones), sum(o.errors for o in ones)


async def open_load(
    gateway: Gateway,
    authority: Authority,
    vins: Sequence[str],
    connections: int,
    options: LoadOptions,
    clock: Clock,
) -> Load:
    """Connect; the VINs are used in turn, so there may be more connections than VINs.

    Raises:
        Unavailable: a connection could not be made; all others are closed.
        Denied: a VIN is not a simulator's.
    """
    city = open_city(load_network())
    chance = random.Random(connections)
    used = vins[:connections]
    samples = [driving_samples(city, index, options.train) for index in range(len(used))]
    contexts = [client_context(issue_vehicle(authority, vin, clock), gateway.server_ca_pem) for vin in used]
    abreast = asyncio.Semaphore(options.abreast)

    async def connect(index: int) -> LoadConnection:
        own = index % len(used)
        train = Train(used[own], b"%022x" % chance.getrandbits(88), samples[own])
        connection = LoadConnection(train, options, clock)
        async with abreast:
            await dial(gateway, contexts[own], connection)
        return connection

    made = await asyncio.gather(*(connect(index) for index in range(connections)), return_exceptions=True)
    good = [one for one in made if isinstance(one, LoadConnection)]
    failed = next((one for one in made if isinstance(one, BaseException)), None)
    if failed is not None:
        for connection in good:
            connection.close()
        raise failed
    return Load(good, options)


async def dial(gateway: Gateway, context: ssl.SSLContext, listener: WSListener) -> WSTransport:
    """Open one connection for a listener.

    Raises:
        Unavailable: it could not be opened.
    """
    try:
        transport, _ = await ws_connect(
            lambda: listener,
            f"wss://{gateway.host}:{gateway.port}/",
            ssl_context=context,
            extra_headers={"Version": "1.3.0", "X-Network-Interface": "cellular"},
            websocket_handshake_timeout=_HANDSHAKE_S,
            max_redirects=0,
            server_hostname=gateway.name or gateway.host,
        )
    except Exception as error:
        raise Unavailable(f"a load connection could not be opened ({error})") from error
    return transport


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
