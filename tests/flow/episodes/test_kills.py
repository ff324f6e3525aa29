"""A consumer that is killed again and again finds what one finds that never was, and tells it once."""

import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from motorcade.adapters.embedded.keys_file import create_root_key
from motorcade.domain.ids import id_text
from motorcade.domain.record import Frame
from motorcade.domain.rules import RuleTimeline
from motorcade.ports.store import Item, Table
from motorcade.repositories.tables import CHECKPOINTS, DIRTY, EPISODES, OUTBOX
from motorcade.simulator.days import Faults, Pattern, whole_day
from tests.conditions import Scale
from tests.flow.consumer_rig import ORG, Consumers, vehicle
from tests.flow.crash_points import crash_points, dies_at
from tests.flow.engine_rig import Engine, arrivals
from tests.flow.house import House

ENTRY = 40
CARS = (Pattern.COMMUTER, Pattern.POOL, Pattern.NIGHT)
END_WITHIN_S = 120.0  # for the rest of the stream after the last kill; it takes some seconds


def fleet(seed: int) -> list[Frame]:
    """Some cars' day, in the order of arrival.

    Nothing comes late: what is told of an early view depends on when it was looked at, and a restart looks less often.
    """
    faults = Faults(loss=0.01, duplicate=0.05, reencoded=0.02, resends=0.0)
    frames: list[Frame] = []
    for number, pattern in enumerate(CARS):
        day = whole_day(seed=seed + number, pattern=pattern, faults=faults)
        frames += [report.frame(ORG, vehicle(number)) for report in day.reports]
    return sorted(frames, key=lambda frame: frame[7])


async def found(consumers: Consumers) -> dict[str, Any]:
    """Everything that was made of the stream."""
    store = consumers.store

    async def all_of(table: Table) -> list[Item]:
        items: list[Item] = []
        after: str | None = None
        while True:
            page = await store.scan(table, after)
            items += page.items
            after = page.next
            if after is None:
                return items

    place = await store.get(CHECKPOINTS, "consumer", "0")
    assert place is not None
    return {
        "rows": {item.sk: (item.data["row"], item.data["withdrawn"]) for item in await all_of(EPISODES)},
        "outbox": {item.sk: item.data["body"] for item in await all_of(OUTBOX)},
        "doubtful": {
            item.sk: (item.data["first"], item.data["last"], item.data["count"]) for item in await all_of(DIRTY)
        },
        "counts": place.data["counts"],
    }


@pytest.fixture
async def engine(data_dir: Path) -> AsyncIterator[Engine]:
    for name in ("run", "logs", "tls", "calm"):
        (data_dir / name).mkdir()
    create_root_key(data_dir / "root.key")
    consumers = Consumers.over(data_dir)
    await consumers.store.get(
        CHECKPOINTS, "consumer", "0"
    )  # makes the file: a room refuses a folder that lost its store
    yield Engine(consumers, RuleTimeline())
    await consumers.close()


async def test_a_consumer_killed_at_its_crash_points_finds_the_same_and_tells_it_once(
    engine: Engine, data_dir: Path, scale: Scale
) -> None:
    frames = fleet(11)
    await engine.append(arrivals(frames, frames[-1][7] + 2 * 86_400 * 10**9), ENTRY)
    shutil.copy(data_dir / "stream.db", data_dir / "calm" / "stream.db")
    calm = Consumers.over(data_dir / "calm")
    await (await calm.start()).run_to_end()
    wanted = await found(calm)
    await calm.close()

    house, rng = House(data_dir, org_id=id_text(ORG)), random.Random(5)
    assert len(crash_points("consumer")) >= 4
    kills = scale.n(10, 350)
    passes = max(2, round(len(frames) / ENTRY / kills))
    killed = 0
    try:
        while killed < kills and await dies_at(house, "consumer", f"consumer.*:{rng.randint(1, 6 * passes)}", 20):
            killed += 1
        if "consumer" in house.processes and house.processes["consumer"].poll() is None:
            house.kill("consumer")
    finally:
        house.stop_all()
    assert killed >= kills // 2, "the stream was at its end too early for so many"
    await (await engine.consumers.start()).run_to_end(within_s=END_WITHIN_S)
    got = await found(engine.consumers)
    assert got["counts"] == wanted["counts"]
    assert got["outbox"].keys() == wanted["outbox"].keys()
    assert got["doubtful"] == wanted["doubtful"]
    assert {key for key, row in got["rows"].items() if row != wanted["rows"].get(key)} == set()
    assert got["rows"].keys() == wanted["rows"].keys()
