"""The contract of `ports/stream.py`, on every adapter; written for the weakest engine.

A record may be stored twice and in another order, entries may be delivered again. What was reported durable is there.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from motorcade.domain.errors import Busy
from motorcade.ports.stream import BEGINNING, Entry, Stream, StreamWriter
from motorcade.wire.batch import encode_frame
from tests.contract.rigs import STREAMS, EmbeddedStream, Reports

SOURCE = bytes(range(40))
SOON_S = 20.0  # far longer than anything here takes, on a machine that others use too


@pytest.fixture(params=STREAMS)
def rig(request: pytest.FixtureRequest, data_dir: Path) -> EmbeddedStream:
    return STREAMS[request.param](data_dir)


@pytest.fixture
async def reader(rig: EmbeddedStream) -> AsyncIterator[Stream]:
    stream = rig.reader()
    yield stream
    await stream.close()


def frame(number: int, payload: bytes = b"") -> bytes:
    return encode_frame(SOURCE, number, 1, 0, (3, 4, 5), payload or b"%d" % number)


async def reported(reports: Reports, count: int) -> None:
    async with asyncio.timeout(SOON_S):
        while len(reports.durable) + len(reports.failed) < count:  # noqa: ASYNC110 - plain polling
            await asyncio.sleep(0.001)


async def append_all(rig: EmbeddedStream, numbers: range) -> Reports:
    """Append numbered records, wait until all are durable, and close the writer."""
    reports = Reports()
    writer = rig.writer(reports)
    for number in numbers:
        writer.append(frame(number), number)
    await writer.close()
    return reports


def fill(writer: StreamWriter, taken: list[int]) -> None:
    """Append megabytes until the writer refuses."""
    for number in range(1000):
        writer.append(frame(number, bytes(1024 * 1024)), number)
        taken.append(number)


async def read_all(reader: Stream, after: int = BEGINNING, limit: int = 100) -> list[Entry]:
    found: list[Entry] = []
    while entries := await reader.read(0, after, limit):
        found += entries
        after = entries[-1].position
    return found


def payloads(entries: list[Entry]) -> list[bytes]:
    return [record[-1] for entry in entries for record in entry.frames]


async def test_every_receipt_is_reported_exactly_once(rig: EmbeddedStream) -> None:
    reports = await append_all(rig, range(3000))
    assert sorted(reports.durable) == list(range(3000))  # type: ignore[type-var]  # they are numbers
    assert reports.failed == []


async def test_what_was_reported_durable_can_be_read(rig: EmbeddedStream, reader: Stream) -> None:
    await append_all(rig, range(500))
    assert set(payloads(await read_all(reader))) == {b"%d" % number for number in range(500)}


async def test_records_come_back_as_they_were_given(rig: EmbeddedStream, reader: Stream) -> None:
    await append_all(rig, range(7, 8))
    entries = await read_all(reader)
    assert entries[0].frames[0] == (SOURCE[:16], SOURCE[16:32], SOURCE[32:], 7, 1, 0, 3, 4, 5, b"7")
    assert entries[0].partition == 0
    assert abs(entries[0].appended_at_ns - rig.clock.now_ns()) < SOON_S * 1e9


async def test_records_outlive_writer_and_reader(rig: EmbeddedStream) -> None:
    for start in range(0, 300, 100):
        await append_all(rig, range(start, start + 100))
    again = rig.reader()
    assert set(payloads(await read_all(again))) == {b"%d" % number for number in range(300)}
    await again.close()


async def test_positions_of_fresh_entries_grow_also_over_restarts(rig: EmbeddedStream, reader: Stream) -> None:
    await append_all(rig, range(10))
    first_end = await reader.end(0)
    await append_all(rig, range(10, 20))
    assert BEGINNING < first_end < await reader.end(0)
    later = await read_all(reader, first_end)
    assert max(entry.position for entry in later) == await reader.end(0)


async def test_reading_goes_on_after_a_position_and_misses_nothing(rig: EmbeddedStream, reader: Stream) -> None:
    for start in range(0, 100, 10):
        await append_all(rig, range(start, start + 10))
    everything = await read_all(reader)
    for entry in everything:
        rest = await read_all(reader, entry.position, limit=2)
        expected = {one.position for one in everything if one.position > entry.position}
        assert expected <= {one.position for one in rest}


async def test_a_read_gives_no_more_fresh_entries_than_asked_for(rig: EmbeddedStream, reader: Stream) -> None:
    for start in range(5):
        await append_all(rig, range(start, start + 1))
    entries = await reader.read(0, BEGINNING, 3)
    assert 1 <= len({entry.position for entry in entries}) <= 3


async def test_an_empty_stream_has_no_entries_and_ends_at_its_beginning(rig: EmbeddedStream, reader: Stream) -> None:
    await append_all(rig, range(0))
    assert list(await reader.read(0, BEGINNING, 10)) == []
    assert await reader.end(0) == BEGINNING
    assert not await reader.wait(0, BEGINNING, 0.01)


async def test_waiting_ends_as_soon_as_there_is_an_entry(rig: EmbeddedStream, reader: Stream) -> None:
    reports = Reports()
    writer = rig.writer(reports)
    waiting = asyncio.create_task(reader.wait(0, BEGINNING, SOON_S))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    writer.append(frame(1), 1)
    async with asyncio.timeout(SOON_S / 2):
        assert await waiting
    await writer.close()


async def test_waiting_gives_up_after_its_time(rig: EmbeddedStream, reader: Stream) -> None:
    await append_all(rig, range(3))
    end = await reader.end(0)
    assert not await reader.wait(0, end, 0.03)
    assert await reader.wait(0, end - 1, 0.03)


async def test_reading_and_writing_go_on_side_by_side(rig: EmbeddedStream, reader: Stream) -> None:
    reports = Reports()
    writer = rig.writer(reports)
    seen: set[bytes] = set()
    after = BEGINNING
    async with asyncio.timeout(SOON_S):
        for start in range(0, 2000, 20):
            for number in range(start, start + 20):
                writer.append(frame(number), number)
            await asyncio.sleep(0.001)
            for entry in await reader.read(0, after, 10):
                seen |= {record[-1] for record in entry.frames}
                after = max(after, entry.position)
        await writer.close()
        seen |= set(payloads(await read_all(reader, after)))
    assert seen == {b"%d" % number for number in range(2000)}


async def test_a_full_queue_refuses_before_memory_grows(rig: EmbeddedStream, reader: Stream) -> None:
    reports = Reports()
    writer = rig.writer(reports)
    taken: list[int] = []
    with pytest.raises(Busy):
        fill(writer, taken)
    assert 0 < len(taken) < 200
    assert writer.queued_bytes <= 200 * 1024 * 1024
    await writer.close()
    assert sorted(reports.durable + reports.failed) == taken  # type: ignore[type-var]  # numbers
    assert reports.failed == []


async def test_after_a_full_queue_has_drained_appends_are_taken_again(rig: EmbeddedStream) -> None:
    reports = Reports()
    writer = rig.writer(reports)
    with pytest.raises(Busy):
        fill(writer, [])
    await reported(reports, 1)
    async with asyncio.timeout(SOON_S):
        while writer.queued_bytes > 0:  # noqa: ASYNC110 - plain polling
            await asyncio.sleep(0.005)
    writer.append(frame(5000), "after")
    await writer.close()
    assert "after" in reports.durable


async def test_a_stream_keeps_its_identity_over_restarts(rig: EmbeddedStream, reader: Stream) -> None:
    await append_all(rig, range(3))
    known = await reader.identity()
    await append_all(rig, range(3, 6))
    again = rig.reader()
    assert known
    assert await reader.identity() == await again.identity() == known
    await again.close()


async def test_two_streams_have_two_identities(data_dir: Path) -> None:
    known = set()
    for name in STREAMS:
        (data_dir / name).mkdir()
        other = STREAMS[name](data_dir / name)
        await append_all(other, range(1))
        reader = other.reader()
        known.add(await reader.identity())
        await reader.close()
    assert len(known) == len(STREAMS)
