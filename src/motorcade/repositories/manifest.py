"""The manifest: which objects of the archive count, and how far the archiver has come.

Rows of the table, all shared and read only for the platform:

- `flush.<partition>` / number: one per flush of the archiver, put in the transaction that moves its checkpoint.
- organisation / day: the runs into which flushes of that day were merged, and through which flush they cover each
  partition. One write under the row's version replaces inputs by their merger, so no record is lost or listed twice.
- `merger` / `lease`: whose turn it is to merge; a merger's commit moves it on, so that a slow one commits nothing.
- `retired` / time: objects that were replaced, until their readers have had time to finish.

Whoever reads takes flushes first and days second: what moves from the one to the other meanwhile is then seen at
least once, and a day's `through` says which flushes it stands for.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Final

from motorcade.domain.errors import Conflict
from motorcade.domain.tenant import SystemScope
from motorcade.ports.archive import ArchiveObject
from motorcade.ports.store import MAX_PAGE, Absent, Condition, Delete, Item, Put, Query, Store, VersionIs, Write
from motorcade.ports.stream import BEGINNING, Position
from motorcade.repositories.tables import CHECKPOINTS, MANIFEST

READER: Final = "archiver"
TAKE_OVER_TRIES: Final = 10
"""An archiver before us may still flush; between two flushes there is time enough."""
MOST_DAYS: Final = 400
"""Days of a range that are asked for one by one; of a longer one all days of the organisation are looked through."""
_MERGER: Final = ("merger", "lease")
_RETIRED: Final = "retired"


@dataclass(frozen=True, slots=True)
class Place:
    """How far one partition is archived, by which epoch of the archiver, in how many flushes.

    `stream` is the identity of the stream in which the position is one; "" while nothing was archived. `version` is
    that of the stored checkpoint.
    """

    partition: int
    position: Position
    epoch: int
    flush: int
    counts: dict[str, int]
    stream: str
    version: int


@dataclass(frozen=True, slots=True)
class Flush:
    """One flush: its number in its partition, when it was put, and its objects."""

    partition: int
    number: int
    at_ns: int
    objects: list[ArchiveObject]
    version: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """The merged objects of one organisation and day; `through`: partition → the last flush that they cover."""

    org_id: str
    day: int
    objects: list[ArchiveObject] = field(default_factory=list)
    through: dict[int, int] = field(default_factory=dict)
    version: int = 0

    def covers(self, flush: Flush) -> bool:
        """Whether the flush's objects of this organisation and day are in it."""
        return flush.number <= self.through.get(flush.partition, 0)


