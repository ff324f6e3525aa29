"""The quarantine's bounds: bytes, messages, vehicles; and no failure ends it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.keys_file import FileKeys, create_root_key
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.errors import Unavailable
from motorcade.domain.ids import new_id
from motorcade.domain.tenant import SystemScope
from motorcade.domain.vehicle import Claim
from motorcade.gateway.limits import Limits
from motorcade.gateway.protocols.tesla import Identity
from motorcade.gateway.quarantine import PURPOSE, Quarantine
from motorcade.gateway.session import Session
from motorcade.gateway.wire import NoWire
from motorcade.observability.metrics import Metrics
from motorcade.repositories.quarantine import Quarantined, QuarantineRepository
from motorcade.repositories.tables import ALL, QUARANTINE

KEPT, DROPPED = "motorcade_gateway_quarantined_total", "motorcade_gateway_quarantine_dropped_total"


def session() -> Session:
    return Session(Identity("", frozenset()), Claim(new_id(), new_id(), None, None), bytes(8), "", NoWire())


class Shelf:
    """Keeps what it is given, but fails as often as the test says."""

    def __init__(self, failures: Sequence[Exception] = ()) -> None:
        self.failures = list(failures)
        self.items: list[Quarantined] = []
        self.batches: list[int] = []

    async def keep(self, items: Sequence[Quarantined]) -> None:
        self.batches.append(len(items))
        if self.failures:
            raise self.failures.pop(0)
        self.items += items


@asynccontextmanager
async def quarantine(
    data_dir: Path, limits: Limits, shelf: Shelf | QuarantineRepository
) -> AsyncIterator[tuple[Quarantine, Metrics]]:
    create_root_key(data_dir / "root.key")
    metrics = Metrics()
    made = Quarantine(limits, SystemClock(), metrics, FileKeys(data_dir / "root.key"), shelf.keep)
    made.start()
    try:
        yield made, metrics
    finally:
        await made.stop(5)


async def test_tiny_messages_are_charged_for_what_they_cost_to_keep(data_dir: Path) -> None:
    shelf = Shelf()
    async with quarantine(data_dir, Limits(quarantine_queue_bytes=10 * 513), shelf) as (made, metrics):
        for _ in range(1_000):
            made.park(session(), "envelope", b"x")
        assert metrics.value(DROPPED) == 990
    assert len(shelf.items) == metrics.value(KEPT) == 10


async def test_the_queue_and_the_vehicles_of_a_day_are_bounded(data_dir: Path) -> None:
    for limits in (Limits(quarantine_queue_messages=7), Limits(quarantine_vehicles=7)):
        shelf = Shelf()
        async with quarantine(data_dir, limits, shelf) as (made, metrics):
            for _ in range(100):
                made.park(session(), "envelope", b"x")
            assert metrics.value(DROPPED) == 93
        assert len(shelf.items) == 7
        (data_dir / "root.key").unlink()


async def test_room_comes_back_when_messages_are_written(data_dir: Path) -> None:
    shelf = Shelf()
    async with quarantine(data_dir, Limits(quarantine_queue_bytes=2 * 513), shelf) as (made, _metrics):
        for count in range(1, 6):
            made.park(session(), "envelope", b"x")
            async with asyncio.timeout(20):
                while len(shelf.items) < count:  # noqa: ASYNC110 - a test may poll
                    await asyncio.sleep(0.01)


async def test_an_unexpected_failure_costs_one_message_and_not_the_quarantine(data_dir: Path) -> None:
    shelf = Shelf([ValueError("one of them is bad"), ValueError("it is the first")])
    async with quarantine(data_dir, Limits(), shelf) as (made, metrics):
        for _ in range(5):
            made.park(session(), "envelope", b"x")
    assert shelf.batches == [5, 1, 1, 1, 1, 1]
    assert (len(shelf.items), metrics.value(KEPT), metrics.value(DROPPED)) == (4, 4, 1)


async def test_while_the_store_is_away_it_is_asked_once_for_a_batch(data_dir: Path) -> None:
    shelf = Shelf([Unavailable("the disk is away")])
    async with quarantine(data_dir, Limits(), shelf) as (made, metrics):
        for _ in range(5):
            made.park(session(), "envelope", b"x")
    assert shelf.batches == [5]
    assert (metrics.value(KEPT), metrics.value(DROPPED)) == (0, 5)


async def test_a_batch_is_bounded_in_messages_and_bytes(data_dir: Path) -> None:
    shelf = Shelf()
    async with quarantine(data_dir, Limits(quarantine_batch_messages=3), shelf) as (made, _metrics):
        for _ in range(7):
            made.park(session(), "envelope", b"x")
    assert shelf.batches == [3, 3, 1]
    (data_dir / "root.key").unlink()
    shelf = Shelf()
    async with quarantine(data_dir, Limits(quarantine_batch_bytes=2_000), shelf) as (made, _metrics):
        for _ in range(4):
            made.park(session(), "envelope", bytes(1_000))
    assert shelf.batches == [2, 2]


async def test_messages_are_kept_in_the_store_and_open_with_their_organisations_key(data_dir: Path) -> None:
    store = SqliteStore(data_dir / "store.db", SystemClock(), ALL)
    one, other = session(), session()
    async with quarantine(data_dir, Limits(), QuarantineRepository(SystemScope("test"), store)) as (made, metrics):
        for each, message in ((one, b"first"), (other, b"second"), (one, b"third")):
            made.park(each, "envelope", message)
    assert metrics.value(KEPT) == 3
    keys = FileKeys(data_dir / "root.key")
    items = (await store.scan(QUARANTINE)).items
    kept = {(item.pk, await keys.unseal(item.pk, PURPOSE, item.data["sealed"])) for item in items}
    assert kept == {
        (one.claim.org_id, b"first"),
        (other.claim.org_id, b"second"),
        (one.claim.org_id, b"third"),
    }
    await store.close()
