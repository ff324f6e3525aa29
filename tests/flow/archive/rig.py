"""Archivers and mergers in the test's own event loop, over a real stream, a real store and real files.

Everything they work through may fail on purpose, and they can be killed at their named crash points without taking the
test along: `dying` lets a point raise `Killed`, after which the test throws the object away and makes another.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from motorcade.adapters.embedded.archive_files import FileArchive
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.consumer import archiver as archiver_module
from motorcade.consumer import merger as merger_module
from motorcade.consumer.archiver import Archiver, ArchiverDoors
from motorcade.consumer.merger import Merger, MergerDoors
from motorcade.domain.errors import Unavailable
from motorcade.domain.tenant import SystemScope
from motorcade.observability.logs import get_logger
from motorcade.observability.metrics import Metrics
from motorcade.ports.archive import Archive, Archived, ArchiveObject
from motorcade.ports.store import Write
from motorcade.ports.stream import Entry
from motorcade.repositories.history import LEAST_NS, MOST_NS, HistoryRepository
from motorcade.repositories.manifest import Manifest
from motorcade.repositories.tables import ALL
from tests.contract.archive_words import ORG_ID, UnkindArchive
from tests.contract.rigs import TestClock


class Killed(BaseException):
    """What a crash point raises instead of ending the process."""


class UnkindStore(SqliteStore):
    """A store that sometimes does not answer: before a write, or after it was done."""

    rng = random.Random(0)
    odds = 0.0

    async def write(self, writes: Sequence[Write]) -> None:
        if self.rng.random() < self.odds:
            raise Unavailable("the store did not answer; nothing was written")
        await super().write(writes)
        if self.rng.random() < self.odds:
            raise Unavailable("the store did not answer; it was written all the same")


@dataclass
class MemoryStream:
    """A stream in memory, for tests that need thousands of starts: the port's meaning and no file."""

    entries: list[Entry] = field(default_factory=list)
    name: str = "stream"

    def append(self, records: Sequence[Archived]) -> None:
        position = len(self.entries) + 1
        self.entries.append(Entry(0, position, position * 10**9, [record.frame for record in records]))

    async def read(self, partition: int, after: int, limit: int) -> Sequence[Entry]:
        return self.entries[after : after + limit]

    async def wait(self, partition: int, after: int, timeout_s: float) -> bool:
        return len(self.entries) > after

    async def end(self, partition: int) -> int:
        return len(self.entries)

    async def identity(self) -> str:
        return self.name

    async def close(self) -> None:
        pass


@dataclass
class ArchiveHouse:
    """One folder with a store and an archive, and as many archivers and mergers over it as a test starts."""

    folder: Path
    rng: random.Random
    clock: TestClock = field(default_factory=TestClock)
    stream: MemoryStream = field(default_factory=MemoryStream)
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.store = UnkindStore(self.folder / "store.db", self.clock, ALL)
        self.store.rng = self.rng
        self.files = FileArchive(self.folder / "archive")
        self.archive: Archive = self.files
        self.manifest = Manifest(SystemScope("test"), self.store)

    def turn_unkind(self, odds: float) -> None:
        """From now on store and archive fail now and then; 0 = no more."""
        self.store.odds = odds
        self.archive = UnkindArchive(self.files, self.rng, odds) if odds else self.files

    def archiver(self) -> Archiver:
        log = get_logger("test")
        return Archiver(
            ArchiverDoors(self.stream, self.manifest, self.archive, self.clock, self.metrics, log), 0, flush_every_ns=0
        )

    def merger(self) -> Merger:
        return Merger(MergerDoors(self.manifest, self.archive, self.clock, self.metrics, get_logger("test")))

    def history(self, org_id: str = ORG_ID) -> HistoryRepository:
        return HistoryRepository(SystemScope("test").acting_for(org_id), self.manifest, self.files)

    async def archive_all(self) -> None:
        """Whatever the stream holds, in one flush more."""
        archiver = self.archiver()
        await archiver.start()
        while archiver.place.position < len(self.stream.entries):
            await archiver._once()

    async def read(self, org_id: str = ORG_ID) -> list[Archived]:
        """Everything, vehicle by vehicle."""
        found: list[Archived] = []
        async for one in self.history(org_id).fleet(LEAST_NS, MOST_NS):
            assert not one.gaps
            found += one.records
        return found

    async def listed(self) -> list[ArchiveObject]:
        """All objects that count."""
        flushes = await self.manifest.flushes()
        _, days = await self.manifest.every()
        covered = {(day.org_id, day.day): day for day in days}
        fresh = [
            entry
            for flush in flushes
            for entry in flush.objects
            if not ((day := covered.get((entry.org_id, entry.day))) and day.covers(flush))
        ]
        return [*fresh, *(entry for day in days for entry in day.objects)]

    async def close(self) -> None:
        await self.store.close()
        await self.files.close()


@contextmanager
def dying(rng: random.Random, odds: float) -> Iterator[None]:
    """Inside, each crash point kills with these odds."""

    def maybe(name: str) -> None:
        if rng.random() < odds:
            raise Killed(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archiver_module, "crashpoint", maybe)
        patch.setattr(merger_module, "crashpoint", maybe)
        yield
