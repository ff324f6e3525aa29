"""The queue on SQLite: a file of its own, many processes.

Changes run in one thread of this queue. What is asked for while a transaction is under way goes into the next one
together, so that a busy worker pays for one write to the disk per batch and not per message.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw

from motorcade.adapters.embedded import queue_file as file
from motorcade.adapters.embedded.queue_file import NS_PER_S, QUEUE_FILE
from motorcade.adapters.embedded.sqlite_engine import ENGINE_FAULTS, create_database, open_database, translate
from motorcade.domain.errors import Invalid, MotorcadeError
from motorcade.ports.clock import Clock
from motorcade.ports.queue import Dead, Depth, Held, Message

POLL_S = 0.05
"""How often a waiting process looks: a twentieth of the second that a delivery may be late."""
PURGE_EVERY_S = 60
"""Dead letters are kept for days, so minutes do not matter."""
Result = TypeVar("Result")
Change = Callable[[apsw.Connection, int], Any]
"""One operation inside a transaction, given the time in ns. It raises, if at all, before it changes anything."""


class SqliteQueue:
    """`Queue` in one file. It is opened, and made when missing, when first used.

    Args:
        path: the file.
        clock: decides what is due.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._reader: apsw.Connection | None = None
        self._writer = _Writer(path, clock)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="queue-writer")
        self._pending: list[tuple[Change, asyncio.Future[Any]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def send(self, line: str, messages: Sequence[Message]) -> int:
        """Add messages, all or none."""
        file.check(messages)
        if not messages:
            return 0
        return await self._change(lambda connection, now_ns: file.send(connection, now_ns, line, messages))

    async def receive(self, line: str, limit: int, *, lease_s: float, per_group: int) -> Sequence[Held]:
        """Take messages that are due."""
        if limit < 1 or per_group < 1:
            raise Invalid("at least one message must be asked for")
        if not self._is_due(line):
            return []
        return await self._change(
            lambda connection, now_ns: file.receive(connection, now_ns, line, limit, lease_s, per_group)
        )

    async def wait(self, line: str, timeout_s: float) -> bool:
        """Whether something is due, waiting for it."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + timeout_s
        while not self._is_due(line):
            left_s = until_s - loop.time()
            if left_s <= 0:
                return False
            await asyncio.sleep(min(POLL_S, left_s))
        return True

    async def extend(self, held: Held, lease_s: float) -> bool:
        """Hold a message for longer."""
        return await self._change(lambda connection, now_ns: file.extend(connection, now_ns, held, lease_s))

    async def done(self, held: Held) -> bool:
        """A message is done and goes."""
        return await self._change(lambda connection, now_ns: file.done(connection, now_ns, held))

    async def release(self, held: Held, delay_s: float) -> bool:
        """Give a message back."""
        return await self._change(lambda connection, now_ns: file.release(connection, now_ns, held, delay_s))

    async def bury(self, held: Held, reason: str) -> bool:
        """Move a message to the dead letters."""
        return await self._change(lambda connection, now_ns: file.bury(connection, now_ns, held, reason))

    async def dead(self, line: str, limit: int) -> Sequence[Dead]:
        """Dead letters, the latest first."""
        return self._read(lambda connection: file.dead(connection, line, limit))

    async def redrive(self, line: str, limit: int) -> int:
        """Put dead letters back."""
        return await self._change(lambda connection, now_ns: file.redrive(connection, now_ns, line, limit))

    async def depth(self, line: str) -> Depth:
        """How full a line is."""
        return self._read(lambda connection: file.depth(connection, self._clock.now_ns(), line))

    async def close(self) -> None:
        """Finish what was asked for and release the file. Idempotent."""
        if self._flushing is not None:
            await asyncio.wait({self._flushing})
        self._drop_reader()
        await asyncio.to_thread(self._thread.shutdown)
        self._writer.close()

    def _is_due(self, line: str) -> bool:
        due_ns = self._read(lambda connection: file.first_due_ns(connection, line))
        return due_ns is not None and due_ns <= self._clock.now_ns()

    def _read(self, read: Callable[[apsw.Connection], Result]) -> Result:
        """Read in the event loop itself: it waits for no writer, and takes less time than a hand-over."""
        if self._reader is None:
            self._reader = _open(self._path)
        try:
            return read(self._reader)
        except ENGINE_FAULTS as error:
            self._drop_reader()
            raise translate(error, self._path) from error

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.close(force=True)
            self._reader = None

    async def _change(self, change: Callable[[apsw.Connection, int], Result]) -> Result:
        """Do it in the next transaction; the answer comes once that is on the disk."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending.append((change, future))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await future

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            batch, self._pending = self._pending, []
            changes = [change for change, _ in batch]
            try:
                answers = await loop.run_in_executor(self._thread, self._writer.commit, changes)
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait for the batch must hear it
                answers = [error] * len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():  # whoever asked was cancelled meanwhile
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)


class _Writer:
    """All changing of one queue file, blocking; belongs to one thread."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._connection: apsw.Connection | None = None
        self._purged_at_ns = 0

    def commit(self, changes: Sequence[Change]) -> list[Any]:
        """Do changes in one transaction; gives each one's answer, or the error of ours that it raised.

        Raises:
            Unavailable: nothing was changed, or it is not known to be.
        """
        try:
            if self._connection is None:
                self._connection = _open(self._path)
            return self._commit(self._connection, changes)
        except apsw.BusyError as error:
            raise translate(error, self._path) from error
        except ENGINE_FAULTS as error:
            self.close()  # after an error of the disk only a new connection can be trusted
            raise translate(error, self._path) from error

    def close(self) -> None:
        """Close the connection; the next change opens it again."""
        if self._connection is not None:
            self._connection.close(force=True)
            self._connection = None

    def _commit(self, connection: apsw.Connection, changes: Sequence[Change]) -> list[Any]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            now_ns = self._clock.now_ns()
            answers = [_answer(change, connection, now_ns) for change in changes]
            if now_ns - self._purged_at_ns >= PURGE_EVERY_S * NS_PER_S:
                self._purged_at_ns = now_ns
                file.purge(connection, now_ns)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return answers


def _answer(change: Change, connection: apsw.Connection, now_ns: int) -> Any:
    try:
        return change(connection, now_ns)
    except MotorcadeError as error:
        return error


def _open(path: Path) -> apsw.Connection:
    create_database(path, QUEUE_FILE)
    return open_database(path, QUEUE_FILE)
