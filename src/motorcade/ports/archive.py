"""The archive: every record for ever, in objects that are written once and read by many.

Contract (written for the weakest engine, an object store, so that every engine keeps it):
- An object is made whole under a name that no object has had before, and never changed. There is no renaming and no
  appending. A write that failed may have left nothing, a part, or the whole; its name is not used again.
- An object counts only where the manifest lists it (`repositories/manifest.py`); all others are litter. A listing
  may be late: it may miss a young object and name one that was just removed.
- Records of one object lie sorted by (vehicle, effective time, record id). The same record may lie in several objects
  and twice in one; readers drop repetitions by record id and keep the copy that was received first.
- What a reader cannot read is never taken for empty: it comes back as a `Gap` beside what could be read.
- Reading is checked: bytes that are not those that were written give a gap and not another value.

Times are nanoseconds since 1970 UTC; ranges hold their begin and not their end. No method holds anything of an event
loop, so each also works under `asyncio.run` in a plain program.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from motorcade.domain.record import Frame
from motorcade.domain.state import Value

NS_PER_HOUR = 3600 * 1_000_000_000
NS_PER_DAY = 24 * NS_PER_HOUR


class Archived(NamedTuple):
    """A record with its id (16 bytes)."""

    record_id: bytes
    frame: Frame

    @property
    def turn(self) -> tuple[int, bytes]:
        """What a vehicle's records are sorted by: effective time, then id."""
        return self.frame[8], self.record_id

    @property
    def arrival(self) -> tuple[int, int, int, int]:
        """What decides between copies of one record, the least stays: received, effective, sequence, flags."""
        frame = self.frame
        return frame[7], frame[8], frame[3], frame[5]


@dataclass(frozen=True, slots=True)
class ArchiveObject:
    """What the manifest keeps of an object.

    Attributes:
        name: see `flush_name` and `merged_name`.
        org_id: whose records all of it holds.
        day: days since 1970 in which all of its records lie (`day_of`).
        rows: how many records.
        size_bytes: of the whole object.
        checksum: BLAKE2b-128 of all its bytes, in hex.
        index_bytes: of the index at its end, which says where what lies.
        index_checksum: BLAKE2b-128 of that index, in hex; enough to check before a few rows are read.
        first_ns, last_ns: least and greatest effective time, both inside.
        first_vehicle, last_vehicle: least and greatest vehicle id, both inside.
        run: objects of the same run and day hold different vehicles.
        damaged: it was found to be unreadable in part; it is left as it is and never merged.
    """

    name: str
    org_id: str
    day: int
    rows: int
    size_bytes: int
    checksum: str
    index_bytes: int
    index_checksum: str
    first_ns: int
    last_ns: int
    first_vehicle: str
    last_vehicle: str
    run: str
    damaged: bool = False

    def touches(self, from_ns: int, until_ns: int, vehicle_id: str | None = None) -> bool:
        """Whether records of a range, and of a vehicle, may lie in it."""
        inside = self.last_ns >= from_ns and self.first_ns < until_ns
        return inside and (vehicle_id is None or self.first_vehicle <= vehicle_id <= self.last_vehicle)


@dataclass(frozen=True, slots=True)
class Gap:
    """Records that the manifest promises and that cannot be read: in which object, which of it, and why.

    `missing` = the object is not there at all, which is no damage where it was just replaced by another.
    """

    name: str
    first_ns: int
    last_ns: int
    reason: str
    missing: bool = False


@dataclass(slots=True)
class Found:
    """One vehicle's records in order of their turn, each once, and what could not be read."""

    vehicle_id: str
    records: list[Archived] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


class Point(NamedTuple):
    """One reading: its time and its value in the catalogue's unit; None = the car said that it has none now."""

    at_ns: int
    value: Value


@dataclass(frozen=True, slots=True)
class Ask:
    """One signal of one vehicle over a range.

    Attributes:
        vehicle_id: whose.
        signal: number in the catalogue.
        from_ns, until_ns: the range.
        points: at most so many come back; 4 … `MAX_POINTS`.
    """

    vehicle_id: str
    signal: int
    from_ns: int
    until_ns: int
    points: int = 2_000


MAX_POINTS = 20_000
"""Ten times the pixels of a wide screen: more is an export and not a chart."""
MIN_POINTS = 4


