"""Damage to the stream's file as a whole is never taken for damage to single entries, nor read past the end."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from motorcade.adapters.embedded.stream_reader import MAX_READ_DECODED_BYTES, SqliteStream
from motorcade.domain.errors import Corrupt, CorruptEntry
from motorcade.ports.stream import BEGINNING
from motorcade.wire.batch import encode_frame
from tests.contract.rigs import EmbeddedStream, Reports

SOURCE = bytes(range(40))
COUNT = 50


async def fill(rig: EmbeddedStream, count: int, payload: bytes, records: int = 1) -> None:
    """So many entries of so many records, each payload repeated."""
    reports = Reports()
    writer = rig.writer(reports)
    for entry in range(count):
        for _ in range(records):
            writer.append(encode_frame(SOURCE, entry, 1, 0, (1, 1, 1), payload), entry)
        async with asyncio.timeout(20):
            while len(reports.durable) < (entry + 1) * records:  # noqa: ASYNC110 - plain polling
                await asyncio.sleep(0.001)
    await writer.close()


@pytest.fixture
async def rig(data_dir: Path) -> EmbeddedStream:
    stream = EmbeddedStream(data_dir)
    await fill(stream, COUNT, os.urandom(3000))
    return stream


@pytest.fixture
async def reader(rig: EmbeddedStream) -> AsyncIterator[SqliteStream]:
    stream = SqliteStream(rig.path)
    yield stream
    await stream.close()


def overwrite(path: Path, at: int, content: bytes) -> None:
    handle = os.open(path, os.O_RDWR)
    os.pwrite(handle, content, at)
    os.close(handle)


def root_page(path: Path) -> int:
    """Where the root page of the entries begins, in bytes."""
    connection = apsw.Connection(str(path))
    page = next(connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'entries'"))[0]
    size = connection.pragma("page_size")
    connection.close()
    assert isinstance(page, int)
    assert isinstance(size, int)
    return (page - 1) * size


@pytest.mark.parametrize("after", [BEGINNING, 20, COUNT, COUNT + 1])
@pytest.mark.parametrize("where", ["header", "root"])
async def test_a_file_that_cannot_be_read_at_all_names_no_entry(
    rig: EmbeddedStream, reader: SqliteStream, after: int, where: str
) -> None:
    overwrite(rig.path, 0 if where == "header" else root_page(rig.path), b"\xff" * 16)
    for _ in range(3):
        with pytest.raises(Corrupt) as raised:
            await reader.read(0, after, 64)
        assert not isinstance(raised.value, CorruptEntry)


async def test_a_file_made_whole_again_is_read_again(rig: EmbeddedStream, reader: SqliteStream) -> None:
    good = rig.path.read_bytes()[:16]
    overwrite(rig.path, 0, bytes(16))
    with pytest.raises(Corrupt):
        await reader.read(0, BEGINNING, 64)
    overwrite(rig.path, 0, good)
    assert [entry.position for entry in await reader.read(0, COUNT - 3, 64)] == [COUNT - 2, COUNT - 1, COUNT]


async def test_a_file_without_its_identity_says_so(rig: EmbeddedStream, reader: SqliteStream) -> None:
    connection = apsw.Connection(str(rig.path))
    connection.execute("DELETE FROM identity")
    connection.close()
    with pytest.raises(Corrupt, match="identity"):
        await reader.identity()


async def test_a_file_from_before_identities_gets_one_from_its_writer(
    rig: EmbeddedStream, reader: SqliteStream
) -> None:
    connection = apsw.Connection(str(rig.path))
    connection.execute("DROP TABLE identity")
    connection.close()
    await fill(rig, 1, b"x")
    assert await reader.identity()


async def test_a_read_of_very_repetitive_records_stays_small_in_memory(data_dir: Path) -> None:
    (data_dir / "other").mkdir()
    other = EmbeddedStream(data_dir / "other")
    await fill(other, 12, bytes(900_000), 2)
    reader = SqliteStream(other.path)
    after, reads = BEGINNING, 0
    while entries := await reader.read(0, after, 64):
        held = sum(len(frame[9]) for entry in entries for frame in entry.frames)
        assert held <= MAX_READ_DECODED_BYTES or len(entries) == 1
        after, reads = entries[-1].position, reads + 1
    assert after == await reader.end(0)
    assert reads > 1
    await reader.close()
