"""The writing end of the stream's file: one connection, one lock, one transaction at a time. Blocking.

It belongs to one thread (`stream_sqlite.py`). After a failed commit the connection is thrown away: what the engine
still holds in memory of a file that could not be synced proves nothing, so a new one must first show that it can
write.
"""

import contextlib
import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from motorcade.adapters.embedded.sqlite_engine import (
    ENGINE_FAULTS,
    Row,
    create_database,
    open_database,
    translate,
    translated,
)
from motorcade.adapters.embedded.stream_schema import IDENTITY, PARTITION, STREAM_FILE, guard_of
from motorcade.domain.errors import Unavailable
from motorcade.ports.clock import Clock
from motorcade.ports.stream import BEGINNING, Position
from motorcade.wire.batch import encode_entry, new_compressor

MAX_RECORDS = 1_000  # per entry: what a reader decodes in one piece stays near a millisecond
TRIM_ENTRIES = 200  # removed in one transaction, so that appends wait a few milliseconds at most
PROBE_BYTES = 64 * 1024  # a disk that has room for less than a usual entry is still full
CHECKPOINT_PAGES = 1_000  # 8 MB of write-ahead log between checkpoints: some tens of milliseconds of writing back


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A vehicle connection that was opened and not yet closed.

    `source` is org, vehicle and connection id joined (40 bytes); at `last_seen_ns` its gateway epoch last showed life.
    """

    connection_id: bytes
    source: bytes
    opened_at_ns: int
    epoch: str
    last_seen_ns: int


Note = tuple[str, tuple[object, ...]]
"""A statement and its values, to be committed together with records."""

OPENED = "INSERT OR REPLACE INTO connections VALUES(?, ?, ?, ?)"
CLOSED = "DELETE FROM connections WHERE id = ?"
SEEN = "INSERT INTO epochs VALUES(?1, ?2) ON CONFLICT DO UPDATE SET last_seen_ns = max(last_seen_ns, ?2)"


class StreamFile:
    """The file, opened for appending by the only process that may.

    Raises:
        Unavailable: another process appends, or the file cannot be opened.
        Corrupt: the file is damaged; it is left as it is.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._compressor = new_compressor()
        self._end: Position = BEGINNING
        self._lock = _lock(path.with_name(path.name + ".writer"))
        try:
            create_database(path, STREAM_FILE)
            self._connection: apsw.Connection | None = self._open()
        except BaseException:
            os.close(self._lock)
            raise

    def commit(self, frames: Sequence[bytes], notes: Sequence[Note]) -> None:
        """Make records and notes durable, all or none.

        Raises:
            Unavailable: nothing of it counts as durable, and `revive` must succeed before anything else does.
        """
        connection = self._connection
        if connection is None:
            raise Unavailable(f"{self._path.name} is closed after an error")
        position = self._end
        rows: list[Row] = []
        for start in range(0, len(frames), MAX_RECORDS):
            part = frames[start : start + MAX_RECORDS]
            position += 1
            body = encode_entry(part, self._compressor)
            at_ns = self._clock.now_ns()
            rows.append((position, PARTITION, at_ns, len(part), guard_of(position, at_ns, len(part), body), body))
        try:
            if len(rows) == 1 and not notes:
                connection.execute(_INSERT, rows[0])  # one statement is one transaction
            else:
                self._commit_all(connection, rows, notes)
        except ENGINE_FAULTS as error:
            self._drop()
            raise translate(error, self._path) from error
        self._end = position

    def revive(self) -> None:
        """Open the file anew after a failed commit and show that it can be written.

        Raises:
            Unavailable: it cannot yet; call again later.
        """
        self._drop()
        connection = self._open()
        try:
            with translated(self._path), connection:
                filling = os.urandom(PROBE_BYTES)
                connection.execute("INSERT OR REPLACE INTO probe VALUES(1, ?, ?)", (self._clock.now_ns(), filling))
        except BaseException:
            connection.close(force=True)
            raise
        self._connection = connection

    def trim(self, before_ns: int, keep_after: Position) -> int:
        """Remove up to `TRIM_ENTRIES` of the oldest entries.

        Only entries appended before `before_ns` and at or before `keep_after`; the newest entry always stays, so
        that positions go on from it.

        Returns:
            How many were removed; fewer than `TRIM_ENTRIES` means that no more qualify now.

        Raises:
            Unavailable: nothing was removed.
        """
        connection = self._connection
        if connection is None:
            return 0
        last = min(keep_after, self._end - 1)
        try:
            oldest: list[Row] = connection.execute(
                "SELECT position, appended_at_ns FROM entries WHERE position <= ? ORDER BY position LIMIT ?",
                (last, TRIM_ENTRIES),
            ).fetchall()
            young = next((i for i, row in enumerate(oldest) if row[1] >= before_ns), len(oldest))
            if young:
                connection.execute("DELETE FROM entries WHERE position <= ?", (oldest[young - 1][0],))
        except ENGINE_FAULTS as error:
            self._drop()
            raise translate(error, self._path) from error
        return young

    def open_connections(self) -> list[OpenConnection]:
        """All vehicle connections that nobody has closed, oldest first."""
        connection = self._connection
        if connection is None:
            raise Unavailable(f"{self._path.name} is closed after an error")
        with translated(self._path):
            rows: list[Row] = connection.execute(
                "SELECT id, source, opened_at_ns, epoch, coalesce(last_seen_ns, opened_at_ns)"
                " FROM connections LEFT JOIN epochs USING(epoch) ORDER BY opened_at_ns, id"
            ).fetchall()
        return [OpenConnection(*row) for row in rows]

    def close(self) -> None:
        """Close the file and let another process append. Idempotent."""
        self._drop()
        if self._lock >= 0:
            os.close(self._lock)  # the kernel lets go of the lock with its last descriptor
            self._lock = -1

    def _open(self) -> apsw.Connection:
        connection = open_database(self._path, STREAM_FILE)
        try:
            with translated(self._path):
                connection.wal_autocheckpoint(CHECKPOINT_PAGES)
                newest: Row = next(connection.execute("SELECT coalesce(max(position), 0) FROM entries"))
                self._end = newest[0]
                connection.execute(IDENTITY)
                connection.execute("DELETE FROM epochs WHERE epoch NOT IN (SELECT epoch FROM connections)")
        except BaseException:
            connection.close(force=True)
            raise
        return connection

    def _commit_all(self, connection: apsw.Connection, rows: Sequence[Row], notes: Sequence[Note]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, rows)
        for statement, values in notes:
            connection.execute(statement, values)
        connection.execute("COMMIT")

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(apsw.Error):  # what could not be committed is rolled back by closing
                self._connection.close(force=True)
            self._connection = None


_INSERT = "INSERT INTO entries VALUES(?, ?, ?, ?, ?, ?)"


def _lock(path: Path) -> int:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be made: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise Unavailable(
            "another gateway already writes this stream; stop it first, or give this one another data folder"
        ) from error
    return handle
