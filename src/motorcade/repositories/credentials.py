"""Passphrase hashes, and how often somebody tried in vain."""

from dataclasses import dataclass
from typing import Final

from motorcade.domain.errors import Conflict, Denied, Throttled
from motorcade.domain.tenant import SystemScope
from motorcade.ports.store import ANY, Absent, Delete, Put, Store, VersionIs
from motorcade.repositories.tables import CREDENTIALS

_PASSPHRASE: Final = "passphrase"  # noqa: S105 - the name of a row
_FORGOTTEN_AFTER_S: Final = 24 * 3600  # a caller who waits a day starts anew
_RACES: Final = 8  # tries of the same caller at one moment that are sorted out; more are told to wait


@dataclass(frozen=True, slots=True)
class Patience:
    """How many tries are free, and how long one waits after more: doubling from a second up to a limit."""

    free: int
    longest_wait_s: int

    def wait_s(self, tries: int) -> int:
        """Seconds until the next try after so many in vain."""
        over = tries - self.free
        return 0 if over < 0 else min(1 << min(over, 30), self.longest_wait_s)


CALLER = Patience(free=5, longest_wait_s=15 * 60)
"""One address, one account: a person who mistypes is not hindered, a program is."""
ACCOUNT = Patience(free=100, longest_wait_s=1)
"""All addresses together: one try a second is useless for guessing and does not lock the owner out."""
EVERYONE: Final = "*"


class CredentialsRepository:
    """Credentials of everybody, before anybody is known to be one of them."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        self._scope = scope
        self._store = store

    async def passphrase_hash(self, user_id: str) -> str | None:
        """The hash of a person's passphrase, if one is set."""
        item = await self._store.get(CREDENTIALS, user_id, _PASSPHRASE)
        return None if item is None else str(item.data["hash"])

    async def set_passphrase_hash(self, user_id: str, new: str, expected: str | None) -> None:
        """Replace the hash, if it still is the expected one.

        Raises:
            Denied: it was changed meanwhile.
        """
        item = await self._store.get(CREDENTIALS, user_id, _PASSPHRASE)
        if (None if item is None else item.data["hash"]) != expected:
            raise Denied("the passphrase was changed at this moment")
        condition = Absent() if item is None else VersionIs(item.version)
        try:
            await self._store.write([Put(CREDENTIALS, user_id, _PASSPHRASE, {"hash": new}, condition)])
        except Conflict as error:
            raise Denied("the passphrase was changed at this moment") from error

    async def count_try(self, user_id: str, caller: str, now_s: int) -> None:
        """Count a try before it is judged, so that tries side by side count as well.

        A try that is not judged counts nowhere: whoever attacks the account from elsewhere keeps the owner waiting for
        the account's turn, and must not make the owner's own address wait ever longer as well.

        Raises:
            Throttled: too many; this one was not counted.
        """
        for _ in range(_RACES):
            limits = ((caller, CALLER), (EVERYONE, ACCOUNT))
            counted = [await self._counted(user_id, who, patience, now_s) for who, patience in limits]
            try:
                await self._store.write(counted)
            except Conflict:
                continue
            return
        raise Throttled(1)

    async def forget_tries(self, user_id: str, caller: str) -> None:
        """After a success: this caller's tries in vain no longer count."""
        await self._store.write([Delete(CREDENTIALS, user_id, _throttle(caller), ANY)])

    async def _counted(self, user_id: str, caller: str, patience: Patience, now_s: int) -> Put:
        """What to write for one more try.

        Raises:
            Throttled: it is too early for one.
        """
        item = await self._store.get(CREDENTIALS, user_id, _throttle(caller))
        tries, blocked_until_s = (0, 0) if item is None else (item.data["tries"], item.data["blocked_until_s"])
        if now_s < blocked_until_s:
            raise Throttled(blocked_until_s - now_s)
        data = {"tries": tries + 1, "blocked_until_s": now_s + patience.wait_s(tries + 1)}
        condition = Absent() if item is None else VersionIs(item.version)
        return Put(CREDENTIALS, user_id, _throttle(caller), data, condition, now_s + _FORGOTTEN_AFTER_S)


def _throttle(caller: str) -> str:
    return f"throttle:{caller}"
