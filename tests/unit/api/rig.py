"""A running API on loopback for tests: real server, real store, real identity, real live bus; and browsers for it."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.identity_local import LocalIdentity
from motorcade.adapters.embedded.keys_file import FileKeys, create_root_key
from motorcade.adapters.embedded.live_unix import UnixLivePublisher, UnixLiveSubscriber
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.api.deps import ApiDeps, ApiSettings
from motorcade.api.server import serve
from motorcade.domain.ids import new_id
from motorcade.domain.state import Fields
from motorcade.domain.summary import GEAR, LOCATION, SPEED, Summary
from motorcade.domain.tenant import Role, SystemScope
from motorcade.domain.vehicle import Vehicle
from motorcade.ports.store import ANY, Delete, Put
from motorcade.repositories.tables import ALL, ORGANISATIONS, STATES, USERS, VEHICLES
from motorcade.repositories.vehicles import AllVehicles, data_of
from motorcade.wire.live_event import encode_live
from motorcade.wire.state_snapshot import StateSnapshot, encode_state
from tests.conditions import free_port

START_WITHIN_S = 10.0
ANSWER_WITHIN_S = 10.0


class Event(dict[str, Any]):
    """A server-sent event: `event`, `id` and decoded `data`; a comment has only `comment`."""


@dataclass(frozen=True)
class Person:
    """Someone who is signed in."""

    org_id: str
    user_id: str
    token: str


@dataclass
class Rig:
    """The running room and what stands behind it."""

    deps: ApiDeps
    store: SqliteStore
    identity: LocalIdentity
    publisher: UnixLivePublisher
    now_ns: int
    stop: asyncio.Event

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.deps.settings.port}"

    async def owner(self) -> Person:
        """The first organisation's owner, signed in."""
        token, session = await self.identity.redeem_link(await self.identity.make_link())
        return Person(session.scope.org_id, session.scope.user_id, token)

    async def stranger(self, role: Role = "owner") -> Person:
        """Someone of another organisation, signed in: made as the store keeps people, for only the first is invited."""
        org_id, user_id = new_id(), new_id()
        user = {"name": "Stranger", "role": role, "membership_version": 1, "created_at_ns": self.now_ns}
        await self.store.write(
            [
                Put(ORGANISATIONS, "org", org_id, {"name": "Other fleet", "created_at_ns": self.now_ns}),
                Put(USERS, org_id, user_id, user),
            ]
        )
        person = await self.identity._people.person(org_id, user_id)
        assert person is not None
        token, _ = await self.identity._open(person)
        return Person(org_id, user_id, token)

    async def add(self, org_id: str, names: Sequence[str]) -> list[str]:
        """Vehicles of an organisation, known to the store; gives their ids."""
        vehicles = [Vehicle(new_id(), name, "Model 3", self.now_ns) for name in names]
        await self.store.write_batch(
            [Put(VEHICLES, org_id, vehicle.vehicle_id, data_of(org_id, vehicle), ANY) for vehicle in vehicles]
        )
        return [vehicle.vehicle_id for vehicle in vehicles]

    async def remove(self, org_id: str, vehicle_id: str) -> None:
        """Take a vehicle out of the store."""
        await self.store.write([Delete(VEHICLES, org_id, vehicle_id)])

    async def keep(self, org_id: str, vehicle_id: str, fields: Fields) -> None:
        """A state as the consumer commits it."""
        at_ns = max((cell[0] for cell in fields.values()), default=self.now_ns)
        snapshot = StateSnapshot(
            fields=fields,
            watermark_ns=at_ns,
            last_seen_ns=at_ns,
            open={"ab" * 8: at_ns},
            connections_changed_at_ns=at_ns,
        )
        await self.store.write([Put(STATES, org_id, vehicle_id, {"snapshot": encode_state(snapshot)})])

    def publish(self, org_id: str, summaries: Mapping[str, Summary]) -> None:
        """Summaries as the consumer publishes them."""
        self.publisher.publish({(org_id, vehicle_id): encode_live(each) for vehicle_id, each in summaries.items()})

    def browser(self, person: Person | None = None, **headers: str) -> httpx.AsyncClient:
        """A client that sends a person's cookie."""
        if person is not None:
            headers["cookie"] = f"{self.deps.settings.cookie}={person.token}"
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=ANSWER_WITHIN_S)

    async def listed(self, person: Person, count: int) -> list[dict[str, Any]]:
        """The list once it holds so many vehicles: names come with the next look, a second later at most."""
        async with self.browser(person) as browser:
            for _ in range(100):
                page = (await browser.get("/v1/vehicles", params={"limit": 500})).json()
                if len(page["data"]) == count:
                    return list(page["data"])
                await asyncio.sleep(0.05)
        raise AssertionError(f"the list never held {count} vehicles")


def summary(now_ns: int, speed_kmh: float = 50.0, **more: Any) -> Summary:
    """A car that drives."""
    made = Summary(
        location=(now_ns, (57.7, 11.97)),
        speed_kmh=(now_ns, speed_kmh),
        gear=(now_ns, "D"),
        open_connections=1,
        online_changed_at_ns=now_ns,
        last_seen_ns=now_ns,
        updated_at_ns=now_ns,
    )
    return made._replace(**more)


def driving_fields(now_ns: int) -> Fields:
    """A few readings of a driving car, one of them invalid."""
    return {
        SPEED: (now_ns, 1, 50.0),
        GEAR: (now_ns, 1, "D"),
        LOCATION: (now_ns, 1, (57.7, 11.97)),
        58: (now_ns, 1, ("DriverFront",)),
        59: (now_ns, 1, True),
        43: (now_ns, 1, None),
    }


@asynccontextmanager
async def running(folder: Path, settings: ApiSettings | None = None) -> AsyncGenerator[Rig, None]:
    """Start everything, and stop it in order."""
    clock = SystemClock()
    create_root_key(folder / "root.key")
    keys = FileKeys(folder / "root.key")
    async with AsyncExitStack() as stack:
        store = SqliteStore(folder / "store.db", clock, ALL)
        stack.push_async_callback(store.close)
        identity = LocalIdentity(store, keys, clock)
        await identity.ensure_owner()
        publisher = UnixLivePublisher(folder / "live.sock")
        stack.push_async_callback(publisher.close)
        await publisher.start()
        live = UnixLiveSubscriber(folder / "live.sock")
        stack.push_async_callback(live.close)
        chosen = replace(settings or ApiSettings(version="0"), port=free_port())
        deps = ApiDeps(clock, identity, keys, store, live, AllVehicles(SystemScope("test"), store), chosen)
        stop = asyncio.Event()
        task = asyncio.create_task(serve(deps, stop))
        try:
            await _answers(chosen.port, task)
            yield Rig(deps, store, identity, publisher, clock.now_ns(), stop)
        finally:
            stop.set()
            await task


async def _answers(port: int, task: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(START_WITHIN_S):
        while True:
            if task.done():
                await task
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return


async def events(response: httpx.Response) -> AsyncIterator[Event]:
    """The events of a live stream, comments included."""
    event = Event()
    async for line in response.aiter_lines():
        if not line:
            if event:
                yield event
            event = Event()
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        event[name or "comment"] = json.loads(value) if name == "data" else value


async def until(stream: AsyncIterator[Event], kind: str, within_s: float = ANSWER_WITHIN_S) -> Event:
    """The next event of a kind."""
    async with asyncio.timeout(within_s):
        async for event in stream:
            if event.get("event") == kind:
                return event
    raise AssertionError(f"the stream ended before a {kind}")
