"""The transactional outbox: what must leave, written together with what makes it true.

A row waits until the worker has handed it to every channel's line. It then stays for `TOMBSTONE_KEPT_S` without its
body, so that a re-fold which finds the same thing again finds it told already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from motorcade.domain.errors import Invalid
from motorcade.domain.ids import ID_BYTES, id_bytes, id_text
from motorcade.domain.tenant import SystemScope
from motorcade.ports.notify import MAX_BODY_BYTES, OutboxRow
from motorcade.ports.store import MAX_PAGE, Absent, Item, Put, Query, Store, VersionIs
from motorcade.repositories.tables import ORGANISATIONS, OUTBOX

__all__ = ["TOMBSTONE_KEPT_S", "Outbox", "OutboxRow", "Waiting", "outbox_id", "outbox_put"]

TOMBSTONE_KEPT_S: Final = 14 * 24 * 3600
"""Late records re-fold what is up to 7 days old; as long again for a worker that was away."""
NS_PER_S: Final = 1_000_000_000
_WAITING: Final = "waiting"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that waits, and the version under which it is stored."""

    row: OutboxRow
    version: int


def outbox_id(kind: str, *subject: bytes) -> bytes:
    """The 16-byte id of a row: the same whenever the same kind of thing happens to the same subject.

    Args:
        kind: as in the row.
        subject: what it is about, e.g. the alert's id; a lineage's, where it must be told once for all of a lineage.
    """
    made = blake2b(digest_size=ID_BYTES)
    for part in (kind.encode(), *subject):
        made.update(len(part).to_bytes(4, "big") + part)
    return made.digest()


def outbox_put(row: OutboxRow) -> Put:
    """The write that puts a row into the outbox, for the transaction of the rows that it tells of.

    It is conditional on there being none with that id: ask `Outbox.unseen` first, since one failed condition undoes the
    whole transaction. Only the one who holds the vehicle writes its rows, so nothing comes between.

    Raises:
        Invalid: the id has not 16 bytes, or the body is too large.
    """
    if len(row.id) != ID_BYTES or len(row.body) > MAX_BODY_BYTES:
        raise Invalid(f"an outbox row has an id of {ID_BYTES} bytes and a body of at most {MAX_BODY_BYTES}")
    data = {
        "kind": row.kind,
        "vehicle_id": row.vehicle_id,
        "episode_id": row.episode_id,
        "created_at_ns": row.created_at_ns,
        "body": row.body,
        "waiting_in": row.org_id,  # these two for the index, which takes texts
        "waiting_since": f"{max(0, row.created_at_ns):020d}",
    }
    return Put(OUTBOX, row.org_id, id_text(row.id), data, Absent())


class Outbox:
    """The outboxes of all organisations, for the consumer and the worker."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        """Bind to the platform's scope: one worker serves every organisation."""
        self._scope = scope
        self._store = store

    async def unseen(self, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
        """Those rows that the outbox does not hold in any state, each id once, in their order."""
        unique = {(row.org_id, id_text(row.id)): row for row in reversed(rows)}
        stored = await self._store.get_many(OUTBOX, list(unique))
        return [row for row, item in zip(unique.values(), stored, strict=True) if item is None][::-1]

    async def waiting(self, org_id: str, limit: int) -> list[Waiting]:
        """The oldest rows of one organisation that were not handed over yet."""
        page = await self._store.query(OUTBOX, Query(org_id, index=_WAITING, limit=limit))
        return [Waiting(_row(item), item.version) for item in page.items]

    async def handed_over(self, rows: Sequence[Waiting], now_ns: int) -> int:
        """Note that rows lie in every channel's line; gives how many another worker had noted before.

        The time in `now_ns` begins the rows' time as tombstones.
        """
        writes = [_tombstone(each, now_ns) for each in rows]
        return len(await self._store.write_batch(writes))

    async def cursor(self) -> str:
        """Where the outbox's changes stand now."""
        return await self._store.change_cursor(OUTBOX)

    async def news(self, after: str) -> tuple[set[str], str]:
        """Organisations that got rows after a cursor, and the cursor behind them; the same cursor when none is newer.

        One call looks at up to `MAX_PAGE` changes, its own notes among them.

        Raises:
            Invalid: the cursor is too old; begin anew with `cursor` and look at every organisation.
        """
        changes = await self._store.changes(OUTBOX, after, MAX_PAGE)
        found = {change.pk for change in changes if change.item is not None and "waiting_in" in change.item.data}
        return found, changes[-1].cursor if changes else after

    async def organisations(self) -> list[str]:
        """Every organisation, for those whose news one has missed."""
        found: list[str] = []
        after: str | None = None
        while True:
            page = await self._store.query(ORGANISATIONS, Query("org", after=after, limit=MAX_PAGE))
            found += [item.sk for item in page.items]
            after = page.next
            if after is None:
                return found


def _row(item: Item) -> OutboxRow:
    data = item.data
    return OutboxRow(
        id_bytes(item.sk),
        item.pk,
        data["kind"],
        data["vehicle_id"],
        data["episode_id"],
        data["created_at_ns"],
        data["body"],
    )


def _tombstone(waiting: Waiting, now_ns: int) -> Put:
    row = waiting.row
    data = {
        "kind": row.kind,
        "vehicle_id": row.vehicle_id,
        "episode_id": row.episode_id,
        "created_at_ns": row.created_at_ns,
        "handed_over_at_ns": now_ns,
    }
    expires_at_s = now_ns // NS_PER_S + TOMBSTONE_KEPT_S
    return Put(OUTBOX, row.org_id, id_text(row.id), data, VersionIs(waiting.version), expires_at_s)
