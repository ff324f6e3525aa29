"""One attempt at one job: within its time, under a lease that is kept alive, settled in the queue whatever comes."""

import asyncio
import contextlib
from enum import StrEnum
from typing import Final

from motorcade.domain.errors import Denied, Invalid, MotorcadeError
from motorcade.observability.crash_points import crashpoint
from motorcade.ports.queue import Held
from motorcade.worker.job import Job, JobKind, LineDoors
from motorcade.worker.retry import pause_s, told

LEASE_S: Final = 15.0
"""How long a job stays with a worker that has died: long against a pause of the machine, short against patience."""
BEAT_S: Final = 5.0
"""How often a running job's lease is lengthened: two beats may be missed."""
CANCEL_S: Final = 2.0
"""What a cancelled handler gets for cleaning up; one that does not end by then is left to itself."""
SETTLE_TRIES: Final = 3
SETTLE_PAUSE_S: Final = 1.0
"""What is done should not be done again because the queue was away for a moment; then the lease ends by itself."""


class Outcome(StrEnum):
    """How an attempt ended, as the metrics call it."""

    DONE = "done"
    RETRIED = "retried"
    DEAD = "dead"
    GIVEN_BACK = "given_back"
    LOST = "lost"


class _GivenBack(Exception):
    """The worker stops before the job has ended."""


class _Lost(Exception):
    """Somebody else has the job by now."""


class Attempt:
    """One holding of one message."""

    def __init__(self, kind: JobKind, held: Held, doors: LineDoors) -> None:
        self._kind, self._held, self._doors = kind, held, doors
        self._work: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    def give_back(self) -> None:
        """Stop working on it and let another worker have it at once."""
        self._stop.set()
        if self._work is not None:
            self._work.cancel()

    async def run(self) -> Outcome:
        """Do the job and settle it; raises nothing."""
        error = await self._outcome()
        crashpoint("worker.worked_not_settled")
        if isinstance(error, _Lost):
            return Outcome.LOST
        for attempt in range(1, SETTLE_TRIES + 1):
            try:
                outcome = await self._settle(error)
            except MotorcadeError as fault:
                self._doors.log.warning("job_not_settled", kind=self._kind.name, reason=told(fault))
                if attempt < SETTLE_TRIES:
                    await asyncio.sleep(SETTLE_PAUSE_S)
            else:
                crashpoint("worker.settled")
                return outcome
        return Outcome.LOST

    async def _outcome(self) -> BaseException | None:
        """Do the job; gives what went wrong, None when nothing did."""
        kind, held = self._kind, self._held
        if held.receives > kind.attempts:
            return Invalid(f"it was begun {kind.attempts} times and never ended; it may be what ends the worker")
        if self._stop.is_set():
            return _GivenBack()
        job = Job(kind.name, held.message.group, held.message.key, held.message.body, held.receives, held.sent_at_ns)
        self._work = asyncio.ensure_future(_begun(kind, job))
        stopped = await self._watched(self._work)
        if stopped is not None:
            await self._end(self._work)
            return stopped
        if self._work.cancelled():
            return _GivenBack() if self._stop.is_set() else TimeoutError("it was cancelled by itself")
        return self._work.exception()

    async def _watched(self, work: asyncio.Task[None]) -> Exception | None:
        """Wait for the work, keeping the lease; gives why it must be ended before it ends by itself."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        until_s, beat_s = now_s + self._kind.limit_s, now_s + BEAT_S
        while True:
            await asyncio.wait({work}, timeout=max(0.0, min(until_s, beat_s) - loop.time()))
            if work.done():
                return None
            now_s = loop.time()
            if self._stop.is_set():
                return _GivenBack()
            if now_s >= until_s:
                return TimeoutError(f"it took longer than {self._kind.limit_s:g} s")
            if now_s >= beat_s:
                beat_s = now_s + BEAT_S
                if not await self._kept():
                    return _Lost()

    async def _kept(self) -> bool:
        """Lengthen the lease; false when somebody else has the job."""
        with contextlib.suppress(MotorcadeError):  # the queue is away: the lease has two more beats
            return await self._doors.queue.extend(self._held, LEASE_S)
        return True

    async def _end(self, work: asyncio.Task[None]) -> None:
        work.cancel()
        await asyncio.wait({work}, timeout=CANCEL_S)
        if not work.done():
            self._doors.log.error("job_does_not_end", kind=self._kind.name, org_id=self._held.message.group)
            work.add_done_callback(lambda late: late.cancelled() or late.exception())  # so that nobody complains

    async def _settle(self, error: BaseException | None) -> Outcome:
        queue, held = self._doors.queue, self._held
        if error is None:
            return Outcome.DONE if await queue.done(held) else Outcome.LOST
        if isinstance(error, _GivenBack):
            return Outcome.GIVEN_BACK if await queue.release(held, 0.0) else Outcome.LOST
        facts = {
            "kind": self._kind.name,
            "org_id": held.message.group,
            "job": held.id,
            "attempt": held.receives,
            "reason": told(error),
        }
        if isinstance(error, Invalid | Denied) or held.receives >= self._kind.attempts:
            if not await queue.bury(held, told(error)):
                return Outcome.LOST
            self._doors.log.error("job_dead", **facts)
            self._doors.metrics.count("motorcade_worker_dead_total", self._kind.name).add()
            return Outcome.DEAD
        after_s = pause_s(held.receives)
        if not await queue.release(held, after_s):
            return Outcome.LOST
        self._doors.log.warning("job_retries", **facts, after_s=round(after_s, 1))
        return Outcome.RETRIED


async def _begun(kind: JobKind, job: Job) -> None:
    """The handler as a coroutine, so that one which fails before it begins fails like any other."""
    await kind.handle(job)
