"""Organisations and their people, and the owner of this installation."""

from dataclasses import dataclass
from typing import Final

from motorcade.domain.errors import Conflict
from motorcade.domain.ids import new_id
from motorcade.domain.tenant import OrgScope, Role, SystemScope
from motorcade.ports.store import Absent, Put, Store
from motorcade.repositories.tables import ORGANISATIONS, USERS

NS_PER_S: Final = 1_000_000_000
_ORG: Final = "org"
_INSTALLATION: Final = ("installation", "owner")  # a row beside the organisations, so that there is one first owner


@dataclass(frozen=True, slots=True)
class Person:
    """A member of an organisation."""

    org_id: str
    user_id: str
    name: str
    role: Role
    membership_version: int

    @property
    def scope(self) -> OrgScope:
        """What this person may act in."""
        return OrgScope(self.org_id, self.user_id, self.role, self.membership_version)


class PeopleRepository:
    """Organisations and people, before anybody is known to be one of them."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        self._scope = scope
        self._store = store

    async def owner(self) -> Person | None:
        """The owner of this installation; None before the first start has made one."""
        row = await self._store.get(ORGANISATIONS, *_INSTALLATION)
        return None if row is None else await self.person(row.data["org_id"], row.data["user_id"])

    async def person(self, org_id: str, user_id: str) -> Person | None:
        """One member."""
        item = await self._store.get(USERS, org_id, user_id)
        if item is None:
            return None
        return Person(org_id, user_id, item.data["name"], item.data["role"], item.data["membership_version"])

    async def org_name(self, org_id: str) -> str:
        """An organisation's name; empty when it is gone."""
        item = await self._store.get(ORGANISATIONS, _ORG, org_id)
        return "" if item is None else str(item.data["name"])

    async def create_owner(self, org_name: str, user_name: str, at_ns: int) -> Person:
        """Make the owner together with an organisation, unless there is one; gives whoever it is then."""
        person = Person(new_id(), new_id(), user_name, "owner", 1)
        user = {"name": user_name, "role": person.role, "membership_version": 1, "created_at_ns": at_ns}
        try:
            await self._store.write(
                [
                    Put(ORGANISATIONS, *_INSTALLATION, {"org_id": person.org_id, "user_id": person.user_id}, Absent()),
                    Put(ORGANISATIONS, _ORG, person.org_id, {"name": org_name, "created_at_ns": at_ns}, Absent()),
                    Put(USERS, person.org_id, person.user_id, user, Absent()),
                ]
            )
        except Conflict:
            there = await self.owner()
            if there is None:
                raise
            return there
        return person
