"""What the embedded stream promises beyond the contract: crashes, damage, a failing disk, one writer."""

import asyncio
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.domain.errors import Busy, Corrupt, CorruptEntry, Invalid, Trimmed, Unavailable
from motorcade.ports.stream import BEGINNING, Entry
from motorcade.wire.batch import encode_frame
from tests.conditions import Proof, Scale
from tests.contract.rigs import Reports, TestClock
from tests.unit.adapters.faults import killed, no_writing

SOURCE = bytes(range(40))
SOON_S = 20.0  # far longer than anything here takes, on a machine that others use too


def frame(number: int, payload: bytes = b"") -> bytes:
    return encode_frame(SOURCE, number, 1, 0, (3, 4, 5), payload or b"%d" % number)


def open_writer(path: Path, reports: Reports, limit_bytes: int = 1 << 24) -> SqliteStreamWriter:
    return SqliteStreamWriter(path, TestClock(), reports.on_durable, reports.on_failure, limit_bytes)


async def until(what: str, holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON_S):
        while not holds():  # noqa: ASYNC110 - plain polling shows nothing but the result
            await asyncio.sleep(0.002)
    assert holds(), what


async def append_one_by_one(path: Path, count: int, payload_bytes: int = 0) -> None:
    """One entry each."""
    reports = Reports()
    writer = open_writer(path, reports)
    for number in range(count):
        writer.append(frame(number, random.Random(number).randbytes(payload_bytes)), number)
        await until("durable", lambda wanted=number + 1: len(reports.durable) == wanted)  # type: ignore[misc]  # an int
    await writer.close()


async def read_all(reader: SqliteStream) -> tuple[list[Entry], list[int]]:
    """All entries, and the positions of those that are unreadable."""
    found: list[Entry] = []
    bad: list[int] = []
    after = BEGINNING
    while True:
        try:
            entries = await reader.read(0, after, 50)
        except CorruptEntry as error:
            bad.append(error.position)
            after = error.position
            if len(bad) > 1000:
                return found, bad
            continue
        if not entries:
            return found, bad
        found += entries
        after = entries[-1].position


# One writer.


async def test_a_second_writer_is_refused_and_the_first_goes_on(data_dir: Path) -> None:
    reports = Reports()
    first = open_writer(data_dir / "stream.db", reports)
    with pytest.raises(Unavailable, match="another gateway"):
        open_writer(data_dir / "stream.db", Reports())
    first.append(frame(1), 1)
    await first.close()
    assert reports.durable == [1]
    await open_writer(data_dir / "stream.db", Reports()).close()


async def test_a_closed_writer_takes_nothing(data_dir: Path) -> None:
    writer = open_writer(data_dir / "stream.db", Reports())
    await writer.close()
    await writer.close()
    with pytest.raises(Unavailable):
        writer.append(frame(1), 1)
    with pytest.raises(Unavailable):
        await writer.open_connections()


async def test_a_burst_becomes_few_entries(data_dir: Path) -> None:
    reports = Reports()
    writer = open_writer(data_dir / "stream.db", reports)
    for number in range(2500):
        writer.append(frame(number), number)
    await writer.close()
    reader = SqliteStream(data_dir / "stream.db")
    assert await reader.end(0) == 3  # no entry has more than a thousand records
    await reader.close()


# Crashes.


async def test_a_killed_writer_loses_nothing_that_it_reported(data_dir: Path, scale: Scale, proof: Proof) -> None:
    path = data_dir / "stream.db"
    reader = SqliteStream(path)
    reported: set[int] = set()
    kills = scale.n(6, 200)
    dice = random.Random(1)
    for _ in range(kills):
        first = max(reported, default=0) + 1
        words = ("tests.unit.adapters.appender", str(path), str(first))
        reported |= {int(line) for line in await asyncio.to_thread(killed, dice.random() * 0.1, *words)}
    entries, bad = await read_all(reader)
    stored = {int(record[-1]) for entry in entries for record in entry.frames}
    assert bad == []
    assert reported
    assert reported - stored == set()
    await reader.close()
    proof("killed-stream-writer", count=kills, result=f"0 of {len(reported)} records reported durable are missing")


# Damage.


