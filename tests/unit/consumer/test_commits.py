"""Commits run beside the loop: one at a time, again after an outage, never more behind than the limit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import pytest

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.consumer import commits
from motorcade.consumer.commits import COMMIT_EVERY_NS, COMMITS_BEHIND, CommitDoors, Commits, Stretch
from motorcade.domain.errors import Conflict, Invalid
from motorcade.domain.tenant import SystemScope
from motorcade.observability.logs import get_logger
from motorcade.repositories.consumption import Checkpoint, Consumption, Key, StoredState
from motorcade.repositories.findings import Findings
from motorcade.repositories.tables import ALL
from motorcade.wire.state_snapshot import StateSnapshot, encode_state

LOG = get_logger("test")
KEY = ("org", "vehicle")
SNAPSHOT = encode_state(StateSnapshot(last_seen_ns=1))


@pytest.fixture
async def consumption(data_dir: Path) -> AsyncIterator[Consumption]:
    store = SqliteStore(data_dir / "store.db", SystemClock(), ALL)
    yield Consumption(SystemScope("test"), store)
    await store.close()


def place(of: Checkpoint, position: int) -> Checkpoint:
    return Checkpoint(of.partition, position, of.epoch, {"received": position}, of.version)


def commits_of(consumption: Consumption, checkpoint: Checkpoint, unstored: Callable[[Key], object]) -> Commits:
    findings = Findings(SystemScope("test"), consumption._store, SystemClock())
    return Commits(CommitDoors(consumption, findings, unstored), checkpoint)


async def test_commits_are_paced_and_move_the_place(consumption: Consumption) -> None:
    running = commits_of(consumption, await consumption.take_over(0), lambda *_: pytest.fail("all fits"))
    now_ns = COMMIT_EVERY_NS
    assert await running.due(now_ns)
    running.begin(now_ns, Stretch(place(running.checkpoint, 5), [StoredState(KEY, SNAPSHOT, 0)]), LOG)
    assert not await running.due(now_ns + COMMIT_EVERY_NS - 1)
    await running.settle()
    assert await running.due(now_ns + COMMIT_EVERY_NS)
    assert await consumption.reached(0) == 5
    assert running.checkpoint.counts == {"received": 5}
    assert await consumption.state(KEY) == StoredState(KEY, SNAPSHOT, 1)


async def test_an_outage_of_the_store_is_waited_out(
    consumption: Consumption, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "RETRY_S", 0.01)
    checkpoint = await consumption.take_over(0)
    await consumption._store.close()
    hidden = data_dir / "hidden.db"  # closed, so that the main file is all there is
    (data_dir / "store.db").rename(hidden)
    (data_dir / "store.db").write_bytes(b"")  # unusable, and no new one is made in its place
    store = SqliteStore(data_dir / "store.db", SystemClock(), ALL)
    running = commits_of(Consumption(SystemScope("test"), store), checkpoint, lambda *_: None)
    running.begin(0, Stretch(place(checkpoint, 7), []), LOG)
    await asyncio.sleep(0.1)
    waiting = asyncio.create_task(running.due(COMMITS_BEHIND * COMMIT_EVERY_NS))
    await asyncio.sleep(0.1)
    assert not waiting.done(), "so far behind, folding waits for the store"
    hidden.replace(data_dir / "store.db")
    assert await asyncio.wait_for(waiting, 10)
    await store.close()
    assert await consumption.reached(0) == 7


async def test_a_take_over_ends_the_one_before(consumption: Consumption) -> None:
    first = commits_of(consumption, await consumption.take_over(0), lambda *_: None)
    second = await consumption.take_over(0)
    assert second.epoch == first.checkpoint.epoch + 1
    first.begin(0, Stretch(place(first.checkpoint, 9), [StoredState(KEY, SNAPSHOT, 0)]), LOG)
    with pytest.raises(Conflict, match="taken over"):
        await first.settle()
    assert await consumption.reached(0) == 0
    assert await consumption.state(KEY) is None, "nothing of it was written"


async def test_a_vehicle_written_beside_us_leaves_the_place_where_it_was(consumption: Consumption) -> None:
    running = commits_of(consumption, await consumption.take_over(0), lambda *_: None)
    running.begin(0, Stretch(place(running.checkpoint, 1), [StoredState(KEY, SNAPSHOT, 0)]), LOG)
    await running.settle()
    other = StoredState(("org", "other"), SNAPSHOT, 0)
    running.begin(0, Stretch(place(running.checkpoint, 2), [other, StoredState(KEY, SNAPSHOT, 0)]), LOG)
    with pytest.raises(Conflict, match="beside this consumer"):
        await running.settle()
    assert await consumption.reached(0) == 1
    assert await consumption.state(other.key) is None


async def test_a_state_that_the_store_cannot_hold_holds_up_nobody_else(consumption: Consumption) -> None:
    unstored: list[tuple[str, str]] = []
    running = commits_of(consumption, await consumption.take_over(0), unstored.append)
    store = consumption._store
    assert isinstance(store, SqliteStore)
    assert store._writer._connection is not None
    store._writer._connection.limit(apsw.SQLITE_LIMIT_LENGTH, 1_000_000)  # the engine's own is a gigabyte
    big = StoredState(("org", "big"), b"x" * 1_100_000, 0)
    running.begin(0, Stretch(place(running.checkpoint, 3), [big, StoredState(KEY, SNAPSHOT, 0)]), LOG)
    await asyncio.wait_for(running.settle(), 10)
    assert unstored == [big.key]
    assert await consumption.reached(0) == 3
    assert await consumption.state(KEY) == StoredState(KEY, SNAPSHOT, 1)
    assert await consumption.state(big.key) is None


async def test_what_no_leaving_out_can_help_is_raised(consumption: Consumption) -> None:
    running = commits_of(consumption, await consumption.take_over(0), lambda *_: None)
    store = consumption._store
    assert isinstance(store, SqliteStore)
    store._declared.clear()  # every write is refused as invalid
    running.begin(0, Stretch(place(running.checkpoint, 3), [StoredState(KEY, SNAPSHOT, 0)]), LOG)
    with pytest.raises(Invalid):
        await running.settle()


async def test_a_forgotten_place_is_the_beginning_and_states_stay(consumption: Consumption) -> None:
    running = commits_of(consumption, await consumption.take_over(0), lambda *_: None)
    running.begin(0, Stretch(place(running.checkpoint, 4), [StoredState(KEY, SNAPSHOT, 0)]), LOG)
    await running.settle()
    assert await consumption.forget(0) == 4
    again = await consumption.take_over(0)
    assert (again.position, again.stream, again.counts) == (0, "", {})
    assert await consumption.state(KEY) is not None
    running.begin(0, Stretch(place(running.checkpoint, 5), []), LOG)
    with pytest.raises(Conflict):
        await running.settle()


async def test_many_take_overs_at_once_end_with_one_owner(consumption: Consumption) -> None:
    await consumption.take_over(0)
    taken = await asyncio.gather(*(consumption.take_over(0) for _ in range(4)))
    assert len({each.epoch for each in taken}) == 4
    owner = max(taken, key=lambda each: each.epoch)
    for each in taken:
        if each is not owner:
            with pytest.raises(Conflict):
                await consumption.commit([], [], place(each, 3))
    await consumption.commit([], [], place(owner, 4))
    assert await consumption.reached(0) == 4
