"""One simulated car: it drives, collects, keeps and reports.

``tick`` is called once per half second and does everything that needs no waiting; only connecting is a task.
"""

import asyncio
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from motorcade.domain.errors import Denied, Unavailable
from motorcade.simulator.day import SimulatedCar
from motorcade.simulator.emission import BUCKET_S, Collector, entries
from motorcade.simulator.link import Gateway, Link, open_link
from motorcade.simulator.outbox import Outbox, Report
from motorcade.simulator.whims import is_night
from motorcade.wire.tesla.entries import payload
from motorcade.wire.tesla.envelope import Envelope, encode_stream

_BURST: Final = 200  # messages of a backlog in one tick: 5,000 kept messages leave within 13 s
_ACK_PATIENCE: Final = 60  # ticks (30 s) without an acknowledgement, then the car sends again
_FIRST_RETRY_S: Final = 0.5
_LONGEST_RETRY_S: Final = 30.0  # the documented cap of a car's back-off
_DIALLING_S: Final = 5.0  # a stop waits so long for a connection under way: given up half-way, nobody would close it
_CLIENT_VERSION: Final = "1.3.0"


@dataclass(slots=True)
class Counters:
    """What a fleet has done since its start."""

    sent: int = 0
    acknowledged: int = 0
    resent: int = 0
    """Messages that were not acknowledged in time and were sent again, merged."""
    refused: int = 0
    """Messages answered with an error."""
    connects: int = 0
    reconnects: int = 0
    failures: int = 0
    """Connection attempts that came to nothing."""
    online: int = 0
    last_failure: str = field(default="")


class CarIdentity(NamedTuple):
    """Who a car is on the wire."""

    vin: str
    typed: bool
    """False for old firmware, which writes text."""
    network: str
    """``wifi`` or ``cellular``."""


class Car:
    """A car with its connection."""

    def __init__(
        self,
        identity: CarIdentity,
        day: SimulatedCar,
        gateway: Gateway,
        context: Callable[[], ssl.SSLContext],
        counters: Counters,
        chance: random.Random,
    ) -> None:
        """Wire up a car that is not connected; ``context`` is called at the first connection."""
        self._identity, self._day, self._gateway = identity, day, gateway
        self._make_context, self._context = context, None
        self._counters, self._chance = counters, chance
        self._collector, self._outbox = Collector(), Outbox()
        self._link: Link | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._is_connecting = False
        self._failures = 0
        self._connected_before = False
        self._patience = _ACK_PATIENCE
        self._prefix = f"{chance.getrandbits(88):022x}-".encode()
        self._messages = 0
        self._stopped = False

    _context: ssl.SSLContext | None

    @property
    def day(self) -> SimulatedCar:
        """The car's day, for those who watch."""
        return self._day

    @property
    def kept(self) -> int:
        """Messages that wait for sending or for their acknowledgement."""
        return len(self._outbox)

    def tick(self, now_ns: int) -> None:
        """Let half a second pass; ``now_ns`` is the car's clock (nanoseconds since 1970)."""
        self._day.night = is_night(now_ns)
        self._day.step(BUCKET_S)
        wanted = self._day.awake and self._day.covered and not self._stopped
        if self._day.awake:
            readings = self._collector.collect(self._day.body)
            if readings:
                self._outbox.put(Report(now_ns, tuple(entries(readings, typed=self._identity.typed))))
        if self._link is not None:
            if wanted:
                self._flush()
            else:
                self._link.close(graceful=self._day.covered)
        elif wanted and self._dialling is None:
            self._dialling = asyncio.get_running_loop().create_task(self._dial())

    async def stop(self) -> None:
        """Close the connection and connect no more. Idempotent."""
        self._stopped = True
        dialling = self._dialling
        if dialling is not None:
            if self._is_connecting:
                await asyncio.wait({dialling}, timeout=_DIALLING_S)
            dialling.cancel()
            await asyncio.gather(dialling, return_exceptions=True)
        if self._link is not None:
            self._link.close()

    # -- what the link tells --------------------------------------------------------------------------------------

    def on_acknowledged(self, txid: bytes) -> None:
        """See `LinkEvents`."""
        if self._outbox.acknowledge(txid):
            self._counters.acknowledged += 1
            self._patience = _ACK_PATIENCE

    def on_refused(self, txid: bytes) -> None:
        """See `LinkEvents`. What the fleet cannot read it will not read the second time either."""
        self._counters.refused += 1
        self._outbox.acknowledge(txid)

    def on_closed(self) -> None:
        """See `LinkEvents`."""
        if self._link is not None:
            self._link = None
            self._counters.online -= 1
        self._counters.resent += self._outbox.rewind()

    # -- connecting and sending -----------------------------------------------------------------------------------

    async def _dial(self) -> None:
        try:
            if self._failures:
                longest = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(self._failures, 10))
                await asyncio.sleep(longest * self._chance.uniform(0.5, 1.0))
            if self._context is None:
                self._context = self._make_context()
            headers = {"Version": _CLIENT_VERSION, "X-Network-Interface": self._identity.network}
            self._is_connecting = True
            link = await open_link(self._gateway, self._context, headers, self)
        except (Denied, Unavailable) as error:
            self._failures += 1
            self._counters.failures += 1
            self._counters.last_failure = str(error)
        else:
            self._welcome(link)
        finally:
            self._is_connecting = False
            self._dialling = None

    def _welcome(self, link: Link) -> None:
        self._failures = 0
        self._counters.connects += 1
        self._counters.online += 1
        if self._connected_before:
            self._counters.reconnects += 1
            self._collector.restart()  # before the first connection the full message is still waiting
        self._connected_before = True
        self._link, self._patience = link, _ACK_PATIENCE
        if self._stopped:
            link.close()

    def _flush(self) -> None:
        link = self._link
        assert link is not None, "flushed only while connected"
        if self._outbox.unacknowledged:
            self._patience -= 1
            if self._patience <= 0:
                self._counters.resent += self._outbox.rewind()
                self._patience = _ACK_PATIENCE
        for _ in range(_BURST):
            report = self._outbox.take() if link.writable else None
            if report is None:
                return
            self._send(link, report)

    def _send(self, link: Link, report: Report) -> None:
        self._messages += 1
        txid = self._prefix + b"%09d" % self._messages
        vin = self._identity.vin
        body = payload((entry for _, entry in report.entries), report.created_at_ns, vin, resend=report.resend)
        message = Envelope(
            txid=txid,
            topic=b"V",
            payload=body,
            sender_id=b"vehicle_device." + vin.encode(),
            device_type=b"vehicle_device",
            device_id=vin.encode(),
            message_id=txid,
            created_at=report.created_at_ns // 1_000_000_000,
        )
        self._outbox.sent(txid, report)
        link.send(encode_stream(message))
        self._counters.sent += 1
