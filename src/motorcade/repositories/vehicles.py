"""Vehicles of an organisation: names and models, without VINs."""

import re
from collections.abc import Sequence
from typing import Any, Final

from motorcade.domain.tenant import OrgScope, SystemScope
from motorcade.domain.vehicle import Vehicle
from motorcade.ports.store import Item, Query, Store
from motorcade.repositories.tables import VEHICLES

PAGE: Final = 1000
_NUMBER: Final = re.compile(r"[0-9]+")
_NUMBER_WIDTH: Final = 10  # longer numbers are no counting any more


class VehiclesRepository:
    """The vehicles of the scope's organisation. Released ones are not there."""

    def __init__(self, scope: OrgScope, store: Store) -> None:
        self._org_id = scope.org_id
        self._store = store

    async def page(self, limit: int = 100, after: str | None = None) -> tuple[list[Vehicle], str | None]:
        """Vehicles in order of their names, and the cursor behind them (None = no more).

        Raises:
            Invalid: the cursor is malformed, or the limit is not 1 … 1,000.
        """
        page = await self._store.query(VEHICLES, Query(self._org_id, after=after, limit=limit, index="by_name"))
        return [vehicle_of(item) for item in page.items], page.next

    async def get(self, vehicle_id: str) -> Vehicle | None:
        """One vehicle; None when it is unknown, released or another organisation's."""
        return (await self.many([vehicle_id]))[0]

    async def many(self, vehicle_ids: Sequence[str]) -> list[Vehicle | None]:
        """Vehicles in the order of the ids, None as for `get`."""
        items = await self._store.get_many(VEHICLES, [(self._org_id, vehicle_id) for vehicle_id in vehicle_ids])
        return [vehicle_of(item) if item is not None and is_listed(item) else None for item in items]


class AllVehicles:
    """The vehicles of all organisations, for programs that serve them all."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        self._scope = scope
        self._store = store

    async def all(self) -> list[tuple[str, Vehicle]]:
        """Every listed vehicle with its organisation."""
        found: list[tuple[str, Vehicle]] = []
        after: str | None = None
        while True:
            page = await self._store.scan(VEHICLES, after, PAGE)
            found += [(item.pk, vehicle_of(item)) for item in page.items if is_listed(item)]
            if page.next is None:
                return found
            after = page.next

    async def cursor(self) -> str:
        """The place of now in the table's changes; take it before `all`."""
        return await self._store.change_cursor(VEHICLES)

    async def changes(self, after: str) -> tuple[list[tuple[str, str, Vehicle | None]], str]:
        """Changes since a place: (organisation, vehicle id, vehicle or None when it has gone), and the next place.

        Raises:
            Invalid: the place is too old; read all anew.
        """
        changes = await self._store.changes(VEHICLES, after, PAGE)
        told = [
            (change.pk, change.sk, vehicle_of(change.item) if change.item and is_listed(change.item) else None)
            for change in changes
        ]
        return told, changes[-1].cursor if changes else after


def vehicle_of(item: Item) -> Vehicle:
    """A vehicle from its row."""
    return Vehicle(item.sk, item.data["name"], item.data["model"], item.data["claimed_at_ns"])


def is_listed(item: Item) -> bool:
    """Whether a vehicle's row is that of a vehicle that is still claimed."""
    return "released_at_ns" not in item.data


def name_key(name: str) -> str:
    """What names are sorted by: letter case does not matter, and `Van 9` comes before `Van 10`."""
    return _NUMBER.sub(lambda digits: digits[0].zfill(_NUMBER_WIDTH), name.casefold())


def data_of(org_id: str, vehicle: Vehicle, released_at_ns: int | None = None) -> dict[str, Any]:
    """A vehicle's row. A released one lacks the index's attribute and so leaves the list of names."""
    data: dict[str, Any] = {
        "name": vehicle.name,
        "model": vehicle.model,
        "claimed_at_ns": vehicle.claimed_at_ns,
        "org": org_id,
    }
    if released_at_ns is None:
        return {**data, "name_key": name_key(vehicle.name)}
    return {**data, "released_at_ns": released_at_ns}
