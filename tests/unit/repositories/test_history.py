"""The archive of one organisation, read through the manifest while it is written, merged and swept."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from motorcade.domain.ids import id_text
from motorcade.ports.archive import Ask, Found
from motorcade.repositories.history import LEAST_NS, MOST_NS
from tests.contract.archive_words import MIDNIGHT_NS, NS_PER_S, OTHER, SPEED, car_id, random_records, said, truth
from tests.flow.archive.rig import ArchiveHouse

EVER = (LEAST_NS, MOST_NS)


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[ArchiveHouse]:
    one = ArchiveHouse(data_dir, random.Random(1))
    yield one
    await one.close()


async def test_an_empty_archive_has_nothing_and_no_place(house: ArchiveHouse) -> None:
    history = house.history()
    assert await history.archived(0) is None
    assert await history.records(car_id(1), *EVER) == Found(car_id(1))
    assert await history.vehicles() == []
    assert [found async for found in history.fleet(*EVER)] == []
    assert (await history.series(Ask(car_id(1), SPEED, 0, 1))).points == []


async def test_an_organisation_reads_its_own_records_only(house: ArchiveHouse) -> None:
    house.stream.append([said(1, 1, {SPEED: 1.0}), said(1, 1, {SPEED: 2.0}, org=OTHER)])
    await house.archive_all()
    for merged in (False, True):
        if merged:
            await house.merger().round()
        for org_id, speed in ((None, 1.0), (id_text(OTHER), 2.0)):
            history = house.history(org_id) if org_id else house.history()
            assert len((await history.records(car_id(1), *EVER)).records) == 1
            series = await history.series(Ask(car_id(1), SPEED, MIDNIGHT_NS, MIDNIGHT_NS + 9 * NS_PER_S))
            assert [point.value for point in series.points] == [speed]
            assert await history.vehicles() == [car_id(1)]
    assert (await house.history(id_text(bytes(16))).records(car_id(1), *EVER)).records == []


async def test_ranges_over_days_merged_or_not(house: ArchiveHouse) -> None:
    records = random_records(random.Random(3), 300, hours=(0, 23, 24, 47, 24 * 500))
    for at in range(0, 300, 60):
        house.stream.append(records[at : at + 60])
        await house.archive_all()
        if at == 120:
            await house.merger().round()
    for begin_h, end_h in ((0, 24), (23, 25), (24, 48), (100, 24 * 499), (0, 24 * 501)):
        begin, end = (MIDNIGHT_NS + hour * 3600 * NS_PER_S for hour in (begin_h, end_h))
        found = await house.history().records(car_id(1), begin, end)
        assert (found.records, found.gaps) == (truth(records, 1, begin, end), [])
    found = await house.history().records(car_id(1), *EVER)
    assert found.records == truth(records, 1, *EVER)


async def test_a_copy_in_the_next_day_is_told_once(house: ArchiveHouse) -> None:
    first = said(1, 86_399, {SPEED: 1.0})
    frame = first.frame
    again = first._replace(frame=(*frame[:7], frame[7] + NS_PER_S, frame[8] + 2 * NS_PER_S, frame[9]))
    house.stream.append([first, again])
    await house.archive_all()
    await house.merger().round()
    assert len(await house.files.names()) == 2
    assert (await house.history().records(car_id(1), *EVER)).records == [first]
    midnight = MIDNIGHT_NS + 86_400 * NS_PER_S
    assert (await house.history().records(car_id(1), midnight, MOST_NS)).records == []


async def test_readers_see_every_record_once_while_objects_are_replaced_and_removed_under_them(
    house: ArchiveHouse,
) -> None:
    """Nobody waits for anybody: a merger replaces objects and a sweep removes them at once, without their grace."""
    records = random_records(random.Random(4), 400, cars=5)
    expected = sorted(truth(records, None, *EVER), key=lambda one: (car_id(one.frame[1][0]), *one.turn))
    for at in range(0, 400, 40):
        house.stream.append(records[at : at + 40])
        await house.archive_all()
    stop = asyncio.Event()

    async def disturb() -> None:
        merger = house.merger()
        while not stop.is_set():
            house.stream.append(records[:3])  # repetitions: what is told stays the same
            await house.archive_all()
            await merger.round()
            house.clock.skipped_s += 3601
            await merger.sweep()
            await asyncio.sleep(0)

    disturbing = asyncio.create_task(disturb())
    try:
        for _ in range(15):
            assert await house.read() == expected
            found = await house.history().records(car_id(2), *EVER)
            assert (found.records, found.gaps) == (truth(records, 2, *EVER), [])
    finally:
        stop.set()
        await disturbing


async def test_a_lost_object_is_a_gap_that_stays(house: ArchiveHouse) -> None:
    records = random_records(random.Random(5), 80)
    for at in (0, 40):
        house.stream.append(records[at : at + 40])
        await house.archive_all()
    lost = (await house.manifest.flushes())[0].objects[0]
    await house.files.remove([lost.name])
    found = await house.history().records(car_id(1), *EVER)
    assert found.records == truth(records[40:], 1, *EVER)
    assert [(gap.name, gap.missing) for gap in found.gaps] == [(lost.name, True)]
    assert [gap.name async for one in house.history().fleet(*EVER) for gap in one.gaps] == [lost.name]


def test_the_archive_works_in_a_plain_program(data_dir: Path) -> None:
    house = ArchiveHouse(data_dir, random.Random(1))
    house.stream.append([said(1, 1, {SPEED: 1.0})])
    asyncio.run(house.archive_all())
    found = asyncio.run(house.history().records(car_id(1), *EVER))
    assert len(found.records) == 1
    asyncio.run(house.close())
