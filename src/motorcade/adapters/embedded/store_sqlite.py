"""The store on SQLite: one file, many processes.

Writes run in one thread of this store, for they wait for the disk and for other processes' locks. Reads are answered in
the event loop itself on a connection of their own: they never wait for writers, and cost less than a hand-over.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw

from motorcade.adapters.embedded import store_schema as schema
from motorcade.adapters.embedded.sqlite_engine import ENGINE_FAULTS, Row, translate
from motorcade.adapters.embedded.store_file import NS_PER_S, StoreWriter, open_store
from motorcade.domain.errors import Invalid
from motorcade.ports.clock import Clock
from motorcade.ports.store import MAX_PAGE, MAX_TRANSACTION, Change, Item, Page, Query, Table, Write
from motorcade.repositories.tables import ALL

_LIVE = "version > 0 AND (expires_at_s IS NULL OR expires_at_s > ?)"


class SqliteStore:
    """`Store` in one file. It is opened, and made when missing, when first used.

    Args:
        path: the file.
        clock: decides what has expired.
        tables: the declared tables.
    """

    def __init__(self, path: Path, clock: Clock, tables: tuple[Table, ...] = ALL) -> None:
        self._path = path
        self._clock = clock
        self._tables = tables
        self._declared = {table.name: table for table in tables}
        self._reader: apsw.Connection | None = None
        self._writer = StoreWriter(path, clock, tables)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")

    async def get(self, table: Table, pk: str, sk: str) -> Item | None:
        """The item, or None."""
        return (await self.get_many(table, [(pk, sk)]))[0]

    async def get_many(self, table: Table, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        """Items in the order of the keys, None where there is none."""
        statement = f"SELECT pk, sk, version, data FROM {self._name(table)} WHERE pk=? AND sk=? AND {_LIVE}"  # noqa: S608 - declared
        now_s = self._now_s()
        found = [self._rows(statement, (pk, sk, now_s)) for pk, sk in keys]
        return [schema.item_of(table, rows[0]) if rows else None for rows in found]

    async def query(self, table: Table, query: Query) -> Page:
        """One page of a partition key or of an index."""
        name = self._name(table)
        _check_limit(query.limit)
        part, sort = ("pk", ["sk"]) if query.index is None else _of_index(table, query.index)
        order, beyond = ("DESC", "<") if query.newest_first else ("ASC", ">")
        where, values = [f"{part} = ?", _LIVE], [query.pk, self._now_s()]
        if query.prefix:
            where.append(f"{sort[0]} >= ?")
            values.append(query.prefix)
            if (end := schema.behind(query.prefix)) is not None:
                where.append(f"{sort[0]} < ?")
                values.append(end)
        kind = query.index or "."
        if query.after is not None:
            where.append(f"({','.join(sort)}) {beyond} ({','.join('?' * len(sort))})")
            values += schema.decode_place(query.after, kind, len(sort))
        columns = f"{sort[0]}, pk, sk, version, data"
        ordering = ", ".join(f"{column} {order}" for column in sort)
        statement = (
            f"SELECT {columns} FROM {name} WHERE {' AND '.join(where)}"  # noqa: S608 - only declared names
            f" ORDER BY {ordering} LIMIT ?"
        )
        rows = self._rows(statement, (*values, query.limit + 1))
        return _page(table, rows, query.limit, lambda row: schema.encode_place(kind, *row[: len(sort)]))

    async def scan(self, table: Table, after: str | None = None, limit: int = MAX_PAGE) -> Page:
        """One page of all items."""
        name = self._name(table)
        _check_limit(limit)
        place = ["", ""] if after is None else schema.decode_place(after, "scan", 2)
        statement = (
            f"SELECT sk, pk, sk, version, data FROM {name}"  # noqa: S608 - a declared name
            f" WHERE (pk, sk) > (?, ?) AND {_LIVE} ORDER BY pk, sk LIMIT ?"
        )
        rows = self._rows(statement, (*place, self._now_s(), limit + 1))
        return _page(table, rows, limit, lambda row: schema.encode_place("scan", row[1], row[2]))

    async def write(self, writes: Sequence[Write]) -> None:
        """All writes in one transaction."""
        if len(writes) > MAX_TRANSACTION:
            raise Invalid(f"a transaction has at most {MAX_TRANSACTION} writes, this one {len(writes)}")
        if len({(write.table.name, write.pk, write.sk) for write in writes}) < len(writes):
            raise Invalid("a transaction writes one item twice")
        await self._write(writes, whole=True)

    async def write_batch(self, writes: Sequence[Write], fence: Write | None = None) -> Sequence[Write]:
        """Any number of writes in one transaction, each on its own condition; with a fence all or none."""
        if fence is not None:
            return await self._write([fence, *writes], whole=True)
        return await self._write(writes, whole=False)

    async def changes(self, table: Table, after: str | None, limit: int) -> Sequence[Change]:
        """Newest change of each item that changed after a cursor, in order."""
        name = self._name(table)
        _check_limit(limit)
        if after is None:
            return []
        rev = _rev(after)
        now_s = self._now_s()
        purged = schema.feed_number(table, self._rows("SELECT purged_rev FROM feeds WHERE name = ?", (table.name,)))
        if rev < purged:
            raise Invalid(f"the cursor is older than the change feed of {table.name}: read the table anew")
        statement = (
            f"SELECT rev, {_LIVE}, pk, sk, version, data FROM {name}"  # noqa: S608 - a declared name
            f" WHERE rev > ? ORDER BY rev LIMIT ?"
        )
        rows = self._rows(statement, (now_s, rev, limit))
        return [
            Change(_cursor(row[0]), row[2], row[3], schema.item_of(table, row[2:]) if row[1] else None) for row in rows
        ]

    async def change_cursor(self, table: Table) -> str:
        """The cursor of now."""
        self._name(table)
        return _cursor(schema.feed_number(table, self._rows("SELECT rev FROM feeds WHERE name = ?", (table.name,))))

    async def close(self) -> None:
        """Wait for running writes and release the file. Idempotent."""
        self._drop_reader()
        await asyncio.to_thread(self._thread.shutdown)
        self._writer.close()

    async def _write(self, writes: Sequence[Write], *, whole: bool) -> Sequence[Write]:
        for write in writes:
            self._name(write.table)
            if not write.pk or not write.sk:
                raise Invalid(f"an item of {write.table.name} needs a partition key and a sort key")
        if not writes:
            return []
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: self._writer.write(writes, whole=whole))

    def _rows(self, statement: str, values: tuple[object, ...]) -> list[Row]:
        if self._reader is None:
            self._reader = open_store(self._path, self._tables)
        try:
            return self._reader.execute(statement, values).fetchall()
        except ENGINE_FAULTS as error:
            self._drop_reader()
            raise translate(error, self._path) from error

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.close(force=True)
            self._reader = None

    def _name(self, table: Table) -> str:
        if self._declared.get(table.name) != table:
            raise Invalid(f"the table {table.name} is not declared for this store")
        return schema.sql_name(table)

    def _now_s(self) -> int:
        return self._clock.now_ns() // NS_PER_S


def _of_index(table: Table, name: str) -> tuple[str, list[str]]:
    """Partition column and sort columns of an index."""
    for index in table.indexes:
        if index.name == name:
            pk, sk = schema.index_columns(index)
            return pk, [sk, "pk", "sk"]
    raise Invalid(f"the table {table.name} has no index {name}")


def _page(table: Table, rows: list[Row], limit: int, place: Callable[[Row], str]) -> Page:
    """A page from one row more than asked for, which tells whether there is another page."""
    items = [schema.item_of(table, row[1:]) for row in rows[:limit]]
    return Page(items, place(rows[limit - 1]) if len(rows) > limit else None)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_PAGE:
        raise Invalid(f"a page has 1 to {MAX_PAGE} items, not {limit}")


def _cursor(rev: int) -> str:
    return f"{rev:020d}"


def _rev(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) == 20):
        raise Invalid("the change cursor is malformed")
    return int(cursor)
