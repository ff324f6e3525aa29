"""A consumer that ends, however it ends, goes on where it was: nothing lost, nothing that matters done twice."""

import asyncio
import random
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tesla_protocol.telemetry.vehicle_data_pb2 import Payload

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.consumer.context import Outcome
from motorcade.domain.errors import Conflict, Corrupt
from motorcade.domain.ids import id_text
from motorcade.domain.record import Flag, Frame, Topic, raw_record_id
from motorcade.ports.store import ANY, Put
from motorcade.repositories.tables import CHECKPOINTS, DEAD_LETTERS, STATES
from motorcade.wire.tesla.encode import encode_vehicle_data
from tests.conditions import Scale
from tests.flow.consumer_rig import (
    NOW_NS,
    ODOMETER,
    ORG,
    SOC,
    SPEED,
    Consumer,
    Consumers,
    connection,
    data,
    random_data,
    record,
    vehicle,
)
from tests.flow.house import House

KM_PER_MILE = 1.609344
FACTORS = {SPEED: KM_PER_MILE, ODOMETER: KM_PER_MILE, SOC: 1.0}
ABSENT = -1000.0
Fold = dict[str, dict[int, float]]


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[Consumers]:
    consumers = Consumers.over(data_dir)
    yield consumers
    await consumers.close()


def naive_fold(frames: list[Frame]) -> Fold:
    """All vehicle data sorted by time, each value replacing the one before; decoded by the maker's own classes."""
    keyed = []
    for _, raw, _, _, topic, _, observed, _, effective, payload in frames:
        if topic == Topic.VEHICLE_DATA:
            tiebreak = int.from_bytes(raw_record_id(raw, topic, observed, payload)[:8], "big")
            keyed.append((effective, tiebreak, id_text(raw), payload))
    folded: Fold = {}
    for _, _, vehicle_id, payload in sorted(keyed):
        for datum in Payload.FromString(payload).data:
            value = ABSENT if datum.value.invalid else datum.value.double_value * FACTORS[int(datum.key)]
            folded.setdefault(vehicle_id, {})[int(datum.key)] = value
    return folded


async def check_states(house: Consumers) -> None:
    """What is committed equals the naive fold of everything in the stream."""
    kept = await house.states()
    wanted = naive_fold(await house.frames())
    assert set(kept) == set(wanted)
    for vehicle_id, snapshot in kept.items():
        got = {number: ABSENT if cell[2] is None else cell[2] for number, cell in snapshot.fields.items()}
        assert got == pytest.approx(wanted[vehicle_id], rel=1e-6)


def check_conservation(counts: dict[str, int]) -> None:
    assert counts["received"] == sum(counts.get(outcome, 0) for outcome in Outcome)


async def test_a_restart_goes_on_from_the_states_and_the_stream_s_tail(house: Consumers) -> None:
    rng = random.Random(1)
    await house.append(random_data(rng, 300))
    first = await house.start()
    await first.run_to_end()
    await check_states(house)
    await house.append(random_data(rng, 200))
    second = await house.start()
    assert second.loop._commits.checkpoint.position == first.loop.progress.position
    assert second.published(0).updated_at_ns > 0, "known vehicles are published before anything new is read"
    assert second.counts == first.counts
    await second.run_to_end()
    await check_states(house)
    assert second.counts["received"] == 500
    check_conservation(second.counts)


async def test_what_was_committed_and_not_published_is_published_by_the_next(house: Consumers) -> None:
    await house.append([data(1, NOW_NS, {SPEED: 50.0})])
    dying = await house.start()
    for entry in await house.entries():
        dying.loop.take(entry)
    await dying.loop._commit()
    assert not dying.bus._values, "it died before it published"
    following = await house.start()
    assert following.published(1).speed_kmh == (NOW_NS, 50.0)


async def test_what_was_published_and_not_committed_is_folded_again(house: Consumers) -> None:
    await house.append([data(1, NOW_NS, {SPEED: 50.0}), data(1, NOW_NS - 1, {SPEED: 60.0, SOC: 70.0})])
    dying = await house.start()
    for entry in await house.entries():
        dying.loop.take(entry)
    dying.loop._publish()
    following = await house.start()
    assert not following.bus._values
    await following.run_to_end()
    assert following.published(1) == dying.published(1)
    assert following.counts == {"received": 2, "applied": 2}


