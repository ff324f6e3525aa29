"""Sweeps: work that comes round by the clock, in one process at a time however many workers there are.

When a sweep was last done is kept with its lease, so a restart neither repeats nor forgets it.
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from structlog.stdlib import BoundLogger

from motorcade.domain.errors import MotorcadeError
from motorcade.observability.crash_points import crashpoint
from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.ports.queue import MAX_SEND, Message, Queue
from motorcade.repositories.leases import Leases
from motorcade.worker.retry import pause_s, told

LOOK_EVERY_S: Final = 1.0
"""How exactly sweeps keep their time; one look is one read for each."""
LIMIT_S: Final = 60.0
"""For one sweep, unless it says otherwise; the lease lasts a little longer, so it needs no renewal."""
MARGIN_S: Final = 5.0
RETRY_MOST_S: Final = 300.0
NS_PER_S: Final = 1_000_000_000
Vehicle = tuple[str, str]
"""(org_id, vehicle_id)"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Something to do regularly.

    Attributes:
        name: never reused for another sweep.
        every_s: seconds between the beginning of one and that of the next.
        run: does it and gives how much it did. It may be ended at any await, and done again from its beginning.
        limit_s: seconds that it may take.
    """

    name: str
    every_s: float
    run: Callable[[], Awaitable[int]]
    limit_s: float = LIMIT_S


@dataclass(frozen=True, slots=True)
class SweepDoors:
    """What the schedule works through."""

    leases: Leases
    clock: Clock
    metrics: Metrics
    log: BoundLogger


class Schedule:
    """Runs sweeps when they are due, one after the other."""

    def __init__(self, sweeps: Sequence[Sweep], doors: SweepDoors) -> None:
        self._sweeps, self._doors = sweeps, doors
        self._faults: dict[str, int] = {}
        self._not_before_s: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until `stop`; a sweep under way is ended then, and its lease given back."""
        sweeping = asyncio.create_task(self._forever())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({sweeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        sweeping.cancel()
        await asyncio.wait({sweeping})
        if not sweeping.cancelled():
            sweeping.result()

    async def _forever(self) -> None:
        while True:
            for sweep in self._sweeps:
                if asyncio.get_running_loop().time() >= self._not_before_s.get(sweep.name, 0.0):
                    await self._looked_at(sweep)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _looked_at(self, sweep: Sweep) -> None:
        try:
            await self.sweep_if_due(sweep)
            self._faults[sweep.name] = 0
        except Exception as error:  # noqa: BLE001 - one sweep must not hold up the others; counted and logged here once
            self._faults[sweep.name] = faults = self._faults.get(sweep.name, 0) + 1
            after_s = pause_s(faults, most_s=RETRY_MOST_S)
            self._not_before_s[sweep.name] = asyncio.get_running_loop().time() + after_s
            level = self._doors.log.warning if isinstance(error, MotorcadeError) else self._doors.log.error
            level("sweep_retries", sweep=sweep.name, reason=told(error), after_s=round(after_s, 1))
            self._doors.metrics.count("motorcade_worker_faults_total", "sweep").add()

    async def sweep_if_due(self, sweep: Sweep) -> bool:
        """Do it if it is due and nobody else does it; whether it was done.

        Raises:
            TimeoutError: it took longer than its limit; it stays due.
        """
        leases, clock, name = self._doors.leases, self._doors.clock, f"sweep.{sweep.name}"
        began_ns = clock.now_ns()
        if not _is_due(await leases.done_at_ns(name), sweep, began_ns):
            return False
        lease = await leases.take(name, sweep.limit_s + MARGIN_S, began_ns)
        if lease is None:
            return False
        done_at_ns = lease.done_at_ns
        try:
            if not _is_due(done_at_ns, sweep, began_ns):  # another worker was quicker
                return False
            async with asyncio.timeout(sweep.limit_s):
                count = await sweep.run()
            crashpoint("worker.swept_not_noted")
            done_at_ns = began_ns
        finally:
            await leases.finish(lease, done_at_ns)
        self._doors.metrics.count("motorcade_worker_sweeps_total", sweep.name).add()
        if count:
            self._doors.log.info("swept", sweep=sweep.name, count=count)
        return True


def _is_due(done_at_ns: int, sweep: Sweep, now_ns: int) -> bool:
    """Whether its time has come round; a time in the future is from a clock that has been set back since."""
    return not 0 <= now_ns - done_at_ns < sweep.every_s * NS_PER_S


def job_for_each(queue: Queue, line: str, source: Callable[[], AsyncIterable[Vehicle]]) -> Callable[[], Awaitable[int]]:
    """What a sweep runs that asks for one job of a kind for each vehicle of a source; one waiting is enough."""

    async def run() -> int:
        added, batch = 0, list[Message]()
        async for org_id, vehicle_id in source():
            batch.append(Message(org_id, b"", vehicle_id))
            if len(batch) == MAX_SEND:
                added += await queue.send(line, batch)
                batch.clear()
        return added + await queue.send(line, batch)

    return run
