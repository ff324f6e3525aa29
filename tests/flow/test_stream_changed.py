"""A stream that is damaged, lost or replaced: nothing is skipped, and nothing is left out without a word."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from motorcade.consumer import loop as consumer_loop
from motorcade.consumer import pipeline
from motorcade.consumer.context import Outcome, Work
from motorcade.consumer.memory import MAX_STATE_BYTES
from motorcade.domain.errors import Invalid
from motorcade.domain.ids import id_text
from motorcade.repositories.tables import DEAD_LETTERS, STATES
from tests.flow.consumer_rig import NOW_NS, ORG, SPEED, Consumers, data, random_data, vehicle
from tests.flow.house import House

SOON_S = 20.0
HEADER = 16
TEXT = 400
"""First number of signals from a later catalogue."""


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[Consumers]:
    consumers = Consumers.over(data_dir)
    yield consumers
    await consumers.close()


def overwrite(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_RDWR)
    os.pwrite(handle, content, 0)
    os.close(handle)


def lose(folder: Path) -> None:
    """Remove the stream, as somebody does who thinks that it will be made anew."""
    for part in folder.glob("stream.db*"):
        part.unlink()


async def test_a_damaged_file_is_waited_out_and_no_entry_is_passed_over(house: Consumers) -> None:
    await house.append(random_data(random.Random(1), 50))
    await (await house.start()).run_to_end()
    path = house.folder / "stream.db"
    reached = (await house.entries())[-1].position
    await house.append(random_data(random.Random(2), 20))
    good = path.read_bytes()[:HEADER]
    overwrite(path, bytes(HEADER))
    consumer = await house.start()
    consumer.loop.progress.retry_s = 0.05
    running = asyncio.create_task(consumer.loop.run())
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(0.3)
    assert asyncio.get_running_loop().time() - began < SOON_S, "the event loop turns meanwhile"
    assert await consumer.consumption.reached(0) == reached
    assert consumer.metrics.value("motorcade_consumer_corrupt_entries_total") == 0
    overwrite(path, good)
    async with asyncio.timeout(SOON_S):
        while consumer.counts.get("received", 0) < 70:  # noqa: ASYNC110 - a test may poll
            await asyncio.sleep(0.01)
    consumer.loop.stop()
    await running
    assert await consumer.consumption.reached(0) == (await house.entries())[-1].position


async def test_a_damaged_file_does_not_keep_the_consumer_from_stopping(house: Consumers) -> None:
    await house.append(random_data(random.Random(1), 20))
    overwrite(house.folder / "stream.db", bytes(HEADER))
    consumer = await house.start()
    running = asyncio.create_task(consumer.loop.run())
    await asyncio.sleep(0.1)
    consumer.loop.stop()
    await asyncio.wait_for(running, SOON_S)
    assert await consumer.consumption.reached(0) == 0


@pytest.mark.parametrize("new_entries", [0, 2, 50])
async def test_a_lost_stream_is_refused_however_long_the_new_one_is(house: Consumers, new_entries: int) -> None:
    await house.append(random_data(random.Random(1), 50))
    await (await house.start()).run_to_end()
    reached = await (await house.start()).consumption.reached(0)
    lose(house.folder)
    await house.append(random_data(random.Random(2), new_entries), entry=1)
    with pytest.raises(Invalid, match=r"stream\.db is not the one.*same backup.*motorcade reread"):
        await house.start()
    assert (await house.store.scan(STATES)).items, "nothing was thrown away"
    assert reached > 0


async def test_a_backup_older_than_the_checkpoint_is_refused(house: Consumers) -> None:
    await house.append(random_data(random.Random(1), 20))
    older = (house.folder / "stream.db").read_bytes()
    await house.append(random_data(random.Random(2), 20))
    await (await house.start()).run_to_end()
    lose(house.folder)
    (house.folder / "stream.db").write_bytes(older)
    with pytest.raises(Invalid, match="ends at entry 2, before the checkpoint"):
        await house.start()


async def test_a_stream_that_comes_back_shorter_ends_the_running_consumer(house: Consumers) -> None:
    await house.append(random_data(random.Random(1), 20))
    older = (house.folder / "stream.db").read_bytes()
    await house.append(random_data(random.Random(2), 20))
    consumer = await house.start()
    running = asyncio.create_task(consumer.loop.run())
    async with asyncio.timeout(SOON_S):
        while consumer.counts.get("received", 0) < 40:  # noqa: ASYNC110 - a test may poll
            await asyncio.sleep(0.01)
    await consumer.loop._doors.stream.close()
    lose(house.folder)
    (house.folder / "stream.db").write_bytes(older)
    with pytest.raises(Invalid, match="ends at entry 2"):
        await asyncio.wait_for(running, SOON_S)


async def test_a_consumer_may_start_before_there_is_a_stream(house: Consumers) -> None:
    consumer = await house.start()
    consumer.loop.progress.retry_s = 0.05
    running = asyncio.create_task(consumer.loop.run())
    await asyncio.sleep(0.1)
    await house.append([data(1, NOW_NS, {SPEED: 50.0})])
    async with asyncio.timeout(SOON_S):
        while not consumer.counts:  # noqa: ASYNC110 - a test may poll
            await asyncio.sleep(0.01)
    consumer.loop.stop()
    await running


async def test_trimming_asks_for_the_place_in_this_very_stream(house: Consumers) -> None:
    await house.append(random_data(random.Random(1), 20))
    consumer = await house.start()
    await consumer.run_to_end()
    identity = await house.stream().identity()
    assert await consumer.consumption.reached(0, identity) == await consumer.consumption.reached(0) == 2
    assert await consumer.consumption.reached(0, "another") == 0


async def test_the_remedy_that_the_refusal_names_works(data_dir: Path) -> None:
    running = House(data_dir)
    await running.claim([])
    consumers = Consumers.over(data_dir)
    try:
        await consumers.append(random_data(random.Random(1), 20))
        await (await consumers.start()).run_to_end()
        lose(data_dir)
        await consumers.append([data(1, NOW_NS, {SPEED: 50.0})])
        refused = await asyncio.to_thread(running.command, "consumer")
        assert refused.returncode == 1
        assert "motorcade reread" in refused.stderr
        assert "Traceback" not in refused.stderr
        done = await asyncio.to_thread(running.command, "reread")
        assert done.returncode == 0, done.stderr
        assert "entry 2" in done.stdout
        following = await consumers.start()
        await following.run_to_end()
        assert following.counts == {"received": 1, "applied": 1}
        assert len(await consumers.states()) == 3, "the vehicles' states are kept"
    finally:
        await consumers.close()


async def test_a_fault_of_a_step_costs_its_record_alone(house: Consumers, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(work: Work) -> Outcome:
        if work.frame[6] == NOW_NS + 1:
            raise KeyError("51.5, -0.12")
        return pipeline.run(work)

    monkeypatch.setattr(consumer_loop, "run", faulty)
    await house.append([data(1, NOW_NS + number, {SPEED: float(number)}) for number in range(3)])
    consumer = await house.start()
    await consumer.run_to_end()
    assert consumer.counts == {"received": 3, "applied": 2, "dead": 1}
    (letter,) = (await house.store.scan(DEAD_LETTERS)).items
    assert letter.data["reason"].startswith("a fault of this program: KeyError in faulty")
    assert "51.5" not in letter.data["reason"], "an unforeseen message may hold a place"


async def test_texts_without_end_leave_the_state_bounded_and_all_else_in_it(house: Consumers) -> None:
    await house.append([data(1, NOW_NS, {SPEED: 50.0}), data(2, NOW_NS, {SPEED: 60.0})])
    consumer = await house.start()
    for entry in await house.entries():
        consumer.loop.take(entry)
    fields = consumer.loop.memory.vehicles[id_text(ORG), id_text(vehicle(1))].fields
    fields.update({TEXT + number: (NOW_NS, 0, "x" * 60_000) for number in range(8)})
    await consumer.loop._commit()
    sizes = [len(item.data["snapshot"]) for item in (await house.store.scan(STATES)).items]
    assert len(sizes) == 2
    assert 100_000 < max(sizes) <= MAX_STATE_BYTES
    assert consumer.metrics.value("motorcade_consumer_readings_dropped_total") == 4
    assert fields[SPEED][2] == pytest.approx(50.0)
    following = await house.start()
    assert following.published(1).speed_kmh is not None
