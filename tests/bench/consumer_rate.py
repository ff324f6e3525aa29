"""Bench (b): records a second from the stream to state and live, of the real consumer process on one core.

The stream file is filled beforehand. The consumer starts without it and is ready (imports, sockets); then the file is
put in place and the consumer takes it from its first entry to its last, with one subscriber on the live bus. The clock
runs from the first change on the bus until the checkpoint in the store stands at the last entry, so commits of the
vehicles' states are in it; CPU time is that of the whole process, all its threads, over the same stretch and up to a
second of waiting before it.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tesla_protocol.telemetry.vehicle_data_pb2 import Payload

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.live_unix import UnixLiveSubscriber
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.domain.tenant import SystemScope
from motorcade.repositories.consumption import Consumption
from motorcade.repositories.tables import ALL
from motorcade.wire.live_event import decode_live
from tests.bench import machine
from tests.bench.prefill import prefill
from tests.flow.house import House

VEHICLES = 2_000
WITHIN_S = 120.0
"""For the whole run: a consumer that needs longer is far below its floor."""
POLL_S = 0.01
PARSED = 20_000
"""Payloads that the bare parser reads for the comparison."""


class Watcher:
    """A subscriber of the live bus that reads everything, as the API does, in the bench's own process."""

    def __init__(self, path: Path, changes_after_n: int = 0) -> None:
        self._subscriber, self._after = UnixLiveSubscriber(path), changes_after_n
        self.greeted, self.began = asyncio.Event(), asyncio.Event()
        self.began_s = 0.0
        self.updates = 0
        self.latest: dict[tuple[str, str], bytes] = {}
        self.task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        async for frame in self._subscriber.frames():
            self.greeted.set()
            if frame.values and not self.began.is_set():
                self.began_s = time.perf_counter()
                self.began.set()
            self.updates += len(frame.values)
            self.latest.update(frame.values)

    async def close(self) -> None:
        await self._subscriber.close()
        await self.task


@asynccontextmanager
async def prefilled(records: int) -> AsyncIterator[tuple[Path, int]]:
    """A folder with a filled `stream.db`, and the position of its last entry."""
    folder = Path(tempfile.mkdtemp(prefix="mc-bench-"))
    try:
        yield folder, await prefill(folder / "stream.db", records, VEHICLES)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def measure(filled: Path, end: int, records: int, core: int) -> dict[str, float]:
    """One run of the consumer over a filled stream, in a fresh data folder."""
    with tempfile.TemporaryDirectory(prefix="mc-bench-") as name:
        house = House(Path(name))
        await house.claim([])
        shutil.copyfile(filled / "stream.db", house.folder / "stream.new")
        store = SqliteStore(house.folder / "store.db", SystemClock(), ALL)
        house.start("consumer")
        try:
            async with asyncio.timeout(WITHIN_S):
                return await _measure(house, Consumption(SystemScope("bench"), store), end, records, core)
        finally:
            await store.close()
            house.stop_all()


async def _measure(house: House, consumption: Consumption, end: int, records: int, core: int) -> dict[str, float]:
    pid = house.processes["consumer"].pid
    watcher = Watcher(house.folder / "run/live.sock")
    await watcher.greeted.wait()
    machine.pin(pid, [core])
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {core} or {core})
    before_s = machine.cpu_s(pid)
    (house.folder / "stream.new").replace(house.folder / "stream.db")
    await watcher.began.wait()
    while await consumption.reached(0) != end:  # noqa: ASYNC110 - the store is another process's: nothing to be told by
        await asyncio.sleep(POLL_S)
    took_s = time.perf_counter() - watcher.began_s
    used_s = machine.cpu_s(pid) - before_s
    rss_mb = machine.rss_mb(pid)
    await asyncio.sleep(0.1)  # the last publish
    await watcher.close()
    newest = {decode_live(event).updated_at_ns for event in watcher.latest.values()}
    if len(watcher.latest) != VEHICLES or len(newest) != VEHICLES:
        raise RuntimeError(f"the live bus knows {len(watcher.latest)} of {VEHICLES} vehicles")
    return {
        "records_per_s": round(records / took_s),
        "consumer_us_per_record": round(1e6 * used_s / records, 2),
        "records_per_cpu_s": round(records / used_s),
        "live_updates_per_s": round(watcher.updates / took_s),
        "rss_mb": round(rss_mb, 1),
    }


async def parse_us(filled: Path) -> float:
    """CPU of protobuf's bare parser per payload of the same stream: what nobody can go below."""
    stream = SqliteStream(filled / "stream.db")
    payloads: list[bytes] = []
    position = 0
    while len(payloads) < PARSED and (entries := await stream.read(0, position, 64)):
        payloads += [frame[9] for entry in entries for frame in entry.frames]
        position = entries[-1].position
    await stream.close()
    parse, began_s = Payload.FromString, time.process_time()
    for payload in payloads:
        parse(payload)
    return 1e6 * (time.process_time() - began_s) / len(payloads)


async def bench(runs: int, records: int) -> dict[str, object]:
    """All runs over the same filled stream."""
    core = (os.cpu_count() or 1) - 1
    async with prefilled(records) as (filled, end):
        made = [await measure(filled, end, records, core) for _ in range(runs)]
        parser_us = await parse_us(filled)
        size = (filled / "stream.db").stat().st_size
    return {
        "records": records,
        "vehicles": VEHICLES,
        "signals_per_record": 8,
        "stored_bytes_per_record": round(size / records, 1),
        "runs": made,
        "parser_us_per_record": round(parser_us, 3),
    }
