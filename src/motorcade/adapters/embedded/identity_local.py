"""Sign-in of one installation: its owner, by one-time links and a passphrase."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from motorcade.adapters.embedded.passphrases import Passphrases
from motorcade.domain.errors import Denied, Unavailable
from motorcade.domain.tenant import OrgScope, SystemScope
from motorcade.ports.clock import Clock
from motorcade.ports.identity import Session
from motorcade.ports.keys import Keys
from motorcade.ports.store import Store
from motorcade.repositories.credentials import CredentialsRepository
from motorcade.repositories.people import PeopleRepository, Person
from motorcade.repositories.sessions import SessionsRepository, StoredSession

FIRST_ORGANISATION: Final = "Demo fleet"
FIRST_PERSON: Final = "Owner"
TOKEN_BYTES: Final = 32
LONGEST_TOKEN: Final = 128  # characters; ours have 43
NS_PER_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _KnownSession(Session):
    """A session that knows under which key it is kept."""

    key: str = field(default="", repr=False)


class LocalIdentity:
    """`Identity` over the store.

    Args:
        store: where people, links and sessions are kept.
        keys: tokens and passphrases are hashed under keys that the store does not hold.
        clock: decides what has expired.
    """

    def __init__(self, store: Store, keys: Keys, clock: Clock) -> None:
        scope = SystemScope("identity")
        self._people = PeopleRepository(scope, store)
        self._sessions = SessionsRepository(scope, store)
        self._credentials = CredentialsRepository(scope, store)
        self._keys = keys
        self._clock = clock
        self._hashing: Passphrases | None = None

    async def ensure_owner(self) -> OrgScope:
        """The owner of this installation; made, with the first organisation, when there is none."""
        owner = await self._people.owner()
        if owner is None:
            owner = await self._people.create_owner(FIRST_ORGANISATION, FIRST_PERSON, self._clock.now_ns())
        return owner.scope

    async def make_link(self) -> str:
        """A one-time sign-in token for the owner.

        Raises:
            Unavailable: there is no owner yet.
        """
        owner = await self._owner()
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await self._sessions.add_link(await self._hashed("link", token), owner, self._now_s())
        return token

    async def redeem_link(self, token: str) -> tuple[str, Session]:
        """Spend a link; gives the new session's token and the session."""
        org_id, user_id = await self._sessions.spend_link(await self._hashed("link", token), self._now_s())
        person = await self._people.person(org_id, user_id)
        if person is None:
            raise Denied("whoever this sign-in link was for is no longer here")
        return await self._open(person)

    async def sign_in(self, passphrase: str, caller: str) -> tuple[str, Session]:
        """Open a session by the owner's passphrase."""
        owner = await self._owner()
        await self._credentials.count_try(owner.user_id, caller, self._now_s())
        hashing = await self._passphrases()
        stored = await self._credentials.passphrase_hash(owner.user_id)
        if not await hashing.matches(passphrase, stored):
            raise Denied("the passphrase is wrong, or none is set")
        await self._credentials.forget_tries(owner.user_id, caller)
        if stored is not None and hashing.outdated(stored):
            await self._credentials.set_passphrase_hash(owner.user_id, await hashing.hash(passphrase), stored)
        return await self._open(owner)

    async def session(self, token: str) -> Session | None:
        """The live session of a token, else None."""
        if not token or len(token) > LONGEST_TOKEN:
            return None
        stored = await self._sessions.get(await self._hashed("session", token), self._now_s())
        if stored is None:
            return None
        person = await self._people.person(stored.org_id, stored.user_id)
        if person is None or person.membership_version != stored.membership_version:
            return None
        return await self._known(stored, person)

    async def sign_out(self, token: str) -> None:
        """Revoke a session. Idempotent."""
        if token and len(token) <= LONGEST_TOKEN:
            await self._sessions.revoke(await self._hashed("session", token))

    async def set_passphrase(self, session: Session, new: str, current: str | None) -> None:
        """Set or change the passphrase; ends the person's other sessions."""
        user_id = session.scope.user_id
        hashing = await self._passphrases()
        stored = await self._credentials.passphrase_hash(user_id)
        if stored is not None:
            # Whoever holds a stolen session must not be able to guess the passphrase through this.
            await self._credentials.count_try(user_id, f"change:{user_id}", self._now_s())
            if current is None or not await hashing.matches(current, stored):
                raise Denied("the passphrase in force is needed to change it, and this is not it")
        await self._replace(session, new, stored)
        await self._credentials.forget_tries(user_id, f"change:{user_id}")

    async def reset_passphrase(self, session: Session, new: str) -> None:
        """Set the passphrase without the one in force: for whoever can read the root key of this installation."""
        await self._replace(session, new, await self._credentials.passphrase_hash(session.scope.user_id))

    async def passphrase_set(self) -> bool:
        """Whether the owner has a passphrase."""
        owner = await self._people.owner()
        return owner is not None and await self._credentials.passphrase_hash(owner.user_id) is not None

    async def _replace(self, session: Session, new: str, stored: str | None) -> None:
        user_id = session.scope.user_id
        fresh = await (await self._passphrases()).hash(new)
        await self._credentials.set_passphrase_hash(user_id, fresh, stored)
        await self._sessions.revoke_others(user_id, session.key if isinstance(session, _KnownSession) else None)

    async def _owner(self) -> Person:
        owner = await self._people.owner()
        if owner is None:
            raise Unavailable("this installation has no owner yet; `motorcade run` makes one")
        return owner

    async def _open(self, person: Person) -> tuple[str, Session]:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        stored = await self._sessions.open(await self._hashed("session", token), person, self._now_s())
        return token, await self._known(stored, person)

    async def _known(self, stored: StoredSession, person: Person) -> Session:
        return _KnownSession(
            person.scope,
            person.name,
            await self._people.org_name(person.org_id),
            stored.expires_at_s,
            await self._credentials.passphrase_hash(person.user_id) is not None,
            stored.key,
        )

    async def _hashed(self, purpose: str, token: str) -> str:
        if len(token) > LONGEST_TOKEN:
            raise Denied("this token is unknown or expired")
        key = await self._keys.signing_key(purpose)
        return hmac.new(key, token.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()

    async def _passphrases(self) -> Passphrases:
        if self._hashing is None:
            self._hashing = Passphrases(await self._keys.signing_key("passphrase"))
        return self._hashing

    def _now_s(self) -> int:
        return self._clock.now_ns() // NS_PER_S
