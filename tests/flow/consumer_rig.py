"""A consumer in the test's own event loop, over a real stream, a real store and a real live bus."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.live_unix import UnixLivePublisher
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.adapters.embedded.stream_faulty import FaultyStream, FaultyWriter
from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.consumer.loop import ConsumerLoop, Doors
from motorcade.domain.ids import id_text
from motorcade.domain.record import Flag, Frame, Topic
from motorcade.domain.rules import RuleTimeline
from motorcade.domain.state import Value
from motorcade.domain.summary import Summary
from motorcade.domain.tenant import SystemScope
from motorcade.observability.logs import get_logger
from motorcade.observability.metrics import Metrics
from motorcade.ports.stream import BEGINNING, Entry, OnDurable, OnFailure, Stream, StreamWriter
from motorcade.repositories.consumption import Consumption
from motorcade.repositories.findings import Findings
from motorcade.repositories.refolds import Refolds
from motorcade.repositories.tables import ALL, STATES
from motorcade.wire.batch import encode_frame
from motorcade.wire.live_event import decode_live
from motorcade.wire.state_snapshot import StateSnapshot, decode_state
from motorcade.wire.tesla.encode import encode_vehicle_data
from motorcade.wire.tesla.reports import encode_connectivity

ORG = bytes(range(16))
NOW_NS = SystemClock().now_ns()
SPEED, ODOMETER, SOC = 4, 5, 8
SOON_S = 20.0
STANDARD = RuleTimeline()


def vehicle(number: int) -> bytes:
    return bytes([number]) * 16


def record(number: int, topic: int, at_ns: int, payload: bytes, flags: int = 0, connection: int = 0) -> bytes:
    """One frame of a vehicle; all three times are the same."""
    source = ORG + vehicle(number) + connection.to_bytes(8, "big")
    return encode_frame(source, 0, topic, flags, (at_ns, at_ns, at_ns), payload)


def data(number: int, at_ns: int, values: dict[int, Value], flags: int = 0) -> bytes:
    return record(number, Topic.VEHICLE_DATA, at_ns, encode_vehicle_data(values, at_ns), flags)


def connection(number: int, connection_id: str, at_ns: int, *, is_open: bool) -> bytes:
    payload = encode_connectivity(connection_id, is_open, at_ns, "")
    return record(number, Topic.CONNECTIVITY, at_ns, payload, Flag.SERVER_MADE, int(connection_id, 16))


def random_data(rng: random.Random, count: int, cars: int = 3) -> list[bytes]:
    """Reports whose times jump back and forth, some of their values invalid."""
    numbers = (SPEED, ODOMETER, SOC)
    return [
        data(
            rng.randrange(cars),
            NOW_NS - rng.randrange(60 * 10**9),
            {
                number: None if rng.random() < 0.1 else rng.uniform(0, 130)
                for number in rng.sample(numbers, rng.randint(1, 3))
            },
        )
        for _ in range(count)
    ]


@dataclass
class Consumers:
    """One folder with a stream and a store, and as many consumers over it as a test starts."""

    folder: Path
    store: SqliteStore
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    closing: list[Stream] = field(default_factory=list)
    buses: list[UnixLivePublisher] = field(default_factory=list)

    @classmethod
    def over(cls, folder: Path) -> "Consumers":
        return cls(folder, SqliteStore(folder / "store.db", SystemClock(), ALL))

    async def close(self) -> None:
        for bus in self.buses:
            await bus.close()
        for stream in self.closing:
            await stream.close()
        await self.store.close()

    async def append(self, frames: Sequence[bytes], entry: int = 10, *, faulty: bool = False) -> None:
        """Append frames, so many at a time, each part an entry of its own at least."""
        settled = asyncio.Event()
        left = len(frames)

        def durable(receipts: Sequence[object]) -> None:
            nonlocal left
            left -= len(receipts)
            settled.set()

        def failed(receipts: Sequence[object], error: Exception) -> None:
            raise AssertionError(f"{len(receipts)} records failed") from error

        def make(on_durable: OnDurable, on_failure: OnFailure) -> StreamWriter:
            return SqliteStreamWriter(self.folder / "stream.db", SystemClock(), on_durable, on_failure)

        writer = FaultyWriter(make, durable, failed, self.rng) if faulty else make(durable, failed)
        for start in range(0, len(frames), entry):
            wanted = left - len(frames[start : start + entry])
            for frame in frames[start : start + entry]:
                writer.append(frame, None)
            while left > wanted:
                settled.clear()
                await asyncio.wait_for(settled.wait(), SOON_S)
        await writer.close()

    def stream(self, *, faulty: bool = False) -> Stream:
        stream: Stream = SqliteStream(self.folder / "stream.db")
        self.closing.append(stream)
        return FaultyStream(stream, self.rng) if faulty else stream

    async def start(self, *, faulty: bool = False) -> "Consumer":
        """A consumer that has taken over."""
        bus = UnixLivePublisher(self.folder / f"live-{len(self.buses)}.sock")
        await bus.start()
        self.buses.append(bus)
        metrics = Metrics()
        consumption = Consumption(SystemScope("test"), self.store)
        log = get_logger("test")
        findings = Findings(SystemScope("test"), self.store, SystemClock())
        stream, clock = self.stream(faulty=faulty), SystemClock()
        refolds = Refolds(SystemScope("test"), self.store)
        doors = Doors(stream, consumption, findings, refolds, lambda _: STANDARD, bus, clock, metrics, log)
        loop = ConsumerLoop(doors)
        await loop.start()
        return Consumer(loop, bus, metrics, consumption)

    async def entries(self) -> list[Entry]:
        """All readable entries of the stream."""
        stream = self.stream()
        found: list[Entry] = []
        while more := await stream.read(0, found[-1].position if found else BEGINNING, 1000):
            found += more
        return found

    async def frames(self) -> list[Frame]:
        return [frame for entry in await self.entries() for frame in entry.frames if frame[4] != Topic.HEARTBEAT]

    async def states(self) -> dict[str, StateSnapshot]:
        """What is committed."""
        page = await self.store.scan(STATES)
        return {item.sk: decode_state(item.data["snapshot"]) for item in page.items}


@dataclass
class Consumer:
    """One consumer and what it says."""

    loop: ConsumerLoop
    bus: UnixLivePublisher
    metrics: Metrics
    consumption: Consumption

    async def run_to_end(
        self, end: int | None = None, *, until_refolded: Refolds | None = None, within_s: float = SOON_S
    ) -> None:
        """Consume what the stream holds now and what re-folds lie ready, commit it, and stop cleanly."""
        running = asyncio.create_task(self.loop.run())
        stream = self.loop._doors.stream
        wanted = await stream.end(0) if end is None else end
        async with asyncio.timeout(within_s):
            while self.loop.progress.position < wanted and not running.done():  # noqa: ASYNC110 - a test may poll
                await asyncio.sleep(0.005)
            while until_refolded and await until_refolded.ready() and not running.done():  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.05)
        self.loop.stop()
        await running

    def published(self, number: int) -> Summary:
        """The newest summary on its bus."""
        return decode_live(self.bus._values[id_text(ORG), id_text(vehicle(number))])

    @property
    def counts(self) -> dict[str, int]:
        return dict(self.loop.progress.counts)
