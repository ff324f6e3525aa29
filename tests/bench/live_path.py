"""Benches (c) and (d): from a car's record to a browser's live stream, and the API's answers meanwhile.

The whole product runs as it does in production: gateway, consumer and API are processes of their own over one data
folder. A load client (its own process) sends at a fixed rate, one signed-in reader (its own process) follows the live
stream, and this process asks the API for a page of vehicles and for one vehicle in turn. All of them share the cores.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.identity_local import LocalIdentity
from motorcade.adapters.embedded.keys_file import FileKeys
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.repositories.tables import ALL
from tests.bench import machine
from tests.bench.answering import Answering, answering
from tests.bench.load_process import vins
from tests.flow.house import House

ROOMS = ("gateway", "consumer", "api")
ASK_EVERY_S = 0.05
"""Twenty requests a second: a page and a single vehicle in turn."""
PAGE = 100
READY_WITHIN_S = 120.0
"""Connecting 2,000 cars over TLS takes ten seconds of both ends on a quiet machine."""


@dataclass(frozen=True)
class Pace:
    """One load: how many cars send how much together."""

    rate_per_s: int
    vehicles: int
    seconds: float = 10.0
    warm_up_s: float = 2.0


async def ready(process: Answering) -> None:
    """Wait until a process of the bench says so.

    Raises:
        TimeoutError, RuntimeError: it did not, or ended instead.
    """
    async with asyncio.timeout(READY_WITHIN_S):
        if (line := await process.line()) != "ready":
            raise RuntimeError(f"a process of the bench said {line!r} instead of being ready")


class Product:
    """The running product with its load, its reader and a signed-in client."""

    def __init__(self, house: House, load: Answering, reader: Answering, client: httpx.AsyncClient) -> None:
        self.house, self.load, self.reader, self.client = house, load, reader, client
        self.one = ""

    async def run(self, pace: Pace) -> dict[str, float]:
        """One run: load, reader and questions side by side."""
        listed = (await self.client.get("/v1/vehicles", params={"limit": PAGE})).raise_for_status().json()
        self.one = listed["data"][0]["id"]
        load = asyncio.create_task(self.load.ask(str(pace.seconds)))
        await asyncio.sleep(pace.warm_up_s)
        await self.reader.ask("begin")
        before, began_s = self._used(), time.perf_counter()
        pages, singles = await self._questions(pace.seconds - 0.5)  # ends before the load does
        used, took_s = self._used(), time.perf_counter() - began_s
        seen = await self.reader.ask("end")
        sent = await load
        if sent["errors"]:
            raise RuntimeError(f"{sent['errors']} records got a wrong answer or none")
        records = sent["acked_per_s"] * took_s
        cost = {f"{name}_us_per_record": round(1e6 * (used[name] - before[name]) / records, 2) for name in used}
        changes = max(1.0, seen["changes"])
        return {
            **sent,
            **seen,
            "api_us_per_change": round(1e6 * (used["api"] - before["api"]) / changes, 2),
            **_percentiles("page", pages),
            **_percentiles("vehicle", singles),
            **cost,
        }

    async def _questions(self, seconds: float) -> tuple[list[float], list[float]]:
        pages: list[float] = []
        singles: list[float] = []
        began_s, turn = time.perf_counter(), 0
        while (now_s := time.perf_counter()) - began_s < seconds:
            path, times = (f"/v1/vehicles?limit={PAGE}", pages) if turn % 2 else (f"/v1/vehicles/{self.one}", singles)
            answer = await self.client.get(path)
            times.append(1e3 * (time.perf_counter() - now_s))
            answer.raise_for_status()
            turn += 1
            await asyncio.sleep(max(0.0, began_s + turn * ASK_EVERY_S - time.perf_counter()))
        return pages, singles

    def _used(self) -> Mapping[str, float]:
        return {room: machine.cpu_s(self.house.processes[room].pid) for room in ROOMS}


@asynccontextmanager
async def product(pace: Pace) -> AsyncIterator[Product]:
    """Start everything and connect the cars; stop and remove it at the end."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mc-bench-")))
        house = House(folder)
        await house.claim(vins(pace.vehicles))
        stack.callback(house.stop_all)
        for room in ROOMS:
            house.start(room)
        await house.until_open()
        arguments = (str(folder), str(house.vehicle_port), str(pace.vehicles), str(pace.rate_per_s))
        load = await stack.enter_async_context(answering("tests.bench.load_process", *arguments, str(pace.warm_up_s)))
        await ready(load)
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{house.http_port}"))
        await _ready(house, client)
        cookie = await _sign_in(house, client)
        reader = await stack.enter_async_context(answering("tests.bench.sse_reader", str(house.http_port), cookie))
        await ready(reader)
        yield Product(house, load, reader, client)


async def bench(pace: Pace, runs: int) -> dict[str, object]:
    """All runs of one load against one running product."""
    async with product(pace) as running:
        made = [await running.run(pace) for _ in range(runs)]
    return {"rate_per_s": pace.rate_per_s, "vehicles": pace.vehicles, "seconds": pace.seconds, "runs": made}


async def _ready(house: House, client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(READY_WITHIN_S):
        while True:
            for room in ROOMS:
                if house.processes[room].poll() is not None:
                    raise RuntimeError(f"the {room} ended: {house.log(room)[-800:]}")
            try:
                if (await client.get("/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass  # it has not begun to listen
            await asyncio.sleep(0.1)


async def _sign_in(house: House, client: httpx.AsyncClient) -> str:
    store = SqliteStore(house.folder / "store.db", SystemClock(), ALL)
    try:
        token = await LocalIdentity(store, FileKeys(house.folder / "root.key"), SystemClock()).make_link()
    finally:
        await store.close()
    origin = {"Origin": str(client.base_url).rstrip("/")}
    (await client.post("/v1/session", json={"link_token": token}, headers=origin)).raise_for_status()
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def _percentiles(name: str, times_ms: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times_ms, n=100, method="inclusive")
    return {
        f"{name}_p50_ms": round(cuts[49], 1),
        f"{name}_p99_ms": round(cuts[98], 1),
        f"{name}_requests": len(times_ms),
    }
