"""Rows of episodes: trips, charging sessions, visits, alerts and whatever else a vehicle did.

A row's content is what the fold says and nothing else; its revision grows where the content differs. A row that a later
fold no longer yields becomes a tombstone that names its successors, so that links to it still lead somewhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from motorcade.domain.episodes.episode import Episode
from motorcade.domain.tenant import OrgScope, SystemScope
from motorcade.ports.store import ANY, MAX_PAGE, Item, Put, Query, Store
from motorcade.repositories.tables import EPISODES
from motorcade.wire.episode import SHAPES, decode_any, decode_episode, encode_episode

E = TypeVar("E", bound=Episode)
MAX_REDIRECTS: Final = 8
"""Tombstones followed one after the other: each takes a re-fold, and more than a few name a defect."""
GET_AT_ONCE: Final = 500
"""Rows looked up in one go while writing: a commit has a few, a re-fold hundreds."""


@dataclass(frozen=True, slots=True)
class Row(Generic[E]):
    """An episode as stored.

    Attributes:
        episode: what happened; of a withdrawn one what it last said.
        rev: 1 at first, one more with every change of the content.
        changed_at_ns: when this revision was written, by the clock of the machine that wrote it.
        withdrawn: a later fold no longer yields it.
        successors: ids of the rows that took its place, the one with the greatest overlap first.
    """

    episode: E
    rev: int
    changed_at_ns: int
    withdrawn: bool = False
    successors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A row that is no more."""

    kind: str
    id: str
    successors: tuple[str, ...]


class EpisodesRepository(Generic[E]):
    """The rows of one kind in the scope's organisation."""

    def __init__(self, scope: OrgScope, store: Store, shape: type[E]) -> None:
        """Bind to an organisation and a kind of episode."""
        self._org_id = scope.org_id
        self._store = store
        self._shape = shape

    async def get(self, episode_id: str) -> Row[E] | None:
        """One row, withdrawn or not; None where the organisation has none of this id."""
        item = await self._store.get(EPISODES, self._org_id, f"{self._shape.kind}.{episode_id}")
        return None if item is None else self._row(item)

    async def resolve(self, episode_id: str) -> Row[E] | None:
        """The row that an old link means today: follows tombstones to the first successor that is still there."""
        row = await self.get(episode_id)
        for _ in range(MAX_REDIRECTS):
            if row is None or not row.withdrawn or not row.successors:
                return row
            row = await self.get(row.successors[0])
        return row

    async def of_vehicle(
        self, vehicle_id: str, *, limit: int = 100, after: str | None = None, newest_first: bool = True
    ) -> tuple[list[Row[E]], str | None]:
        """Rows of one vehicle by their start, tombstones left out, and the cursor behind them."""
        key = f"{self._org_id}.{vehicle_id}.{self._shape.kind}"
        return await self._page(Query(key, "", after, limit, newest_first, "by_vehicle"))

    async def page(
        self, *, limit: int = 100, after: str | None = None, newest_first: bool = True
    ) -> tuple[list[Row[E]], str | None]:
        """Rows of all vehicles by their start, tombstones left out, and the cursor behind them."""
        return await self._page(Query(f"{self._org_id}.{self._shape.kind}", "", after, limit, newest_first, "by_kind"))

    async def changed_since(self, after: str | None, limit: int = 100) -> tuple[list[Row[E]], str | None]:
        """Revisions and tombstones in the order in which they were written, and the cursor behind them.

        A row appears once, at its newest revision.
        """
        query = Query(f"{self._org_id}.{self._shape.kind}", "", after, limit, index="by_change")
        page = await self._store.query(EPISODES, query)
        return [self._row(item) for item in page.items], page.next

    async def _page(self, query: Query) -> tuple[list[Row[E]], str | None]:
        page = await self._store.query(EPISODES, query)
        return [self._row(item) for item in page.items], page.next

    def _row(self, item: Item) -> Row[E]:
        data = item.data
        episode = decode_episode(self._shape, data["row"])
        withdrawn = bool(data["withdrawn"])
        return Row(episode, data["rev"], data["changed_at_ns"], withdrawn, tuple(data["successors"]))