async def test_duplicates_across_a_restart_are_counted_and_change_nothing(house: Consumers) -> None:
    frames = random_data(random.Random(2), 60)
    await house.append(frames)
    await (await house.start()).run_to_end()
    before = {vehicle_id: snapshot.fields for vehicle_id, snapshot in (await house.states()).items()}
    await house.append(frames)
    second = await house.start()
    await second.run_to_end()
    assert {vehicle_id: snapshot.fields for vehicle_id, snapshot in (await house.states()).items()} == before
    assert second.counts == {"received": 120, "applied": 60, "duplicate": 60}


async def test_a_duplicate_that_the_ring_has_forgotten_is_harmless_too(house: Consumers) -> None:
    old = data(1, NOW_NS - 10**9, {SPEED: 10.0, SOC: 80.0})
    await house.append([old, *(data(1, NOW_NS + number, {SPEED: float(number)}) for number in range(100)), old])
    consumer = await house.start()
    await consumer.run_to_end()
    assert consumer.counts == {"received": 102, "applied": 102}
    await check_states(house)


@pytest.mark.parametrize("seed", range(3))
async def test_every_record_is_counted_once_whatever_the_stream_does(house: Consumers, seed: int) -> None:
    rng = house.rng = random.Random(seed)
    frames = random_data(rng, 200)
    frames += [data(0, NOW_NS, {SPEED: 1.0}, Flag.OUTSIDE_CLAIM) for _ in range(20)]
    frames += [data(1, NOW_NS - 8 * 86400 * 10**9 - n, {SPEED: 1.0}, Flag.ANCIENT) for n in range(20)]
    frames += [record(1, topic, NOW_NS, b"") for topic in (Topic.ALERTS, Topic.ERRORS, Topic.METRICS)]
    frames += [record(2, Topic.VEHICLE_DATA, NOW_NS + n, b"\x0a\x05ab") for n in range(5)]
    rng.shuffle(frames)
    await house.append(frames, faulty=True)
    consumer = await house.start(faulty=True)
    await consumer.run_to_end()
    stored = await house.frames()
    assert len(stored) > len(frames), "the writer has doubled some"
    counts = consumer.counts
    assert counts["received"] == len(stored), "a place in the stream counts once, however often it is delivered"
    check_conservation(counts)
    assert counts["duplicate"] > 0
    assert counts["late"] >= 20
    assert counts["filtered"] >= 2
    assert counts["outside_claim"] == sum(1 for frame in stored if frame[5] & Flag.OUTSIDE_CLAIM)
    assert counts["dead"] + counts["duplicate"] >= 5
    letters = (await house.store.scan(DEAD_LETTERS)).items
    assert len(letters) == counts["dead"]
    assert {(item.pk, item.data["payload"]) for item in letters} == {(id_text(ORG), b"\x0a\x05ab")}
    place = await house.store.get(CHECKPOINTS, "consumer", "0")
    assert place is not None
    assert place.data["counts"] == counts, "and so it is committed"


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10)
async def test_crashes_at_any_place_lead_to_the_same_states(
    seed: int, tmp_path_factory: pytest.TempPathFactory, scale: Scale
) -> None:
    house = Consumers.over(tmp_path_factory.mktemp("crash"))
    house.rng = rng = random.Random(seed)
    house.folder.chmod(0o700)
    try:
        await house.append(random_data(rng, 150), faulty=True)
        for _ in range(5):
            await crash(await house.start(faulty=True), rng)
        last = await house.start(faulty=True)
        await last.run_to_end()
        await check_states(house)
        assert last.counts["received"] == len(await house.frames())
        check_conservation(last.counts)
    finally:
        await house.close()


async def crash(consumer: Consumer, rng: random.Random) -> None:
    """Fold a stretch, commit now and then, and leave without a word."""
    loop = consumer.loop
    for _ in range(rng.randrange(4)):
        for entry in await loop._doors.stream.read(0, loop.progress.position, rng.randint(1, 4)):
            loop.take(entry)
            if rng.random() < 0.3:
                loop._publish()
        if rng.random() < 0.6:
            await loop._commit()


