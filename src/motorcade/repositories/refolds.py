"""Vehicles whose rows have to be folded anew, and what came of it.

The consumer marks a vehicle, in the commit that takes the late record in. The worker folds it from the archive and lays
the result down, in parts that are small enough for any engine. The consumer, who alone writes a vehicle, installs it in
one commit together with taking mark and result away, or leaves it where newer late records have made it worthless.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from motorcade.domain.episodes.episode import Episode
from motorcade.domain.tenant import SystemScope
from motorcade.domain.turns import NO_TURN, Turn
from motorcade.ports.store import ANY, MAX_PAGE, Delete, Put, Query, Store, Write
from motorcade.repositories.consumption import Key
from motorcade.repositories.episodes import Withdrawal
from motorcade.repositories.tables import DIRTY, REFOLDS
from motorcade.wire.episode import decode_any, encode_episode

PART_BYTES: Final = 200_000
"""Rows per stored part: half of what the narrowest engine takes as an item."""
_READY: Final = "ready"
_MARKED: Final = "dirty"


@dataclass(frozen=True, slots=True)
class Dirty:
    """What makes a vehicle's rows doubtful.

    Attributes:
        first: turn of the earliest record that came late.
        last: turn of the latest such record.
        count: how many came; a result for fewer is out of date.
        position: entry of the stream by which they had all arrived; the archive must have passed it.
    """

    first: Turn
    last: Turn
    count: int
    position: int = 0


@dataclass(frozen=True, slots=True)
class RefoldResult:
    """What a re-fold changes.

    Attributes:
        key: whose.
        count, first, last: of the mark that it answers.
        base: turn of the state that it started from.
        until: turn where it ended.
        state: the encoded state there; b"" where it met the stored state, so that nothing behind it changes.
        rows: episodes as they are to be stored.
        withdrawals: rows that are no more.
        quiet: encoded states at which nothing was open, behind the base, by their turns; b"" where a stored one is none
            any more.
        standing: ids of alerts that go on behind its end as they were.
        seen: the records folded with which alerts began that were told.
        parts: how many stored parts it has.
    """

    key: Key
    count: int
    base: Turn
    until: Turn
    state: bytes
    rows: Sequence[Episode]
    withdrawals: Sequence[Withdrawal]
    quiet: Mapping[Turn, bytes]
    standing: Sequence[str] = ()
    seen: Sequence[bytes] = ()
    first: Turn = NO_TURN
    last: Turn = NO_TURN
    parts: int = 0


class Refolds:
    """Marks and results of all organisations."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        """Bind to the platform's scope: one worker serves every organisation."""
        self._scope = scope
        self._store = store

    async def marked(self, after: str | None = None, limit: int = 100) -> tuple[list[tuple[Key, Dirty]], str | None]:
        """Marked vehicles, and the cursor behind them."""
        page = await self._store.query(DIRTY, Query(_MARKED, after=after, limit=limit))
        return [(_key(item.sk), _dirty(item.data)) for item in page.items], page.next

    async def keys(self) -> AsyncIterator[Key]:
        """Every marked vehicle."""
        after: str | None = None
        while True:
            found, after = await self.marked(after)
            for key, _ in found:
                yield key
            if after is None:
                return

    async def mark(self, key: Key) -> Dirty | None:
        """A vehicle's mark, None where its rows are not in doubt."""
        item = await self._store.get(DIRTY, _MARKED, _text(key))
        return None if item is None else _dirty(item.data)

    async def offer(self, result: RefoldResult) -> None:
        """Lay a result down for the consumer; a later one for the vehicle replaces it."""
        parts = _parts(result)
        text = _text(result.key)
        for number, part in enumerate(parts):
            await self._store.write([Put(REFOLDS, text, f"{number:04d}", part, ANY)])
        head = {
            "count": result.count,
            "base": list(result.base),
            "until": list(result.until),
            "state": result.state,
            "standing": list(result.standing),
            "seen": list(result.seen),
            "first": list(result.first),
            "last": list(result.last),
            "parts": len(parts),
        }
        await self._store.write([Put(REFOLDS, _READY, text, head, ANY)])

    async def ready(self, limit: int = 20) -> list[RefoldResult]:
        """Results that lie ready."""
        page = await self._store.query(REFOLDS, Query(_READY, limit=limit))
        return [await self._load(_key(item.sk), item.data) for item in page.items]

    async def _load(self, key: Key, head: Mapping[str, Any]) -> RefoldResult:
        found = await self._store.query(REFOLDS, Query(_text(key), limit=MAX_PAGE))
        parts = [item.data for item in found.items][: head["parts"]]
        return RefoldResult(
            key=key,
            count=head["count"],
            base=_turn(head["base"]),
            until=_turn(head["until"]),
            state=head["state"],
            rows=[decode_any(kind, row) for part in parts for kind, row in part["rows"]],
            withdrawals=[
                Withdrawal(kind, gone, tuple(successors))
                for part in parts
                for kind, gone, successors in part["withdrawals"]
            ],
            quiet={_turn(turn): state for part in parts for turn, state in part["quiet"]},
            standing=tuple(head["standing"]),
            seen=tuple(head["seen"]),
            first=_turn(head["first"]),
            last=_turn(head["last"]),
            parts=len(parts),
        )


def mark_put(key: Key, dirty: Dirty) -> Put:
    """The write that marks a vehicle, for the commit that takes its late records in."""
    data = {"first": list(dirty.first), "last": list(dirty.last), "count": dirty.count, "position": dirty.position}
    return Put(DIRTY, _MARKED, _text(key), data, ANY)


def taken(result: RefoldResult, *, installed: bool) -> list[Write]:
    """The writes that take a result away, and the mark with it where it was installed."""
    text = _text(result.key)
    writes: list[Write] = [Delete(REFOLDS, _READY, text, ANY)]
    writes += [Delete(REFOLDS, text, f"{number:04d}", ANY) for number in range(result.parts)]
    if installed:
        writes.append(Delete(DIRTY, _MARKED, text, ANY))
    return writes


def _parts(result: RefoldResult) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    room = 0

    def part(size: int) -> dict[str, Any]:
        nonlocal room
        if not parts or room < size:
            parts.append({"rows": [], "withdrawals": [], "quiet": []})
            room = PART_BYTES
        room -= size
        return parts[-1]

    for episode in result.rows:
        row = encode_episode(episode)
        part(len(row))["rows"].append([episode.kind, row])
    for gone in result.withdrawals:
        part(100)["withdrawals"].append([gone.kind, gone.id, list(gone.successors)])
    for turn, state in result.quiet.items():
        part(len(state))["quiet"].append([list(turn), state])
    return parts


def _dirty(data: Mapping[str, Any]) -> Dirty:
    return Dirty(_turn(data["first"]), _turn(data["last"]), data["count"], data["position"])


def _turn(stored: Sequence[Any]) -> Turn:
    return stored[0], stored[1]


def _text(key: Key) -> str:
    return f"{key[0]}.{key[1]}"


def _key(text: str) -> Key:
    org_id, _, vehicle_id = text.partition(".")
    return org_id, vehicle_id
