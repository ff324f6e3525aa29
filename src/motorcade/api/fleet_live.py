"""The tasks that keep the fleets in memory true: live frames, names, time, and who may still watch.

At the start everything is read from the store, so lists are right also while the consumer is away. A frame of the live
bus then replaces summaries; a new publisher's snapshot replaces them too, and a vehicle that it does not name keeps
what we know, because the publisher gives everything again only step by step.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

from motorcade.api.deps import ApiDeps
from motorcade.api.fleet import Fleets, summary_of
from motorcade.api.live_clients import Client, LiveClients
from motorcade.api.opened import OpenedVehicles
from motorcade.domain.errors import Corrupt, Invalid, MotorcadeError
from motorcade.domain.record import NS_PER_S
from motorcade.observability.logs import get_logger
from motorcade.ports.store import Item
from motorcade.repositories.tables import STATES
from motorcade.wire.live_event import decode_live
from motorcade.wire.state_snapshot import decode_state

STRETCH: Final = 500
"""Vehicles taken in without a pause: about 2 ms, so that a snapshot of 10,000 does not stop everyone else."""
NAMES_S: Final = 0.5
"""How often new names are looked for: whoever claims or renames a car waits for it to show; a look costs 0.1 ms."""
STORE_S: Final = 5.0
"""How often the store is read while the live bus is away: 10,000 states take 0.1 s of CPU."""
SWEEP_S: Final = 1.0
RECHECK_S: Final = 4.0
"""How often open streams' sessions are looked up: a revoked one ends within 5 s."""
RETRY_S: Final = 1.0
"""Between a task's failure and its new beginning; what failed is mostly the store, for a moment."""
UNCHECKED_S: Final = 30.0
"""A stream whose session could not be looked up for so long ends: the promise of revocation for streams."""

_log = get_logger(__name__)