class AllEpisodes:
    """Rows of every kind and organisation, for programs that fold."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        """Bind to the platform's scope."""
        self._scope = scope
        self._store = store

    async def of_vehicle_between(self, key: tuple[str, str], from_ns: int, to_ns: int) -> list[Episode]:
        """Rows of a vehicle, of all kinds, that began in a range, both ends included; tombstones left out."""
        found: list[Episode] = []
        for kind in SHAPES:
            found += await self._of_kind(f"{key[0]}.{key[1]}.{kind}", kind, from_ns, to_ns)
        return found

    async def _of_kind(self, pk: str, kind: str, from_ns: int, to_ns: int) -> list[Episode]:
        found: list[Episode] = []
        after: str | None = None
        while True:  # newest first: what is folded anew is mostly recent
            query = Query(pk, after=after, newest_first=True, index="by_vehicle")
            page = await self._store.query(EPISODES, query)
            for item in page.items:
                if int(item.data["started"]) < from_ns:
                    return found
                if int(item.data["started"]) <= to_ns:
                    found.append(decode_any(kind, item.data["row"]))
            if page.next is None:
                return found
            after = page.next


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as its bytes, for comparisons: bytes may be damaged."""

    kind: str
    id: str
    row: bytes
    rev: int


class RowsRepository:
    """The bytes of rows of every kind and organisation."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        """Bind to the platform's scope."""
        self._scope = scope
        self._store = store

    async def of_vehicle(self, key: tuple[str, str]) -> dict[tuple[str, str], RawRow]:
        """All rows of a vehicle by kind and id, tombstones left out."""
        found: dict[tuple[str, str], RawRow] = {}
        for kind in SHAPES:
            after: str | None = None
            while True:
                query = Query(f"{key[0]}.{key[1]}.{kind}", after=after, limit=MAX_PAGE, index="by_vehicle")
                page = await self._store.query(EPISODES, query)
                for item in page.items:
                    name = item.sk.removeprefix(f"{kind}.")
                    found[kind, name] = RawRow(kind, name, item.data["row"], item.data["rev"])
                after = page.next
                if after is None:
                    break
        return found


class EpisodeWriter:
    """Turns what a fold yields into writes, for the one program that commits a vehicle."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        """Bind to the platform's scope: the stream's records carry their organisations."""
        self._scope = scope
        self._store = store

    async def writes(
        self, rows: Iterable[tuple[str, Episode]], withdrawals: Iterable[tuple[str, Withdrawal]], now_ns: int
    ) -> list[Put]:
        """The writes that make the store say what the fold says; none for a row that says so already.

        Args:
            rows: (org_id, episode), of one id once.
            withdrawals: (org_id, withdrawal).
            now_ns: the revision's time.
        """
        wanted = [(org, f"{one.kind}.{one.id}", one) for org, one in rows]
        gone = [(org, f"{one.kind}.{one.id}", one) for org, one in withdrawals]
        stored = await self._stored([(org, sk) for org, sk, _ in (*wanted, *gone)])
        puts = [_put(org, sk, one, stored[org, sk], now_ns) for org, sk, one in wanted]
        puts += [_tombstone(org, sk, one, stored[org, sk], now_ns) for org, sk, one in gone]
        return [put for put in puts if put is not None]

    async def _stored(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Item | None]:
        found: dict[tuple[str, str], Item | None] = {}
        for start in range(0, len(keys), GET_AT_ONCE):
            part = keys[start : start + GET_AT_ONCE]
            found.update(zip(part, await self._store.get_many(EPISODES, part), strict=True))
        return found


def _put(org_id: str, sk: str, episode: Episode, stored: Item | None, now_ns: int) -> Put | None:
    row = encode_episode(episode)
    if stored is not None and stored.data["row"] == row and not stored.data["withdrawn"]:
        return None
    rev = stored.data["rev"] + 1 if stored is not None else 1
    started = f"{episode.started_at_ns:020d}"
    data: dict[str, Any] = {
        "kind": episode.kind,
        "vehicle_id": episode.vehicle_id,
        "row": row,
        "rev": rev,
        "changed_at_ns": now_ns,
        "withdrawn": False,
        "successors": [],
        "of_vehicle": f"{org_id}.{episode.vehicle_id}.{episode.kind}",
        "of_kind": f"{org_id}.{episode.kind}",
        "changed_kind": f"{org_id}.{episode.kind}",
        "started": started,
        "changed": f"{now_ns:020d}",
    }
    return Put(EPISODES, org_id, sk, data, ANY)


def _tombstone(org_id: str, sk: str, gone: Withdrawal, stored: Item | None, now_ns: int) -> Put | None:
    """Out of the lists by vehicle and kind, still in the feed of changes."""
    if stored is None or (stored.data["withdrawn"] and tuple(stored.data["successors"]) == gone.successors):
        return None
    kept = {name: value for name, value in stored.data.items() if name not in ("of_vehicle", "of_kind")}
    data = {
        **kept,
        "rev": stored.data["rev"] + 1,
        "changed_at_ns": now_ns,
        "withdrawn": True,
        "successors": list(gone.successors),
        "changed": f"{now_ns:020d}",
    }
    return Put(EPISODES, org_id, sk, data, ANY)
