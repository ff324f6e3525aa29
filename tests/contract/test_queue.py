"""The contract of `ports/queue.py`, on every adapter."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from motorcade.domain.errors import Busy, Invalid
from motorcade.ports import queue as port
from motorcade.ports.queue import MAX_BODY_BYTES, MAX_DELAY_S, MAX_SEND, Depth, Held, Message, Queue
from tests.contract.rigs import QUEUES, EmbeddedQueue

LINE = "line"
LEASE_S = 30.0


@pytest.fixture(params=QUEUES)
def rig(request: pytest.FixtureRequest, data_dir: Path) -> EmbeddedQueue:
    return QUEUES[request.param](data_dir)


@pytest.fixture
async def queue(rig: EmbeddedQueue) -> AsyncIterator[Queue]:
    one = rig.open()
    yield one
    await one.close()


@pytest.fixture
async def other(rig: EmbeddedQueue) -> AsyncIterator[Queue]:
    """The same lines through a queue of its own, as another process has them."""
    one = rig.open()
    yield one
    await one.close()


def note(body: str, group: str = "org", key: str | None = None, delay_s: float = 0.0) -> Message:
    return Message(group, body.encode(), key, delay_s)


async def take(queue: Queue, limit: int = 10, per_group: int = 100, line: str = LINE) -> Sequence[Held]:
    return await queue.receive(line, limit, lease_s=LEASE_S, per_group=per_group)


async def bodies(queue: Queue, limit: int = 100, per_group: int = 100) -> list[str]:
    return sorted(held.message.body.decode() for held in await take(queue, limit, per_group))


# At least once.


async def test_a_message_comes_whole_and_is_gone_when_done(queue: Queue, rig: EmbeddedQueue) -> None:
    before_ns = rig.clock.now_ns()
    assert await queue.send(LINE, [Message("org", b"\0\xff", "key")]) == 1
    (held,) = await take(queue)
    assert (held.line, held.message, held.receives) == (LINE, Message("org", b"\0\xff", "key"), 1)
    assert before_ns <= held.sent_at_ns <= rig.clock.now_ns()
    assert await queue.done(held)
    rig.clock.skipped_s += 2 * LEASE_S
    assert await take(queue) == []
    assert await queue.depth(LINE) == Depth(0, 0, 0)


async def test_while_it_is_held_nobody_else_gets_it(queue: Queue, other: Queue) -> None:
    await queue.send(LINE, [note("a")])
    assert await bodies(queue) == ["a"]
    assert await bodies(other) == []
    assert await other.depth(LINE) == Depth(0, 1, 0)


async def test_when_the_lease_ends_somebody_else_gets_it(queue: Queue, other: Queue, rig: EmbeddedQueue) -> None:
    await queue.send(LINE, [note("a")])
    (first,) = await take(queue)
    rig.clock.skipped_s += LEASE_S
    (second,) = await take(other)
    assert (second.id, second.receives) == (first.id, 2)


async def test_a_holder_who_was_followed_changes_nothing(queue: Queue, other: Queue, rig: EmbeddedQueue) -> None:
    await queue.send(LINE, [note("a", key="k")])
    (first,) = await take(queue)
    rig.clock.skipped_s += LEASE_S
    (second,) = await take(other)
    assert not await queue.done(first)
    assert not await queue.extend(first, LEASE_S)
    assert not await queue.release(first, 0)
    assert not await queue.bury(first, "late")
    assert await queue.depth(LINE) == Depth(0, 1, 0)
    assert await other.done(second)
    assert not await other.done(second)


async def test_an_extended_lease_holds(queue: Queue, other: Queue, rig: EmbeddedQueue) -> None:
    await queue.send(LINE, [note("a")])
    (held,) = await take(queue)
    for _ in range(4):
        rig.clock.skipped_s += LEASE_S * 0.9
        assert await queue.extend(held, LEASE_S)
        assert await bodies(other) == []
    assert await queue.done(held)


async def test_a_released_message_comes_again_after_its_delay(queue: Queue, rig: EmbeddedQueue) -> None:
    await queue.send(LINE, [note("a")])
    (held,) = await take(queue)
    assert await queue.release(held, 60)
    assert not await queue.done(held), "it is not held any more"
    rig.clock.skipped_s += 59
    assert await take(queue) == []
    rig.clock.skipped_s += 1
    (again,) = await take(queue)
    assert again.receives == 2


async def test_a_delayed_message_waits_for_its_time(queue: Queue, rig: EmbeddedQueue) -> None:
    await queue.send(LINE, [note("later", delay_s=60), note("now")])
    assert await bodies(queue) == ["now"]
    assert await queue.depth(LINE) == Depth(1, 1, 0)
    rig.clock.skipped_s += 60
    assert "later" in await bodies(queue)


async def test_everything_outlives_the_process(rig: EmbeddedQueue) -> None:
    first = rig.open()
    await first.send(LINE, [note("waits"), note("held"), note("dead")])
    for held in await take(first):
        if held.message.body == b"dead":
            await first.bury(held, "no good")
        elif held.message.body == b"waits":
            await first.release(held, 0)
    await first.close()
    second = rig.open()
    assert await bodies(second) == ["waits"]
    assert [each.reason for each in await second.dead(LINE, 10)] == ["no good"]
    rig.clock.skipped_s += LEASE_S
    assert await bodies(second) == ["held", "waits"]
    await second.close()


async def test_lines_do_not_see_each_other(queue: Queue) -> None:
    await queue.send("one", [note("a", key="k")])
    await queue.send("two", [note("b", key="k")])
    assert [held.message.body for held in await take(queue, line="one")] == [b"a"]
    assert await queue.depth("three") == Depth(0, 0, 0)
    assert [held.message.body for held in await take(queue, line="two")] == [b"b"]


async def test_many_workers_at_once_share_without_doubling(queue: Queue, other: Queue) -> None:
    for start in range(0, 200, 50):
        await queue.send(LINE, [note(f"{n}", group=f"org{n % 7}") for n in range(start, start + 50)])
    taken: Counter[bytes] = Counter()

    async def work(mine: Queue) -> None:
        while found := await take(mine, limit=7):
            for held in found:
                taken[held.message.body] += 1
                assert await mine.done(held)

    await asyncio.gather(*(work(mine) for mine in (queue, other, queue, other)))
    assert len(taken) == 200
    assert set(taken.values()) == {1}


# Waiting.


async def test_waiting_ends_when_something_is_sent(queue: Queue, other: Queue) -> None:
    waiting = asyncio.create_task(queue.wait(LINE, 30))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await other.send(LINE, [note("a")])
    assert await asyncio.wait_for(waiting, 10)


async def test_waiting_ends_with_its_time_out(queue: Queue) -> None:
    await queue.send(LINE, [note("later", delay_s=60)])
    assert not await queue.wait(LINE, 0.15)
    assert not await queue.wait(LINE, 0)


# Keys.


async def test_of_a_key_one_message_waits(queue: Queue, other: Queue) -> None:
    assert await queue.send(LINE, [note("a", key="k"), note("b", key="k"), note("c", key="other")]) == 2
    assert await other.send(LINE, [note("d", key="k", delay_s=60)]) == 0
    assert await bodies(queue) == ["a", "c"]


async def test_what_is_sent_while_its_key_is_worked_on_is_kept(queue: Queue, rig: EmbeddedQueue) -> None:
    await queue.send(LINE, [note("a", key="k")])
    (held,) = await take(queue)
    assert await queue.send(LINE, [note("b", key="k")]) == 1
    assert await queue.done(held)
    assert await bodies(queue) == ["b"]
    rig.clock.skipped_s += 2 * LEASE_S
    assert await bodies(queue) == ["b"]


async def test_a_released_message_becomes_one_with_what_waits_under_its_key(queue: Queue, rig: EmbeddedQueue) -> None:
    await queue.send(LINE, [note("a", key="k")])
    (held,) = await take(queue)
    await queue.send(LINE, [note("b", key="k")])
    assert await queue.release(held, 60)
    assert await queue.depth(LINE) == Depth(1, 0, 0)
    assert await take(queue) == [], "the later of the two times counts"
    rig.clock.skipped_s += 60
    (one,) = await take(queue)
    assert (one.message.body, one.receives) == (b"b", 2), "failures are not forgotten by sending anew"


async def test_without_a_key_everything_is_kept(queue: Queue) -> None:
    assert await queue.send(LINE, [note("a"), note("a")]) == 2
    assert await bodies(queue) == ["a", "a"]


# Fairness.


async def test_a_flood_of_one_group_does_not_delay_another(queue: Queue) -> None:
    for _ in range(5):
        await queue.send(LINE, [note("flood", group="loud") for _ in range(100)])
    await queue.send(LINE, [note("small", group="quiet"), note("small", group="silent")])
    first = [held.message.group for held in await take(queue, limit=4)]
    assert sorted(first) == ["loud", "loud", "quiet", "silent"]


async def test_of_a_group_no_more_than_asked_is_held_at_once(queue: Queue, other: Queue, rig: EmbeddedQueue) -> None:
    await queue.send(LINE, [note(f"a{n}", group="loud") for n in range(9)])
    held = [*await take(queue, 10, per_group=3), *await take(other, 10, per_group=3)]
    assert len(held) == 3
    await queue.done(held[0])
    assert len(await take(other, 10, per_group=3)) == 1
    rig.clock.skipped_s += LEASE_S
    assert len(await take(other, 10, per_group=3)) == 3, "ended leases do not count"


async def test_who_has_least_under_way_comes_first(queue: Queue) -> None:
    await queue.send(LINE, [note("a", group="loud") for _ in range(20)])
    await take(queue, limit=5)
    await queue.send(LINE, [note("b", group="quiet") for _ in range(20)])
    (first,) = await take(queue, limit=1)
    assert first.message.group == "quiet"


# Dead letters.


async def test_a_buried_message_is_shown_with_its_reason_and_not_handed_out(queue: Queue, rig: EmbeddedQueue) -> None:
    await queue.send(LINE, [note("bad", group="g", key="k")])
    (held,) = await take(queue)
    assert await queue.bury(held, "it is poison")
    rig.clock.skipped_s += 2 * LEASE_S
    assert await take(queue) == []
    (dead,) = await queue.dead(LINE, 10)
    assert (dead.message, dead.receives, dead.reason) == (note("bad", group="g", key="k"), 1, "it is poison")
    assert await queue.depth(LINE) == Depth(0, 0, 1)
    assert await queue.dead("other", 10) == []


async def test_the_latest_dead_letters_come_first_and_the_oldest_are_redriven_first(
    queue: Queue, rig: EmbeddedQueue
) -> None:
    for name in ("first", "second", "third"):
        await queue.send(LINE, [note(name)])
        (held,) = await take(queue)
        await queue.release(held, 0)
        (held,) = await take(queue)
        await queue.bury(held, name)
        rig.clock.skipped_s += 1
    assert [each.reason for each in await queue.dead(LINE, 2)] == ["third", "second"]
    assert await queue.redrive(LINE, 2) == 2
    again = await take(queue)
    assert sorted((held.message.body, held.receives) for held in again) == [(b"first", 1), (b"second", 1)]
    assert await queue.redrive(LINE, 10) == 1
    assert await queue.redrive(LINE, 10) == 0


async def test_a_redriven_message_whose_key_waits_is_that_one(queue: Queue) -> None:
    await queue.send(LINE, [note("a", key="k")])
    (held,) = await take(queue)
    await queue.bury(held, "no")
    await queue.send(LINE, [note("b", key="k")])
    assert await queue.redrive(LINE, 10) == 1
    assert await bodies(queue) == ["b"]
    assert await queue.depth(LINE) == Depth(0, 1, 0)


# Limits.


async def test_what_no_engine_takes_is_refused_whole(queue: Queue) -> None:
    too_much: list[list[Message]] = [
        [note("a"), Message("org", b"x" * (MAX_BODY_BYTES + 1))],
        [note("a")] * (MAX_SEND + 1),
        [note("a"), note("b", delay_s=MAX_DELAY_S + 1)],
        [note("a"), note("b", delay_s=-1)],
    ]
    for messages in too_much:
        with pytest.raises(Invalid):
            await queue.send(LINE, messages)
    assert await queue.send(LINE, []) == 0
    assert await take(queue) == []
    await queue.send(LINE, [Message("org", b"x" * MAX_BODY_BYTES)])
    (held,) = await take(queue)
    with pytest.raises(Invalid):
        await queue.release(held, MAX_DELAY_S + 1)
    assert await queue.done(held)
    with pytest.raises(Invalid):
        await queue.receive(LINE, 0, lease_s=LEASE_S, per_group=1)


async def test_a_full_line_asks_to_slow_down(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (port, *_users_of_the_limits(queue)):
        monkeypatch.setattr(module, "MAX_LINE", 100)
    await queue.send(LINE, [note("a")] * 60)
    with pytest.raises(Busy, match="line"):
        await queue.send(LINE, [note("a")] * 41)
    assert await queue.send("other", [note("a")] * 100) == 100
    for held in await take(queue, 60):
        await queue.done(held)
    assert await queue.send(LINE, [note("a")] * 41) == 41


def _users_of_the_limits(queue: Queue) -> list[object]:
    from motorcade.adapters.embedded import queue_file

    return [queue_file] if type(queue).__module__.startswith("motorcade.adapters.embedded") else []


async def test_a_full_group_leaves_room_for_the_others(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (port, *_users_of_the_limits(queue)):
        monkeypatch.setattr(module, "MAX_GROUP", 50)
    await queue.send(LINE, [note("a", group="loud")] * 50)
    with pytest.raises(Busy, match="group"):
        await queue.send(LINE, [note("b", group="quiet"), note("a", group="loud")])
    assert await queue.send(LINE, [note("b", group="quiet")] * 50) == 50


async def test_closing_twice_is_harmless(rig: EmbeddedQueue) -> None:
    queue = rig.open()
    await queue.send(LINE, [note("a")])
    await queue.close()
    await queue.close()


# All of it together.


async def test_nothing_is_lost_or_held_twice_whatever_workers_do(
    queue: Queue, other: Queue, rig: EmbeddedQueue
) -> None:
    chance = random.Random()
    seed = chance.getrandbits(32)
    chance.seed(seed)
    sent = [f"{n}" for n in range(150)]
    done: Counter[str] = Counter()
    holders: dict[str, Held] = {}
    for name in sent:
        await queue.send(LINE, [note(name, group=chance.choice("abc"))])
    for _ in range(3_000):
        mine = chance.choice((queue, other))
        for held in await take(mine, limit=chance.randrange(1, 8), per_group=6):
            assert held.message.body.decode() not in done, f"handed out after it was done (seed {seed})"
            holders[held.id] = held
        if holders:
            held = holders.pop(chance.choice(list(holders)))
            match chance.randrange(4):
                case 0:
                    await mine.release(held, chance.choice((0, 5)))
                case 1:
                    rig.clock.skipped_s += chance.choice((1, LEASE_S + 1))
                    await mine.extend(held, LEASE_S)
                    holders[held.id] = held
                case _:
                    if await mine.done(held):
                        done[held.message.body.decode()] += 1
        else:
            rig.clock.skipped_s += 5
        if len(done) == len(sent) and not holders:
            break
    assert done == dict.fromkeys(sent, 1), f"seed {seed}"
