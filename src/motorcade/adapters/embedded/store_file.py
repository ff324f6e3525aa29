"""The store's file, blocking: opening it with its declared tables, and all writing. One instance belongs to one thread.

Rows go in and come out many to a statement: each step of the engine gives up the interpreter lock, and getting it back
beside a busy event loop can take milliseconds.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from motorcade.adapters.embedded import store_schema as schema
from motorcade.adapters.embedded.sqlite_engine import ENGINE_FAULTS, Row, create_database, open_database, translate
from motorcade.domain.errors import Conflict, Corrupt
from motorcade.ports.clock import Clock
from motorcade.ports.store import Absent, Condition, Exists, Put, Table, VersionIs, Write

FEED_RETENTION_S = 24 * 3600  # how long the change feed tells of a removal, as long as DynamoDB's does
SWEEP_EVERY_S = 30  # expired items are never returned anyhow; this only bounds how long they take up room
SWEEP_ROWS = 500  # of one table in one transaction: a few milliseconds
NS_PER_S = 1_000_000_000
Key = tuple[str, str]


def open_store(path: Path, tables: Iterable[Table]) -> apsw.Connection:
    """Open the file, made when missing, with all declared tables and indexes in it."""
    create_database(path, schema.STORE_FILE)
    connection = open_database(path, schema.STORE_FILE)
    try:
        missing = [table for table in tables if not _complete(connection, table)]
        if missing:
            with _transaction(connection):
                for table in missing:
                    _make(connection, table)
    except ENGINE_FAULTS as error:
        connection.close(force=True)
        raise translate(error, path) from error
    return connection


class StoreWriter:
    """All writing to one store file."""

    def __init__(self, path: Path, clock: Clock, tables: tuple[Table, ...]) -> None:
        self._path = path
        self._clock = clock
        self._tables = tables
        self._connection: apsw.Connection | None = None
        self._swept_at_s = 0

    def write(self, writes: Sequence[Write], *, whole: bool) -> list[Write]:
        """Write in one transaction.

        Args:
            writes: what to write, in order.
            whole: one failed condition undoes everything; else only its own write is left out.

        Returns:
            The writes that were left out.

        Raises:
            Conflict: `whole` and a condition failed.
            Invalid: a value cannot be stored.
            Unavailable: nothing was written, or it is not known to be.
        """
        now_s = self._clock.now_ns() // NS_PER_S
        try:
            if self._connection is None:
                self._connection = open_store(self._path, self._tables)
            with _transaction(self._connection):
                failed = self._write(self._connection, writes, now_s, whole=whole)
                if now_s - self._swept_at_s >= SWEEP_EVERY_S:
                    self._sweep(self._connection, now_s)
            return failed
        except apsw.BusyError as error:
            raise translate(error, self._path) from error
        except ENGINE_FAULTS as error:
            self.close()  # after an error of the disk only a new connection can be trusted
            raise translate(error, self._path) from error

    def close(self) -> None:
        """Close the connection; the next write opens it again."""
        if self._connection is not None:
            with contextlib.suppress(apsw.Error):
                self._connection.close(force=True)
            self._connection = None

    def _write(self, connection: apsw.Connection, writes: Sequence[Write], now_s: int, *, whole: bool) -> list[Write]:
        by_table: dict[str, list[Write]] = {}
        for write in writes:
            by_table.setdefault(write.table.name, []).append(write)
        failed: list[Write] = []
        for group in by_table.values():
            table = group[0].table
            versions = _versions(connection, table, [(write.pk, write.sk) for write in group], now_s)
            changed: dict[Key, Write] = {}
            for write in group:
                key = (write.pk, write.sk)
                version = versions.get(key, 0)
                if not _holds(write.condition, version):
                    if whole:
                        raise Conflict(f"an item of {table.name} is not as expected ({_told(write.condition)})")
                    failed.append(write)
                elif isinstance(write, Put):
                    versions[key] = version + 1
                    changed[key] = write
                elif version:
                    versions[key] = 0
                    changed[key] = write
            _store(connection, table, changed, versions, now_s)
        return failed

    def _sweep(self, connection: apsw.Connection, now_s: int) -> None:
        """Turn expired items into removals, and forget old removals."""
        self._swept_at_s = now_s
        for table in self._tables:
            name = schema.sql_name(table)
            rows: list[Row] = connection.execute(
                f"SELECT pk, sk, version, rev FROM {name} WHERE expires_at_s <= ? LIMIT ?",  # noqa: S608 - declared
                (now_s, SWEEP_ROWS),
            ).fetchall()
            gone = [row for row in rows if row[2] == 0]
            if gone:
                forget = f"DELETE FROM {name} WHERE pk = ? AND sk = ?"  # noqa: S608 - a declared name
                connection.executemany(forget, [row[:2] for row in gone])
                purged = "UPDATE feeds SET purged_rev = max(purged_rev, ?) WHERE name = ?"
                connection.execute(purged, (max(row[3] for row in gone), table.name))
            expired: dict[Key, Write | None] = {(row[0], row[1]): None for row in rows if row[2] > 0}
            _store(connection, table, expired, {}, now_s)


@contextlib.contextmanager
def _transaction(connection: apsw.Connection) -> Any:
    connection.execute("BEGIN IMMEDIATE")  # taking the write lock first means that nothing read can go stale
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with contextlib.suppress(apsw.Error):  # the first error counts
                connection.execute("ROLLBACK")
        raise


def _versions(connection: apsw.Connection, table: Table, keys: Sequence[Key], now_s: int) -> dict[Key, int]:
    """Versions of the items that are stored and not expired."""
    found: dict[Key, int] = {}
    numbered = [(number, *key) for number, key in enumerate(keys)]
    for part in schema.chunked(numbered):
        statement = (
            f"WITH k(n, pk, sk) AS (VALUES {','.join(['(?,?,?)'] * len(part))})"  # noqa: S608 - only declared names
            f" SELECT json_group_array(json_array(k.n, t.version)) FROM k CROSS JOIN {schema.sql_name(table)} t"
            f" ON t.pk = k.pk AND t.sk = k.sk WHERE t.version > 0 AND (t.expires_at_s IS NULL OR t.expires_at_s > ?)"
        )
        values = [value for row in part for value in row]
        answer: Row = next(connection.execute(statement, (*values, now_s)))
        try:
            pairs = msgspec.json.decode(answer[0], type=list[tuple[int, int]])
        except msgspec.MsgspecError as error:
            raise Corrupt(
                f"the table {table.name} has a version that is no number; restore it from a backup"
            ) from error
        found.update((keys[number], version) for number, version in pairs)
    return found


def _store(
    connection: apsw.Connection,
    table: Table,
    changed: Mapping[Key, Write | None],
    versions: Mapping[Key, int],
    now_s: int,
) -> None:
    """Write rows; anything but a `Put` becomes a removal."""
    if not changed:
        return
    claim = "UPDATE feeds SET rev = rev + ? WHERE name = ? RETURNING rev"
    last = schema.feed_number(table, connection.execute(claim, (len(changed), table.name)).fetchall())
    first_rev = last - len(changed) + 1
    without = [None] * (2 * len(table.indexes) + 1)
    rows: list[Row] = []
    for rev, (key, write) in enumerate(changed.items(), start=first_rev):
        if isinstance(write, Put):
            extra = schema.index_values(table, write.data)
            data = schema.pack(*key, versions[key], write.data)
            rows.append((*key, versions[key], rev, write.expires_at_s, *extra, data))
        else:
            rows.append((*key, 0, rev, now_s + FEED_RETENTION_S, *without))
    names = schema.columns(table)
    places = f"({','.join('?' * len(names))})"
    updates = ",".join(f"{name}=excluded.{name}" for name in names[2:])
    for part in schema.chunked(rows):
        statement = (
            f"INSERT INTO {schema.sql_name(table)}({','.join(names)}) VALUES {','.join([places] * len(part))}"  # noqa: S608 - declared
            f" ON CONFLICT(pk, sk) DO UPDATE SET {updates}"
        )
        connection.execute(statement, [value for row in part for value in row])


def _holds(condition: Condition, version: int) -> bool:
    match condition:
        case Absent():
            return version == 0
        case Exists():
            return version > 0
        case VersionIs(wanted):
            return version == wanted and version > 0
        case _:
            return True


def _told(condition: Condition) -> str:
    match condition:
        case Absent():
            return "it must not exist"
        case VersionIs(wanted):
            return f"it must have version {wanted}"
        case _:
            return "it must exist"


def _complete(connection: apsw.Connection, table: Table) -> bool:
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({schema.sql_name(table)})")}
    return {name.strip('"') for name in schema.columns(table)} <= there


def _make(connection: apsw.Connection, table: Table) -> None:
    """Make a table, and fill the columns of indexes that are new to it."""
    for statement in schema.create_statements(table):
        connection.execute(statement)
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({schema.sql_name(table)})")}
    fresh = [name for name in schema.columns(table) if name.strip('"') not in there]
    for name in fresh:
        connection.execute(f"ALTER TABLE {schema.sql_name(table)} ADD COLUMN {name} TEXT")
    for index in table.indexes:
        connection.execute(schema.index_statement(table, index))
    if not fresh:
        return
    every = f"SELECT pk, sk, version, data FROM {schema.sql_name(table)} WHERE version > 0"  # noqa: S608 - declared
    rows: list[Row] = connection.execute(every).fetchall()
    sets = ",".join(f"{column}=?" for index in table.indexes for column in schema.index_columns(index))
    update = f"UPDATE {schema.sql_name(table)} SET {sets} WHERE pk=? AND sk=?"  # noqa: S608 - only declared names
    filled = [(*schema.index_values(table, schema.item_of(table, row).data), row[0], row[1]) for row in rows]
    connection.executemany(update, filled)
