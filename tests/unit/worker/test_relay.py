"""The outbox's way out: nothing is left out, nothing is doubled where it shows, and nobody waits for somebody else."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from motorcade.adapters.embedded import queue_file
from motorcade.domain.errors import Invalid, Unavailable
from motorcade.domain.ids import id_text
from motorcade.observability.logs import get_logger
from motorcade.ports.notify import OutboxRow
from motorcade.ports.queue import Message
from motorcade.ports.store import Delete
from motorcade.repositories.tables import OUTBOX
from motorcade.worker import line, relay
from motorcade.worker.jobs.deliver import decode_row, encode_row
from motorcade.worker.relay import RelayDoors
from tests.unit.worker.rig import Rig, row, running, until


@dataclass
class Recorder:
    """A channel that a test reads."""

    name: str = "recorder"
    told: list[OutboxRow] = field(default_factory=list)
    before: Callable[[OutboxRow], Awaitable[None]] | None = None

    async def deliver(self, one: OutboxRow) -> None:
        if self.before is not None:
            await self.before(one)
        self.told.append(one)


async def test_every_row_goes_through_every_channel_once(rig: Rig) -> None:
    rows = [row(n) for n in range(130)] + [row(n, "other") for n in range(3)]
    await rig.add(*rows[:60])
    one, two = Recorder("one"), Recorder("two")
    async with running(rig.worker([one, two, rig.inbox_channel()])):
        await rig.add(*rows[60:])
        await until(lambda: rig.metrics.value("motorcade_worker_jobs_total", "done") == 3 * len(rows))
    for channel in (one, two):
        assert sorted(each.id for each in channel.told) == sorted(each.id for each in rows)
    assert set(one.told) == set(rows), "with everything that the row said"
    assert sorted(await rig.inbox()) == sorted(id_text(each.id) for each in rows if each.org_id == "org")
    assert len(await rig.inbox("other")) == 3
    assert await rig.outbox.waiting("org", 10) == []


async def test_an_organisation_made_later_is_heard_of(rig: Rig) -> None:
    channel = Recorder()
    async with running(rig.worker([channel])):
        await asyncio.sleep(0.2)
        await rig.add(row(1, "newcomer"))
        await until(lambda: len(channel.told) == 1)


async def test_a_row_written_again_after_it_was_told_is_not_told_again(rig: Rig) -> None:
    channel = Recorder()
    async with running(rig.worker([channel])):
        await rig.add(row(1))
        await until(lambda: len(channel.told) == 1)
        await rig.add(row(1), row(2))
        await until(lambda: len(channel.told) == 2)
    assert [each.id for each in channel.told] == [row(1).id, row(2).id]


async def test_two_workers_leave_nothing_out_and_the_inbox_shows_nothing_twice(rig: Rig) -> None:
    rows = [row(n) for n in range(200)]
    async with running(rig.worker([rig.inbox_channel()]), rig.worker([rig.inbox_channel()])):
        for start in range(0, 200, 20):
            await rig.add(*rows[start : start + 20])
        async with asyncio.timeout(30):
            while len(await rig.inbox()) < 200:  # noqa: ASYNC110 - a test may poll
                await asyncio.sleep(0.05)
    assert sorted(await rig.inbox()) == sorted(id_text(each.id) for each in rows)


async def test_a_second_relay_takes_over_when_the_first_is_gone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "LEASE_S", 0.5)
    dead = await rig.leases().take(relay.LEASE, 0.5, rig.clock.now_ns())
    assert dead is not None
    channel = Recorder()
    await rig.add(row(1))
    async with running(rig.worker([channel])):
        await until(lambda: len(channel.told) == 1)


async def test_a_stopping_relay_gives_its_lease_back(rig: Rig) -> None:
    channel = Recorder()
    async with running(rig.worker([channel])):
        await rig.add(row(1))
        await until(lambda: len(channel.told) == 1)
    assert await rig.leases().take(relay.LEASE, 1, rig.clock.now_ns()) is not None


async def test_a_crash_between_sending_and_noting_sends_again_under_the_same_id(rig: Rig) -> None:
    """As the relay leaves it when it dies there: the row waits although the line has it, or had it."""
    channel = Recorder()
    await rig.add(row(1), row(2))
    await rig.queue.send("deliver.recorder", [Message("org", encode_row(row(1)), id_text(row(1).id))])
    await rig.queue.send("deliver.inbox", [Message("org", encode_row(row(1)), id_text(row(1).id))])
    async with running(rig.worker([channel, rig.inbox_channel()])):
        await until(lambda: {each.id for each in channel.told} == {row(1).id, row(2).id})
        async with asyncio.timeout(10):
            while len(await rig.inbox()) < 2:  # noqa: ASYNC110 - a test may poll
                await asyncio.sleep(0.02)
    assert len(channel.told) <= 3
    assert sorted(await rig.inbox()) == sorted(id_text(row(n).id) for n in (1, 2))


async def test_a_flood_of_one_and_a_hung_channel_delay_another_by_less_than_a_second(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One organisation has thousands of rows, and its every delivery hangs; in another channel all is well."""
    monkeypatch.setattr(line, "FINISH_S", 0.1)
    await rig.add_organisations("loud", "quiet")

    async def hang(one: OutboxRow) -> None:
        if one.org_id == "loud":
            await asyncio.sleep(3600)

    hung, sound = Recorder("hung", before=hang), Recorder("sound")
    loop = asyncio.get_running_loop()
    await rig.add(*(row(n, "loud") for n in range(3_000)))
    async with running(rig.worker([hung, sound])):
        await until(lambda: bool(sound.told))
        took: list[float] = []
        for n in range(10):
            began_s = loop.time()
            await rig.add(row(n, "quiet"))
            await until(lambda: all(any(each == row(n, "quiet") for each in one.told) for one in (hung, sound)))  # noqa: B023 - used before the next round
            took.append(loop.time() - began_s)
    assert not any(each.org_id == "loud" for each in hung.told)
    took.sort()
    assert took[5] < 1.0, f"half of them took {took[5]:.2f} s and more"


