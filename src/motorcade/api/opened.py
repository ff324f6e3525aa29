"""Opened vehicles: those whose every signal somebody watches. They are read from the store while anyone does.

The live bus carries only summaries, because a whole state per change would cost more than everything else together.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from motorcade.domain.errors import Corrupt, Unavailable
from motorcade.domain.state import Fields
from motorcade.observability.logs import get_logger
from motorcade.ports.store import Store
from motorcade.repositories.tables import STATES
from motorcade.wire.state_snapshot import decode_state

POLL_S: Final = 0.25
"""How often an opened vehicle is read: the consumer commits every 0.2 s, more often shows nothing new."""

_log = get_logger(__name__)


@dataclass(eq=False, slots=True)
class Opened:
    """One vehicle and how many watch it; `n` grows with every change of its fields."""

    org_id: str
    vehicle_id: str
    watchers: int = 0
    version: int = 0
    n: int = 0
    fields: Fields = field(default_factory=dict)


class OpenedVehicles:
    """All opened vehicles of this process; their number is bounded by that of the streams."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opened: dict[tuple[str, str], Opened] = {}
        self._any = asyncio.Event()

    def open(self, org_id: str, vehicle_id: str) -> Opened:
        """Watch a vehicle; every call needs its `close`."""
        opened = self._opened.setdefault((org_id, vehicle_id), Opened(org_id, vehicle_id))
        opened.watchers += 1
        self._any.set()
        return opened

    def close(self, opened: Opened) -> None:
        """End one watch."""
        opened.watchers -= 1
        if opened.watchers <= 0:
            self._opened.pop((opened.org_id, opened.vehicle_id), None)

    async def poll(self) -> None:
        """Read the opened vehicles again and again, for ever."""
        while True:
            if not self._opened:
                self._any.clear()
                await self._any.wait()
            for opened in list(self._opened.values()):
                await self._refresh(opened)
            await asyncio.sleep(POLL_S)

    async def _refresh(self, opened: Opened) -> None:
        try:
            item = await self._store.get(STATES, opened.org_id, opened.vehicle_id)
            if item is None or item.version == opened.version:
                return
            opened.fields = decode_state(item.data["snapshot"]).fields
        except (Unavailable, Corrupt) as error:
            _log.warning("opened_vehicle_unreadable", error=str(error))
            return
        opened.version = item.version
        opened.n += 1
