"""Logs of the rooms are bounded, private, and their end is read without reading the rest."""

import asyncio
from pathlib import Path

import pytest

from motorcade.app import log_file
from motorcade.app.log_file import LogFile


async def test_a_log_that_a_room_still_writes_is_kept_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LOG_BYTES_MOST", 10_000)
    monkeypatch.setattr(log_file, "LOOK_EVERY_S", 0.01)
    log = LogFile(tmp_path / "gateway.log")
    watching = asyncio.create_task(log.watch())
    with log.open() as room:
        for number in range(400):
            room.write(f"line {number:04} {'x' * 90}\n".encode())
            room.flush()
            await asyncio.sleep(0.001)
    async with asyncio.timeout(20):
        while log.path.stat().st_size > 10_000:  # noqa: ASYNC110 - the watcher sets no event
            await asyncio.sleep(0.01)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    sizes = sizes_in(tmp_path)
    assert sizes.keys() == {"gateway.log", "gateway.log.1"}
    assert sizes["gateway.log.1"] == 10_000
    assert sizes["gateway.log"] <= 10_000
    assert b"\0" not in log.path.read_bytes(), "the room's handle appends where the file now ends"
    assert "line 0399" in log.last_lines(1) + (tmp_path / "gateway.log.1").read_text()


def sizes_in(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in folder.iterdir()}


def test_logs_are_for_their_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LOG_BYTES_MOST", 3)
    old = tmp_path / "api.log"
    old.write_text("of an earlier version")
    old.chmod(0o644)
    log = LogFile(old)
    log.open().close()
    log.turn()
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "content, end", [("", ""), ("one\n", "one"), ("a\nb\nc\n\n", "b\nc"), ("é" * 9_000, "é" * 4_096)]
)
def test_the_end_of_a_log(tmp_path: Path, content: str, end: str) -> None:
    (tmp_path / "x.log").write_text(content)
    assert LogFile(tmp_path / "x.log").last_lines(2) == end


def test_a_log_that_is_not_there_has_no_end(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.log")
    log.turn()
    assert log.last_lines(1) == ""
