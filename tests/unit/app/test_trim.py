"""The stream is trimmed again and again, whatever goes wrong meanwhile."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from motorcade.adapters.embedded.keys_file import create_root_key
from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.app import compose
from motorcade.app.settings import Settings
from motorcade.domain.errors import Trimmed
from motorcade.repositories.consumption import Consumption
from motorcade.repositories.manifest import Manifest
from motorcade.wire.batch import encode_frame

SOON_S = 20.0  # far longer than anything here takes, on a machine that others use too


async def test_a_trim_that_failed_is_tried_again(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compose, "TRIM_EVERY_S", 0.01)
    create_root_key(data_dir / "root.key")
    settings = Settings(data_dir=data_dir)
    (data_dir / "store.db").write_bytes(b"")  # as no run of ours leaves it: the store refuses to be used
    async with compose.open_house(settings, "gateway", None) as house:
        writer = SqliteStreamWriter(settings.stream_path, house.clock, lambda _: None, lambda _, error: None)
        task = asyncio.create_task(compose._trim(house, lambda: writer))
        await said(capsys, "stream_not_trimmed", 2)
        assert not task.done()
        (data_dir / "store.db").unlink()
        await said(capsys, "stream_trimmed", 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.close()


async def said(capsys: pytest.CaptureFixture[str], words: str, times: int) -> None:
    """Wait until it was logged so often."""
    found = 0
    async with asyncio.timeout(20):
        while found < times:
            await asyncio.sleep(0.01)
            found += capsys.readouterr().out.count(words)


async def test_nothing_is_trimmed_that_an_archiver_has_not_archived(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "TRIM_EVERY_S", 0.01)
    monkeypatch.setattr(compose, "NS_PER_H", 0)  # everything is past its retention
    create_root_key(data_dir / "root.key")
    settings = Settings(data_dir=data_dir)
    async with compose.open_house(settings, "gateway", None) as house:
        writer = await _writer_of(house, entries=4)
        stream, manifest = SqliteStream(settings.stream_path), Manifest(house.scope, house.store)
        consumption = Consumption(house.scope, house.store)
        assert await stream.end(0) == 4
        identity = await stream.identity()
        checkpoint = await consumption.take_over(0)
        await consumption.commit([], [], replace(checkpoint, position=4, read_from=4, stream=identity))
        place = await manifest.take_over(0)
        task = asyncio.create_task(compose._trim(house, lambda: writer))
        for archived in (0, 2, 3):
            place = await manifest.put(replace(place, position=archived, stream=identity), [], 0)
            await _until_left(stream, list(range(archived + 1, 5)))
        await manifest.put(replace(place, position=4, stream="another"), [], 0)
        await asyncio.sleep(0.2)
        assert await _left(stream) == [4]  # of this stream nothing is archived
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.close()
        await stream.close()


async def test_without_an_archiver_ever_the_consumer_alone_decides(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "TRIM_EVERY_S", 0.01)
    monkeypatch.setattr(compose, "NS_PER_H", 0)
    create_root_key(data_dir / "root.key")
    settings = Settings(data_dir=data_dir)
    async with compose.open_house(settings, "gateway", None) as house:
        writer = await _writer_of(house, entries=3)
        stream, consumption = SqliteStream(settings.stream_path), Consumption(house.scope, house.store)
        checkpoint = await consumption.take_over(0)
        await consumption.commit([], [], replace(checkpoint, position=2, read_from=2, stream=await stream.identity()))
        task = asyncio.create_task(compose._trim(house, lambda: writer))
        await _until_left(stream, [3])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.close()
        await stream.close()


async def _writer_of(house: compose.House, entries: int) -> SqliteStreamWriter:
    """A writer that has appended so many entries of one record."""
    durable = asyncio.Event()
    path = house.settings.stream_path
    writer = SqliteStreamWriter(path, house.clock, lambda _: durable.set(), lambda _, error: None)
    for number in range(entries):
        durable.clear()
        writer.append(encode_frame(bytes(40), number, 1, 0, (1, 1, 1), b""), None)
        await durable.wait()
    return writer


async def _left(stream: SqliteStream) -> list[int]:
    """Positions of the entries that are still there."""
    try:
        entries = await stream.read(0, 0, 100)
    except Trimmed as error:
        entries = await stream.read(0, error.oldest - 1, 100)
    return [entry.position for entry in entries]


async def _until_left(stream: SqliteStream, wanted: list[int]) -> None:
    """Wait for it, and see that it stays so."""
    async with asyncio.timeout(SOON_S):
        while await _left(stream) != wanted:  # noqa: ASYNC110 - the file is another connection's
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert await _left(stream) == wanted
