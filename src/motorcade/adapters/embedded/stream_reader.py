"""The stream on SQLite, reading end: its own connection, in any process.

Reads are short and answered in the event loop itself: a piece of the log comes from the page cache in well under a
millisecond, while a hand-over to a thread costs more than that. Another process's commit is noticed by polling
`PRAGMA data_version`.
"""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import zstandard

from motorcade.adapters.embedded.sqlite_engine import ENGINE_FAULTS, Row, open_database, translate
from motorcade.adapters.embedded.stream_schema import PARTITION, STREAM_FILE, guard_of
from motorcade.domain.errors import Corrupt, CorruptEntry, Invalid, MotorcadeError, Trimmed
from motorcade.ports.stream import BEGINNING, Entry, Position
from motorcade.wire.batch import decode_entry

POLL_S = 0.002  # half of it is the mean delay; a poll costs a few microseconds
MAX_READ_BYTES = 128 * 1024  # stored bytes of one read, ≈ 2,000 records: the event loop is held for a few milliseconds
MAX_READ_DECODED_BYTES = (
    2 * 1024 * 1024
)  # of one read: repetitive records shrink a thousandfold, and memory holds them whole
MAX_READ_ENTRIES = 1_000
_ZSTD_HEADER = slice(1, 19)  # in an entry's body; after the format byte, as long as a frame's header can be


class SqliteStream:
    """`Stream` over a stream file. Opens it when first asked, and again after an error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: apsw.Connection | None = None

    async def read(self, partition: int, after: Position, limit: int) -> Sequence[Entry]:
        """Up to `limit` entries after a position, fewer when they are large."""
        _check(partition)
        if limit < 1:
            raise Invalid(f"a read asks for at least one entry, this one for {limit}")
        entries: list[Entry] = []
        stored_bytes = decoded_bytes = 0
        try:
            for row in self._rows(after, min(limit, MAX_READ_ENTRIES)):
                decoded_bytes += _decoded_bytes(row[-1])
                if entries and decoded_bytes > MAX_READ_DECODED_BYTES:
                    break
                entries.append(_entry(after + 1 + len(entries), row))
                stored_bytes += len(row[-1])
                if stored_bytes >= MAX_READ_BYTES:
                    break
        except Corrupt as error:
            if not entries:  # else those before the damage are good, and the next read begins with it
                return [self._single(after, error)]
        return entries

    async def wait(self, partition: int, after: Position, timeout_s: float) -> bool:
        """Whether an entry after the position exists, waiting up to `timeout_s` for one."""
        _check(partition)
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + timeout_s
        seen = self._data_version()
        if self._newest() > after:
            return True
        while (left_s := deadline_s - loop.time()) > 0:
            await asyncio.sleep(min(POLL_S, left_s))
            now = self._data_version()
            if now != seen and self._newest() > after:
                return True
            seen = now
        return False

    async def end(self, partition: int) -> Position:
        """Position of the newest entry, `BEGINNING` when there is none."""
        _check(partition)
        return self._newest()

    async def identity(self) -> str:
        """What this stream, and no other, is known by."""
        found = next(self._rows_where(_IDENTITY), (None,))[0]
        if not isinstance(found, bytes) or not found:
            raise Corrupt(f"{self._path.name} has lost its identity; restore a backup")
        return found.hex()

    async def close(self) -> None:
        """Release the file. Idempotent; a later read opens it again."""
        if self._connection is not None:
            self._connection.close(force=True)
            self._connection = None

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = open_database(self._path, STREAM_FILE, query_only=True)
        return self._connection

    def _rows(self, after: Position, limit: int) -> Iterator[Row]:
        connection = self._open()
        cursor = connection.cursor()
        try:
            yield from cursor.execute(_RANGE, (after, limit))
        except ENGINE_FAULTS as error:
            raise self._failed(error) from error
        finally:
            cursor.close(force=True)  # a reading left open would keep the write-ahead log from starting over

    def _single(self, after: Position, cause: Corrupt) -> Entry:
        """The entry right after a position by its own number, when reading on from there met damage.

        Raises:
            CorruptEntry: it is the damaged one, and the stream goes on at least until it.
            Corrupt: the file as a whole cannot be read, so nothing is known of single entries.
            Trimmed: it is gone because of its age.
        """
        wanted = after + 1
        if self._newest() < wanted:
            raise cause
        try:
            row = next(self._rows_where(_ONE, wanted), None)
            oldest = next(self._rows_where(_OLDEST), (wanted,))[0]
        except Corrupt as error:
            raise CorruptEntry(wanted, str(error)) from error
        if row is not None:
            return _entry(wanted, row)
        if isinstance(oldest, int) and oldest > wanted:
            raise Trimmed(after, oldest)
        raise CorruptEntry(wanted, str(cause)) from cause

    def _rows_where(self, statement: str, *values: int) -> Iterator[Row]:
        try:
            return iter(self._open().execute(statement, values).fetchall())
        except ENGINE_FAULTS as error:
            raise self._failed(error) from error

    def _newest(self) -> Position:
        newest = next(self._rows_where(_NEWEST), (BEGINNING,))[0]
        if not isinstance(newest, int):
            raise Corrupt(f"{self._path.name} has an entry without a number at its end")
        return newest

    def _data_version(self) -> object:
        try:
            return self._open().pragma("data_version")
        except ENGINE_FAULTS as error:
            raise self._failed(error) from error

    def _failed(self, error: apsw.Error | UnicodeDecodeError) -> MotorcadeError:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(force=True)
        return translate(error, self._path)


_COLUMNS = "SELECT position, appended_at_ns, count, guard, body FROM entries"
_RANGE = f"{_COLUMNS} WHERE position > ? ORDER BY position LIMIT ?"
_ONE = f"{_COLUMNS} WHERE position = ?"
_OLDEST = "SELECT position FROM entries ORDER BY position LIMIT 1"
_IDENTITY = "SELECT id FROM identity"
_NEWEST = "SELECT position FROM entries ORDER BY position DESC LIMIT 1"


def _entry(wanted: Position, row: Row) -> Entry:
    """A row as an entry.

    Raises:
        CorruptEntry: it is not the wanted one, or it fails its checksums.
    """
    position, at_ns, count, guard, body = row
    if position != wanted:
        raise CorruptEntry(wanted, f"the next one found is {position}")
    numbers = isinstance(at_ns, int) and isinstance(count, int) and isinstance(guard, int)
    if not numbers or not isinstance(body, bytes) or guard_of(position, at_ns, count, body) != guard:
        raise CorruptEntry(wanted, "its checksum does not match")
    try:
        frames = decode_entry(body)
    except Corrupt as error:
        raise CorruptEntry(wanted, str(error)) from error
    if len(frames) != count:
        raise CorruptEntry(wanted, f"it holds {len(frames)} records instead of {count}")
    return Entry(PARTITION, position, at_ns, frames)


def _decoded_bytes(body: object) -> int:
    """How large an entry becomes, by its own word; 0 where it does not say, which reading it then finds out."""
    if not isinstance(body, bytes):
        return 0
    try:
        return max(0, zstandard.frame_content_size(body[_ZSTD_HEADER]))
    except zstandard.ZstdError:
        return 0


def _check(partition: int) -> None:
    if partition != PARTITION:
        raise Invalid(f"the embedded stream has only partition {PARTITION}, not {partition}")
