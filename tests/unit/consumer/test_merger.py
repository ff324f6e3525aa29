"""The merger: when it merges what, that damage is kept and told, and what is removed when."""

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from motorcade.consumer import merger as merger_module
from motorcade.consumer.merger import GRACE_NS, LITTER_AGE_NS, MOST_RUNS, worth_merging
from motorcade.domain.errors import Conflict, Unavailable
from motorcade.ports.archive import ArchiveObject, flush_name, flush_parts, merge_turn, merged_stem
from tests.contract.archive_words import DAY, NS_PER_S, ORG_ID, SPEED, car_id, random_records, said
from tests.flow.archive.rig import ArchiveHouse

SOME = ArchiveObject("n", "o", 1, 1, 1, "", 1, "", 0, 0, "a", "a", "r")


def runs(*rows: int) -> list[ArchiveObject]:
    return [replace(SOME, name=f"n{at}", run=f"r{at}", rows=count) for at, count in enumerate(rows)]


def chosen(objects: list[ArchiveObject], *, over: bool) -> list[int]:
    return [entry.rows for entry in worth_merging(objects, over=over)]


def test_few_runs_of_a_day_under_way_are_left_alone() -> None:
    assert chosen(runs(*[10] * (MOST_RUNS - 1)), over=False) == []
    assert chosen(runs(*[10] * MOST_RUNS), over=False) == [10] * MOST_RUNS


def test_a_run_far_larger_than_the_others_is_not_written_again() -> None:
    assert chosen(runs(1000, *[10] * MOST_RUNS), over=False) == [10] * MOST_RUNS
    assert chosen(runs(1000, 10, 20), over=True) == [10, 20]
    assert chosen(runs(1000, 10), over=True) == []
    assert chosen(runs(20, 10), over=True) == [10, 20]


def test_pieces_of_one_run_stay_together_and_damaged_ones_stay_out() -> None:
    pieces = [replace(entry, run="same") for entry in runs(10, 10, 10)]
    assert chosen(pieces, over=True) == []
    assert chosen([*pieces, replace(SOME, run="bad", rows=25, damaged=True)], over=True) == []
    assert sorted(chosen([*pieces, replace(SOME, run="good", rows=25)], over=True)) == [10, 10, 10, 25]


def test_names_say_who_made_them_and_others_say_nothing() -> None:
    flushed_name, merged_name = flush_name(ORG_ID, 24 * DAY + 7, 3, 99, 5), f"{merged_stem(ORG_ID, DAY, 12, 'ab')}.4"
    assert (flush_parts(flushed_name), merge_turn(flushed_name)) == ((3, 99, 5), None)
    assert (flush_parts(merged_name), merge_turn(merged_name)) == (None, 12)
    for foreign in ("notes", "a/b/07.p3.x.e5", "a/b/07.p.99.e5", "a/merged.x.y.0", "a/b/merged.1.y", "a/b/07.p3.99.f5"):
        assert (flush_parts(foreign), merge_turn(foreign)) == (None, None)


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[ArchiveHouse]:
    one = ArchiveHouse(data_dir, random.Random(1))
    yield one
    await one.close()


async def flushed(house: ArchiveHouse, count: int) -> None:
    """So many flushes of some records each."""
    for _ in range(count):
        house.stream.append(random_records(house.rng, 20))
        await house.archive_all()


async def test_flushes_become_one_run_and_their_rows_go(house: ArchiveHouse) -> None:
    await flushed(house, 5)
    before = await house.read()
    await house.merger().round()
    day = await house.manifest.day(ORG_ID, DAY)
    assert (len(day.objects), day.through) == (1, {0: 5})
    assert await house.manifest.flushes() == []
    assert await house.read() == before


async def test_a_flush_alone_moves_over_as_it_is(house: ArchiveHouse) -> None:
    await flushed(house, 1)
    names = await house.files.names()
    await house.merger().round()
    assert await house.files.names() == names
    assert [entry.name for entry in await house.listed()] == names


async def test_late_records_join_a_day_that_was_merged(house: ArchiveHouse) -> None:
    await flushed(house, 3)
    merger = house.merger()
    await merger.round()
    late = said(3, 5, {SPEED: 99.0}, received_s=9)
    house.stream.append([late])
    await house.archive_all()
    assert late in await house.read()
    await merger.round()
    assert late in await house.read()
    assert len(await house.read()) == 61


async def test_replaced_objects_stay_for_their_readers_and_are_removed_then(house: ArchiveHouse) -> None:
    await flushed(house, 3)
    reading = house.history()
    objects = await reading._objects(-(2**62), 2**62)
    merger = house.merger()
    await merger.round()
    await merger.sweep()
    assert len(await house.files.names()) == 4
    found = await house.files.vehicle(objects, car_id(1), -(2**62), 2**62)
    assert not found.gaps
    house.clock.skipped_s += GRACE_NS / NS_PER_S + 1
    assert await merger.sweep() == 3
    assert await house.files.names() == [entry.name for entry in await house.listed()]
    assert await merger.sweep() == 0