async def test_the_checkpoint_never_goes_back(house: Consumers) -> None:
    await house.append(random_data(random.Random(3), 50), entry=5)
    consumer = await house.start()
    everything = await house.entries()
    for entry in everything:
        consumer.loop.take(entry)
    consumer.loop.take(everything[0])
    await consumer.loop._commit()
    assert await consumer.consumption.reached(0) == everything[-1].position
    assert consumer.counts["received"] == 50


async def test_a_second_consumer_takes_over_and_the_first_stops_without_writing(house: Consumers) -> None:
    rng = random.Random(4)
    await house.append(random_data(rng, 100))
    first = await house.start()
    await first.run_to_end()
    await house.append(random_data(rng, 100))
    zombie, second = first, await house.start()
    for entry in (await house.entries())[-3:]:
        zombie.loop.take(entry)
    before = [(item.sk, item.version) for item in (await house.store.scan(STATES)).items]
    with pytest.raises(Conflict, match="taken over"):
        await zombie.loop._commit()
    assert [(item.sk, item.version) for item in (await house.store.scan(STATES)).items] == before
    await second.run_to_end()
    await check_states(house)
    assert second.counts["received"] == 200


async def test_a_running_consumer_ends_when_another_takes_over(house: Consumers) -> None:
    await house.append(random_data(random.Random(5), 20))
    first = await house.start()
    running = asyncio.create_task(first.loop.run())
    await asyncio.sleep(0.05)
    second = await house.start()
    await house.append(random_data(random.Random(6), 20))
    with pytest.raises(Conflict):
        await asyncio.wait_for(running, 10)
    await second.run_to_end()
    await check_states(house)


async def test_a_vehicle_that_changed_beside_us_ends_the_consumer_and_the_next_misses_nothing(
    house: Consumers,
) -> None:
    await house.append([data(1, NOW_NS, {SPEED: 50.0})])
    first = await house.start()
    await first.run_to_end()
    second = await house.start()
    reached = await second.consumption.reached(0)
    key = (id_text(ORG), id_text(vehicle(1)))
    item = await house.store.get(STATES, *key)
    assert item is not None
    await house.store.write([Put(STATES, *key, item.data, ANY)])  # its version moves on
    await house.append([data(1, NOW_NS + 1, {SPEED: 60.0}), data(2, NOW_NS, {SPEED: 7.0})], entry=1)
    with pytest.raises(Conflict, match="beside"):
        await second.run_to_end()
    assert await second.consumption.reached(0) == reached
    third = await house.start()
    await third.run_to_end()
    await check_states(house)
    assert third.counts["received"] == 3


async def test_an_unreadable_state_keeps_the_consumer_from_starting(house: Consumers) -> None:
    await house.append([data(1, NOW_NS, {SPEED: 50.0})])
    await (await house.start()).run_to_end()
    await house.store.write([Put(STATES, id_text(ORG), id_text(vehicle(1)), {"snapshot": b"\x01\xff\xff"}, ANY)])
    with pytest.raises(Corrupt, match=f"vehicle {id_text(vehicle(1))}.*backup"):
        await house.start()
    item = await house.store.get(STATES, id_text(ORG), id_text(vehicle(1)))
    assert item is not None
    assert item.data["snapshot"] == b"\x01\xff\xff", "it is left as it is"


async def test_the_process_says_which_state_it_cannot_read(data_dir: Path) -> None:
    running = House(data_dir)
    await running.claim([])
    consumers = Consumers.over(data_dir)
    try:
        await consumers.store.write([Put(STATES, id_text(ORG), id_text(vehicle(1)), {"snapshot": b"\x09"}, ANY)])
    finally:
        await consumers.close()
    done = await asyncio.to_thread(running.command, "consumer")
    assert done.returncode == 1
    assert f"vehicle {id_text(vehicle(1))}" in done.stderr
    assert "backup" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_trimmed_stretch_is_said_and_passed(house: Consumers) -> None:
    await house.append(random_data(random.Random(7), 40))
    await (await house.start()).run_to_end()
    await house.append(random_data(random.Random(8), 40))
    writer = SqliteStreamWriter(
        house.folder / "stream.db", SystemClock(), lambda _: None, lambda _, error: pytest.fail(str(error))
    )
    end = (await house.entries())[-1].position
    await writer.trim(SystemClock().now_ns() + 1, end - 1)
    await writer.close()
    following = await house.start()
    await following.run_to_end()
    assert following.metrics.value("motorcade_consumer_gaps_total") == 1
    assert following.loop.progress.position == end
    assert following.counts["received"] == 50, "forty from before the gap, and the newest entry"
    check_conservation(following.counts)


