"""What a distributed stream may do to us, done on purpose: duplicates, reordering, redelivery. For tests and drills.

The embedded stream keeps order and repeats nothing, which is better than the contract promises. These two wrappers take
that kindness away, so that whatever passes with them also holds on the weakest engine.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from motorcade.domain.errors import Busy
from motorcade.ports.stream import BEGINNING, Entry, OnDurable, OnFailure, Position, Stream, StreamWriter


@dataclass(frozen=True, slots=True)
class _Again:
    """Receipt of a copy that nobody waits for."""


_AGAIN = _Again()
HOLD_S = 0.02  # then a record that no other one follows goes on its way
Make = Callable[[OnDurable, OnFailure], StreamWriter]
"""Constructs the real writer with these callbacks."""


class FaultyWriter:
    """A writer whose producer retries: records are stored twice and overtake each other.

    What it does is decided by `rng`; every record still gets exactly one report, and none is lost.

    Args:
        make: constructs the real writer.
        on_durable: as for the real writer.
        on_failure: as for the real writer.
        rng: seeded, so that a failing run can be repeated.
        odds: share of records that are doubled, and share that are held back behind the next one.
    """

    def __init__(
        self, make: Make, on_durable: OnDurable, on_failure: OnFailure, rng: random.Random, odds: float = 0.2
    ) -> None:
        self._on_durable = on_durable
        self._on_failure = on_failure
        self._rng = rng
        self._odds = odds
        self._held: tuple[bytes, object] | None = None
        self._inner = make(self._durable, self._failure)

    def append(self, frame: bytes, receipt: object) -> None:
        """Queue a record, perhaps twice, perhaps behind the next one.

        Raises:
            Busy: the queue is full; nothing was queued.
        """
        if self._held is None and self._rng.random() < self._odds:
            self._held = (frame, receipt)
            asyncio.get_running_loop().call_later(HOLD_S, self.release)
            return
        self._inner.append(frame, receipt)
        with contextlib.suppress(Busy):  # this record is queued; what follows is not its sender's matter
            if self._rng.random() < self._odds:
                self._inner.append(frame, _AGAIN)
        self.release()

    def release(self) -> None:
        """Let go of the record that is held back, if there is one."""
        if self._held is not None:
            frame, receipt = self._held
            self._held = None
            try:
                self._inner.append(frame, receipt)
            except Busy as error:  # it was taken when it was offered, so its failure is reported
                self._on_failure([receipt], error)

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait for durability."""
        return self._inner.queued_bytes + (len(self._held[0]) if self._held else 0)

    async def close(self) -> None:
        """Make what is queued or held back durable, and report it."""
        self.release()
        await self._inner.close()

    def _durable(self, receipts: Sequence[object]) -> None:
        asked = [receipt for receipt in receipts if receipt is not _AGAIN]
        if asked:
            self._on_durable(asked)

    def _failure(self, receipts: Sequence[object], error: Exception) -> None:
        asked = [receipt for receipt in receipts if receipt is not _AGAIN]
        if asked:
            self._on_failure(asked, error)


class FaultyStream:
    """A reading end that delivers again: single entries twice in a row, and now and then a stretch from earlier on.

    The last entry of a read is always the newest one, so going on from it loses nothing.
    """

    def __init__(self, inner: Stream, rng: random.Random, odds: float = 0.2, rewind: int = 5) -> None:
        self._inner = inner
        self._rng = rng
        self._odds = odds
        self._rewind = rewind

    async def read(self, partition: int, after: Position, limit: int) -> Sequence[Entry]:
        """Entries after a position, with repetitions before and between them."""
        fresh = await self._inner.read(partition, after, limit)
        if not fresh:
            return fresh
        delivered: list[Entry] = []
        if after > BEGINNING and self._rng.random() < self._odds:
            back = self._rng.randint(1, self._rewind)
            earlier = await self._inner.read(partition, max(BEGINNING, after - back), back)
            delivered += [entry for entry in earlier if entry.position <= after]
        for entry in fresh:
            delivered += [entry] * (2 if self._rng.random() < self._odds else 1)
        return delivered

    async def wait(self, partition: int, after: Position, timeout_s: float) -> bool:
        """As the real stream."""
        return await self._inner.wait(partition, after, timeout_s)

    async def end(self, partition: int) -> Position:
        """As the real stream."""
        return await self._inner.end(partition)

    async def identity(self) -> str:
        """As the real stream."""
        return await self._inner.identity()

    async def close(self) -> None:
        """As the real stream."""
        await self._inner.close()