async def test_flipped_bits_are_noticed_and_isolated(data_dir: Path, scale: Scale, proof: Proof) -> None:
    path = data_dir / "stream.db"
    count = 40
    await append_one_by_one(path, count, payload_bytes=1200)
    clean = SqliteStream(path)
    truth = {entry.position: entry.frames for entry in (await read_all(clean))[0]}
    await clean.close()
    content = path.read_bytes()
    dice = random.Random(2)
    lost: list[int] = []
    harmless = refused = 0
    trials = scale.n(300, 20_000)
    for trial in range(trials):
        folder = data_dir / f"{trial}"
        folder.mkdir()
        damaged = bytearray(content)
        damaged[dice.randrange(100, len(content))] ^= 1 << dice.randrange(8)
        (folder / "stream.db").write_bytes(damaged)
        reader = SqliteStream(folder / "stream.db")
        try:
            entries, bad = await read_all(reader)
        except Corrupt:
            refused += 1
        else:
            read = {entry.position: entry.frames for entry in entries}
            assert all(truth[position] == frames for position, frames in read.items())  # never wrong data
            missing = set(truth) - set(read)
            assert missing <= set(bad) or (await reader.end(0)) < max(truth)
            lost.append(len(missing))
            harmless += not missing
        await reader.close()
        shutil.rmtree(folder)
    assert sum(1 for one in lost if one > 1) + refused < trials * 0.1  # the page's own book-keeping was hit
    result = f"none gave wrong data; {harmless} hit unused bytes, {sum(one == 1 for one in lost)} cost one entry"
    proof("flipped-stream-bits", count=trials, result=result)


async def test_a_missing_entry_in_the_middle_is_damage_and_not_a_shorter_stream(data_dir: Path) -> None:
    path = data_dir / "stream.db"
    await append_one_by_one(path, 5)
    apsw.Connection(str(path)).execute("DELETE FROM entries WHERE position = 3")
    reader = SqliteStream(path)
    entries, bad = await read_all(reader)
    assert [entry.position for entry in entries] == [1, 2, 4, 5]
    assert bad == [3]
    await reader.close()


@pytest.mark.parametrize("content", [b"", b"x", b"not a database at all" * 1000, b"SQLite format 3\0" + bytes(5000)])
async def test_an_unreadable_file_is_refused_and_left_alone(data_dir: Path, content: bytes) -> None:
    path = data_dir / "stream.db"
    path.write_bytes(content)
    with pytest.raises(Corrupt):
        open_writer(path, Reports())
    with pytest.raises(Corrupt):
        await SqliteStream(path).end(0)
    assert path.read_bytes() == content


async def test_a_file_of_another_program_or_a_newer_one_is_refused(data_dir: Path) -> None:
    path = data_dir / "stream.db"
    apsw.Connection(str(path)).execute("CREATE TABLE notes(a)")
    with pytest.raises(Corrupt, match="another program"):
        open_writer(path, Reports())
    path.unlink()
    await append_one_by_one(path, 1)
    apsw.Connection(str(path)).execute("PRAGMA user_version=99")
    with pytest.raises(Invalid, match="newer"):
        open_writer(path, Reports())


async def test_a_reader_waits_for_a_file_that_is_not_there_and_never_makes_it(data_dir: Path) -> None:
    reader = SqliteStream(data_dir / "stream.db")
    with pytest.raises(Unavailable, match="not there yet"):
        await reader.read(0, BEGINNING, 1)
    assert list(await asyncio.to_thread(data_dir.iterdir)) == []
    await append_one_by_one(data_dir / "stream.db", 1)
    assert len(await reader.read(0, BEGINNING, 10)) == 1
    await reader.close()


async def test_wrong_questions_are_refused(data_dir: Path) -> None:
    reader = SqliteStream(data_dir / "stream.db")
    with pytest.raises(Invalid):
        await reader.read(1, BEGINNING, 1)
    with pytest.raises(Invalid):
        await reader.read(0, BEGINNING, 0)


# A failing disk.


async def test_a_full_disk_fails_appends_until_there_is_room_again(data_dir: Path) -> None:
    path = data_dir / "stream.db"
    reports = Reports()
    writer = open_writer(path, reports)
    writer.append(frame(0), 0)
    await until("durable", lambda: reports.durable == [0])
    connection = writer._file._connection
    assert connection is not None
    connection.pragma("max_page_count", 1)  # the engine says what it says when the disk is full
    writer.append(frame(1, random.Random(1).randbytes(100_000)), 1)
    await until("failed", lambda: reports.failed == [1])
    await until("room again: the new connection has no such limit", lambda: writer.accepting)
    writer.append(frame(2), 2)
    await writer.close()
    assert reports.durable == [0, 2]
    reader = SqliteStream(path)
    assert [record[3] for entry in (await read_all(reader))[0] for record in entry.frames] == [0, 2]
    await reader.close()