class Manifest:
    """The archiver's, the merger's and every reader's view of the archive, for all organisations."""

    def __init__(self, scope: SystemScope, store: Store) -> None:
        """Bind to the platform's scope: flushes hold records of all organisations."""
        self._scope = scope
        self._store = store

    # The archiver's side.

    async def take_over(self, partition: int) -> Place:
        """Become the partition's only archiver; every earlier one can put no more.

        Raises:
            Conflict: others keep writing the checkpoint at the same moment.
        """
        for _ in range(TAKE_OVER_TRIES - 1):
            with contextlib.suppress(Conflict):
                return await self._try_to_take_over(partition)
        return await self._try_to_take_over(partition)

    async def _try_to_take_over(self, partition: int) -> Place:
        stored = await self._store.get(CHECKPOINTS, READER, str(partition))
        if stored is None:
            place = Place(partition, BEGINNING, 1, 0, {}, "", 0)
            await self._store.write([_put_place(place, Absent())])
            return replace(place, version=1)
        place = _place_of(partition, stored)
        place = replace(place, epoch=place.epoch + 1)
        await self._store.write([_put_place(place, VersionIs(place.version))])
        return replace(place, version=place.version + 1)

    async def put(self, place: Place, objects: Sequence[ArchiveObject], at_ns: int) -> Place:
        """Let a flush count, and with it everything up to a new place in the stream.

        Args:
            place: the new position and counts, with epoch, flush number and version of the stored checkpoint.
            objects: durable objects of the records until there; without any only the place moves.
            at_ns: now.

        Returns:
            The place as it is stored now.

        Raises:
            Conflict: another archiver has taken over; nothing was changed.
        """
        writes: list[Write] = []
        new = place
        if objects:
            new = replace(place, flush=place.flush + 1)
            data = {"epoch": place.epoch, "at_ns": at_ns, "objects": [_packed(entry) for entry in objects]}
            writes.append(Put(MANIFEST, _flushes(place.partition), _number(new.flush), data, Absent()))
        await self._store.write([_put_place(new, VersionIs(place.version)), *writes])
        return replace(new, version=place.version + 1)

    async def reached(self, partition: int, stream: str = "") -> Position | None:
        """How far the partition is archived; None where no archiver was ever there.

        A re-fold may read the archive up to this position; the stream may be trimmed up to it.

        Args:
            partition: which.
            stream: identity of the stream meant; of another one nothing is archived. "" = whichever it is.
        """
        stored = await self._store.get(CHECKPOINTS, READER, str(partition))
        if stored is None:
            return None
        place = _place_of(partition, stored)
        return BEGINNING if stream and place.stream not in ("", stream) else place.position

    async def forget(self, partition: int) -> None:
        """Let the partition be archived from the stream's beginning again; what comes twice is told by its id."""
        stored = await self._store.get(CHECKPOINTS, READER, str(partition))
        if stored is not None:
            place = replace(_place_of(partition, stored), position=BEGINNING, stream="")
            await self._store.write([_put_place(place, VersionIs(place.version))])

    async def places(self) -> list[Place]:
        """The stored places of all partitions."""
        return [_place_of(int(item.sk), item) for item in await self._all(CHECKPOINTS, READER)]

    # Everybody's side.

    async def flushes(self) -> list[Flush]:
        """All flushes whose rows are still there, of all partitions, in order."""
        found: list[Flush] = []
        for place in await self.places():
            rows = await self._all(MANIFEST, _flushes(place.partition))
            found += [_flush_of(place.partition, row) for row in rows]
        return found

    async def day(self, org_id: str, day: int) -> Day:
        """What is merged of one organisation and day; without objects where nothing is."""
        row = await self._store.get(MANIFEST, org_id, _number(day))
        return Day(org_id, day) if row is None else _day_of(row)

    async def days(self, org_id: str, first: int, last: int) -> list[Day]:
        """Merged days of an organisation, both ends inside, in order."""
        if last - first < MOST_DAYS:
            keys = [(org_id, _number(day)) for day in range(first, last + 1)]
            return [_day_of(row) for row in await self._store.get_many(MANIFEST, keys) if row is not None]
        every = [_day_of(row) for row in await self._all(MANIFEST, org_id)]
        return [day for day in every if first <= day.day <= last]

    # The merger's side.

    async def turn(self) -> int:
        """Take the turn to merge; whoever had it can commit no more.

        Raises:
            Conflict: somebody else took it at the same moment.
        """
        stored = await self._store.get(MANIFEST, *_MERGER)
        condition: Condition = Absent() if stored is None else VersionIs(stored.version)
        await self._store.write([Put(MANIFEST, *_MERGER, {}, condition)])
        return 1 if stored is None else stored.version + 1

    async def replace(self, turn: int, day: Day, retired: Sequence[str], at_ns: int) -> tuple[int, Day]:
        """Let a day's new objects count instead of those that they were merged from.

        Args:
            turn: the merger's turn; this ends it.
            day: as it shall be, with the version of the stored row.
            retired: names of the objects that it replaces; they are removed later.
            at_ns: now.

        Returns:
            The next turn, and the day as it is stored now.

        Raises:
            Conflict: the turn was taken, or the day was changed; nothing was changed.
        """
        data = {"objects": [_packed(entry) for entry in day.objects], "through": _texts(day.through)}
        condition: Condition = VersionIs(day.version) if day.version else Absent()
        writes: list[Write] = [
            Put(MANIFEST, *_MERGER, {}, VersionIs(turn)),
            Put(MANIFEST, day.org_id, _number(day.day), data, condition),
        ]
        if retired:
            writes.append(Put(MANIFEST, _RETIRED, f"{_number(at_ns)}.{turn}", {"names": list(retired)}, Absent()))
        await self._store.write(writes)
        return turn + 1, replace(day, version=day.version + 1)

    async def drop(self, flush: Flush) -> None:
        """Remove a flush's row, all of whose objects are covered by days. Idempotent."""
        await self._store.write([Delete(MANIFEST, _flushes(flush.partition), _number(flush.number))])

    async def retired(self, before_ns: int) -> list[tuple[str, list[str]]]:
        """Objects replaced before a time: the row's key, and their names."""
        found = []
        for row in await self._all(MANIFEST, _RETIRED):
            if int(row.sk.partition(".")[0]) >= before_ns:
                break
            found.append((row.sk, list(row.data["names"])))
        return found

    async def forget_retired(self, key: str) -> None:
        """The objects of such a row are removed."""
        await self._store.write([Delete(MANIFEST, _RETIRED, key)])

    async def every(self) -> tuple[set[str], list[Day]]:
        """Names of all objects that are listed or retired, and all merged days; for sweeps and starts."""
        names = {entry.name for flush in await self.flushes() for entry in flush.objects}
        days: list[Day] = []
        after: str | None = None
        while True:
            page = await self._store.scan(MANIFEST, after, MAX_PAGE)
            for row in page.items:
                names |= {entry[0] for entry in row.data.get("objects", ())} | set(row.data.get("names", ()))
                if "through" in row.data:
                    days.append(_day_of(row))
            if page.next is None:
                return names, days
            after = page.next

    async def _all(self, table: Any, key: str) -> list[Item]:
        found: list[Item] = []
        after: str | None = None
        while True:
            page = await self._store.query(table, Query(key, after=after, limit=MAX_PAGE))
            found += page.items
            if page.next is None:
                return found
            after = page.next


