"""The engine's rows equal the fold of the sorted records, whatever order the records come in."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from motorcade.domain.ids import id_text
from motorcade.domain.record import Frame
from motorcade.domain.rules import RuleTimeline
from motorcade.simulator.days import Faults, Pattern, whole_day
from motorcade.worker.verify import Fault
from tests.flow.consumer_rig import ORG, Consumers, vehicle
from tests.flow.engine_rig import Engine, difference, sorted_reports, told, truth, with_heartbeats

TIMELINE = RuleTimeline()
AFTER_NS = 2 * 86_400 * 10**9
ENTRY = 200
"""Frames an entry of the stream: some minutes of a day."""


@pytest.fixture
async def engine(data_dir: Path) -> AsyncIterator[Engine]:
    consumers = Consumers.over(data_dir)
    yield Engine(consumers, TIMELINE)
    await consumers.close()


def day_of(pattern: Pattern, seed: int, faults: Faults) -> list[Frame]:
    return [report.frame(ORG, vehicle(1)) for report in whole_day(seed=seed, pattern=pattern, faults=faults).reports]


async def check(engine: Engine, frames: list[Frame]) -> None:
    car = id_text(vehicle(1))
    end_ns = max(frame[7] for frame in frames) + AFTER_NS
    await engine.consumers.append(with_heartbeats(frames, end_ns), ENTRY)
    consumer = await engine.consumers.start()
    await consumer.run_to_end()
    await engine.archive()
    if await engine.refold():
        consumer = await engine.consumers.start()
        await consumer.run_to_end(until_refolded=engine.refolds)
    assert await engine.refolds.mark((id_text(ORG), car)) is None
    horizon_ns = consumer.loop.progress.horizon_ns or end_ns - 5 * 10**9
    wanted = told(truth(sorted_reports(frames), car, horizon_ns, TIMELINE))
    assert difference(await engine.rows(car), wanted) == ""


@pytest.mark.parametrize("pattern", list(Pattern))
async def test_rows_of_a_day_with_all_faults_equal_the_fold_of_its_sorted_records(
    engine: Engine, pattern: Pattern
) -> None:
    await check(engine, day_of(pattern, 3, Faults.severe()))


async def test_a_stretch_that_comes_a_day_late_changes_the_rows_to_what_they_would_have_been(engine: Engine) -> None:
    frames = day_of(Pattern.DELIVERY, 5, Faults())
    late = frames[len(frames) // 4 : len(frames) // 2]
    kept = [frame for frame in frames if frame not in late]
    received_ns = frames[-1][7]
    moved = [(*frame[:7], received_ns + number, *frame[8:]) for number, frame in enumerate(late)]
    await check(engine, [*kept, *moved])


async def test_records_in_any_order_give_the_same_rows(engine: Engine) -> None:
    frames = day_of(Pattern.COMMUTER, 6, Faults())
    rng = random.Random(6)
    received_ns = frames[-1][7]
    shuffled = [frames[index] for index in sorted(range(len(frames)), key=lambda index: index + rng.randrange(400))]
    await check(engine, [(*frame[:7], received_ns + number, *frame[8:]) for number, frame in enumerate(shuffled)])


async def test_verify_finds_nothing_after_a_day_and_a_damaged_row_at_once(engine: Engine) -> None:
    car = id_text(vehicle(1))
    frames = day_of(Pattern.COMMUTER, 7, Faults())
    await check(engine, frames)
    [verdict] = await engine.verify([car])
    assert (verdict.differences, verdict.doubtful, verdict.gaps) == ([], False, 0)
    assert verdict.records > 1_000
    assert verdict.rows > 3
    damaged = await engine.damage(car)
    [verdict] = await engine.verify([car])
    assert [(one.fault, one.kind, one.id) for one in verdict.differences] == [(Fault.DIFFERENT, *damaged)]
