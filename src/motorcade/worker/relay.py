"""The outbox's relay: waiting rows go into every channel's line, an organisation at a time in turn.

One worker does it at a time, under a lease; should two do it, rows are sent twice under the same id and no harm done. A
row is noted as handed over only after every line has it, so a crash sends again and never leaves out.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from structlog.stdlib import BoundLogger

from motorcade.domain.errors import Busy, Corrupt, Invalid, MotorcadeError
from motorcade.domain.ids import id_text
from motorcade.observability.crash_points import crashpoint
from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.ports.queue import Message, Queue
from motorcade.repositories.leases import Lease, Leases
from motorcade.repositories.outbox import Outbox, Waiting
from motorcade.worker.jobs.deliver import encode_row
from motorcade.worker.retry import pause_s, told

LEASE: Final = "outbox"
LEASE_S, RENEW_S = 2.0, 0.6
"""After a crash the next worker goes on within the lease; two renewals may be missed."""
ASK_EVERY_S: Final = 0.2
"""How often a worker without the lease asks for it: one read."""
POLL_S: Final = 0.1
"""How often the outbox is asked for news: a tenth of the second in which an emergency must be out."""
ALL_EVERY_S: Final = 30.0
"""How often every organisation is looked at, in case news of one were missed."""
TURN_ROWS: Final = 50
"""Rows of one organisation before the next one's turn: some milliseconds."""
RETRY_MOST_S: Final = 15.0
"""Longest pause while store or queue are away."""


@dataclass(frozen=True, slots=True)
class RelayDoors:
    """What the relay works through."""

    outbox: Outbox
    leases: Leases
    queue: Queue
    clock: Clock
    metrics: Metrics
    log: BoundLogger


@dataclass(frozen=True, slots=True)
class _Wait:
    """How often in a row an organisation's turn failed, and when its next one may come."""

    failures: int
    until_s: float


_NO_WAIT: Final = _Wait(0, 0.0)


class Relay:
    """Empties the outbox until it is stopped."""

    def __init__(self, lines: Sequence[str], doors: RelayDoors) -> None:
        """Bind it; `lines` are those of all channels."""
        self._lines, self._doors = lines, doors
        self._active: set[str] = set()
        self._waits: dict[str, _Wait] = {}
        self._cursor = ""
        self._faults = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Hand rows over until `stop`, whenever the lease is ours."""
        while not stop.is_set():
            try:
                await self._while_ours(stop)
            except Exception as error:  # noqa: BLE001 - the relay must live; counted and logged here once
                self._faults += 1
                after_s = pause_s(self._faults, most_s=RETRY_MOST_S)
                level = self._doors.log.warning if isinstance(error, MotorcadeError) else self._doors.log.error
                level("relay_retries", reason=told(error), after_s=round(after_s, 1))
                self._doors.metrics.count("motorcade_worker_faults_total", "relay").add()
                await _sleep(stop, after_s)

    async def _while_ours(self, stop: asyncio.Event) -> None:
        lease = await self._doors.leases.take(LEASE, LEASE_S, self._doors.clock.now_ns())
        if lease is None:
            await _sleep(stop, ASK_EVERY_S)
            return
        kept: Lease | None = lease
        try:
            await self._begin()
            loop = asyncio.get_running_loop()
            renew_s, all_s = loop.time() + RENEW_S, loop.time() + ALL_EVERY_S
            while not stop.is_set():
                if loop.time() >= renew_s:
                    kept = await self._doors.leases.renew(lease, LEASE_S, self._doors.clock.now_ns())
                    if kept is None:
                        return
                    lease, renew_s = kept, loop.time() + RENEW_S
                if loop.time() >= all_s:
                    self._active.update(await self._doors.outbox.organisations())
                    all_s = loop.time() + ALL_EVERY_S
                if not await self._round():
                    await _sleep(stop, POLL_S)
                self._faults = 0
        finally:
            if kept is not None:
                await self._doors.leases.give_back(kept)

    async def _begin(self) -> None:
        """Look at everybody once; from here on news are enough."""
        self._cursor = await self._doors.outbox.cursor()
        self._active = set(await self._doors.outbox.organisations())

    async def _round(self) -> bool:
        """One turn of every organisation that may have rows; whether anything was moved."""
        try:
            fresh, self._cursor = await self._doors.outbox.news(self._cursor)
        except Invalid:  # we were away for longer than the feed remembers
            await self._begin()
            fresh = set()
        self._active |= fresh
        moved, now_s = False, asyncio.get_running_loop().time()
        for org_id in sorted(self._active):
            if now_s < self._waits.get(org_id, _NO_WAIT).until_s:
                continue
            try:
                moved |= await self._turn(org_id)
                self._waits.pop(org_id, None)
            except (Busy, Corrupt, Invalid) as error:
                self._wait(org_id, error)
            await asyncio.sleep(0)
        return moved

    def _wait(self, org_id: str, error: MotorcadeError) -> None:
        """Leave one organisation alone for a while: its share of a line is full, or one of its rows is damaged.

        Its rows are safe where they are, and the others go on.
        """
        failures = self._waits.get(org_id, _NO_WAIT).failures + 1
        after_s = pause_s(failures, most_s=RETRY_MOST_S)
        self._waits[org_id] = _Wait(failures, asyncio.get_running_loop().time() + after_s)
        level = self._doors.log.warning if isinstance(error, Busy) else self._doors.log.error
        level("outbox_waits", org_id=org_id, reason=told(error), after_s=round(after_s, 1))
        self._doors.metrics.count("motorcade_worker_faults_total", "relay").add()

    async def _turn(self, org_id: str) -> bool:
        rows = await self._doors.outbox.waiting(org_id, TURN_ROWS)
        if len(rows) < TURN_ROWS:
            self._active.discard(org_id)  # what comes from now on is news
        if not rows:
            return False
        try:
            await self._hand_over(rows)
        except BaseException:
            self._active.add(org_id)
            raise
        return True

    async def _hand_over(self, rows: Sequence[Waiting]) -> None:
        messages = [Message(one.row.org_id, encode_row(one.row), id_text(one.row.id)) for one in rows]
        for line in self._lines:
            await self._doors.queue.send(line, messages)
            crashpoint("worker.sent_not_noted")
        await self._doors.outbox.handed_over(rows, self._doors.clock.now_ns())
        self._doors.metrics.count("motorcade_worker_handed_over_total").add(len(rows))
        crashpoint("worker.noted")


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
