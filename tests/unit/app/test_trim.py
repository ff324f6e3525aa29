"""The stream is trimmed again and again, whatever goes wrong meanwhile."""

import asyncio
from pathlib import Path

import pytest

from motorcade.adapters.embedded.keys_file import create_root_key
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.app import compose
from motorcade.app.settings import Settings


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
