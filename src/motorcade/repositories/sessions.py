"""Sessions and one-time links. Both are kept under a keyed hash of their token, so that the store holds no secret."""

from dataclasses import dataclass
from typing import Final

from motorcade.domain.errors import Conflict, Denied, LinkSpent
from motorcade.domain.tenant import SystemScope
from motorcade.ports.store import Absent, Delete, Put, Query, Store, VersionIs, Write
from motorcade.repositories.people import Person
from motorcade.repositories.tables import LINKS, SESSIONS

LINK_LIFE_S: Final = 15 * 60
SPENT_LINK_KEPT_S: Final = 7 * 24 * 3600  # for as long a link can still say that it was used
SESSION_LIFE_S: Final = 30 * 24 * 3600  # then one signs in again, however busy one was
SESSION_IDLE_S: Final = 7 * 24 * 3600  # a week's holiday ends a session that nobody used
TOUCH_EVERY_S: Final = 3600  # how exactly idleness is known; every request would be a write each
_SESSION, _LINK = "session", "link"


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as kept. Times in epoch seconds."""

    key: str
    org_id: str
    user_id: str
    membership_version: int
    issued_at_s: int
    seen_at_s: int
    expires_at_s: int
    version: int


class SessionsRepository:
    """Sessions and links of everybody, looked up by the hash of a token."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        self._scope = scope
        self._store = store

    async def add_link(self, key: str, person: Person, now_s: int) -> None:
        """Keep a new link."""
        data = {
            "org_id": person.org_id,
            "user_id": person.user_id,
            "valid_until_s": now_s + LINK_LIFE_S,
            "used_at_s": None,
        }
        await self._store.write([Put(LINKS, key, _LINK, data, Absent(), now_s + SPENT_LINK_KEPT_S)])

    async def spend_link(self, key: str, now_s: int) -> tuple[str, str]:
        """Use a link up; gives whose it is, as organisation and user.

        Raises:
            Denied: it is unknown or too old.
            LinkSpent: it was used before.
        """
        item = await self._store.get(LINKS, key, _LINK)
        if item is None:
            raise Denied("this sign-in link is unknown or expired")
        if item.data["used_at_s"] is not None:
            raise LinkSpent(item.data["used_at_s"])
        if now_s >= item.data["valid_until_s"]:
            raise Denied("this sign-in link is unknown or expired")
        spent = {**item.data, "used_at_s": now_s}
        try:
            await self._store.write([Put(LINKS, key, _LINK, spent, VersionIs(item.version), now_s + SPENT_LINK_KEPT_S)])
        except Conflict as error:
            raise LinkSpent(now_s) from error  # someone else used it at this moment
        return item.data["org_id"], item.data["user_id"]

    async def open(self, key: str, person: Person, now_s: int) -> StoredSession:
        """Keep a new session."""
        session = StoredSession(
            key,
            person.org_id,
            person.user_id,
            person.membership_version,
            issued_at_s=now_s,
            seen_at_s=now_s,
            expires_at_s=now_s + SESSION_IDLE_S,
            version=1,
        )
        await self._store.write([_put(session, Absent())])
        return session

    async def get(self, key: str, now_s: int) -> StoredSession | None:
        """The session if it lives; being asked for keeps it alive."""
        item = await self._store.get(SESSIONS, key, _SESSION)
        if item is None:
            return None
        data = item.data
        session = StoredSession(
            key,
            data["org_id"],
            data["user_id"],
            data["membership_version"],
            data["issued_at_s"],
            data["seen_at_s"],
            data["expires_at_s"],
            item.version,
        )
        if now_s >= session.expires_at_s:
            return None
        return await self._touch(session, now_s) if now_s - session.seen_at_s >= TOUCH_EVERY_S else session

    async def revoke(self, key: str) -> None:
        """End a session. Idempotent."""
        await self._store.write([Delete(SESSIONS, key, _SESSION)])

    async def revoke_others(self, user_id: str, kept_key: str | None) -> None:
        """End all sessions of a person but one."""
        after: str | None = None
        while True:
            page = await self._store.query(SESSIONS, Query(user_id, after=after, index="by_user"))
            ended: list[Write] = [Delete(SESSIONS, item.pk, item.sk) for item in page.items if item.pk != kept_key]
            await self._store.write_batch(ended)
            if page.next is None:
                return
            after = page.next

    async def _touch(self, session: StoredSession, now_s: int) -> StoredSession:
        touched = StoredSession(
            session.key,
            session.org_id,
            session.user_id,
            session.membership_version,
            session.issued_at_s,
            seen_at_s=now_s,
            expires_at_s=min(session.issued_at_s + SESSION_LIFE_S, now_s + SESSION_IDLE_S),
            version=session.version + 1,
        )
        try:
            await self._store.write([_put(touched, VersionIs(session.version))])
        except Conflict:  # another request touched or ended it; the next one will see which
            return session
        return touched


def _put(session: StoredSession, condition: Absent | VersionIs) -> Put:
    data = {
        "org_id": session.org_id,
        "user_id": session.user_id,
        "membership_version": session.membership_version,
        "issued_at_s": session.issued_at_s,
        "seen_at_s": session.seen_at_s,
        "expires_at_s": session.expires_at_s,
        "user": session.user_id,  # both for the index, which takes texts
        "issued_at": f"{session.issued_at_s:012d}",
    }
    return Put(SESSIONS, session.key, _SESSION, data, condition, session.expires_at_s)
