"""How the store's tables, items and cursors look in SQLite.

One SQL table per declared table. A removed item stays for a day as a row of version 0 without data, so that the change
feed can tell of the removal. `rev` numbers a table's changes. Index values are columns of their own.
"""

import base64
import binascii
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from motorcade.adapters.embedded.sqlite_engine import FileKind
from motorcade.domain.errors import Corrupt, Invalid
from motorcade.ports.store import Index, Item, Table

STORE_FILE = FileKind(
    application_id=0x4D435431,  # "MCT1"
    version=1,
    # rev: number of the table's newest change; purged_rev: removals up to it are no longer in the feed
    schema="CREATE TABLE feeds(name TEXT PRIMARY KEY, rev INTEGER NOT NULL, purged_rev INTEGER NOT NULL) WITHOUT ROWID",
)
GUARD_BYTES = 4
CHUNKS = (256, 64, 16, 4, 1)
"""Rows per statement: few texts, so that all stay prepared, and few steps, each of which lets go of the interpreter."""

_decode = msgspec.msgpack.Decoder().decode
_encode = msgspec.msgpack.Encoder().encode


def sql_name(table: Table) -> str:
    """The SQL table's name, quoted; names come from declarations, never from requests."""
    return f'"t_{table.name}"'


def index_columns(index: Index) -> tuple[str, str]:
    """The two columns of an index, quoted."""
    return f'"{index.name}_pk"', f'"{index.name}_sk"'


def columns(table: Table) -> list[str]:
    """All columns in the order in which rows are written. The data comes last: what precedes it is cheap to read."""
    extra = [column for index in table.indexes for column in index_columns(index)]
    return ["pk", "sk", "version", "rev", "expires_at_s", *extra, "data"]


def create_statements(table: Table) -> list[str]:
    """Statements that make a table with its indexes; index columns are added apart, see `store_file`."""
    name = sql_name(table)
    rows = (
        f"CREATE TABLE IF NOT EXISTS {name}(pk TEXT NOT NULL, sk TEXT NOT NULL, version INTEGER NOT NULL,"
        f" rev INTEGER NOT NULL, expires_at_s INTEGER, data BLOB, PRIMARY KEY(pk, sk))"
    )
    made = [
        rows,
        f'CREATE INDEX IF NOT EXISTS "t_{table.name}_rev" ON {name}(rev)',
        f'CREATE INDEX IF NOT EXISTS "t_{table.name}_expiry" ON {name}(expires_at_s) WHERE expires_at_s IS NOT NULL',
    ]
    return [*made, f"INSERT OR IGNORE INTO feeds VALUES('{table.name}', 0, 0)"]


def index_statement(table: Table, index: Index) -> str:
    """Statement that makes the SQL index behind a secondary index."""
    pk, sk = index_columns(index)
    name = f'"t_{table.name}_{index.name}"'
    return f"CREATE INDEX IF NOT EXISTS {name} ON {sql_name(table)}({pk}, {sk}, pk, sk) WHERE {pk} IS NOT NULL"


def index_values(table: Table, data: Mapping[str, Any]) -> list[str | None]:
    """Values of all index columns; an item that lacks an attribute is in none of that index."""
    values: list[str | None] = []
    for index in table.indexes:
        pk, sk = data.get(index.pk), data.get(index.sk)
        values += [pk, sk] if isinstance(pk, str) and isinstance(sk, str) else [None, None]
    return values


def pack(pk: str, sk: str, version: int, data: Mapping[str, Any]) -> bytes:
    """Data as stored: a checksum over key, version and data, then the data.

    Raises:
        Invalid: a value has no form in MessagePack.
    """
    try:
        body = _encode(data)
    except (TypeError, OverflowError, msgspec.ValidationError) as error:
        raise Invalid(f"an item holds a value that cannot be stored: {error}") from error
    return _guard(pk, sk, version, body) + body


def item_of(table: Table, row: Sequence[Any]) -> Item:
    """An item from (pk, sk, version, data).

    Raises:
        Corrupt: it fails its checksum.
    """
    pk, sk, version, raw = row
    if isinstance(raw, bytes) and isinstance(pk, str) and isinstance(sk, str) and isinstance(version, int):
        body = raw[GUARD_BYTES:]
        if raw[:GUARD_BYTES] == _guard(pk, sk, version, body):
            return Item(pk, sk, _decode(body), version)
    raise Corrupt(f"an item of the table {table.name} fails its checksum; restore it from a backup")


def feed_number(table: Table, rows: Sequence[Sequence[Any]]) -> int:
    """The one number that was asked of a table's row in `feeds`.

    Raises:
        Corrupt: the row is gone or holds something else.
    """
    if rows and isinstance(rows[0][0], int):
        return rows[0][0]
    raise Corrupt(f"the store has lost count of the changes of {table.name}; restore it from a backup")


def _guard(pk: str, sk: str, version: int, body: bytes) -> bytes:
    head = zlib.crc32(f"{pk}\0{sk}\0{version}".encode())
    return zlib.crc32(body, head).to_bytes(GUARD_BYTES, "little")


def chunked(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Rows in pieces whose lengths are all in `CHUNKS`."""
    start = 0
    for size in CHUNKS:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


def encode_place(kind: str, *parts: str) -> str:
    """Where a page ended, as text for the caller to hand back."""
    return base64.urlsafe_b64encode(msgspec.json.encode([kind, *parts])).decode().rstrip("=")


def decode_place(text: str, kind: str, parts: int) -> list[str]:
    """The parts of a place.

    Raises:
        Invalid: it was not made by `encode_place` for the same kind of page.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(raw, type=list[str])
    except (binascii.Error, ValueError) as error:
        raise Invalid("the cursor is malformed") from error
    if len(found) != parts + 1 or found[0] != kind:
        raise Invalid("the cursor belongs to another kind of list")
    return found[1:]


def behind(prefix: str) -> str | None:
    """The first text, in UTF-8 order, behind all texts that begin with a prefix; None when there is none."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    if 0xD800 <= following <= 0xDFFF:  # surrogates are no characters
        following = 0xE000
    return stem[:-1] + chr(following)
