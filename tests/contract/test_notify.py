"""The contract of `ports/notify.py`, on every channel."""

import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.errors import Unavailable
from motorcade.domain.ids import id_text
from motorcade.domain.tenant import SystemScope
from motorcade.ports.notify import Channel, OutboxRow
from motorcade.repositories.inbox import Inbox
from motorcade.repositories.outbox import outbox_id
from motorcade.repositories.tables import ALL
from motorcade.worker.channels import InboxChannel, LogChannel
from tests.contract.rigs import TestClock

SECRET = b"\x81\xa5place\xa859.33,18"


class LogRig:
    """Lines of a log."""

    def __init__(self, folder: Path) -> None:
        self.lines = io.StringIO()
        log = structlog.wrap_logger(
            structlog.PrintLogger(self.lines),
            processors=[structlog.processors.JSONRenderer()],
            wrapper_class=structlog.stdlib.BoundLogger,
        )
        self.channel: Channel = LogChannel(log)

    async def told(self, org_id: str) -> list[str]:
        lines = [json.loads(line) for line in self.lines.getvalue().splitlines()]
        return list(dict.fromkeys(line["id"] for line in lines if line["org_id"] == org_id))

    async def raw(self) -> bytes:
        return self.lines.getvalue().encode()

    async def close(self) -> None:
        """Nothing is open."""


class InboxRig:
    """Inboxes in a store."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, TestClock()
        self.store = SqliteStore(folder / "store.db", self.clock, ALL)
        self.channel: Channel = InboxChannel(SystemScope("test"), self.store, self.clock)

    async def told(self, org_id: str) -> list[str]:
        page = await Inbox(SystemScope("test").acting_for(org_id), self.store).page(limit=1000)
        return [entry.id for entry in page.entries][::-1]

    async def raw(self) -> bytes:
        return b""  # details belong into the inbox

    async def close(self) -> None:
        await self.store.close()


Rig = LogRig | InboxRig
CHANNELS: dict[str, type[LogRig] | type[InboxRig]] = {"log": LogRig, "inbox": InboxRig}


@pytest.fixture(params=CHANNELS)
async def rig(request: pytest.FixtureRequest, data_dir: Path) -> AsyncIterator[Rig]:
    one = CHANNELS[request.param](data_dir)
    yield one
    await one.close()


def row(number: int, org_id: str = "org") -> OutboxRow:
    made = outbox_id("alert_opened", org_id.encode(), number.to_bytes(4, "big"))
    return OutboxRow(made, org_id, "alert_opened", "vehicle", "episode", 1_700_000_000_000_000_000 + number, SECRET)


def test_its_name_is_a_plain_word(rig: Rig) -> None:
    assert re.fullmatch("[a-z]+", rig.channel.name)


async def test_each_organisation_is_told_its_own(rig: Rig) -> None:
    rows = [row(1), row(2), row(1, "other")]
    for one in rows:
        await rig.channel.deliver(one)
    assert await rig.told("org") == [id_text(one.id) for one in rows[:2]]
    assert await rig.told("other") == [id_text(rows[2].id)]


async def test_told_twice_looks_like_once_by_the_id(rig: Rig) -> None:
    for _ in range(3):
        await rig.channel.deliver(row(1))
    assert await rig.told("org") == [id_text(row(1).id)]


async def test_details_are_in_no_log(rig: Rig) -> None:
    await rig.channel.deliver(row(1))
    assert b"59.33" not in await rig.raw()


async def test_an_inbox_whose_store_is_away_says_so(data_dir: Path) -> None:
    (data_dir / "store.db").write_bytes(b"")
    rig = InboxRig(data_dir)
    with pytest.raises(Unavailable):
        await rig.channel.deliver(row(1))
    await rig.close()
