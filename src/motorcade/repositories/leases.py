"""Leases: what only one process may do at a time, and when it was last done."""

import contextlib
from dataclasses import dataclass, replace
from typing import Final

from motorcade.domain.errors import Conflict, Invalid
from motorcade.domain.tenant import SystemScope
from motorcade.ports.store import Absent, Put, Store, VersionIs
from motorcade.repositories.tables import LEASES

NS_PER_S: Final = 1_000_000_000
LONGEST_S: Final = 600.0
"""No lease is longer. One that ends later than that was written by a clock that has been set back since: it is void."""
_LEASE: Final = "lease"


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that we hold.

    Attributes:
        name: what may be done under it.
        epoch: grows with every change of hands; a holder of an older one has been followed.
        until_ns: when it ends unless renewed, by the wall clock.
        done_at_ns: when its work was last done, as `Leases.finish` was told; 0 before that.
        version: of the stored row.
    """

    name: str
    owner: str
    epoch: int
    until_ns: int
    done_at_ns: int
    version: int


class Leases:
    """The leases of this installation's processes. Times are the processes' wall clocks."""

    def __init__(self, scope: SystemScope, store: Store, owner: str) -> None:
        """Bind to the platform's scope; `owner` is one process in one life of it."""
        self._scope = scope
        self._store = store
        self._owner = owner

    async def take(self, name: str, for_s: float, now_ns: int) -> Lease | None:
        """The lease, if nobody else holds it; taking one's own anew gives it a new epoch.

        Raises:
            Invalid: it would be longer than `LONGEST_S`.
            Unavailable: the store does not answer.
        """
        if for_s > LONGEST_S:
            raise Invalid(f"a lease of {for_s:g} s is longer than {LONGEST_S:g} s; renew a shorter one")
        item = await self._store.get(LEASES, _LEASE, name)
        until_ns = now_ns + int(for_s * NS_PER_S)
        if item is None:
            lease = Lease(name, self._owner, 1, until_ns, 0, 0)
        else:
            left_ns, other = item.data["until_ns"] - now_ns, item.data["owner"] != self._owner
            if other and 0 < left_ns <= LONGEST_S * NS_PER_S:
                return None
            epoch, done_at_ns = item.data["epoch"] + 1, item.data["done_at_ns"]
            lease = Lease(name, self._owner, epoch, until_ns, done_at_ns, item.version)
        return await self._put(lease)

    async def renew(self, lease: Lease, for_s: float, now_ns: int) -> Lease | None:
        """Hold it until `for_s` from now; None when somebody has followed us."""
        return await self._put(replace(lease, until_ns=now_ns + int(for_s * NS_PER_S)))

    async def finish(self, lease: Lease, done_at_ns: int) -> None:
        """Let the next one have it at once, and tell it when the work was last done. Harmless when it was lost."""
        await self._put(replace(lease, until_ns=0, done_at_ns=done_at_ns))

    async def give_back(self, lease: Lease) -> None:
        """Let the next one have it at once. Harmless when it was lost."""
        await self.finish(lease, lease.done_at_ns)

    async def done_at_ns(self, name: str) -> int:
        """What was last noted under a name, by whichever process; 0 for nothing."""
        item = await self._store.get(LEASES, _LEASE, name)
        return 0 if item is None else int(item.data["done_at_ns"])

    async def begun(self, name: str, now_ns: int) -> bool:
        """Whether something was begun before under a name; from now on it was."""
        if await self.done_at_ns(name):
            return True
        lease = await self.take(name, LONGEST_S, now_ns)
        if lease is not None:
            await self.finish(lease, now_ns)
        return False

    async def _put(self, lease: Lease) -> Lease | None:
        data = {
            "owner": lease.owner,
            "epoch": lease.epoch,
            "until_ns": lease.until_ns,
            "done_at_ns": lease.done_at_ns,
        }
        condition = VersionIs(lease.version) if lease.version else Absent()
        with contextlib.suppress(Conflict):
            await self._store.write([Put(LEASES, _LEASE, lease.name, data, condition)])
            return replace(lease, version=lease.version + 1)
        return None
