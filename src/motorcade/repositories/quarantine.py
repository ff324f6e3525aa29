"""Unreadable messages of vehicles, sealed under their organisation's key, for a month."""

from motorcade.domain.tenant import SystemScope
from motorcade.ports.store import ANY, Put, Store
from motorcade.repositories.tables import QUARANTINE

KEPT_S = 30 * 24 * 3600
"""Long enough to find out what a car meant, short enough not to become a second archive."""
_NS_PER_S = 1_000_000_000


class QuarantineRepository:
    """The gateway's side: it only puts in."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        """Bind to the platform's scope: the gateway serves every organisation."""
        self._scope = scope
        self._store = store

    async def keep(
        self, vehicle: tuple[str, str], connection_id: str, received_at_ns: int, topic: str, sealed: bytes
    ) -> None:
        """Keep one message until it expires.

        Raises:
            Unavailable: the store does not answer; the caller only counts it then.
        """
        data = {"connection_id": connection_id, "topic": topic, "sealed": sealed}
        expires_at_s = received_at_ns // _NS_PER_S + KEPT_S
        org_id, vehicle_id = vehicle
        place = f"{vehicle_id}.{received_at_ns:020d}"
        await self._store.write([Put(QUARANTINE, org_id, place, data, ANY, expires_at_s)])
