"""The real archiver process, killed at each of its crash points while records arrive: none is lost, none is doubled."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from motorcade.adapters.embedded.archive_files import FileArchive
from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.domain.tenant import SystemScope
from motorcade.ports.archive import Archived
from motorcade.repositories.history import LEAST_NS, MOST_NS, HistoryRepository
from motorcade.repositories.manifest import Manifest
from motorcade.repositories.tables import ALL
from motorcade.wire.batch import encode_frame
from tests.conditions import Proof, Scale
from tests.contract.archive_words import ORG_ID, car_id, random_records, truth
from tests.flow.crash_points import crash_points, dies_at
from tests.flow.house import House

HOURLY = "archiver.retired_removed"
"""Passed only an hour after a merge; `test_crashes.py` gets there by moving the clock."""
WITHIN_S = 40.0  # many times what a start and some flushes take, on a machine that others use too
RECORDS_AT_ONCE = 15


@dataclass
class HastyHouse(House):
    """A house whose archiver flushes and merges all the time."""

    @property
    def environment(self) -> dict[str, str]:
        hasty = {"MOTORCADE_ARCHIVE_FLUSH_S": "0.05", "MOTORCADE_ARCHIVE_MERGE_S": "0.2"}
        return {**super().environment, **hasty}


@dataclass
class Traffic:
    """Appends records until it is stopped."""

    path: Path
    records: list[Archived] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        rng, done = random.Random(5), asyncio.Event()
        writer = SqliteStreamWriter(self.path, SystemClock(), lambda _: done.set(), lambda *_: done.set())
        while not self.stop.is_set():
            fresh = random_records(rng, RECORDS_AT_ONCE)
            done.clear()
            for record in fresh:
                org, vehicle, link, seq, topic, flags, observed, received, effective, payload = record.frame
                times = (observed, received, effective)
                writer.append(encode_frame(org + vehicle + link, seq, topic, flags, times, payload), None)
            await done.wait()
            self.records += fresh
            await asyncio.sleep(0.03)
        await writer.close()


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[HastyHouse]:
    one = HastyHouse(data_dir)
    await one.claim([])
    yield one
    one.stop_all()


async def test_the_archiver_dies_at_every_point_and_loses_nothing(
    house: HastyHouse, scale: Scale, proof: Proof
) -> None:
    names = [name for name in crash_points("archiver") if name != HOURLY]
    assert len(names) >= 6
    traffic = Traffic(house.folder / "stream.db")
    running = asyncio.create_task(traffic.run())
    deaths = 0
    for number in range(1, scale.n(1, 8) + 1):
        for name in names:
            assert await dies_at(house, "archiver", f"{name}:{number}", WITHIN_S), f"{name} was not passed"
            deaths += 1
    traffic.stop.set()
    await running
    house.start("archiver")
    store = SqliteStore(house.folder / "store.db", SystemClock(), ALL)
    manifest = Manifest(SystemScope("test"), store)
    stream = SqliteStream(house.folder / "stream.db")
    end = await stream.end(0)
    async with asyncio.timeout(WITHIN_S):
        while await manifest.reached(0) != end or await manifest.flushes():  # noqa: ASYNC110 - another process's store
            await asyncio.sleep(0.05)
    assert house.stop("archiver") == 0
    archive = FileArchive(house.folder / "archive")
    history = HistoryRepository(SystemScope("test").acting_for(ORG_ID), manifest, archive)
    found = [found async for found in history.fleet(LEAST_NS, MOST_NS)]
    want = truth(traffic.records, None, LEAST_NS, MOST_NS)
    assert [record for one in found for record in one.records] == sorted(
        want, key=lambda one: (car_id(one.frame[1][0]), *one.turn)
    )
    _, days = await manifest.every()
    assert sum(entry.rows for day in days for entry in day.objects) == len(want)
    await stream.close()
    await store.close()
    proof("archiver-kills", count=deaths, result=f"{len(want)} records archived, 0 lost, 0 doubled")
