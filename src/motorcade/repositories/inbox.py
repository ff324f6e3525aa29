"""The in-app inbox: what an organisation's people are told inside the product."""

import contextlib
from dataclasses import dataclass
from typing import Final

from motorcade.domain.errors import Conflict
from motorcade.domain.ids import id_text
from motorcade.domain.tenant import OrgScope
from motorcade.ports.notify import OutboxRow
from motorcade.ports.store import Absent, Put, Query, Store
from motorcade.repositories.tables import INBOX

KEPT_S: Final = 90 * 24 * 3600
"""A quarter of a year; what must be kept longer is in the episodes themselves."""
NS_PER_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One thing told. `id` is that of the outbox row; `at_ns` is when it happened; `body` is MessagePack."""

    id: str
    kind: str
    vehicle_id: str
    episode_id: str
    at_ns: int
    told_at_ns: int
    body: bytes


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Entries, and where the next page begins; None when there is no more."""

    entries: list[InboxEntry]
    next: str | None


class Inbox:
    """One organisation's inbox."""

    def __init__(self, scope: OrgScope, store: Store) -> None:
        self._scope = scope
        self._store = store

    async def tell(self, row: OutboxRow, now_ns: int) -> bool:
        """Keep an entry for `KEPT_S`; False when it was told before.

        The row's time is part of the key, so it must be the same each time; it is, for a row is written once.
        """
        data = {
            "id": id_text(row.id),
            "kind": row.kind,
            "vehicle_id": row.vehicle_id,
            "episode_id": row.episode_id,
            "at_ns": row.created_at_ns,
            "told_at_ns": now_ns,
            "body": row.body,
        }
        place = f"{max(0, row.created_at_ns):020d}.{id_text(row.id)}"
        put = Put(INBOX, self._scope.org_id, place, data, Absent(), now_ns // NS_PER_S + KEPT_S)
        with contextlib.suppress(Conflict):
            await self._store.write([put])
            return True
        return False

    async def page(self, after: str | None = None, limit: int = 50) -> InboxPage:
        """Entries, the latest first.

        Raises:
            Invalid: the cursor is malformed or the limit out of range.
        """
        query = Query(self._scope.org_id, after=after, limit=limit, newest_first=True)
        page = await self._store.query(INBOX, query)
        return InboxPage([InboxEntry(**item.data) for item in page.items], page.next)