async def test_while_the_disk_fails_nothing_is_reported_durable_and_appends_are_refused(data_dir: Path) -> None:
    path = data_dir / "stream.db"
    reports = Reports()
    writer = open_writer(path, reports)
    writer.append(frame(0), 0)
    await until("durable", lambda: reports.durable == [0])
    with no_writing():
        writer.append(frame(1), 1)
        writer.connection_opened(b"12345678", SOURCE, 77, "epoch")
        await until("failed", lambda: reports.failed == [1])
        await asyncio.sleep(0.2)  # several looks whether it works again
        assert not writer.accepting
        with pytest.raises(Busy, match="tried again"):
            writer.append(frame(2), 2)
    await until("works again", lambda: writer.accepting)
    writer.append(frame(3), 3)
    await until("durable", lambda: reports.durable == [0, 3])
    assert [one.connection_id for one in await writer.open_connections()] == [b"12345678"]  # notes are not lost
    await writer.close()
    reader = SqliteStream(path)
    stored = [record[3] for entry in (await read_all(reader))[0] for record in entry.frames]
    assert [number for number in stored if number != 1] == [0, 3]  # 1 may have got through; nobody was told so
    await reader.close()


async def test_closing_during_a_failure_ends(data_dir: Path) -> None:
    reports = Reports()
    writer = open_writer(data_dir / "stream.db", reports)
    with no_writing():
        writer.append(frame(1), 1)
        async with asyncio.timeout(SOON_S):
            await writer.close()
    assert reports.failed == [1]


# Trimming.


async def test_trimming_removes_only_what_is_old_and_read_by_all(data_dir: Path) -> None:
    path = data_dir / "stream.db"
    await append_one_by_one(path, 10)
    writer = open_writer(path, Reports())
    reader = SqliteStream(path)
    future_ns = TestClock().now_ns() + 10**12
    assert await writer.trim(0, 10) == 0
    assert await writer.trim(future_ns, 4) == 4
    with pytest.raises(Trimmed) as trimmed:
        await reader.read(0, 2, 10)
    assert trimmed.value.oldest == 5
    with pytest.raises(Trimmed):
        await reader.read(0, BEGINNING, 10)
    assert [entry.position for entry in await reader.read(0, 4, 10)] == [5, 6, 7, 8, 9, 10]
    await writer.close()
    await reader.close()


async def test_the_newest_entry_always_stays_so_that_positions_go_on(data_dir: Path) -> None:
    path = data_dir / "stream.db"
    await append_one_by_one(path, 10)
    writer = open_writer(path, Reports())
    assert await writer.trim(TestClock().now_ns() + 10**12, 10) == 9
    await writer.close()
    await append_one_by_one(path, 1)
    reader = SqliteStream(path)
    assert await reader.end(0) == 11
    await reader.close()


async def test_trimming_many_entries_goes_in_steps_while_appends_go_on(data_dir: Path) -> None:
    path = data_dir / "stream.db"
    await append_one_by_one(path, 450)
    reports = Reports()
    writer = open_writer(path, reports)
    trimming = asyncio.create_task(writer.trim(TestClock().now_ns() + 10**12, 440))
    writer.append(frame(1), 1)
    assert await trimming == 440
    await writer.close()
    assert reports.durable == [1]


# Open connections.


async def test_open_connections_are_known_after_a_crash_and_closed_ones_are_not(data_dir: Path) -> None:
    path = data_dir / "stream.db"
    reports = Reports()
    writer = open_writer(path, reports)
    for number in range(3):
        writer.connection_opened(b"conn%04d" % number, SOURCE, 100 + number, "first")
    writer.epoch_seen("first", 500)
    writer.append(frame(1), 1)
    writer.connection_closed(b"conn0001")
    await writer.close()
    again = open_writer(path, Reports())
    left = await again.open_connections()
    assert [(one.connection_id, one.opened_at_ns, one.epoch, one.last_seen_ns) for one in left] == [
        (b"conn0000", 100, "first", 500),
        (b"conn0002", 102, "first", 500),
    ]
    assert {one.source for one in left} == {SOURCE}
    again.epoch_seen("second", 600)
    for one in left:
        again.append(frame(2), 2)
        again.connection_closed(one.connection_id)
    await again.close()
    third = open_writer(path, Reports())
    assert await third.open_connections() == []
    await third.close()


async def test_an_epoch_was_last_seen_at_its_latest_sign_of_life(data_dir: Path) -> None:
    writer = open_writer(data_dir / "stream.db", Reports())
    writer.connection_opened(b"12345678", SOURCE, 100, "one")
    writer.epoch_seen("one", 900)
    writer.epoch_seen("one", 800)
    writer.connection_opened(b"87654321", SOURCE, 200, "never seen")
    await writer.close()
    writer = open_writer(data_dir / "stream.db", Reports())
    assert [one.last_seen_ns for one in await writer.open_connections()] == [900, 200]
    await writer.close()
