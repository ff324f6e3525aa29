"""The rooms as child processes: kept running, and ended whatever they do."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.console import Console

from motorcade.app import children, supervisor
from motorcade.app.children import Child
from motorcade.app.preflight import FolderLock
from motorcade.app.settings import Settings
from motorcade.app.supervisor import Supervisor
from motorcade.domain.errors import Unavailable
from tests.conditions import free_port

STUBBORN = """#!/bin/sh
trap '' TERM INT
echo started
while true; do sleep 0.1; done
"""
CRASHING = """#!/bin/sh
echo '{"event": "[something] else"}'
echo 'motorcade: the stream is damaged'
exit 3
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "RESTART_FIRST_S", 0.05)


def room(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Let every room be this script."""
    file = folder / "room.sh"
    file.write_text(script)
    file.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(file))
    return file


@asynccontextmanager
async def started(folder: Path, said: list[str]) -> AsyncIterator[Child]:
    child = Child("gateway", folder / "gateway.log", said.append)
    await child.start()
    try:
        yield child
    finally:
        child.kill()
        await child.stop()


async def seen(said: list[str], words: str) -> None:
    await until(lambda: any(words in line for line in said))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)


async def test_a_room_that_cannot_be_started_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    script = room(tmp_path, monkeypatch, CRASHING)
    script.chmod(0o600)
    async with started(tmp_path, said) as child:
        await seen(said, "could not be started (Permission denied)")
        script.chmod(0o700)
        await seen(said, "ended with code 3")
        assert child.ends >= 2
        assert child.last_lines(1) == "motorcade: the stream is damaged"


async def test_a_room_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    room(tmp_path, monkeypatch, STUBBORN)
    async with started(tmp_path, said) as child:
        await written(child)
        await child.stop(0.3)
        assert child.process is not None
        assert child.process.returncode == -9
    assert said == ["gateway did not stop within 0 s and was killed"]


async def test_force_ends_a_stop_under_way_and_nothing_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    room(tmp_path, monkeypatch, STUBBORN)
    async with started(tmp_path, said) as child:
        await written(child)
        stopping = asyncio.create_task(child.stop(60))
        await asyncio.sleep(0.2)
        assert not stopping.done()
        child.kill()
        await asyncio.wait_for(stopping, 20)
    assert said == []


async def written(child: Child) -> None:
    await until(lambda: child.last_lines() != "")


def settings_of(folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        vehicle_port=free_port(),
        http_port=free_port(),
        gateway_metrics_port=0,
        consumer_metrics_port=0,
        worker_metrics_port=0,
        archiver_metrics_port=0,
        api_metrics_port=0,
        simulated_cars=0,
    )


async def test_a_room_that_crashes_before_all_is_ready_ends_the_start_with_its_last_words(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room(data_dir, monkeypatch, CRASHING)
    with pytest.raises(Unavailable, match=r"gateway ended \d times before all was ready.*the stream is damaged"):
        async with asyncio.timeout(30):
            await Supervisor(settings_of(data_dir), Console(quiet=True)).run()


async def interrupted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Supervisor, "asyncio.Task[None]"]:
    """A supervisor that was asked to stop, while none of its rooms wants to."""
    room(folder, monkeypatch, STUBBORN)
    running = Supervisor(settings_of(folder), Console(quiet=True))
    task = asyncio.create_task(running.run())
    await until(lambda: len(running._children) == len(supervisor.STOP_ORDER) - 1)
    for child in running._children:
        await written(child)
    running._interrupted()
    return running, task


async def test_a_second_interruption_does_not_wait_for_anybody(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running, task = await interrupted(data_dir, monkeypatch)
    await asyncio.sleep(0.5)
    assert not task.done()
    running._interrupted()
    await asyncio.wait_for(task, children.STOP_WITHIN_S - 1)


async def test_all_rooms_together_stop_within_a_limit(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_ALL_WITHIN_S", 0.5)
    _, task = await interrupted(data_dir, monkeypatch)
    await asyncio.wait_for(task, children.STOP_WITHIN_S - 1)


@pytest.mark.parametrize("killed", [True, False])
async def test_ports_of_a_killed_start_get_time_to_become_free(data_dir: Path, *, killed: bool) -> None:
    settings = settings_of(data_dir)
    (data_dir / "lock").write_text("12345" if killed else "")
    lock = FolderLock(data_dir / "lock")
    waiting = Supervisor(settings, Console(quiet=True))
    with socket.create_server(("127.0.0.1", settings.vehicle_port)):
        task = asyncio.create_task(waiting._ports_free(lock))
        if killed:
            await asyncio.sleep(0.6)
            assert not task.done()
        else:
            await asyncio.wait({task}, timeout=20)
    if killed:
        await asyncio.wait_for(task, 20)
    else:
        with pytest.raises(Unavailable, match="MOTORCADE_VEHICLE_PORT"):
            await task
    lock.release()
    assert (data_dir / "lock").read_bytes() == b"", "a clean end leaves no name"


async def test_after_a_killed_start_a_room_may_crash_until_its_predecessor_has_ended(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LEFT_OVER_S", 1.5)
    room(data_dir, monkeypatch, CRASHING)
    (data_dir / "run").mkdir()
    (data_dir / "run" / "lock").write_text("12345")
    began = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable, match="the stream is damaged"):
        await asyncio.wait_for(Supervisor(settings_of(data_dir), Console(quiet=True)).run(), 30)
    assert asyncio.get_running_loop().time() - began >= 1.5