async def test_a_damaged_entry_is_passed_alone_and_counted(house: Consumers) -> None:
    await house.append(random_data(random.Random(9), 50))
    everything = await house.entries()
    spoiled = everything[2].position
    damage(house.folder / "stream.db", spoiled)
    consumer = await house.start()
    await consumer.run_to_end(everything[-1].position)
    assert consumer.metrics.value("motorcade_consumer_corrupt_entries_total") == 1
    assert consumer.counts["received"] == 50 - len(everything[2].frames)
    assert await consumer.consumption.reached(0) == everything[-1].position
    check_conservation(consumer.counts)


def damage(path: Path, position: int) -> None:
    """Flip one bit of an entry's body, as a bad disk does."""
    connection = apsw.Connection(str(path))
    (body,) = next(connection.execute("SELECT body FROM entries WHERE position = ?", (position,)))
    at = zlib.crc32(body) % len(body)
    spoiled = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    connection.execute("UPDATE entries SET body = ? WHERE position = ?", (spoiled, position))
    connection.close()


CONNECTION, OTHER = "00000000000000aa", "00000000000000bb"


@pytest.mark.parametrize("opened_first", [True, False])
@pytest.mark.parametrize("restart_between", [True, False])
async def test_closed_wins_in_any_order_also_over_a_restart(
    house: Consumers, opened_first: bool, restart_between: bool
) -> None:
    reports = [connection(1, CONNECTION, NOW_NS, is_open=True), connection(1, CONNECTION, NOW_NS + 5, is_open=False)]
    if not opened_first:
        reports.reverse()
    await house.append(reports[:1])
    if restart_between:
        first = await house.start()
        await first.run_to_end()
        assert first.published(1).online == opened_first
    await house.append(reports[1:])
    second = await house.start()
    await second.run_to_end()
    assert not second.published(1).online
    assert second.published(1).online_changed_at_ns == NOW_NS + 5
    await house.append([connection(1, OTHER, NOW_NS + 6, is_open=True)])
    third = await house.start()
    await third.run_to_end()
    assert third.published(1).open_connections == 1, "another connection is another matter"


async def test_a_car_s_own_word_about_connections_changes_nothing(house: Consumers) -> None:
    own = record(1, Topic.CONNECTIVITY, NOW_NS, b"\x12\x02aa\x20\x01")
    await house.append([own, data(1, NOW_NS, {SPEED: 1.0})])
    consumer = await house.start()
    await consumer.run_to_end()
    assert not consumer.published(1).online
    assert consumer.counts == {"received": 2, "filtered": 1, "applied": 1}


async def test_bad_records_of_many_vehicles_stop_the_partition_and_none_is_lost(house: Consumers) -> None:
    bad = [record(number, Topic.VEHICLE_DATA, NOW_NS, b"\x0a\x05ab") for number in range(3)]
    await house.append(bad)
    await house.append([data(5, NOW_NS, {SPEED: 50.0})])
    consumer = await house.start()
    running = asyncio.create_task(consumer.loop.run())
    async with asyncio.timeout(10):
        while not consumer.metrics.value("motorcade_consumer_braked_total"):  # noqa: ASYNC110 - a test may poll
            await asyncio.sleep(0.01)
        while len((await house.store.scan(DEAD_LETTERS)).items) < 3:  # noqa: ASYNC110 - a test may poll
            await asyncio.sleep(0.01)
    braked_at = consumer.loop.progress.position
    await asyncio.sleep(0.2)
    assert consumer.loop.progress.position == braked_at
    consumer.loop.stop()
    await running
    following = await house.start()
    await following.run_to_end()
    assert following.counts == {"received": 4, "dead": 3, "applied": 1}
    assert encode_vehicle_data({SPEED: 50.0}, NOW_NS) in {frame[9] for frame in await house.frames()}
