"""What the folds of a stretch of records yielded, as writes for the commit that stands for those records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from motorcade.domain.episodes.episode import Episode
from motorcade.domain.tenant import SystemScope
from motorcade.domain.turns import Turn
from motorcade.ports.clock import Clock
from motorcade.ports.notify import OutboxRow
from motorcade.ports.store import ANY, Delete, Put, Query, Store, Write
from motorcade.repositories.episodes import EpisodeWriter, Withdrawal
from motorcade.repositories.outbox import Outbox, outbox_put
from motorcade.repositories.tables import FOLD_STATES

FOLD_STATE_KEPT_S: Final = 9 * 24 * 3600
"""Late records are folded anew up to 7 days; a day for clocks and queues, and one more to be safe."""
_ROW_BYTES: Final = 1_000  # about; only tells which of two findings is larger
Key = tuple[str, str]
"""(org_id, vehicle_id)"""


@dataclass(slots=True)
class Finding:
    """What the fold of one vehicle yielded since its last commit.

    Attributes:
        key: whose.
        rows: episodes as they stand.
        quiet: a state of the fold at which nothing was open, with its turn.
        outbox: what must leave.
        withdrawals: rows that a re-fold no longer yields.
        also: further writes that belong to it.
    """

    key: Key
    rows: Sequence[Episode] = ()
    quiet: tuple[Turn, bytes] | None = None
    outbox: Sequence[OutboxRow] = ()
    withdrawals: Sequence[Withdrawal] = ()
    also: Sequence[Write] = ()

    @property
    def size_bytes(self) -> int:
        """About how much of a commit it is."""
        return len(self.rows) * _ROW_BYTES + (len(self.quiet[1]) if self.quiet else 0)


class Findings:
    """Turns findings into writes; for the one program that commits a vehicle."""

    def __init__(self, scope: SystemScope, store: Store, clock: Clock) -> None:
        """Bind to the platform's scope: the stream's records carry their organisations."""
        self._scope = scope
        self._store = store
        self._clock = clock
        self._episodes = EpisodeWriter(scope, store)
        self._outbox = Outbox(scope, store)
        self._last_ns = 0

    async def writes(self, findings: Sequence[Finding]) -> list[Write]:
        """The writes; rows that the store has already in the same words, or the outbox in any state, need none.

        Revisions are stamped in the order of the commits, also when the clock steps back: a feed that has seen one
        stamp never misses what is committed later.
        """
        self._last_ns = max(self._clock.now_ns(), self._last_ns + 1)
        rows = [(finding.key[0], row) for finding in findings for row in finding.rows]
        gone = [(finding.key[0], one) for finding in findings for one in finding.withdrawals]
        leaving = [row for finding in findings for row in finding.outbox]
        writes: list[Write] = []
        writes += await self._episodes.writes(rows, gone, self._last_ns)
        writes += [outbox_put(row) for row in await self._outbox.unseen(leaving)] if leaving else []
        expires_at_s = self._last_ns // 1_000_000_000 + FOLD_STATE_KEPT_S
        writes += [write for finding in findings for write in finding.also]
        writes += [
            quiet_put(finding.key, finding.quiet, expires_at_s) for finding in findings if finding.quiet is not None
        ]
        unique = {(write.table.name, write.pk, write.sk): write for write in writes}
        return list(unique.values())

    async def quiet_before(self, key: Key, turn: Turn) -> tuple[Turn, bytes] | None:
        """The last stored state at which nothing was open and that lies before a turn."""
        after: str | None = None
        while True:
            page = await self._store.query(FOLD_STATES, Query(_pk(key), after=after, newest_first=True))
            for item in page.items:
                if _turn(item.sk) < turn:
                    return _turn(item.sk), item.data["state"]
            if page.next is None:
                return None
            after = page.next

    async def quiet_after(self, key: Key, turn: Turn) -> list[tuple[Turn, bytes]]:
        """The stored states at or behind a turn, oldest first."""
        found: list[tuple[Turn, bytes]] = []
        after: str | None = None
        while True:
            page = await self._store.query(FOLD_STATES, Query(_pk(key), after=after))
            found += [(_turn(item.sk), item.data["state"]) for item in page.items if _turn(item.sk) >= turn]
            if page.next is None:
                return found
            after = page.next


def _pk(key: Key) -> str:
    return f"{key[0]}.{key[1]}"


def quiet_put(key: Key, quiet: tuple[Turn, bytes], expires_at_s: int) -> Put:
    """The write that keeps a state at which nothing was open."""
    return Put(FOLD_STATES, _pk(key), _sk(quiet[0]), {"state": quiet[1]}, ANY, expires_at_s)


def quiet_delete(key: Key, turn: Turn) -> Delete:
    """The write that takes such a state away: a re-fold found that it was none."""
    return Delete(FOLD_STATES, _pk(key), _sk(turn), ANY)


def _sk(turn: Turn) -> str:
    return f"{turn[0]:020d}.{turn[1].hex()}"


def _turn(sk: str) -> Turn:
    at_ns, _, record_id = sk.partition(".")
    return int(at_ns), bytes.fromhex(record_id)
