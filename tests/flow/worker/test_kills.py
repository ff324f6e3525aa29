"""The worker is killed at every named place of its code, again and again: nothing is lost, nothing shows twice."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.queue_sqlite import SqliteQueue
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.ids import id_text
from motorcade.domain.tenant import SystemScope
from motorcade.ports.notify import OutboxRow
from motorcade.ports.queue import Depth
from motorcade.repositories.inbox import Inbox
from motorcade.repositories.outbox import Outbox, outbox_id, outbox_put
from motorcade.repositories.tables import ALL, OUTBOX
from tests.conditions import Proof, Scale
from tests.flow.crash_points import crash_points, dies_at
from tests.flow.house import House

ALWAYS_PASSED = {
    "worker.sent_not_noted",
    "worker.noted",
    "worker.taken_not_worked",
    "worker.delivered_not_done",
    "worker.worked_not_settled",
    "worker.settled",
}
"""Places that every row passes, so that each of them must have killed."""
DIES_WITHIN_S, SELDOM_WITHIN_S = 20.0, 4.0
CHANNELS = ("log", "inbox")


@dataclass
class Writer:
    """Writes rows as the consumer does, and finds old ones again as a re-fold does."""

    store: SqliteStore
    org_id: str
    chance: random.Random
    rows: list[OutboxRow] = field(default_factory=list)

    async def write(self, end: asyncio.Event) -> None:
        outbox = Outbox(SystemScope("test"), self.store)
        while not end.is_set():
            fresh = [self._row(len(self.rows) + more) for more in range(self.chance.randrange(1, 4))]
            again = self.chance.sample(self.rows, min(2, len(self.rows)))
            unseen = await outbox.unseen([*again, *fresh])
            assert unseen == fresh, "a row that was written once is known for good"
            await self.store.write([outbox_put(row) for row in unseen])
            self.rows += fresh
            await asyncio.sleep(self.chance.uniform(0.01, 0.06))

    def _row(self, number: int) -> OutboxRow:
        made = outbox_id("alert_opened", number.to_bytes(8, "big"))
        return OutboxRow(
            made, self.org_id, "alert_opened", "vehicle", f"episode{number}", 1_700_000_000 * 10**9 + number
        )


async def test_kills_at_every_crash_point_lose_nothing_and_show_nothing_twice(
    data_dir: Path, scale: Scale, proof: Proof
) -> None:
    kills = scale.n(20, 150)
    seed = random.SystemRandom().getrandbits(32)
    chance = random.Random(seed)
    house, beside = House(data_dir), House(data_dir)
    await house.claim([])
    store = SqliteStore(data_dir / "store.db", SystemClock(), ALL)
    queue = SqliteQueue(data_dir / "queue.db", SystemClock())
    writer, end = Writer(store, house.org_id, chance), asyncio.Event()
    writing = asyncio.create_task(writer.write(end))
    died: Counter[str] = Counter()
    points = crash_points("worker")
    seldom = set(points) - ALWAYS_PASSED
    assert set(points) >= ALWAYS_PASSED
    try:
        while died.total() < kills:
            name = points[died.total() % len(points)]
            if died.total() % 5 == 4:  # a second worker beside it, for one life; it may have the relay
                name = "worker.*"
                beside.start("worker")
            within_s = SELDOM_WITHIN_S if name in seldom else DIES_WITHIN_S
            if await dies_at(house, "worker", f"{name}:{chance.randrange(1, 8)}", within_s):
                died[name] += 1
            else:
                words = house.log("worker")[-2000:]
                assert name in set(points) - ALWAYS_PASSED, f"{name} was not reached (seed {seed}):\n{words}"
                points.remove(name)
                house.kill("worker")
            beside.stop_all()
            assert not writing.done(), writing.exception()
        end.set()
        await writing
        house.start("worker")
        await _until_empty(queue)
        assert await asyncio.to_thread(house.stop, "worker") == 0
        await _check(house, writer, seed)
        assert set(died) >= ALWAYS_PASSED
        for channel in CHANNELS:
            assert await queue.dead(f"deliver.{channel}", 10) == []
    finally:
        end.set()
        house.stop_all()
        beside.stop_all()
        await asyncio.wait({writing})
        await queue.close()
        await store.close()
    result = f"{len(writer.rows)} rows: 0 lost, 0 twice in outbox or inbox"
    proof("worker-kills", count=died.total(), result=result)


async def _until_empty(queue: SqliteQueue) -> None:
    """Wait until nothing waits in any line, twice, so that the relay has had its turn between."""
    async with asyncio.timeout(120):
        for _ in range(2):
            await asyncio.sleep(5)  # longer than a killed relay's lease
            while any([await queue.depth(f"deliver.{name}") != Depth(0, 0, 0) for name in CHANNELS]):  # noqa: ASYNC110 - a test may poll
                await asyncio.sleep(0.1)


async def _check(house: House, writer: Writer, seed: int) -> None:
    wanted = sorted(id_text(row.id) for row in writer.rows)
    rows = [item for item in await _all(writer.store) if item[0] == house.org_id]
    assert sorted(sk for _, sk, _ in rows) == wanted, f"the outbox has other rows than were written (seed {seed})"
    assert all(handed_over for _, _, handed_over in rows), f"rows were left in the outbox (seed {seed})"
    inbox, shown, after = Inbox(SystemScope("test").acting_for(house.org_id), writer.store), list[str](), None
    while True:
        page = await inbox.page(after, 1000)
        shown += [entry.id for entry in page.entries]
        after = page.next
        if after is None:
            break
    assert sorted(shown) == wanted, f"the inbox differs from what was written (seed {seed})"
    lines = [json.loads(line) for line in house.log("worker").splitlines() if line.startswith("{")]
    told = Counter(line["id"] for line in lines if line["event"] == "told")
    assert set(told) == set(wanted), f"the log was told other rows than were written (seed {seed})"


async def _all(store: SqliteStore) -> list[tuple[str, str, bool]]:
    found: list[tuple[str, str, bool]] = []
    after: str | None = None
    while True:
        page = await store.scan(OUTBOX, after)
        found += [(item.pk, item.sk, "handed_over_at_ns" in item.data) for item in page.items]
        after = page.next
        if after is None:
            return found
