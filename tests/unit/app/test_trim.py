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
        await asyncio.sleep(0.2)
        assert not task.done()
        (data_dir / "store.db").unlink()
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.close()
    said = capsys.readouterr().out
    assert said.count("stream_not_trimmed") > 1
    assert "stream_trimmed" in said
