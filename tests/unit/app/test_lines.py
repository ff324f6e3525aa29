"""The worker's lines at the command line, and what the worker says of a queue that was lost."""

import asyncio
from pathlib import Path

import pytest

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.queue_sqlite import SqliteQueue
from motorcade.app import compose, engine
from motorcade.app.lines import LINES, describe_lines, redrive_line
from motorcade.app.settings import Settings
from motorcade.domain.errors import Invalid
from motorcade.ports.queue import Message
from motorcade.worker.loop import Worker
from tests.conditions import free_port
from tests.flow.house import House


def settings_of(folder: Path) -> Settings:
    return Settings(data_dir=folder, worker_metrics_port=free_port())


async def test_lines_tell_what_waits_and_what_died_and_why(data_dir: Path) -> None:
    settings = settings_of(data_dir)
    queue = SqliteQueue(settings.queue_path, SystemClock())
    await queue.send("refold", [Message("org", b"", key) for key in ("a", "b", "c")])
    for held in await queue.receive("refold", 2, lease_s=60, per_group=2):
        await queue.bury(held, f"Invalid: no {held.message.key}")
    told = await describe_lines(settings)
    assert told[:2] == [f"{line}: 0 waiting, 0 under way, 0 dead" for line in ("deliver.inbox", "deliver.log")]
    assert told[2] == "refold: 1 waiting, 0 under way, 2 dead"
    assert [line.partition(": ")[2] for line in told[3:]] == [f"Invalid: no {key} (after 1 tries)" for key in "ba"]
    assert await redrive_line(settings, "refold") == 2
    assert (await describe_lines(settings))[2] == "refold: 3 waiting, 0 under way, 0 dead"
    await queue.close()
    with pytest.raises(Invalid, match="there is no line nothing"):
        await redrive_line(settings, "nothing")


async def test_the_lines_shown_are_those_that_the_worker_works_on(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await House(data_dir).claim([])
    monkeypatch.setattr(compose, "configure_logs", lambda **_: None)  # it would stay for the other tests
    worked: list[str] = []

    async def run(self: Worker, stop: asyncio.Event) -> None:
        worked.extend(line._kind.name for line in self._lines)

    monkeypatch.setattr(Worker, "run", run)
    await engine.worker_room(settings_of(data_dir), asyncio.Event())
    assert sorted(worked) == sorted(LINES)


async def test_a_queue_that_was_there_and_is_gone_is_told(data_dir: Path) -> None:
    house = House(data_dir)
    await house.claim([])
    house.start("worker")
    async with asyncio.timeout(60):
        while "worker_started" not in house.log("worker"):  # noqa: ASYNC110 - a test may poll
            await asyncio.sleep(0.1)
    assert await asyncio.to_thread(house.stop, "worker") == 0
    assert "queue_lost" not in house.log("worker")
    for name in ("queue.db", "queue.db-wal", "queue.db-shm"):
        (data_dir / name).unlink(missing_ok=True)
    house.start("worker")
    async with asyncio.timeout(60):
        while house.log("worker").count("worker_started") < 2:  # noqa: ASYNC110 - a test may poll
            await asyncio.sleep(0.1)
    assert await asyncio.to_thread(house.stop, "worker") == 0
    assert house.log("worker").count("queue_lost") == 1
