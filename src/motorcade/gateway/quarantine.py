"""Unreadable bytes of a vehicle, kept sealed so that somebody can find out what the car meant.

They are not in the stream and the car is not asked to keep them, so this is a help and no promise: over a limit, or
when the store is away, they are only counted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from motorcade.domain.errors import Busy, Unavailable
from motorcade.domain.vehicle import Claim
from motorcade.gateway.limits import Limits
from motorcade.gateway.session import Session
from motorcade.observability.logs import get_logger
from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.ports.keys import Keys
from motorcade.repositories.quarantine import Quarantined

_log = get_logger(__name__)
PURPOSE = "quarantine"
"""What the bytes are sealed for; opening them needs the same word and the same organisation."""
_NS_PER_DAY = 24 * 3600 * 1_000_000_000


QuarantineWriter = Callable[[Sequence[Quarantined]], Awaitable[None]]
"""Keeps quarantined messages, all or none; raises where it cannot."""


@dataclass(frozen=True, slots=True)
class _Parked:
    """A message that waits to be sealed and kept."""

    claim: Claim
    connection_id: bytes
    topic: str
    message: bytes
    received_at_ns: int


class Quarantine:
    """The queue in front of the quarantine writer, with its bounds."""

    def __init__(self, limits: Limits, clock: Clock, metrics: Metrics, keys: Keys, write: QuarantineWriter) -> None:
        self._limits = limits
        self._clock = clock
        self._keys = keys
        self._write = write
        self._queue: asyncio.Queue[_Parked] = asyncio.Queue()
        self._queued_bytes = 0
        self._day = -1
        self._bytes_today: dict[str, int] = {}
        self._kept = metrics.count("motorcade_gateway_quarantined_total")
        self._has_failed = False
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
        limits, vehicle = self._limits, session.claim.vehicle_id
        size = self._size(message)
        if (day := now_ns // _NS_PER_DAY) != self._day:
            self._day = day
            self._bytes_today.clear()
        today = self._bytes_today.get(vehicle, 0) + size
        if (
            today > limits.quarantine_bytes_per_day
            or self._queued_bytes + size > limits.quarantine_queue_bytes
            or self._queue.qsize() >= limits.quarantine_queue_messages
            or (vehicle not in self._bytes_today and len(self._bytes_today) >= limits.quarantine_vehicles)
        ):
            self._dropped.n += 1
            return
        self._bytes_today[vehicle] = today
        self._queued_bytes += size
        self._queue.put_nowait(_Parked(session.claim, session.connection_id, topic, message, now_ns))

    async def _run(self) -> None:
        while True:
            batch = await self._next()
            try:
                await self._keep(batch)
            finally:
                for one in batch:
                    self._queued_bytes -= self._size(one.message)
                    self._queue.task_done()

    async def _next(self) -> list[_Parked]:
        """Wait for a message, and take with it what waits already, as far as one transaction should hold."""
        limits = self._limits
        batch = [await self._queue.get()]
        size = self._size(batch[0].message)
        while len(batch) < limits.quarantine_batch_messages and size < limits.quarantine_batch_bytes:
            try:
                batch.append(self._queue.get_nowait())
            except asyncio.QueueEmpty:
                break
            size += self._size(batch[-1].message)
        return batch

    async def _keep(self, batch: Sequence[_Parked]) -> None:
        """Keep messages together; where that fails for another reason than the store's absence, each by itself."""
        try:
            await self._write([await self._sealed(one) for one in batch])
            self._kept.n += len(batch)
            self._has_failed = False
        except Exception as error:  # noqa: BLE001 - whatever one message meets must not end the keeping of the rest
            if len(batch) > 1 and not isinstance(error, (Unavailable, Busy)):
                for one in batch:
                    await self._keep([one])
                return
            self._dropped.n += len(batch)
            self._say_once(error)

    async def _sealed(self, one: _Parked) -> Quarantined:
        sealed = await self._keys.seal(one.claim.org_id, PURPOSE, one.message)
        claim = one.claim
        return Quarantined(
            claim.org_id, claim.vehicle_id, one.connection_id.hex(), one.received_at_ns, one.topic, sealed
        )

    def _size(self, message: bytes) -> int:
        """What a message costs to keep, its row included."""
        return len(message) + self._limits.quarantine_message_bytes

    def _say_once(self, error: Exception) -> None:
        """Log the first failure of a row; the counter has all of them."""
        if not self._has_failed:
            self._has_failed = True
            _log.warning("quarantine cannot keep a message", error=type(error).__name__)
