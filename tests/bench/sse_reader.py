"""One browser's live stream, read in a process of its own: how old a change is when it has arrived.

    python -m tests.bench.sse_reader PORT COOKIE

It writes `ready` after the snapshot. Each line of standard input ends a stretch and writes one line of JSON about it.
The age of a change is the time at which its whole event is there minus the vehicle's `updated_at`, which is the time at
which the load client sent the record; both clocks are this machine's. `updated_at` is cut to milliseconds, so an age is
up to one millisecond too long. Only a vehicle whose time moved on counts. Where several records of one vehicle fall
into one tick, the stream tells only of the last one, and its age is what is measured.
"""

import asyncio
import json
import sys
from datetime import datetime

import msgspec
import uvloop

from motorcade.adapters.embedded.clock_system import SystemClock

NS_PER_MS = 1_000_000
LINE_BYTES = 1 << 20


class SeenVehicle(msgspec.Struct):
    """What of a vehicle is looked at; the rest is skipped."""

    id: str
    updated_at: datetime | None = None


class SeenEvent(msgspec.Struct):
    """The data of a snapshot or a change."""

    vehicles: list[SeenVehicle] = []


class Stretch:
    """What arrived since the stretch began."""

    def __init__(self) -> None:
        self.ages_ms: list[float] = []
        self.events = self.received_bytes = 0

    def report(self) -> dict[str, float]:
        """Counts and percentiles."""
        ages = sorted(self.ages_ms) or [0.0]
        return {
            "changes": len(self.ages_ms),
            "events": self.events,
            "received_mb": round(self.received_bytes / 1e6, 2),
            **{f"sse_p{name}_ms": round(ages[int(len(ages) * share)], 1) for name, share in _SHARES},
            "sse_max_ms": round(ages[-1], 1),
        }


_SHARES = (("50", 0.50), ("90", 0.90), ("99", 0.99))
_decode = msgspec.json.Decoder(SeenEvent).decode


class Reader:
    """Reads the stream and keeps the newest time of each vehicle."""

    def __init__(self) -> None:
        self.stretch = Stretch()
        self.greeted = asyncio.Event()
        self._newest: dict[str, datetime] = {}
        self._clock = SystemClock()

    async def read(self, port: int, cookie: str) -> None:
        """Follow the stream for ever."""
        source, sink = await asyncio.open_connection("127.0.0.1", port, limit=LINE_BYTES)
        sink.write(b"GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nCookie: %b\r\n\r\n" % (port, cookie.encode()))
        head = await source.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(f"the live stream was refused: {head.splitlines()[0]!r}")
        rest = b""
        while size := int(await source.readline(), 16):
            chunk = (await source.readexactly(size + 2))[:-2]
            self.stretch.received_bytes += size
            *events, rest = (rest + chunk).split(b"\n\n")
            for event in events:
                self._take(event)

    def _take(self, event: bytes) -> None:
        now_ns = self._clock.now_ns()
        kind, _, data = event.partition(b"\ndata: ")
        if not kind.startswith((b"event: snapshot", b"event: change")):
            return
        self.stretch.events += 1
        for vehicle in _decode(data).vehicles:
            at = vehicle.updated_at
            if at is None or at == self._newest.get(vehicle.id):
                continue
            self._newest[vehicle.id] = at
            if self.greeted.is_set():
                self.stretch.ages_ms.append(now_ns / NS_PER_MS - at.timestamp() * 1e3)
        self.greeted.set()


async def _main(port: int, cookie: str) -> None:
    reader = Reader()
    task = asyncio.create_task(reader.read(port, cookie))
    greeted = asyncio.create_task(reader.greeted.wait())
    await asyncio.wait({task, greeted}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        done, reader.stretch = reader.stretch, Stretch()
        print(json.dumps(done.report()), flush=True)
    task.cancel()


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1]), sys.argv[2]))