def uncovered(flushes: Sequence[Flush], days: Sequence[Day], org_id: str) -> list[ArchiveObject]:
    """Objects of an organisation in flushes that no merged day stands for yet."""
    known = {day.day: day for day in days}
    return [
        entry
        for flush in flushes
        for entry in flush.objects
        if entry.org_id == org_id and not (entry.day in known and known[entry.day].covers(flush))
    ]


def _flushes(partition: int) -> str:
    return f"flush.{partition}"


def _number(number: int) -> str:
    return f"{number:020d}"


def _texts(through: dict[int, int]) -> dict[str, int]:
    return {str(partition): number for partition, number in through.items()}


def _packed(entry: ArchiveObject) -> list[Any]:
    return list(astuple(entry))


def _put_place(place: Place, condition: Condition) -> Put:
    data = {
        "position": place.position,
        "epoch": place.epoch,
        "flush": place.flush,
        "counts": place.counts,
        "stream": place.stream,
    }
    return Put(CHECKPOINTS, READER, str(place.partition), data, condition)


def _place_of(partition: int, item: Item) -> Place:
    data = item.data
    return Place(
        partition, data["position"], data["epoch"], data["flush"], dict(data["counts"]), data["stream"], item.version
    )


def _flush_of(partition: int, item: Item) -> Flush:
    objects = [ArchiveObject(*entry) for entry in item.data["objects"]]
    return Flush(partition, int(item.sk), item.data["at_ns"], objects, item.version)


def _day_of(item: Item) -> Day:
    objects = [ArchiveObject(*entry) for entry in item.data["objects"]]
    through = {int(partition): number for partition, number in item.data["through"].items()}
    return Day(item.pk, int(item.sk), objects, through, item.version)
