"""Whatever dies, fails or overtakes whom: no record is lost from the archive, and none is there twice.

A run is a random sequence of appends, archiver and merger turns, take-overs, sweeps and skips of time. Store and
archive fail before and after they have done a thing, archiver and merger are killed at their crash points. After each
step the archive is compared with the plain truth: the records of the stream up to the archiver's place.
"""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from motorcade.consumer.archiver import Archiver, record_id_of
from motorcade.consumer.merger import Merger
from motorcade.domain.errors import Busy, Unavailable
from motorcade.domain.record import Flag
from motorcade.ports.archive import Archived
from tests.conditions import Proof, Scale
from tests.contract.archive_words import car_id, random_records, said, truth
from tests.flow.archive.rig import ArchiveHouse, Killed, dying

FOREVER = (-(2**62), 2**62)


def expected(records: list[Archived]) -> list[Archived]:
    kept = [record for record in records if not record.frame[5] & Flag.OUTSIDE_CLAIM]
    return sorted(truth(kept, None, *FOREVER), key=lambda one: (car_id(one.frame[1][0]), *one.turn))


class Run:
    """One random run."""

    def __init__(self, house: ArchiveHouse, seed: int) -> None:
        self.house, self.rng, self.repeats = house, random.Random(seed), bool(seed % 2)
        self.archivers: list[Archiver] = []
        self.mergers: list[Merger] = [house.merger()]
        self.flushes = 0

    def append(self) -> None:
        """A batch: fresh records of two days, repetitions, some outside their claim."""
        records = random_records(self.rng, self.rng.randrange(1, 30), cars=3, hours=(0, 23, 24))
        if self.repeats and self.house.stream.entries and self.rng.random() < 0.3:
            old = self.rng.choice(self.house.stream.entries).frames
            records += [said(1, 5, {4: 1.0}, received_s=self.rng.randrange(5, 900))]
            records += [record for record in self.records() if record.frame in old][:3]
        if self.rng.random() < 0.3:
            records.append(said(2, self.rng.randrange(9000), {4: 9.0}, flags=Flag.OUTSIDE_CLAIM))
        self.house.stream.append(records)

    def records(self, until: int | None = None) -> list[Archived]:
        entries = self.house.stream.entries[:until]
        return [Archived(record_id_of(frame), frame) for entry in entries for frame in entry.frames]

    async def survive(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Do something that may fail or die; false where it did."""
        try:
            await work()
        except (Killed, Unavailable, Busy):
            return False
        return True

    async def step(self) -> None:
        chance = self.rng.random()
        if chance < 0.3:
            self.append()
        elif chance < 0.65:
            await self.archive()
        elif chance < 0.85:
            await self.merge()
        elif chance < 0.95:
            await self.survive(self.rng.choice(self.mergers).sweep)
        else:
            self.house.clock.skipped_s += self.rng.choice([60, 3601, 86_400, 8 * 86_400])

    async def archive(self) -> None:
        """One of the archivers goes on, an overtaken one too, or a new one takes over."""
        if not self.archivers or self.rng.random() < 0.2:
            fresh = self.house.archiver()
            if await self.survive(fresh.start):
                self.archivers.append(fresh)
            return
        archiver = self.rng.choice(self.archivers[-2:])
        if await self.survive(archiver._once):
            self.flushes += 1
        else:
            self.archivers.remove(archiver)

    async def merge(self) -> None:
        if self.rng.random() < 0.2:
            self.mergers = [*self.mergers[-1:], self.house.merger()]
        await self.survive(self.rng.choice(self.mergers).round)

    async def check(self) -> None:
        odds, self.house.store.odds = self.house.store.odds, 0.0
        reached = await self.house.manifest.reached(0)
        assert await self.house.read() == expected(self.records(reached or 0))
        self.house.store.odds = odds


async def one_run(folder: Path, seed: int, steps: int) -> int:
    house = ArchiveHouse(folder, random.Random(seed))
    run = Run(house, seed)
    try:
        house.turn_unkind(0.05)
        with dying(run.rng, 0.05):
            for _ in range(steps):
                await run.step()
                await run.check()
        house.turn_unkind(0)
        await house.archive_all()
        merger = house.merger()
        for _ in range(2):
            house.clock.skipped_s += 3 * 86_400
            await merger.round()
            await merger.sweep()
        house.clock.skipped_s += 8 * 86_400
        await merger.sweep()
        await run.check()
        listed = await house.listed()
        assert sorted(await house.files.names()) == sorted(entry.name for entry in listed)
        copies = {(one.frame[0], one.record_id, one.frame[8] // (86_400 * 10**9)) for one in expected(run.records())}
        rows = sum(entry.rows for entry in listed)
        assert rows >= len(copies) if run.repeats else rows == len(copies)
        assert len(listed) <= 4  # two days, each at most one large run and one of what came late
    finally:
        await house.close()
    return run.flushes


async def test_nothing_is_lost_or_doubled(data_dir: Path, scale: Scale, proof: Proof) -> None:
    runs = scale.n(25, 600)
    flushes = 0
    for seed in range(runs):
        folder = data_dir / str(seed)
        folder.mkdir()
        flushes += await one_run(folder, seed, steps=30)
    assert flushes > runs
    proof("archive-crashes", count=runs, result="0 records lost, 0 doubled, 0 files left over")
