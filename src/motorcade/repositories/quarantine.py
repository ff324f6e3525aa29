"""Unreadable messages of vehicles, sealed under their organisation's key, for a month."""

from collections.abc import Sequence
from dataclasses import dataclass

from motorcade.domain.tenant import SystemScope
from motorcade.ports.store import ANY, Put, Store, Write
from motorcade.repositories.tables import QUARANTINE

KEPT_S = 30 * 24 * 3600
"""Long enough to find out what a car meant, short enough not to become a second archive."""
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One unreadable message. `sealed` may hold a VIN once opened; nothing else here does."""

    org_id: str
    vehicle_id: str
    connection_id: str
    received_at_ns: int
    topic: str
    """What it came on; `unknown` for topics that we do not know, `envelope` where not even that could be read."""
    sealed: bytes


class QuarantineRepository:
    """The gateway's side: it only puts in."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        """Bind to the platform's scope: the gateway serves every organisation."""
        self._scope = scope
        self._store = store

    async def keep(self, messages: Sequence[Quarantined]) -> None:
        """Keep messages, all or none, each until it expires.

        Raises:
            Unavailable: the store does not answer; the caller only counts them then.
        """
        await self._store.write_batch([_put(one) for one in messages])


def _put(one: Quarantined) -> Write:
    data = {"connection_id": one.connection_id, "topic": one.topic, "sealed": one.sealed}
    expires_at_s = one.received_at_ns // _NS_PER_S + KEPT_S
    return Put(QUARANTINE, one.org_id, f"{one.vehicle_id}.{one.received_at_ns:020d}", data, ANY, expires_at_s)
