"""The stream on SQLite, writing end: group commit in a thread of its own.

The event loop collects records while the thread commits the ones before. A commit starts at once when the last one
began `PACE_S` ago or longer, so a lone record waits for nothing, and under load records gather for that long.
Results come back to the loop once per commit.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from motorcade.adapters.embedded.stream_file import CLOSED, OPENED, SEEN, TRIM_ENTRIES, Note, OpenConnection, StreamFile
from motorcade.domain.errors import Busy, Unavailable
from motorcade.ports.clock import Clock
from motorcade.ports.stream import OnDurable, OnFailure, Position

PACE_S = 0.003  # between starts of commits: with the commit itself a record waits about 5 ms at most
QUEUE_LIMIT_BYTES = 16 * 1024 * 1024  # seconds of a full fleet; more only makes cars wait longer for their answer
RETRY_FIRST_S, RETRY_LAST_S = 0.05, 1.0  # between looks whether a failed disk works again
RETENTION_S = 72 * 3600
"""How long entries stay at least."""

Result = TypeVar("Result")


class SqliteStreamWriter:
    """The only appender of a stream file. Construct it inside the event loop; it blocks a few milliseconds.

    Args:
        path: the file; made when missing.
        clock: stamps entries.
        on_durable: gets the receipts of each group commit, in the event loop.
        on_failure: gets the receipts of a group commit that failed, in the event loop.
        limit_bytes: records that may wait for durability.

    Raises:
        Unavailable: another process appends, or the file cannot be opened.
        Corrupt: the file is damaged; it is left as it is.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        on_durable: OnDurable,
        on_failure: OnFailure,
        limit_bytes: int = QUEUE_LIMIT_BYTES,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_durable = on_durable
        self._on_failure = on_failure
        self._limit_bytes = limit_bytes
        self._frames: list[bytes] = []
        self._receipts: list[object] = []
        self._notes: list[Note] = []
        self._waiting_bytes = 0
        self._committing_bytes = 0
        self._armed = False  # a commit runs or is about to start
        self._last_start_s = -PACE_S
        self._refusal: Exception | None = None
        self._retry_s = RETRY_FIRST_S
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._file = StreamFile(path, clock)
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # Daemon: a process that dies of an error in its loop must not hang on this thread.
        self._thread = threading.Thread(target=self._work, name="stream-writer", daemon=True)
        self._thread.start()

    def append(self, frame: bytes, receipt: object) -> None:
        """Queue one encoded record for the next group commit.

        Raises:
            Busy: the queue is full, or the disk failed and is tried again; nothing was queued.
        """
        size = len(frame)
        if self._refusal is not None or self.queued_bytes + size > self._limit_bytes:
            raise self._busy()
        self._frames.append(frame)
        self._receipts.append(receipt)
        self._waiting_bytes += size
        if not self._armed:
            self._arm()

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait for durability."""
        return self._waiting_bytes + self._committing_bytes

    @property
    def accepting(self) -> bool:
        """Whether appends are taken; False from a failed commit until the disk has shown that it works again."""
        return self._refusal is None

    def connection_opened(self, connection_id: bytes, source: bytes, opened_at_ns: int, epoch: str) -> None:
        """Note an open vehicle connection, durable together with the records around it.

        Args:
            connection_id: its 8 bytes.
            source: org, vehicle and connection id joined (40 bytes).
            opened_at_ns: when it opened.
            epoch: this gateway's start.
        """
        self._note(OPENED, (connection_id, source, opened_at_ns, epoch))

    def connection_closed(self, connection_id: bytes) -> None:
        """Note that a connection is closed; its closing record is appended just before."""
        self._note(CLOSED, (connection_id,))

    def epoch_seen(self, epoch: str, at_ns: int) -> None:
        """Note that a gateway's epoch lives: its connections count as seen until then."""
        self._note(SEEN, (epoch, at_ns))

    async def open_connections(self) -> Sequence[OpenConnection]:
        """Connections noted as opened and not closed, of earlier epochs too; what is queued does not count yet."""
        return await self._in_thread(self._file.open_connections)

    async def trim(self, before_ns: int, keep_after_position: Position) -> int:
        """Remove entries appended before a time, none after the position that the slowest reader has reached.

        Returns:
            How many entries were removed.

        Raises:
            Unavailable: the file cannot be written; some may have been removed.
        """
        total = 0
        while True:
            removed = await self._in_thread(lambda: self._file.trim(before_ns, keep_after_position))
            total += removed
            if removed < TRIM_ENTRIES:
                return total

    async def close(self) -> None:
        """Make what is queued durable, report it, and give the file back. Idempotent."""
        if self._closed:
            return
        self._closed = True
        await self._idle.wait()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _note(self, statement: str, values: tuple[object, ...]) -> None:
        # Taken even while appends are refused: there are at most two per connection, and the next commit has them.
        self._notes.append((statement, values))
        if not self._armed and self._refusal is None:
            self._arm()

    def _busy(self) -> Busy:
        if self._refusal is not None:
            return Busy(f"the stream cannot be written now ({self._refusal}); it is tried again by itself")
        return Busy(f"{self._limit_bytes} bytes already wait to be written")

    def _arm(self) -> None:
        if self._closed:
            raise Unavailable("the stream's writer is closed")
        self._idle.clear()
        self._schedule()

    def _schedule(self) -> None:
        self._armed = True
        wait_s = self._last_start_s + PACE_S - self._loop.time()
        if wait_s > 0:
            self._loop.call_later(wait_s, self._start)
        else:
            self._loop.call_soon(self._start)  # at the end of this turn, with all that it still brings

    def _start(self) -> None:
        frames, receipts, notes = self._frames, self._receipts, self._notes
        self._frames, self._receipts, self._notes = [], [], []
        self._committing_bytes, self._waiting_bytes = self._waiting_bytes, 0
        self._last_start_s = self._loop.time()
        self._jobs.put(lambda: self._commit(frames, receipts, notes))

    # In the thread.

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        self._file.close()

    def _commit(self, frames: list[bytes], receipts: list[object], notes: list[Note]) -> None:
        try:
            self._file.commit(frames, notes)
        except Exception as error:  # noqa: BLE001 - whatever it is, these records must not be acknowledged
            self._tell(self._failed, receipts, notes, error)
        else:
            self._tell(self._durable, receipts)

    def _revive(self) -> None:
        try:
            self._file.revive()
        except Exception as error:  # noqa: BLE001 - stays refused and is tried again
            self._tell(self._still_failing, error)
        else:
            self._tell(self._works_again)

    def _tell(self, callback: Callable[..., None], *values: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody is left to be told
            self._loop.call_soon_threadsafe(callback, *values)

    # Back in the event loop.

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._closed:
            raise Unavailable("the stream's writer is closed")
        answer: asyncio.Future[Result] = self._loop.create_future()

        def job() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - handed to the caller, who waits for it
                self._tell(_settle, answer, None, error)
            else:
                self._tell(_settle, answer, result, None)

        self._jobs.put(job)
        return await answer

    def _durable(self, receipts: list[object]) -> None:
        self._committing_bytes = 0
        if self._frames or self._notes:
            self._schedule()
        else:
            self._armed = False
            self._idle.set()
        if receipts:
            self._on_durable(receipts)

    def _failed(self, receipts: list[object], notes: list[Note], error: Exception) -> None:
        """Refuse everything until the disk has shown that it works; what waited behind has failed with it."""
        refused = receipts + self._receipts
        self._frames, self._receipts, self._notes = [], [], notes + self._notes
        self._waiting_bytes = self._committing_bytes = 0
        self._armed = False
        self._idle.set()
        self._refusal = error
        self._retry_s = RETRY_FIRST_S
        self._look_later()
        if refused:
            self._on_failure(refused, error)

    def _look_later(self) -> None:
        if not self._closed:
            self._loop.call_later(self._retry_s, self._look)

    def _look(self) -> None:
        if not self._closed:
            self._jobs.put(self._revive)

    def _still_failing(self, error: Exception) -> None:
        self._refusal = error
        self._retry_s = min(self._retry_s * 2, RETRY_LAST_S)
        self._look_later()

    def _works_again(self) -> None:
        self._refusal = None
        if self._notes and not self._closed:
            self._arm()


def _settle(answer: "asyncio.Future[Result]", result: Result, error: Exception | None) -> None:
    if answer.cancelled():
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(result)
