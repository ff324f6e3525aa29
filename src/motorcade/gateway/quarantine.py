"""Unreadable bytes of a vehicle, kept sealed so that somebody can find out what the car meant.

They are not in the stream and were answered with an error, so losing them loses nothing that was acknowledged: over a
limit, or when the store is away, they are only counted.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from motorcade.domain.errors import MotorcadeError
from motorcade.gateway.limits import Limits
from motorcade.gateway.session import Session
from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.ports.keys import Keys

PURPOSE = "quarantine"
"""What the bytes are sealed for; opening them needs the same word and the same organisation."""
_NS_PER_DAY = 24 * 3600 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One unreadable message. `sealed` may hold a VIN once opened; nothing else here does."""

    org_id: str
    vehicle_id: str
    connection_id: str
    received_at_ns: int
    topic: str
    """What it came on, or `envelope` where not even that could be read."""
    sealed: bytes


QuarantineWriter = Callable[[Quarantined], Awaitable[None]]
"""Keeps one quarantined message; raises a MotorcadeError where it cannot."""


class Quarantine:
    """The queue in front of the quarantine writer, with its bounds."""

    def __init__(self, limits: Limits, clock: Clock, metrics: Metrics, keys: Keys, write: QuarantineWriter) -> None:
        self._limits = limits
        self._clock = clock
        self._keys = keys
        self._write = write
        self._queue: asyncio.Queue[tuple[Session, str, bytes, int]] = asyncio.Queue()
        self._queued_bytes = 0
        self._day = -1
        self._bytes_today: dict[str, int] = {}
        self._kept = metrics.count("motorcade_gateway_quarantined_total")
        self._dropped = metrics.count("motorcade_gateway_quarantine_dropped_total")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="quarantine")

    async def stop(self, timeout_s: float) -> None:
        """Write what is queued, then end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), timeout_s)
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def park(self, session: Session, topic: str, message: bytes) -> None:
        """Queue unreadable bytes, or only count them where a limit is reached."""
        now_ns = self._clock.now_ns()
        vehicle = session.claim.vehicle_id
        size = len(message)
        if (day := now_ns // _NS_PER_DAY) != self._day:
            self._day = day
            self._bytes_today.clear()
        today = self._bytes_today.get(vehicle, 0) + size
        if (
            today > self._limits.quarantine_bytes_per_day
            or self._queued_bytes + size > self._limits.quarantine_queue_bytes
        ):
            self._dropped.n += 1
            return
        self._bytes_today[vehicle] = today
        self._queued_bytes += size
        self._queue.put_nowait((session, topic, message, now_ns))

    async def _run(self) -> None:
        while True:
            session, topic, message, now_ns = await self._queue.get()
            try:
                await self._keep(session, topic, message, now_ns)
                self._kept.n += 1
            except MotorcadeError:
                self._dropped.n += 1
            finally:
                self._queued_bytes -= len(message)
                self._queue.task_done()

    async def _keep(self, session: Session, topic: str, message: bytes, now_ns: int) -> None:
        claim = session.claim
        sealed = await self._keys.seal(claim.org_id, PURPOSE, message)
        await self._write(
            Quarantined(claim.org_id, claim.vehicle_id, session.connection_id.hex(), now_ns, topic, sealed)
        )
