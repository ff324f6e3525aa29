"""The archiver: what goes into the archive and what does not, when it flushes, and who may put."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from motorcade.consumer import archiver as archiver_module
from motorcade.consumer.archiver import Archiver
from motorcade.domain.errors import Conflict, CorruptEntry, Invalid, Trimmed, Unavailable
from motorcade.domain.ids import id_text
from motorcade.domain.record import Flag, Topic
from motorcade.ports.archive import Archived, Written
from motorcade.ports.stream import BEGINNING
from tests.contract.archive_words import NS_PER_S, ORG, ORG_ID, OTHER, SPEED, random_records, raw, said
from tests.flow.archive.rig import ArchiveHouse


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[ArchiveHouse]:
    one = ArchiveHouse(data_dir, random.Random(1))
    yield one
    await one.close()


async def started(house: ArchiveHouse, flush_every_s: float = 0.0) -> Archiver:
    archiver = house.archiver()
    archiver._flush_every_ns = int(flush_every_s * NS_PER_S)
    await archiver.start()
    return archiver


async def test_what_lies_outside_its_claim_is_never_archived_and_what_is_ancient_is(house: ArchiveHouse) -> None:
    kept = [said(1, 1, {SPEED: 1.0}, flags=Flag.ANCIENT), said(1, 2, {SPEED: 2.0}, flags=Flag.FUTURE)]
    house.stream.append([*kept, said(1, 3, {SPEED: 3.0}, flags=Flag.OUTSIDE_CLAIM)])
    await house.archive_all()
    assert await house.read() == kept
    assert (await house.manifest.places())[0].counts == {"archived": 2, "outside_claim": 1}


async def test_the_counts_add_up_to_the_records_of_the_stream(house: ArchiveHouse) -> None:
    records = random_records(random.Random(2), 100)
    house.stream.append([*records, *records[:7], raw(1, 1, b"", topic=Topic.HEARTBEAT)])
    await house.archive_all()
    counts = (await house.manifest.places())[0].counts
    assert sum(counts.values()) == 107
    assert counts["repeated"] >= 7


async def test_organisations_and_hours_get_objects_of_their_own(house: ArchiveHouse) -> None:
    house.stream.append([said(1, 10, {SPEED: 1.0}), said(1, 3700, {SPEED: 2.0}), said(1, 10, {SPEED: 3.0}, org=OTHER)])
    await house.archive_all()
    names = await house.files.names()
    assert sorted(name.split("/")[2] for name in names) == ["00.p0.1.e1", "00.p0.1.e1", "01.p0.1.e1"]
    assert {name.split("/")[0] for name in names} == {ORG_ID, id_text(OTHER)}
    assert [record.frame[0] for record in await house.read(id_text(OTHER))] == [OTHER]
    assert {record.frame[0] for record in await house.read()} == {ORG}


async def test_records_wait_for_the_interval_and_no_longer(house: ArchiveHouse) -> None:
    house.stream.append([said(1, 1, {SPEED: 1.0})])
    archiver = await started(house, flush_every_s=30)
    await archiver._once()
    assert await house.files.names() == []
    house.clock.skipped_s += 30
    await archiver._once()
    assert len(await house.read()) == 1


@pytest.mark.parametrize("limit", ["FLUSH_RECORDS", "FLUSH_BYTES", "FLUSH_OBJECTS"])
async def test_memory_is_bounded_by_flushing_early(
    house: ArchiveHouse, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(archiver_module, limit, 2)
    for at in range(6):
        house.stream.append([said(1, at * 3600, {SPEED: 1.0})])
    archiver = await started(house, flush_every_s=1e6)
    await archiver._once()
    assert (await house.manifest.places())[0].flush >= 3
    assert archiver._gathered.records < 2


async def test_heartbeats_alone_move_the_place_and_make_no_object(house: ArchiveHouse) -> None:
    house.stream.append([raw(1, 1, b"", topic=Topic.HEARTBEAT)])
    await house.archive_all()
    assert await house.manifest.reached(0) == 1
    assert await house.manifest.flushes() == []
    assert await house.files.names() == []


async def test_who_was_overtaken_puts_nothing(house: ArchiveHouse) -> None:
    house.stream.append([said(1, 1, {SPEED: 1.0})])
    old = await started(house)
    old.gather(house.stream.entries[0])
    new = await started(house)
    with pytest.raises(Conflict):
        await old.flush()
    assert await house.read() == []
    await new._once()
    assert len(await house.read()) == 1
    assert len(await house.files.names()) == 2  # the old one's is litter


async def test_a_stop_flushes_what_was_gathered(house: ArchiveHouse) -> None:
    house.stream.append([said(1, 1, {SPEED: 1.0})])
    archiver = await started(house, flush_every_s=1e6)
    await archiver._once()
    archiver.stop()
    await archiver.run()
    assert len(await house.read()) == 1


async def test_an_archive_without_an_answer_is_tried_again_under_a_new_epoch(house: ArchiveHouse) -> None:
    class Away(type(house.files)):  # type: ignore[misc]  # the class of a value
        async def write(self, name: str, records: list[Archived]) -> Written:
            raise Unavailable("no room")

    house.stream.append([said(1, 1, {SPEED: 1.0})])
    archiver = await started(house)
    doors, archiver._retry_s = archiver._doors, 0.0
    object.__setattr__(doors, "archive", Away(house.folder / "archive"))
    await archiver._guarded()
    assert (archiver.place.epoch, archiver.place.position, archiver._gathered.records) == (2, BEGINNING, 0)
    object.__setattr__(doors, "archive", house.files)
    await archiver._guarded()
    assert len(await house.read()) == 1


async def test_an_unreadable_entry_is_passed_over_and_counted(house: ArchiveHouse) -> None:
    class Torn(type(house.stream)):  # type: ignore[misc]  # the class of a value
        async def read(self, partition: int, after: int, limit: int) -> object:
            if after == 1:
                raise CorruptEntry(2, "torn")
            if after == 3:
                raise Trimmed(3, 5)
            return self.entries[after : after + 1]

    for at in range(5):
        house.stream.append([said(1, at, {SPEED: 1.0})])
    house.stream = Torn(house.stream.entries)
    archiver = await started(house)
    for _ in range(6):
        await archiver._guarded()
    assert await house.manifest.reached(0) == 5
    assert [record.frame[8] // NS_PER_S % 10 for record in await house.read()] == [0, 2, 4]
    assert house.metrics.value("motorcade_archiver_corrupt_entries_total") == 1
    assert house.metrics.value("motorcade_archiver_gaps_total") == 1


async def test_another_stream_is_refused_until_the_place_is_forgotten(house: ArchiveHouse) -> None:
    house.stream.append([said(1, 1, {SPEED: 1.0})])
    await house.archive_all()
    house.stream.name = "another"
    with pytest.raises(Invalid, match="reread"):
        await started(house)
    assert await house.manifest.reached(0, "another") == BEGINNING
    await house.manifest.forget(0)
    await house.archive_all()
    assert await house.manifest.reached(0, "another") == 1
    assert len(await house.read()) == 1  # archived twice, told once
    house.stream.entries.clear()
    with pytest.raises(Invalid, match="ends at entry 0"):
        await started(house)


async def test_a_payload_that_cannot_be_walked_is_archived_by_its_bytes(house: ArchiveHouse) -> None:
    bad = raw(1, 1, b"\x20\xff\xff\xff")
    house.stream.append([bad])
    await house.archive_all()
    assert await house.read() == [bad]
    assert house.metrics.value("motorcade_archiver_undecodable_total") == 1