class FleetLive:
    """Fleets, open streams and the tasks behind them."""

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps
        self._vehicles = deps.vehicles
        self._tasks: list[asyncio.Task[None]] = []
        self._early: dict[tuple[str, str], bytes] = {}  # summaries of vehicles whose names we do not have yet
        self._names_place = ""
        self.clock = deps.clock
        self.fleets = Fleets()
        self.clients = LiveClients(deps.clock, deps.metrics)
        self.opened = OpenedVehicles(deps.store)

    async def start(self) -> None:
        """Read the fleets and start the tasks.

        Raises:
            Unavailable: the store does not answer.
        """
        await self._read_names()
        await self._read_states()
        jobs: Mapping[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "frames": self._follow_frames,
            "store": lambda: self._repeat(STORE_S, self._follow_store),
            "names": lambda: self._repeat(NAMES_S, self._follow_names),
            "sweep": lambda: self._repeat(SWEEP_S, self._sweep),
            "recheck": lambda: self._repeat(RECHECK_S, self._recheck),
            "ticks": self.clients.tick,
            "opened": self.opened.poll,
        }
        self._tasks = [asyncio.create_task(_lasting(name, job), name=f"api-{name}") for name, job in jobs.items()]

    async def stop(self) -> None:
        """End streams and tasks. Idempotent."""
        self.clients.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def end(self, client: Client) -> None:
        """Forget a stream that ended."""
        self.clients.remove(client)
        if client.opened is not None:
            self.opened.close(client.opened)
            client.opened = None

    async def _read_names(self) -> None:
        self._names_place = await self._vehicles.cursor()
        listed = await self._vehicles.all()
        present = {(org_id, vehicle.vehicle_id) for org_id, vehicle in listed}
        for org_id, vehicle in listed:
            self.fleets.of(org_id).put(vehicle)
        for org_id, org in self.fleets.by_org():
            for gone in [vehicle_id for vehicle_id in org.entries if (org_id, vehicle_id) not in present]:
                org.drop(gone)

    async def _read_states(self) -> None:
        after: str | None = None
        while True:
            page = await self._deps.store.scan(STATES, after)
            for start in range(0, len(page.items), STRETCH):
                for item in page.items[start : start + STRETCH]:
                    self._take_stored(item)
                await asyncio.sleep(0)
            if page.next is None:
                return
            after = page.next

    def _take_stored(self, item: Item) -> None:
        found = self.fleets.find(item.pk, item.sk)
        if found is None:
            return
        org, entry = found
        try:
            summary = summary_of(decode_state(item.data["snapshot"]))
        except Corrupt as error:
            _log.error("stored_state_unreadable", vehicle=item.sk, error=str(error))
            return
        if (summary.updated_at_ns, summary.last_seen_ns) > (entry.summary.updated_at_ns, entry.summary.last_seen_ns):
            org.update(entry, summary, self._deps.clock.now_ns())

    async def _follow_store(self) -> None:
        """While the live bus is away, what the consumer commits is the next best."""
        if not self._deps.live.connected:
            await self._read_states()

    async def _follow_frames(self) -> None:
        async for frame in self._deps.live.frames():
            values = list(frame.values.items())
            for start in range(0, len(values), STRETCH):
                if start:
                    await asyncio.sleep(0)
                now_ns = self._deps.clock.now_ns()
                for key, raw in values[start : start + STRETCH]:
                    self._take_live(key, raw, now_ns)

    def _take_live(self, key: tuple[str, str], raw: bytes, now_ns: int) -> None:
        found = self.fleets.find(*key)
        if found is None:
            self._early[key] = raw
            return
        org, entry = found
        if raw == entry.raw:
            return
        try:
            summary = decode_live(raw)
        except Corrupt as error:
            _log.error("live_event_unreadable", vehicle=key[1], error=str(error))
            return
        entry.raw = raw
        org.update(entry, summary, now_ns)

    async def _follow_names(self) -> None:
        try:
            changes, self._names_place = await self._vehicles.changes(self._names_place)
        except Invalid:
            await self._read_names()
            return
        for org_id, vehicle_id, vehicle in changes:
            if vehicle is None:
                self.fleets.of(org_id).drop(vehicle_id)
                self._early.pop((org_id, vehicle_id), None)
                continue
            self.fleets.of(org_id).put(vehicle)
            early = self._early.pop((org_id, vehicle_id), None)
            if early is not None:
                self._take_live((org_id, vehicle_id), early, self._deps.clock.now_ns())

    async def _sweep(self) -> None:
        now_ns = self._deps.clock.now_ns()
        for org in self.fleets.orgs():
            org.sweep(now_ns)

    async def _recheck(self) -> None:
        """End the streams of sessions that were revoked, expired or given another role."""
        by_token: dict[str, list[Client]] = {}
        for client in self.clients.clients():
            by_token.setdefault(client.token, []).append(client)
        for token, clients in by_token.items():
            try:
                session = await self._deps.identity.session(token)
            except MotorcadeError:
                self._end_unchecked(clients)
                continue
            for client in clients:
                client.checked_ns = self._deps.clock.monotonic_ns()
                if session is None or session.scope != client.scope:
                    client.close()

    def _end_unchecked(self, clients: list[Client]) -> None:
        now_ns = self._deps.clock.monotonic_ns()
        for client in clients:
            if now_ns - client.checked_ns > UNCHECKED_S * NS_PER_S:
                client.close()

    async def _repeat(self, every_s: float, job: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(every_s)
            await job()


async def _lasting(name: str, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Keep a task alive: what it stumbles over is said, and it begins anew."""
    while True:
        try:
            await job()
            return  # the live bus was closed
        except Exception as error:  # noqa: BLE001 - without this task lists and streams would go stale unseen
            foreseen = isinstance(error, MotorcadeError)
            _log.warning("api_task_failed", task=name, error=str(error), exc_info=None if foreseen else error)
        await asyncio.sleep(RETRY_S)
