"""Looks into an installation's files from outside its processes: the stream, the states, and a signed-in browser."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.identity_local import LocalIdentity
from motorcade.adapters.embedded.keys_file import FileKeys
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.domain.record import Frame, Topic
from motorcade.domain.tenant import SystemScope
from motorcade.ports.stream import BEGINNING, Entry
from motorcade.repositories.consumption import Consumption
from motorcade.repositories.tables import ALL, STATES
from motorcade.wire.state_snapshot import StateSnapshot, decode_state
from tests.flow.house import House

SOON_S = 60.0  # on an idle machine everything here takes less than one


async def entries(house: House) -> list[Entry]:
    """Everything in the stream, heartbeats included."""
    stream = SqliteStream(house.folder / "stream.db")
    found: list[Entry] = []
    try:
        while more := await stream.read(0, found[-1].position if found else BEGINNING, 1000):
            found += more
    finally:
        await stream.close()
    return found


async def reports(house: House, topic: Topic = Topic.VEHICLE_DATA) -> list[Frame]:
    """The stream's records of one topic, in order."""
    return [frame for entry in await entries(house) for frame in entry.frames if frame[4] == topic]


@contextlib.asynccontextmanager
async def open_store(house: House) -> AsyncIterator[SqliteStore]:
    """The store, as one more process."""
    store = SqliteStore(house.folder / "store.db", SystemClock(), ALL)
    try:
        yield store
    finally:
        await store.close()


async def states(house: House) -> dict[str, StateSnapshot]:
    """The committed state of every vehicle, by its id."""
    async with open_store(house) as store:
        page = await store.scan(STATES)
    return {item.sk: decode_state(item.data["snapshot"]) for item in page.items}


async def caught_up(house: House) -> None:
    """Wait until the consumer has committed everything that the stream holds now."""
    stream = SqliteStream(house.folder / "stream.db")
    try:
        async with open_store(house) as store, asyncio.timeout(SOON_S):
            consumption = Consumption(SystemScope("test"), store)
            end = await stream.end(0)
            while await consumption.reached(0) < end:  # noqa: ASYNC110 - the other side is another process
                await asyncio.sleep(0.05)
    finally:
        await stream.close()


@contextlib.asynccontextmanager
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running API, signed in as the owner by a one-time link."""
    async with open_store(house) as store:
        identity = LocalIdentity(store, FileKeys(house.folder / "root.key"), SystemClock())
        link = await identity.make_link()
    base = f"http://127.0.0.1:{house.http_port}"
    async with httpx.AsyncClient(base_url=base, headers={"origin": base}, timeout=SOON_S) as client:
        async with asyncio.timeout(SOON_S):
            while not await _ready(client):  # noqa: ASYNC110 - the other side is another process
                await asyncio.sleep(0.05)
        answer = await client.post("/v1/session", json={"link_token": link})
        assert answer.status_code == 201, answer.text
        yield client


async def _ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False