@dataclass(frozen=True, slots=True)
class Series:
    """Points in order of time.

    `total` is how many readings there are; where it is more than the points, `reduced` says so: of each of many
    equal stretches of time, from the first reading to the last, the least and the greatest value are left, and the
    first moment without a value; of what is no number, where it changed.
    """

    points: list[Point]
    total: int
    reduced: bool
    gaps: list[Gap]


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of merged objects: new ones (one run), records dropped as repetitions, and inputs left out."""

    objects: list[ArchiveObject]
    repeated: int
    damaged: list[Gap]


@dataclass(frozen=True, slots=True)
class Written:
    """A new object, and how many of its records no decoder could read (their bytes are in it all the same)."""

    entry: ArchiveObject
    undecodable: int


class Archive(Protocol):
    """One archive. Every method may raise `Unavailable`: the engine does not answer, or has no room."""

    async def write(self, name: str, records: Sequence[Archived]) -> Written:
        """Make an object of records of one organisation and one day, in any order; durable when this returns.

        Raises:
            Conflict: an object of this name is there; it was left as it is.
            Invalid: there are no records, or they are of several organisations or days.
        """
        ...

    async def merge(self, stem: str, objects: Sequence[ArchiveObject]) -> Merged:
        """Make one run of objects of one organisation and day, without repetitions; durable when this returns.

        Each input is checked whole first; a damaged or missing one is left out and told. The inputs stay.

        Args:
            stem: the new objects are named by it and a number.
            objects: what to merge.

        Raises:
            Conflict: an object of a new name is there.
        """
        ...

    async def vehicle(self, objects: Sequence[ArchiveObject], vehicle_id: str, from_ns: int, until_ns: int) -> Found:
        """One vehicle's records of a range from these objects."""
        ...

    def fleet(
        self, objects: Sequence[ArchiveObject], from_ns: int, until_ns: int, after: str = ""
    ) -> AsyncIterator[Found]:
        """Vehicle by vehicle, in order of their ids, with memory for some vehicles at a time and not for all.

        Vehicles without records in the range are passed over, as are those up to the id `after`. Gaps come with the
        first vehicle behind them, at the end with a vehicle id of "".
        """
        ...

    async def vehicles(self, objects: Sequence[ArchiveObject]) -> tuple[list[str], list[Gap]]:
        """Ids of all vehicles in these objects, sorted."""
        ...

    async def series(self, objects: Sequence[ArchiveObject], ask: Ask) -> Series:
        """Readings of one signal for a chart or a list.

        Raises:
            Invalid: the range is empty, it holds more readings than the engine takes at once, or the number of points
                is out of bounds.
        """
        ...

    async def names(self, written_before_ns: int | None = None) -> Sequence[str]:
        """Names of all objects that are there, the manifest's and litter alike; with a time only those older than it.

        The time is one of the engine's own clock.
        """
        ...

    async def remove(self, names: Sequence[str]) -> int:
        """Remove objects; one that is not there is no error. Gives how many there were."""
        ...

    async def close(self) -> None:
        """Release threads and files. Idempotent."""
        ...


def day_of(at_ns: int) -> int:
    """The day since 1970 to which an effective time belongs; what a wrong clock dates before is kept with day 0."""
    return max(0, at_ns // NS_PER_DAY)


def hour_of(at_ns: int) -> int:
    """The hour since 1970, as `day_of`."""
    return max(0, at_ns // NS_PER_HOUR)


def flush_name(org_id: str, hour: int, partition: int, position: int, epoch: int) -> str:
    """Name of an object that the archiver writes: organisation, hour, partition, first position, writer epoch."""
    return f"{org_id}/{hour // 24:05d}/{hour % 24:02d}.p{partition}.{position}.e{epoch}"


def merged_stem(org_id: str, day: int, turn: int, salt: str = "0") -> str:
    """Stem of the objects that a merge writes.

    Args:
        org_id: whose records.
        day: of all of them.
        turn: the merger's, used for one merge only.
        salt: letters and digits by chance, for turns that come again where an older manifest was put back.
    """
    return f"{org_id}/{day:05d}/merged.{turn}.{salt}"


def flush_parts(name: str) -> tuple[int, int, int] | None:
    """(partition, first position, epoch) of a name made by `flush_name`, None of any other."""
    parts = name.rpartition("/")[2].split(".")
    if len(parts) != 4 or not (parts[1].startswith("p") and parts[3].startswith("e")):
        return None
    numbers = (parts[1][1:], parts[2], parts[3][1:])
    if not all(number.isascii() and number.isdigit() for number in numbers):
        return None
    partition, position, epoch = map(int, numbers)
    return partition, position, epoch


def merge_turn(name: str) -> int | None:
    """Turn of a name made from `merged_stem`, None of any other."""
    parts = name.rpartition("/")[2].split(".")
    if len(parts) != 4 or parts[0] != "merged" or not (parts[1].isascii() and parts[1].isdigit()):
        return None
    return int(parts[1])
