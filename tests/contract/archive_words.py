"""Records and objects for tests of the archive, a slow oracle, and an archive as unkind as its contract allows."""

import random
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from tesla_protocol.telemetry.vehicle_data_pb2 import Payload

from motorcade.consumer.archiver import record_id_of
from motorcade.domain.errors import Unavailable
from motorcade.domain.ids import id_text
from motorcade.domain.record import Flag, Topic
from motorcade.domain.signal import by_tesla_name
from motorcade.domain.state import Value
from motorcade.ports.archive import (
    NS_PER_DAY,
    Archive,
    Archived,
    ArchiveObject,
    Ask,
    Found,
    Gap,
    Merged,
    Series,
    Written,
    flush_name,
    hour_of,
)
from motorcade.wire.tesla.encode import encode_vehicle_data

ORG, OTHER = bytes(range(16)), bytes(range(1, 17))
ORG_ID = id_text(ORG)
DAY = 20_000
MIDNIGHT_NS = DAY * NS_PER_DAY
NS_PER_S = 1_000_000_000
SPEED, GEAR, SOC, PLACE, DOORS = (
    signal.number
    for name in ("VehicleSpeed", "Gear", "Soc", "Location", "DoorState")
    if (signal := by_tesla_name(name)) is not None
)
UNKNOWN = 400
"""A number that the catalogue does not know."""


def car(number: int) -> bytes:
    return bytes([number]) * 16


def car_id(number: int) -> str:
    return id_text(car(number))


def raw(
    number: int,
    at_s: float,
    payload: bytes,
    *,
    topic: int = Topic.VEHICLE_DATA,
    flags: int = 0,
    received_s: float | None = None,
    org: bytes = ORG,
) -> Archived:
    """A record at so many seconds after the test's midnight, of any bytes."""
    at_ns = MIDNIGHT_NS + int(at_s * NS_PER_S)
    received_ns = at_ns if received_s is None else MIDNIGHT_NS + int(received_s * NS_PER_S)
    frame = (org, car(number), b"connect.", 7, int(topic), flags, at_ns, received_ns, at_ns, payload)
    return Archived(record_id_of(frame), frame)


def said(
    number: int,
    at_s: float,
    values: dict[int, Value],
    *,
    flags: int = 0,
    received_s: float | None = None,
    org: bytes = ORG,
) -> Archived:
    """A report of vehicle data."""
    payload = encode_vehicle_data(values, MIDNIGHT_NS + int(at_s * NS_PER_S))
    return raw(number, at_s, payload, flags=flags, received_s=received_s, org=org)


def unknown(number: int, at_s: float, value: str | int | None) -> Archived:
    """A report of a field that a newer software sends."""
    payload = Payload()
    datum = payload.data.add(key=cast(Any, UNKNOWN))  # the enumeration has no name for it
    if isinstance(value, str):
        datum.value.string_value = value
    elif value is not None:
        datum.value.int_value = value
    else:
        datum.value.invalid = True
    return raw(number, at_s, payload.SerializeToString())


def random_records(rng: random.Random, count: int, cars: int = 4, hours: Sequence[int] = (0,)) -> list[Archived]:
    """Reports of some cars in some hours since midnight: some values invalid, some alerts, some bytes of no message."""
    made: list[Archived] = []
    for _ in range(count):
        number, at_s = rng.randrange(cars), rng.choice(hours) * 3600 + rng.randrange(3_600_000) / 1000
        chance = rng.random()
        if chance < 0.05:
            made.append(raw(number, at_s, rng.randbytes(8), topic=Topic.ALERTS, flags=Flag.RESEND))
        elif chance < 0.1:
            made.append(raw(number, at_s, b"\xff" + rng.randbytes(8)))
        else:
            speed = None if rng.random() < 0.1 else round(rng.uniform(0, 130), 3)
            made.append(said(number, at_s, {SPEED: speed, SOC: 50.0 + rng.randrange(10)}))
    return made


def name_of(records: Sequence[Archived], position: int = 1, epoch: int = 1) -> str:
    """A name for an object of these records."""
    frame = records[0].frame
    return flush_name(id_text(frame[0]), hour_of(frame[8]), 0, position, epoch)


def truth(records: Iterable[Archived], number: int | None, from_ns: int, until_ns: int) -> list[Archived]:
    """What must come back: each record once, the copy received first, in turn. Slow and plain on purpose."""
    first: dict[bytes, Archived] = {}
    for record in sorted(records, key=lambda one: (one.frame[7], one.frame[8])):
        first.setdefault(record.record_id, record)
    ours = [one for one in first.values() if number is None or one.frame[1] == car(number)]
    return sorted((one for one in ours if from_ns <= one.frame[8] < until_ns), key=lambda one: one.turn)


@dataclass
class UnkindArchive:
    """An archive that does what an object store may: a write that failed was done, listings are late.

    Args:
        inner: the archive that really keeps the objects.
        rng: decides, so that a run can be repeated.
        odds: share of writes and merges that fail after they were done, or before.
    """

    inner: Archive
    rng: random.Random
    odds: float = 0.2
    removed: list[str] = field(default_factory=list)

    def _maybe_fail(self, when: str) -> None:
        if self.rng.random() < self.odds:
            raise Unavailable(f"no answer {when}")

    async def write(self, name: str, records: Sequence[Archived]) -> Written:
        self._maybe_fail("before it was done")
        written = await self.inner.write(name, records)
        self._maybe_fail("after it was done")
        return written

    async def merge(self, stem: str, objects: Sequence[ArchiveObject]) -> Merged:
        merged = await self.inner.merge(stem, objects)
        self._maybe_fail("after it was done")
        return merged

    async def vehicle(self, objects: Sequence[ArchiveObject], vehicle_id: str, from_ns: int, until_ns: int) -> Found:
        return await self.inner.vehicle(objects, vehicle_id, from_ns, until_ns)

    def fleet(
        self, objects: Sequence[ArchiveObject], from_ns: int, until_ns: int, after: str = ""
    ) -> AsyncIterator[Found]:
        return self.inner.fleet(objects, from_ns, until_ns, after)

    async def vehicles(self, objects: Sequence[ArchiveObject]) -> tuple[list[str], list[Gap]]:
        return await self.inner.vehicles(objects)

    async def series(self, objects: Sequence[ArchiveObject], ask: Ask) -> Series:
        return await self.inner.series(objects, ask)

    async def names(self, written_before_ns: int | None = None) -> Sequence[str]:
        young = [name for name in await self.inner.names(written_before_ns) if self.rng.random() > self.odds]
        return [*young, *self.removed[-3:]]

    async def remove(self, names: Sequence[str]) -> int:
        self.removed += names
        return await self.inner.remove(names)

    async def close(self) -> None:
        await self.inner.close()


def damaged(entry: ArchiveObject) -> ArchiveObject:
    """The manifest's entry of an object whose index was not what it says."""
    return replace(entry, index_checksum="0" * 32)
