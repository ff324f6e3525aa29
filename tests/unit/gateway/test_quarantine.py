"""The quarantine's bounds: bytes, messages, vehicles; and no failure ends it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.keys_file import FileKeys, create_root_key
from motorcade.domain.ids import new_id
from motorcade.domain.vehicle import Claim
from motorcade.gateway.limits import Limits
from motorcade.gateway.protocols.tesla import Identity
from motorcade.gateway.quarantine import Quarantine, Quarantined
from motorcade.gateway.session import Session
from motorcade.gateway.wire import NoWire
from motorcade.observability.metrics import Metrics

KEPT, DROPPED = "motorcade_gateway_quarantined_total", "motorcade_gateway_quarantine_dropped_total"


def session() -> Session:
    return Session(Identity("", frozenset()), Claim(new_id(), new_id(), None, None), bytes(8), "", NoWire())


class Shelf:
    """Keeps what it is given, but fails as often as the test says."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.items: list[Quarantined] = []

    async def keep(self, item: Quarantined) -> None:
        if self.failures:
            self.failures -= 1
            raise ValueError("nothing that anybody expected")
        self.items.append(item)


@asynccontextmanager
async def quarantine(data_dir: Path, limits: Limits, shelf: Shelf) -> AsyncIterator[tuple[Quarantine, Metrics]]:
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
    shelf = Shelf(failures=2)
    async with quarantine(data_dir, Limits(), shelf) as (made, metrics):
        for _ in range(5):
            made.park(session(), "envelope", b"x")
    assert (len(shelf.items), metrics.value(KEPT), metrics.value(DROPPED)) == (3, 3, 2)
