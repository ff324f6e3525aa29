"""A worker over real files in a test's folder, with whatever kinds, channels and sweeps the test brings."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from motorcade.adapters.embedded.queue_sqlite import SqliteQueue
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.ids import new_id
from motorcade.domain.tenant import SystemScope
from motorcade.observability.logs import get_logger
from motorcade.observability.metrics import Metrics
from motorcade.ports.notify import Channel, OutboxRow
from motorcade.ports.store import Put
from motorcade.repositories.inbox import Inbox
from motorcade.repositories.leases import Leases
from motorcade.repositories.outbox import Outbox, outbox_id, outbox_put
from motorcade.repositories.tables import ALL, ORGANISATIONS
from motorcade.worker.channels import InboxChannel
from motorcade.worker.job import JobKind
from motorcade.worker.loop import Worker, WorkerDoors
from motorcade.worker.sweeps import Sweep
from tests.contract.rigs import TestClock

SOON_S = 30.0  # on an idle machine everything here takes less than one
SCOPE = SystemScope("test")


def row(number: int, org_id: str = "org", kind: str = "alert_opened") -> OutboxRow:
    """A row of the outbox, the same for the same number."""
    number_bytes = number.to_bytes(8, "big")
    at_ns = 1_700_000_000_000_000_000 + number
    return OutboxRow(outbox_id(kind, org_id.encode(), number_bytes), org_id, kind, "vehicle", f"episode{number}", at_ns)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(SOON_S):
        while not holds():  # noqa: ASYNC110 - a test may poll
            await asyncio.sleep(0.01)


@dataclass
class Rig:
    """One installation's store and queue, and as many workers on it as a test starts."""

    folder: Path
    clock: TestClock = field(default_factory=TestClock)
    metrics: Metrics = field(default_factory=Metrics)
    queues: list[SqliteQueue] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = SqliteStore(self.folder / "store.db", self.clock, ALL)
        self.queue = self.open_queue()
        self.outbox = Outbox(SCOPE, self.store)

    def open_queue(self) -> SqliteQueue:
        """The queue as another process would open it."""
        self.queues.append(SqliteQueue(self.folder / "queue.db", self.clock))
        return self.queues[-1]

    def leases(self) -> Leases:
        """Leases of one more process."""
        return Leases(SCOPE, self.store, new_id())

    def inbox_channel(self) -> InboxChannel:
        """The channel into the inbox."""
        return InboxChannel(SCOPE, self.store, self.clock)

    def worker(
        self,
        channels: Sequence[Channel] = (),
        kinds: Sequence[JobKind] = (),
        sweeps: Sequence[Sweep] = (),
    ) -> Worker:
        """A worker with a queue of its own."""
        doors = WorkerDoors(
            self.open_queue(), self.outbox, self.leases(), self.clock, self.metrics, get_logger("test.worker")
        )
        return Worker(channels, kinds, sweeps, doors)

    async def add_organisations(self, *names: str) -> None:
        """Make organisations known."""
        await self.store.write([Put(ORGANISATIONS, "org", name, {"name": name}) for name in names])

    async def add(self, *rows: OutboxRow) -> None:
        """Write rows as the consumer does it: those that are not there, in one transaction."""
        for start in range(0, len(rows), 100):
            unseen = await self.outbox.unseen(rows[start : start + 100])
            await self.store.write([outbox_put(one) for one in unseen])

    async def inbox(self, org_id: str = "org") -> list[str]:
        """Ids of an organisation's inbox."""
        inbox, found, after = Inbox(SCOPE.acting_for(org_id), self.store), list[str](), None
        while True:
            page = await inbox.page(after, 1000)
            found += [entry.id for entry in page.entries]
            after = page.next
            if after is None:
                return found

    async def close(self) -> None:
        """Release all files."""
        for queue in self.queues:
            await queue.close()
        await self.store.close()


@contextlib.asynccontextmanager
async def running(*workers: Worker) -> AsyncIterator[asyncio.Event]:
    """Workers at work; stopped at the end, or by setting what this gives."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), SOON_S)