async def test_litter_goes_and_what_may_still_be_listed_stays(house: ArchiveHouse) -> None:
    await flushed(house, 1)
    archiver = house.archiver()
    await archiver.start()
    house.stream.append(random_records(house.rng, 5))
    archiver.gather(house.stream.entries[-1])
    pending = await archiver._write(archiver._gathered)
    house.clock.skipped_s += 2 * LITTER_AGE_NS / NS_PER_S
    await house.merger().sweep()
    assert {entry.name for entry in pending} <= set(await house.files.names())
    overtaking = house.archiver()
    await overtaking.start()
    house.clock.skipped_s = 0
    assert await house.merger().sweep() == 0  # a store that was put back may not list what counted
    house.clock.skipped_s = 2 * LITTER_AGE_NS / NS_PER_S
    assert await house.merger().sweep() == len(pending)
    assert not {entry.name for entry in pending} & set(await house.files.names())
    (house.folder / "archive" / "notes.parquet").write_bytes(b"somebody's")
    assert await house.merger().sweep() == 0  # not ours


async def test_a_merger_whose_turn_was_taken_commits_nothing(house: ArchiveHouse) -> None:
    await flushed(house, 3)
    before = await house.read()
    slow, quick = house.merger(), house.merger()

    async def overtaken(*args: object) -> object:
        merged = await house.files.merge(*args)  # type: ignore[arg-type]  # handed on
        await quick.round()
        return merged

    slow._archive = type("Slow", (), {"merge": staticmethod(overtaken)})()
    with pytest.raises(Conflict):
        await slow.round()
    assert await house.read() == before
    assert sum(entry.rows for entry in await house.listed()) == len(before)
    await quick.sweep()
    house.clock.skipped_s += 2 * LITTER_AGE_NS / NS_PER_S
    await quick.sweep()
    assert len(await house.files.names()) == 1


async def test_a_sweep_takes_the_turn_so_that_what_it_removes_is_never_listed(house: ArchiveHouse) -> None:
    await flushed(house, 3)
    before = await house.read()
    slow, sweeping = house.merger(), house.merger()

    async def swept(*args: object) -> object:
        merged = await house.files.merge(*args)  # type: ignore[arg-type]  # handed on
        house.clock.skipped_s += 2 * LITTER_AGE_NS / NS_PER_S
        assert await sweeping.sweep() == len(merged.objects)
        return merged

    slow._archive = type("Slow", (), {"merge": staticmethod(swept)})()
    with pytest.raises(Conflict):
        await slow.round()
    assert await house.read() == before


async def test_after_a_long_absence_flushes_are_merged_some_at_a_time(
    house: ArchiveHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merger_module, "MOST_FLUSHES", 3)
    await flushed(house, 10)
    before = await house.read()
    await house.merger().round()
    assert await house.manifest.flushes() == []
    assert (await house.manifest.day(ORG_ID, DAY)).through == {0: 10}
    assert await house.read() == before


async def test_an_older_store_may_be_put_back(house: ArchiveHouse) -> None:
    """Epochs, flush numbers and turns come again then; names do not, and the stream is archived anew."""
    await flushed(house, 2)
    await house.merger().round()
    await house.store.close()
    backup = (house.folder / "store.db").read_bytes()
    house.__post_init__()
    for _ in range(3):
        await flushed(house, 2)
        await house.merger().round()
    before = await house.read()
    await house.close()
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        (house.folder / name).unlink(missing_ok=True)
    (house.folder / "store.db").write_bytes(backup)
    house.__post_init__()
    assert len(await house.read()) == 40
    while await house.manifest.reached(0) != len(house.stream.entries):
        with contextlib.suppress(Unavailable):  # a name that is taken: the next epoch has another
            await house.archive_all()
    for _ in range(3):
        await house.merger().round()
    await house.merger().sweep()
    assert await house.read() == before
    house.clock.skipped_s += 2 * LITTER_AGE_NS / NS_PER_S
    await house.merger().sweep()
    assert await house.read() == before


async def test_a_damaged_object_is_kept_told_and_merged_no_more(house: ArchiveHouse) -> None:
    await flushed(house, 3)
    bad = (await house.manifest.flushes())[1].objects[0]
    path = house.folder / "archive" / f"{bad.name}.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0x40
    path.write_bytes(bytes(data))
    merger = house.merger()
    await merger.round()
    assert house.metrics.value("motorcade_archiver_damaged_objects_total") == 1
    day = await house.manifest.day(ORG_ID, DAY)
    assert {entry.name: entry.damaged for entry in day.objects}[bad.name]
    house.clock.skipped_s += 3 * 86_400
    await merger.round()
    await merger.sweep()
    assert path.exists()
    gaps = [gap.name async for found in house.history().fleet(-(2**62), 2**62) for gap in found.gaps]
    assert set(gaps) <= {bad.name}
    assert sum(entry.rows for entry in await house.listed()) == 60
