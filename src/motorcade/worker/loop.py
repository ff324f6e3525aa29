"""The worker: a line for each kind of job, the relay of the outbox, and the schedule of sweeps, side by side."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from structlog.stdlib import BoundLogger

from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.ports.notify import Channel
from motorcade.ports.queue import Queue
from motorcade.repositories.leases import Leases
from motorcade.repositories.outbox import Outbox
from motorcade.worker.job import JobKind, LineDoors
from motorcade.worker.jobs.deliver import delivery, line_of
from motorcade.worker.line import Line
from motorcade.worker.relay import Relay, RelayDoors
from motorcade.worker.sweeps import Schedule, Sweep, SweepDoors
from motorcade.worker.watchdog import LOOK_EVERY_S, Watchdog


@dataclass(frozen=True, slots=True)
class WorkerDoors:
    """What the room works through."""

    queue: Queue
    outbox: Outbox
    leases: Leases
    clock: Clock
    metrics: Metrics
    log: BoundLogger


class Worker:
    """Works until it is stopped. Any number of them may run at once."""

    def __init__(
        self, channels: Sequence[Channel], kinds: Sequence[JobKind], sweeps: Sequence[Sweep], doors: WorkerDoors
    ) -> None:
        """Bind the room.

        Args:
            channels: every way out; each gets a line of its own.
            kinds: every other kind of job.
            sweeps: what comes round by the clock.
            doors: what it works through.
        """
        self._log = doors.log
        line_doors = LineDoors(doors.queue, doors.clock, doors.metrics, doors.log)
        relay_doors = RelayDoors(doors.outbox, doors.leases, doors.queue, doors.clock, doors.metrics, doors.log)
        self._lines = [Line(kind, line_doors) for kind in (*map(delivery, channels), *kinds)]
        self._relay = Relay([line_of(channel) for channel in channels], relay_doors)
        self._schedule = Schedule(sweeps, SweepDoors(doors.leases, doors.clock, doors.metrics, doors.log))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; on return nothing is held any more."""
        self._log.info("worker_started", lines=len(self._lines))
        watchdog = Watchdog(self._log)
        watchdog.start()
        beating = asyncio.create_task(_beat(watchdog))
        try:
            async with asyncio.TaskGroup() as parts:
                parts.create_task(self._relay.run(stop))
                parts.create_task(self._schedule.run(stop))
                for line in self._lines:
                    parts.create_task(line.run(stop))
        finally:
            beating.cancel()
            watchdog.stop()
        self._log.info("worker_stopped")


async def _beat(watchdog: Watchdog) -> None:
    while True:
        watchdog.alive()
        await asyncio.sleep(LOOK_EVERY_S / 2)
