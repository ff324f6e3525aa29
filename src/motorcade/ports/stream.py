"""The stream: a durable, replayable log of entries, split into partitions.

Contract (written for the weakest engine, so that every engine keeps it):
- An entry is one batch of one partition's records (`wire/batch.py`), made durable as a whole or not at all.
- A writer may hand the same record to the stream twice (retry), and readers may see entries twice or out of order
  after retries. What was reported durable is never lost inside the retention.
- A `Position` names an entry; positions of one partition grow with appending. Equality means the same entry.
- Reading never blocks writers. An unreadable entry raises `CorruptEntry` naming its position, never one beyond the
  end; the entries after it stay readable (`read` from that position on). A stream that cannot be read at all raises
  `Corrupt`, of which no position may be skipped.
- A stream keeps one identity for life, also over restarts; another stream, or one begun anew, has another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from motorcade.domain.record import Frame

Position = int
"""Place of an entry in its partition. `BEGINNING` comes before every entry; there is no implicit start."""
BEGINNING: Position = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One durable batch. Times in ns; `frames` are bare record tuples in receipt order."""

    partition: int
    position: Position
    appended_at_ns: int
    frames: Sequence[Frame]


class StreamWriter(Protocol):
    """The appending end, held by one gateway process."""

    def append(self, frame: bytes, receipt: object) -> None:
        """Queue one encoded record for the next group commit; returns at once.

        Exactly one of the writer's two callbacks later gets `receipt`. Order of appends is kept.

        Raises:
            Busy: the queue holds its named limit of bytes; nothing was queued.
        """
        ...

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait for durability, for back-pressure."""
        ...

    async def close(self) -> None:
        """Make what is queued durable, report it, and give the log back."""
        ...


OnDurable = Callable[[Sequence[object]], None]
"""Called in the event loop with the receipts of one durable group commit, in order of appending."""
OnFailure = Callable[[Sequence[object], Exception], None]
"""Called in the event loop with the receipts of a group commit that failed; none of it may be acknowledged."""


class Stream(Protocol):
    """The reading end."""

    async def read(self, partition: int, after: Position, limit: int) -> Sequence[Entry]:
        """Up to `limit` entries after a position, oldest first; empty when there is none yet.

        Raises:
            CorruptEntry: the first entry after the position is unreadable (`error.position` names it).
            Corrupt: the stream as a whole is; wait and try again, and skip nothing.
            Trimmed: the entries right after the position are gone; `error.oldest` is the first one left.
            Unavailable: the engine does not answer.
        """
        ...

    async def wait(self, partition: int, after: Position, timeout_s: float) -> bool:
        """Whether an entry after the position exists, waiting up to `timeout_s` for one."""
        ...

    async def end(self, partition: int) -> Position:
        """Position of the newest entry, `BEGINNING` when there is none."""
        ...

    async def identity(self) -> str:
        """What this stream is known by: positions mean something only together with it.

        Raises:
            Unavailable: the engine does not answer, or there is no stream yet.
        """
        ...

    async def close(self) -> None:
        """Release files and connections. Idempotent."""
        ...
