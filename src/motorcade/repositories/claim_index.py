"""The gateway's copy of the claims: in memory, refreshed by the change feed, and sealed on disk.

A car is resolved from memory when it connects. While the store is away, also over a restart, known cars keep flowing.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from motorcade.domain.errors import Denied, Invalid, Unavailable
from motorcade.domain.record import NS_PER_S
from motorcade.domain.tenant import SystemScope
from motorcade.domain.vehicle import Claim
from motorcade.ports.clock import Clock
from motorcade.ports.keys import Keys
from motorcade.ports.store import Store
from motorcade.repositories.claims import CLAIM_KEY_VERSION, claim_of, vin_index
from motorcade.repositories.tables import CLAIMS

REFRESH_S: Final = 1.0  # a change must act within 5 s, of which the gateway's own look takes up to 2
PAGE: Final = 1000
SEALED_FOR: Final = ("platform", "claim-index")

_Row = tuple[str, str, int | None, int | None]


class ClaimIndex:
    """Claims in memory.

    Args:
        scope: the platform's.
        store: where claims live.
        keys: for the index key and for sealing the copy.
        copy: the sealed copy's file; its folder exists.
        clock: tells how old the claims in memory are.
        on_fault: told of an error that is not the store's absence, once of each kind; refreshing goes on.
    """

    def __init__(
        self,
        scope: SystemScope,
        store: Store,
        keys: Keys,
        copy: Path,
        clock: Clock,
        on_fault: Callable[[Exception], None],
    ) -> None:
        self._scope = scope
        self._store = store
        self._keys = keys
        self._copy = copy
        self._clock = clock
        self._on_fault = on_fault
        self._faults: set[type[Exception]] = set()
        self._refreshed_at_ns = clock.monotonic_ns()
        self._key = b""
        self._claims: dict[str, Claim] = {}
        self._cursor: str | None = None  # None = the whole table must be read
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the claims and keep them fresh.

        Raises:
            Unavailable: neither the store nor a sealed copy can be read.
        """
        self._key = await self._keys.claim_key(CLAIM_KEY_VERSION)
        try:
            await self.refresh()
        except Unavailable:
            if not await self._load_copy():
                raise
        self._task = asyncio.create_task(self._follow(), name="claim-index")

    def resolve(self, vin: str) -> Claim | None:
        """The live claim on a VIN, from memory; a released one is None at once, so that its sockets close."""
        claim = self._claims.get(vin_index(self._key, vin))
        return None if claim is None or claim.valid_until_ns is not None else claim

    def __len__(self) -> int:
        return len(self._claims)

    async def refresh(self) -> bool:
        """Take over what changed since the last time; gives whether anything did.

        Raises:
            Unavailable: the store does not answer; the claims stay as they are.
        """
        changed = await self._read_all() if self._cursor is None else await self._read_changes(self._cursor)
        self._refreshed_at_ns = self._clock.monotonic_ns()
        if changed:
            await self._save_copy()
        return changed

    @property
    def age_s(self) -> float:
        """Since when nothing was heard from the store; a claim made or released since is not known here."""
        return (self._clock.monotonic_ns() - self._refreshed_at_ns) / NS_PER_S

    async def close(self) -> None:
        """Stop refreshing. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self.refresh()
            except Unavailable:
                continue  # the copy in memory serves until the store is back; its age is exported
            except Exception as error:  # noqa: BLE001 - whatever it is, a gateway that stops following is worse
                if type(error) not in self._faults:
                    self._faults.add(type(error))
                    self._on_fault(error)

    async def _read_all(self) -> bool:
        cursor = await self._store.change_cursor(CLAIMS)  # before reading, so that nothing falls between
        claims: dict[str, Claim] = {}
        after: str | None = None
        while True:
            page = await self._store.scan(CLAIMS, after, PAGE)
            claims.update((item.sk, claim_of(item.data)) for item in page.items if item.pk == str(CLAIM_KEY_VERSION))
            if page.next is None:
                break
            after = page.next
        changed = claims != self._claims
        self._claims, self._cursor = claims, cursor
        return changed

    async def _read_changes(self, cursor: str) -> bool:
        changed = False
        while True:
            try:
                changes = await self._store.changes(CLAIMS, cursor, PAGE)
            except Invalid:  # the feed no longer reaches back so far
                return await self._read_all() or changed
            for change in changes:
                if change.pk != str(CLAIM_KEY_VERSION):
                    continue
                if change.item is None:
                    self._claims.pop(change.sk, None)
                else:
                    self._claims[change.sk] = claim_of(change.item.data)
                changed = True
            if changes:
                self._cursor = cursor = changes[-1].cursor
            if len(changes) < PAGE:
                return changed

    async def _save_copy(self) -> None:
        rows = {
            index: (claim.org_id, claim.vehicle_id, claim.valid_from_ns, claim.valid_until_ns)
            for index, claim in self._claims.items()
        }
        sealed = await self._keys.seal(*SEALED_FOR, msgspec.msgpack.encode(rows))
        with contextlib.suppress(OSError):  # a full disk: the older copy stays, and memory has the claims
            await asyncio.to_thread(_replace, self._copy, sealed)

    async def _load_copy(self) -> bool:
        try:
            sealed = await asyncio.to_thread(self._copy.read_bytes)
            rows = msgspec.msgpack.decode(await self._keys.unseal(*SEALED_FOR, sealed), type=dict[str, _Row])
        except (OSError, Denied, msgspec.MsgspecError):
            return False
        self._claims = {index: Claim(*row) for index, row in rows.items()}
        return True


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one."""
    draft = path.with_name(f".{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