async def test_a_full_line_holds_up_only_who_filled_it(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_file, "MAX_GROUP", 60)
    await rig.add_organisations("loud", "quiet")
    let_go = asyncio.Event()

    async def wait(one: OutboxRow) -> None:
        if one.org_id == "loud":
            await let_go.wait()

    channel = Recorder(before=wait)
    await rig.add(*(row(n, "loud") for n in range(150)))
    async with running(rig.worker([channel])):
        await rig.add(row(1, "quiet"))
        await until(lambda: len(channel.told) == 1)
        assert (await rig.queue.depth("deliver.recorder")).waiting < 60
        let_go.set()
        await until(lambda: len(channel.told) == 151)
    assert set(Counter(each.id for each in channel.told).values()) == {1}


async def test_a_damaged_row_of_one_organisation_holds_up_no_other(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "pause_s", lambda *_, **__: 0.1)
    channel = Recorder()
    await rig.add(row(1), row(2, "other"))
    assert rig.store._writer._connection is not None
    rig.store._writer._connection.execute("UPDATE t_outbox SET data = x'00' WHERE pk = 'org'")
    async with running(rig.worker([channel])):
        await until(lambda: len(channel.told) == 1)
        await until(lambda: rig.metrics.value("motorcade_worker_faults_total", "relay") >= 2)
        await rig.add(row(3, "other"))
        await until(lambda: len(channel.told) == 2)
    assert [each.org_id for each in channel.told] == ["other", "other"]


async def test_a_store_that_is_away_is_waited_out(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "pause_s", lambda *_, **__: 0.1)
    channel = Recorder()
    shown, hidden = rig.folder / "store.db", rig.folder / "hidden"
    await rig.add(row(1))
    async with running(rig.worker([channel])):
        await until(lambda: len(channel.told) == 1)
        rig.store._drop_reader()
        rig.store._writer.close()
        shown.rename(hidden)
        shown.write_bytes(b"")
        await until(lambda: rig.metrics.value("motorcade_worker_faults_total", "relay") >= 2)
        with pytest.raises(Unavailable):
            await rig.add(row(2))
        hidden.replace(shown)
        await rig.add(row(2))
        await until(lambda: len(channel.told) == 2)


async def test_a_relay_that_was_away_longer_than_the_feed_remembers_looks_at_everybody(rig: Rig) -> None:
    """Its cursor is refused then; what was written meanwhile must not be left out."""
    log = get_logger("test.relay")
    doors = RelayDoors(rig.outbox, rig.leases(), rig.queue, rig.clock, rig.metrics, log)
    asleep = relay.Relay(["deliver.recorder"], doors)
    await asleep._begin()
    assert not await asleep._round()
    await rig.add(row(1), row(2, "other"))
    await rig.store.write([Delete(OUTBOX, "org", id_text(row(1).id))])
    for hours in (25, 26):  # the first write after a day forgets the removal, as the next one can tell
        rig.clock.skipped_s = hours * 3600
        await rig.add(row(hours, "other"))
    with pytest.raises(Invalid, match="cursor"):
        await rig.outbox.news(asleep._cursor)
    assert await asleep._round()
    assert (await rig.queue.depth("deliver.recorder")).waiting == 3


async def test_a_body_that_is_no_row_becomes_a_dead_letter(rig: Rig) -> None:
    channel = Recorder()
    await rig.queue.send("deliver.recorder", [Message("org", b"\xc1"), Message("foreign", encode_row(row(1)))])
    async with running(rig.worker([channel])):
        await until(lambda: rig.metrics.value("motorcade_worker_dead_total", "deliver.recorder") == 2)
    assert channel.told == []
    reasons = {dead.message.group: dead.reason for dead in await rig.queue.dead("deliver.recorder", 10)}
    assert "no outbox row" in reasons["org"]
    assert "another organisation" in reasons["foreign"]


def test_a_row_survives_its_message() -> None:
    assert decode_row(encode_row(row(7))) == row(7)
    with pytest.raises(Invalid):
        decode_row(b"")
