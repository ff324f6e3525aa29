"""The contract of `ports/live.py`, on every adapter."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from motorcade.ports.live import LiveFrame, LiveSubscriber
from tests.contract.rigs import LIVE_BUSES, EmbeddedLive

Key = tuple[str, str]
SOON_S = 10.0  # far longer than anything here takes, on a machine that others use too


@pytest.fixture(params=LIVE_BUSES)
def rig(request: pytest.FixtureRequest, data_dir: Path) -> EmbeddedLive:
    return LIVE_BUSES[request.param](data_dir)


class Follower:
    """Applies a subscriber's frames as a reader must."""

    def __init__(self, subscriber: LiveSubscriber) -> None:
        self.subscriber = subscriber
        self.values: dict[Key, bytes] = {}
        self.frames: list[LiveFrame] = []
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for frame in self.subscriber.frames():
            if frame.snapshot:
                self.values = {}
            self.values.update(frame.values)
            self.frames.append(frame)

    async def until(self, values: dict[Key, bytes]) -> None:
        async with asyncio.timeout(SOON_S):
            while self.values != values:  # noqa: ASYNC110 - plain polling shows nothing but the result
                await asyncio.sleep(0.002)

    async def close(self) -> None:
        await self.subscriber.close()
        async with asyncio.timeout(SOON_S):
            await self.task


@pytest.fixture
async def follower(rig: EmbeddedLive) -> AsyncIterator[Follower]:
    one = Follower(rig.subscriber())
    yield one
    await one.close()


async def test_the_first_frame_is_a_snapshot_of_everything(rig: EmbeddedLive) -> None:
    publisher = await rig.publisher()
    publisher.publish({("o", "a"): b"1", ("o", "b"): b"2"})
    follower = Follower(rig.subscriber())
    await follower.until({("o", "a"): b"1", ("o", "b"): b"2"})
    assert follower.frames[0].snapshot
    await follower.close()
    await publisher.close()


async def test_changes_follow_the_snapshot_and_carry_only_what_changed(rig: EmbeddedLive, follower: Follower) -> None:
    publisher = await rig.publisher()
    publisher.publish({("o", "a"): b"1", ("o", "b"): b"2"})
    await follower.until({("o", "a"): b"1", ("o", "b"): b"2"})
    publisher.publish({("o", "b"): b"3"})
    await follower.until({("o", "a"): b"1", ("o", "b"): b"3"})
    last = follower.frames[-1]
    assert not last.snapshot
    assert dict(last.values) == {("o", "b"): b"3"}
    await publisher.close()


async def test_cursors_grow_inside_an_epoch(rig: EmbeddedLive, follower: Follower) -> None:
    publisher = await rig.publisher()
    for number in range(20):
        publisher.publish({("o", "a"): b"%d" % number})
        await asyncio.sleep(0.012)
    await follower.until({("o", "a"): b"19"})
    cursors = [frame.n for frame in follower.frames]
    assert cursors == sorted(cursors)
    assert len({frame.epoch for frame in follower.frames}) == 1
    assert [frame.snapshot for frame in follower.frames] == [True] + [False] * (len(cursors) - 1)
    await publisher.close()


async def test_a_subscriber_may_be_there_before_the_publisher(rig: EmbeddedLive, follower: Follower) -> None:
    assert not follower.subscriber.connected
    await asyncio.sleep(0.05)
    publisher = await rig.publisher()
    publisher.publish({("o", "a"): b"1"})
    await follower.until({("o", "a"): b"1"})
    assert follower.subscriber.connected
    await publisher.close()


async def test_a_new_publisher_makes_a_new_epoch_that_begins_with_a_snapshot(
    rig: EmbeddedLive, follower: Follower
) -> None:
    first = await rig.publisher()
    first.publish({("o", "a"): b"1", ("o", "gone"): b"2"})
    await follower.until({("o", "a"): b"1", ("o", "gone"): b"2"})
    await first.close()
    second = await rig.publisher()
    second.publish({("o", "a"): b"3"})
    await follower.until({("o", "a"): b"3"})
    epochs = [frame.epoch for frame in follower.frames]
    switch = epochs.index(epochs[-1])
    assert epochs[0] != epochs[-1]
    assert follower.frames[switch].snapshot
    await second.close()


async def test_a_slow_subscriber_delays_nobody_and_still_gets_the_last_values(
    rig: EmbeddedLive, follower: Follower
) -> None:
    publisher = await rig.publisher()
    slow = rig.subscriber()
    frames = aiter(slow.frames())
    values = {("o", f"v{number}"): bytes(1000) for number in range(1000)}
    publisher.publish(values)
    await anext(frames)
    for turn in range(40):  # 40 MB, far beyond what sockets hold
        values = {key: turn.to_bytes(2, "big") * 500 for key in values}
        publisher.publish(values)
        await asyncio.sleep(0.011)
    await follower.until(values)
    assert slow.connected
    seen: dict[Key, bytes] = {}
    count = 0
    async with asyncio.timeout(SOON_S):
        while seen != values:
            frame = await anext(frames)
            seen.update(frame.values)
            count += 1
    assert count < 40  # it lost values in between, which is what keeps it bounded
    await slow.close()
    await publisher.close()


async def test_organisations_stay_apart(rig: EmbeddedLive, follower: Follower) -> None:
    publisher = await rig.publisher()
    publisher.publish({("o1", "v"): b"1"})
    publisher.publish({("o2", "v"): b"2"})
    await follower.until({("o1", "v"): b"1", ("o2", "v"): b"2"})
    await publisher.close()


async def test_closing_twice_is_no_error(rig: EmbeddedLive) -> None:
    publisher, subscriber = await rig.publisher(), rig.subscriber()
    await subscriber.close()
    await subscriber.close()
    assert [frame async for frame in subscriber.frames()] == []
    await publisher.close()
    await publisher.close()
