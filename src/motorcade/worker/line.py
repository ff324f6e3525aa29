"""One line of the queue: take what is due, work on some of it at once, give back what is left at the end."""

import asyncio
from typing import Final

from motorcade.domain.errors import MotorcadeError
from motorcade.observability.crash_points import crashpoint
from motorcade.ports.queue import Held
from motorcade.worker.attempt import LEASE_S, Attempt, Outcome
from motorcade.worker.job import JobKind, LineDoors
from motorcade.worker.retry import pause_s, told

WAIT_S: Final = 1.0
"""Longest wait for something due, before the line looks at itself again."""
BLOCKED_S: Final = 0.05
"""Pause while something is due that may not be taken yet: an organisation's share is out, or its key worked on."""
RETRY_MOST_S: Final = 15.0
"""Longest pause while the queue is away."""
FINISH_S: Final = 5.0
"""What running jobs get when the worker stops; well inside what the supervisor grants a room."""
NS_PER_S: Final = 1_000_000_000


class Line:
    """Works on one kind of job until it is stopped."""

    def __init__(self, kind: JobKind, doors: LineDoors) -> None:
        self._kind, self._doors = kind, doors
        self._running: dict[asyncio.Task[None], Attempt] = {}
        self._faults = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; then nothing is held any more, unless the queue is away."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self._once(stopping)
                    self._faults = 0
                except Exception as error:  # noqa: BLE001 - the line must live; counted and logged here once
                    await self._back_off(error, stopping)
        finally:
            stopping.cancel()
            await self._finish()

    async def _once(self, stopping: asyncio.Task[bool]) -> None:
        free = self._kind.at_once - len(self._running)
        if free <= 0:
            await asyncio.wait({stopping, *self._running}, return_when=asyncio.FIRST_COMPLETED)
            return
        queue, name = self._doors.queue, self._kind.name
        for held in await queue.receive(name, free, lease_s=LEASE_S, per_group=self._kind.per_org):
            self._begin(held)
            free = 0
        if not free:
            crashpoint("worker.taken_not_worked")
            await asyncio.sleep(0)
            return
        waiting = asyncio.create_task(queue.wait(name, WAIT_S))
        try:
            await asyncio.wait({stopping, waiting, *self._running}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done() and await waiting:
                await asyncio.wait({stopping, *self._running}, timeout=BLOCKED_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()

    def _begin(self, held: Held) -> None:
        attempt = Attempt(self._kind, held, self._doors)
        waited_ns = self._doors.clock.now_ns() - held.sent_at_ns
        if held.receives == 1:
            self._doors.metrics.spread("motorcade_worker_wait_seconds").observe(max(0, waited_ns) / NS_PER_S)
        self._doors.metrics.count("motorcade_worker_running").add()
        task = asyncio.create_task(self._attempted(attempt))
        self._running[task] = attempt
        task.add_done_callback(self._running.pop)

    async def _attempted(self, attempt: Attempt) -> None:
        outcome = Outcome.LOST
        try:
            outcome = await attempt.run()
        except Exception as error:  # noqa: BLE001 - a fault of ours; the lease ends by itself, and the job comes again
            told_of = {"kind": self._kind.name, "reason": told(error)}
            self._doors.log.error("attempt_fault", **told_of)  # noqa: TRY400 - a traceback's values may hold anything
        finally:
            self._doors.metrics.count("motorcade_worker_running").add(-1)
            self._doors.metrics.count("motorcade_worker_jobs_total", outcome).add()

    async def _back_off(self, error: Exception, stopping: asyncio.Task[bool]) -> None:
        self._faults += 1
        after_s = pause_s(self._faults, most_s=RETRY_MOST_S)
        level = self._doors.log.warning if isinstance(error, MotorcadeError) else self._doors.log.error
        level("line_retries", kind=self._kind.name, reason=told(error), after_s=round(after_s, 1))
        self._doors.metrics.count("motorcade_worker_faults_total", "line").add()
        await asyncio.wait({stopping}, timeout=after_s)

    async def _finish(self) -> None:
        if self._running:
            await asyncio.wait(set(self._running), timeout=FINISH_S)
        for attempt in list(self._running.values()):
            attempt.give_back()
        if self._running:
            await asyncio.wait(set(self._running))
