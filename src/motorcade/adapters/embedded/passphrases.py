"""Hashing of passphrases with Argon2id (RFC 9106), in threads, a few at a time."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from motorcade.domain.errors import Invalid, Throttled

SHORTEST, LONGEST = 15, 1024
"""Characters of a passphrase: long enough without rules about its letters, short enough to hash."""
MEMORY_KIB: Final = 19 * 1024  # with two passes what OWASP asks for at least; about 25 ms
HASHES_AT_ONCE: Final = 2  # each takes 19 MiB and a core
WAITING_HASHES: Final = 16  # half a second of work; more only keeps callers waiting


Args = ParamSpec("Args")
Result = TypeVar("Result")


class Passphrases:
    """Makes and checks hashes.

    Args:
        pepper: a key that is not in the store, so that stolen hashes alone cannot be guessed at.
    """

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper
        self._hasher = PasswordHasher(time_cost=2, memory_cost=MEMORY_KIB, parallelism=1)
        self._turns = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0
        self._nobodys: str | None = None

    async def hash(self, passphrase: str) -> str:
        """The hash of a new passphrase.

        Raises:
            Invalid: it is too short or too long.
            Throttled: too much hashing is under way.
        """
        if not SHORTEST <= len(passphrase) <= LONGEST:
            raise Invalid(f"a passphrase has {SHORTEST} to {LONGEST} characters")
        return await self._in_turn(self._hash, passphrase)

    async def matches(self, passphrase: str, stored: str | None) -> bool:
        """Whether a passphrase is the hashed one; as slow without a hash as with one.

        Raises:
            Throttled: too much hashing is under way.
        """
        if self._nobodys is None:
            self._nobodys = await self._in_turn(self._hash, secrets.token_urlsafe(32))
        right = await self._in_turn(self._verify, passphrase[: LONGEST + 1], stored or self._nobodys)
        return right and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _hash(self, passphrase: str) -> str:
        return self._hasher.hash(self._peppered(passphrase))

    def _verify(self, passphrase: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, self._peppered(passphrase))
        except (VerificationError, InvalidHashError):
            return False

    def _peppered(self, passphrase: str) -> bytes:
        return hmac.new(self._pepper, passphrase.encode(errors="surrogatepass"), hashlib.sha256).digest()

    async def _in_turn(self, work: Callable[Args, Result], *args: Args.args, **kwargs: Args.kwargs) -> Result:
        if self._waiting >= WAITING_HASHES:
            raise Throttled(1)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *args, **kwargs)
        finally:
            self._waiting -= 1
