"""Sweeps: when they are due, by one worker at a time, and again when they failed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from motorcade.domain.errors import Unavailable
from motorcade.ports.queue import Depth
from motorcade.worker import sweeps
from motorcade.worker.sweeps import Schedule, Sweep, SweepDoors, Vehicle, job_for_each
from tests.unit.worker.rig import Rig, running, until

HOUR_S = 3600.0


def schedule(rig: Rig, *planned: Sweep) -> Schedule:
    from motorcade.observability.logs import get_logger

    return Schedule(planned, SweepDoors(rig.leases(), rig.clock, rig.metrics, get_logger("test.sweeps")))


class Counted:
    """A sweep's work that a test counts, and lets fail or wait."""

    def __init__(self) -> None:
        self.runs = 0
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def __call__(self) -> int:
        self.runs += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return 3


async def test_a_sweep_runs_at_once_the_first_time_and_then_when_its_time_has_come_round(rig: Rig) -> None:
    work = Counted()
    sweep = Sweep("hourly", HOUR_S, work)
    mine = schedule(rig, sweep)
    assert await mine.sweep_if_due(sweep)
    assert not await mine.sweep_if_due(sweep)
    rig.clock.skipped_s += HOUR_S - 10
    assert not await mine.sweep_if_due(sweep)
    rig.clock.skipped_s += 10
    assert await mine.sweep_if_due(sweep)
    assert work.runs == 2


async def test_a_restart_and_another_worker_know_when_it_was_done(rig: Rig) -> None:
    work = Counted()
    sweep = Sweep("hourly", HOUR_S, work)
    assert await schedule(rig, sweep).sweep_if_due(sweep)
    assert not await schedule(rig, sweep).sweep_if_due(sweep)
    assert work.runs == 1


async def test_of_two_workers_one_sweeps_at_a_time(rig: Rig) -> None:
    work = Counted()
    work.gate = asyncio.Event()
    sweep = Sweep("slow", HOUR_S, work)
    first = asyncio.create_task(schedule(rig, sweep).sweep_if_due(sweep))
    await until(lambda: work.runs == 1)
    assert not await schedule(rig, sweep).sweep_if_due(sweep)
    work.gate.set()
    assert await first
    assert work.runs == 1


async def test_a_sweep_whose_worker_died_is_taken_over_when_its_lease_ends(rig: Rig) -> None:
    work = Counted()
    sweep = Sweep("hourly", HOUR_S, work, limit_s=20)
    assert await rig.leases().take("sweep.hourly", 25, rig.clock.now_ns())
    other = schedule(rig, sweep)
    assert not await other.sweep_if_due(sweep)
    rig.clock.skipped_s += 25
    assert await other.sweep_if_due(sweep)


@pytest.mark.parametrize("error", [Unavailable("no store"), ZeroDivisionError("a fault")])
async def test_a_sweep_that_failed_stays_due_and_holds_up_no_other(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(sweeps, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(sweeps, "pause_s", lambda *_, **__: 0.02)
    failing, sound = Counted(), Counted()
    failing.error = error
    async with running(rig.worker(sweeps=[Sweep("failing", HOUR_S, failing), Sweep("sound", HOUR_S, sound)])):
        await until(lambda: failing.runs >= 3)
        assert sound.runs == 1
        failing.error = None
        await until(lambda: rig.metrics.value("motorcade_worker_sweeps_total", "failing") == 1)


async def test_a_hanging_sweep_is_ended(rig: Rig) -> None:
    work = Counted()
    work.gate = asyncio.Event()
    sweep = Sweep("hanging", HOUR_S, work, limit_s=0.1)
    mine = schedule(rig, sweep)
    with pytest.raises(TimeoutError):
        await mine.sweep_if_due(sweep)
    work.gate.set()
    assert await schedule(rig, sweep).sweep_if_due(sweep), "its lease was given back"


async def test_stopping_ends_a_sweep_and_gives_its_lease_back(rig: Rig) -> None:
    work = Counted()
    work.gate = asyncio.Event()
    sweep = Sweep("slow", HOUR_S, work)
    async with running(rig.worker(sweeps=[sweep])):
        await until(lambda: work.runs == 1)
    work.gate.set()
    assert await schedule(rig, sweep).sweep_if_due(sweep), "it was not done, and nobody holds it"


async def test_a_clock_that_was_set_back_stops_no_sweep(rig: Rig) -> None:
    work = Counted()
    sweep = Sweep("hourly", HOUR_S, work)
    rig.clock.skipped_s = 10 * HOUR_S
    assert await schedule(rig, sweep).sweep_if_due(sweep)
    assert await rig.leases().take("sweep.other", 60, rig.clock.now_ns())
    rig.clock.skipped_s = 0
    assert await schedule(rig, sweep).sweep_if_due(sweep)
    other = Sweep("other", HOUR_S, work)
    assert await schedule(rig, other).sweep_if_due(other), "a lease that ends in hours was taken before"


async def test_each_vehicle_of_a_source_gets_one_job_while_one_waits(rig: Rig) -> None:
    async def dirty() -> AsyncIterator[Vehicle]:
        for n in range(250):
            yield f"org{n % 3}", f"vehicle{n}"

    run = job_for_each(rig.queue, "refold", dirty)
    assert await run() == 250
    assert await run() == 0
    assert await rig.queue.depth("refold") == Depth(250, 0, 0)
    (held,) = await rig.queue.receive("refold", 1, lease_s=60, per_group=1)
    assert held.message.key == "vehicle0"
    assert held.message.group == "org0"
    assert await run() == 1, "the one under way may have begun before the new mark"
