"""One live stream (SSE) per browser: what it has seen, when it is written to, and when it ends.

A client is a number: the last change of its fleet that it has seen. On its tick it gets everything after that number as
one frame, so its memory does not grow with the rate or with its slowness. One ticker wakes the clients, a tenth of them
at a time: together they would all wait for the last one (p99 falls by a factor of seven when they are spread).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from motorcade.api.fleet import OrgFleet
from motorcade.api.opened import Opened
from motorcade.api.problems import ApiProblem
from motorcade.domain.record import NS_PER_S
from motorcade.domain.state import Cell
from motorcade.domain.tenant import OrgScope
from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock

TICK_S: Final = 0.1
TICK_LOADED_S: Final = 0.25
LATE_S: Final = 0.02
"""A ticker that is late by this much on average runs in a loaded loop: fewer, larger frames cost less."""
CALM_S: Final = 0.005
SLOTS: Final = 10
BEAT_S: Final = 5.0
"""A comment after this long without a frame, so that the browser can tell a quiet fleet from a dead stream."""
STALLED_S: Final = 30.0
"""A reader that takes nothing for so long is gone or hostile; its connection is cut."""
SWEEP_S: Final = 1.0
MAX_STREAMS: Final = 2_000
"""Streams of one process: 2,000 at 10 frames a second are half a core."""
MAX_STREAMS_PER_USER: Final = 12
"""Some tabs on some machines; a browser needs one for all its tabs."""
STREAMS_RETRY_S: Final = 5


@dataclass(eq=False, slots=True)
class Client:
    """One open stream."""

    org: OrgFleet
    scope: OrgScope
    token: str
    abort: Callable[[], None] | None = None  # cuts the connection; the server's protocol gives it
    opened: Opened | None = None
    n: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closing: bool = False
    writing_since_ns: int = 0
    written_ns: int = 0
    checked_ns: int = 0  # when its session was last looked up
    sent: dict[int, Cell] = field(default_factory=dict)  # signals of the opened vehicle as the client knows them
    opened_n: int = -1

    def close(self) -> None:
        """Let the stream end at once."""
        self.closing = True
        self.wake.set()

    def due(self, now_ns: int) -> bool:
        """Whether there is anything to write."""
        if self.writing_since_ns:
            return False
        if self.org.n != self.n or (self.opened is not None and self.opened.n != self.opened_n):
            return True
        return now_ns - self.written_ns >= BEAT_S * NS_PER_S


class LiveClients:
    """All open streams of this process and their ticker."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._cut = metrics.count("motorcade_api_streams_cut_total")
        self.frames = metrics.count("motorcade_api_frames_total")
        metrics.read("motorcade_api_streams", lambda: float(len(self)))
        metrics.read("motorcade_api_tick_late_seconds", lambda: self.late_s)
        self._slots: list[set[Client]] = [set() for _ in range(SLOTS)]
        self._some = asyncio.Event()
        self._stopped = False
        self.tick_s = TICK_S
        self.late_s = 0.0

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    def clients(self) -> list[Client]:
        """All open streams."""
        return [client for slot in self._slots for client in slot]

    def add(self, client: Client) -> None:
        """Admit a stream.

        Raises:
            ApiProblem: a named limit of streams is reached, or the process is stopping.
        """
        if self._stopped:
            raise ApiProblem("unavailable", "The server is stopping.", headers={"retry-after": str(STREAMS_RETRY_S)})
        mine = sum(other.scope.user_id == client.scope.user_id for other in self.clients())
        if mine >= MAX_STREAMS_PER_USER or len(self) >= MAX_STREAMS:
            limit = f"{MAX_STREAMS_PER_USER} of a person" if mine >= MAX_STREAMS_PER_USER else f"{MAX_STREAMS} in all"
            detail = f"The limit of open live streams is reached ({limit}); close one and try again."
            raise ApiProblem("too-many-streams", detail, headers={"retry-after": str(STREAMS_RETRY_S)})
        client.written_ns = client.checked_ns = self._clock.monotonic_ns()
        min(self._slots, key=len).add(client)
        self._some.set()

    def remove(self, client: Client) -> None:
        """Forget a stream. Idempotent."""
        for slot in self._slots:
            slot.discard(client)

    def stop(self) -> None:
        """End all streams and admit none: an HTTP server does not stop while one is open."""
        self._stopped = True
        for client in self.clients():
            client.close()

    async def tick(self) -> None:
        """Wake clients that have something to get, slot after slot, for ever."""
        slot, due_ns = 0, self._clock.monotonic_ns()
        swept_ns = due_ns
        while True:
            if not len(self):
                self._some.clear()
                await self._some.wait()
                due_ns = self._clock.monotonic_ns()
            due_ns += int(self.tick_s / SLOTS * NS_PER_S)
            await asyncio.sleep(max(0.0, (due_ns - self._clock.monotonic_ns()) / NS_PER_S))
            now_ns = self._clock.monotonic_ns()
            due_ns = self._judge_load(now_ns, due_ns)
            for client in self._slots[slot]:
                if client.due(now_ns):
                    client.wake.set()
            slot = (slot + 1) % SLOTS
            if now_ns - swept_ns >= SWEEP_S * NS_PER_S:
                swept_ns = now_ns
                self._cut_stalled(now_ns)

    def _judge_load(self, now_ns: int, due_ns: int) -> int:
        """Stretch or shrink the tick by how late this one is; gives the time from which the next one counts."""
        late_s = max(0.0, (now_ns - due_ns) / NS_PER_S)
        self.late_s += (late_s - self.late_s) / SLOTS
        if self.late_s > LATE_S:
            self.tick_s = TICK_LOADED_S
        elif self.late_s < CALM_S:
            self.tick_s = TICK_S
        return now_ns if late_s > self.tick_s else due_ns  # never try to catch up a whole tick

    def _cut_stalled(self, now_ns: int) -> None:
        for client in self.clients():
            if client.writing_since_ns and now_ns - client.writing_since_ns > STALLED_S * NS_PER_S:
                client.close()
                self._cut.add()
                if client.abort is not None:
                    client.abort()
