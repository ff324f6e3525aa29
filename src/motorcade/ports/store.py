"""The store: documents under a partition key and a sort key, with the honest semantics of DynamoDB.

Contract:
- An item is (pk, sk) → a `data` mapping of MessagePack-able values, a `version` that starts at 1 and grows by one with
  every change, and optionally `expires_at_s` (TTL, epoch seconds; an expired item is never returned, its removal
  may come later).
- Every write is conditional or says `ANY`. A failed condition raises `Conflict` and changes nothing. A transaction
  of up to `MAX_TRANSACTION` writes happens as a whole or not at all.
- `get` and `query` on the table read what was committed; a secondary index may lag behind (on one machine it
  does not).
- Index values are taken from the item's data; an item that lacks the attribute is not in the index.
- The change feed has the newest committed change of every key at least once; an engine may leave out a key's changes
  that a newer one has overtaken. A cursor older than 24 h may have missed removals and raises `Invalid`: read all anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

MAX_TRANSACTION = 100  # DynamoDB's own limit
MAX_PAGE = 1000  # one page stays small enough for one answer of any engine

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index: items by one attribute, sorted by another. Both are strings."""

    name: str
    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Table:
    """A declared table (all are declared in `repositories/tables.py`)."""

    name: str
    indexes: tuple[Index, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A stored document."""

    pk: str
    sk: str
    data: Data
    version: int


@dataclass(frozen=True, slots=True)
class Absent:
    """Condition: no item is stored under the key (an expired one counts as absent)."""


@dataclass(frozen=True, slots=True)
class VersionIs:
    """Condition: the stored item has exactly this version."""

    version: int


@dataclass(frozen=True, slots=True)
class Exists:
    """Condition: an item is stored under the key."""


@dataclass(frozen=True, slots=True)
class Unconditional:
    """No condition, said aloud."""


Condition = Absent | VersionIs | Exists | Unconditional
ANY = Unconditional()


@dataclass(frozen=True, slots=True)
class Put:
    """Write an item whole."""

    table: Table
    pk: str
    sk: str
    data: Data
    condition: Condition = ANY
    expires_at_s: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item; removing an absent one is no error under `ANY`."""

    table: Table
    pk: str
    sk: str
    condition: Condition = ANY


Write = Put | Delete


@dataclass(frozen=True, slots=True)
class Query:
    """A range of one partition key, in order of the sort key.

    Attributes:
        index: name of a secondary index, or None for the table itself. Under an index `pk`, `prefix` and `after`
            are values of its attributes; ties of its sort key are ordered by the item's own (pk, sk).
        prefix: only sort keys that begin so.
        after: start behind this place, as `Page.next` gave it.
        limit: 1 … `MAX_PAGE` items.
        newest_first: descending order.
    """

    pk: str
    prefix: str = ""
    after: str | None = None
    limit: int = 100
    newest_first: bool = False
    index: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Items of a query; `next` continues it, None when there is no more."""

    items: Sequence[Item]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change; `item` is None for a removal. `cursor` orders changes of a table."""

    cursor: str
    pk: str
    sk: str
    item: Item | None = field(default=None)


class Store(Protocol):
    """One document store. Every method may raise `Unavailable`; then nothing was changed or it is unknown to be."""

    async def get(self, table: Table, pk: str, sk: str) -> Item | None:
        """The item, or None."""
        ...

    async def get_many(self, table: Table, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        """Items in the order of the keys, None where there is none."""
        ...

    async def query(self, table: Table, query: Query) -> Page:
        """One page.

        Raises:
            Invalid: the limit is out of range, the index is not declared or the cursor is malformed.
        """
        ...

    async def scan(self, table: Table, after: str | None = None, limit: int = MAX_PAGE) -> Page:
        """One page of all items, in no promised order; for start-up and sweeps, not for requests."""
        ...

    async def write(self, writes: Sequence[Write]) -> None:
        """All writes in one transaction.

        Raises:
            Conflict: a condition failed; nothing was changed.
            Invalid: more than `MAX_TRANSACTION` writes, or one key twice.
        """
        ...

    async def write_batch(self, writes: Sequence[Write], fence: Write | None = None) -> Sequence[Write]:
        """Any number of writes, each on its own condition; returns those whose condition failed.

        Engines of one machine do it in one transaction, so that a crash keeps all or none of the others; distributed
        engines keep each write whole, and callers must be able to repeat the batch.

        Args:
            writes: in any order.
            fence: one more write, for whoever holds a lease: it and the others depend on each other. It comes last
                where an engine cannot do all at once, so what it says of them is never ahead of them.

        Raises:
            Conflict: there is a fence, and its condition or another failed; the fence was not written, and on one
                machine nothing was.
        """
        ...

    async def changes(self, table: Table, after: str | None, limit: int) -> Sequence[Change]:
        """Up to `limit` changes after a cursor, oldest first; without one nothing: begin with `change_cursor`."""
        ...

    async def change_cursor(self, table: Table) -> str:
        """The cursor of now: changes committed after this call come after it."""
        ...

    async def close(self) -> None:
        """Release files and connections. Idempotent."""
        ...
