"""The archive of one organisation: its vehicles' records and readings, read through the manifest.

What cannot be read is told by gaps beside what could; the caller decides whether it can go on without.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, TypeVar

from motorcade.domain.record import CLOCK_TOLERANCE_NS
from motorcade.domain.tenant import OrgScope
from motorcade.ports.archive import Archive, ArchiveObject, Ask, Found, Gap, Series, day_of
from motorcade.ports.stream import Position
from motorcade.repositories.manifest import Manifest, uncovered

TRIES: Final = 5
"""Objects may be replaced while somebody reads. They stay for far longer than one reading takes, so twice is rare."""
LEAST_NS: Final = -(2**63)
MOST_NS: Final = 2**63 - 1
Result = TypeVar("Result")
Objects = Sequence[ArchiveObject]


class HistoryRepository:
    """The archive of the scope's organisation. Ranges of effective time hold their begin and not their end."""

    def __init__(self, scope: OrgScope, manifest: Manifest, archive: Archive) -> None:
        self._org_id = scope.org_id
        self._manifest = manifest
        self._archive = archive

    async def archived(self, partition: int, stream: str = "") -> Position | None:
        """How far the archive has come in the stream, see `Manifest.reached`: records up to there can be read here."""
        return await self._manifest.reached(partition, stream)

    async def records(self, vehicle_id: str, from_ns: int, until_ns: int) -> Found:
        """One vehicle's records in their turn, each once. An unknown vehicle has none."""

        async def read(objects: Objects) -> tuple[Found, list[Gap]]:
            found = await self._archive.vehicle(objects, vehicle_id, from_ns, until_ns)
            return found, found.gaps

        return await self._steadily(read, from_ns, until_ns, vehicle_id)

    async def series(self, ask: Ask) -> Series:
        """Readings of one signal of one vehicle, reduced to a number of points.

        Raises:
            Invalid: the range is empty, or the number of points is out of bounds.
        """

        async def read(objects: Objects) -> tuple[Series, list[Gap]]:
            series = await self._archive.series(objects, ask)
            return series, series.gaps

        return await self._steadily(read, ask.from_ns, ask.until_ns, ask.vehicle_id)

    async def vehicles(self, from_ns: int = LEAST_NS, until_ns: int = MOST_NS) -> list[str]:
        """Ids of the vehicles that have records in the objects of a range, sorted: some may have none in the range."""

        async def read(objects: Objects) -> tuple[list[str], list[Gap]]:
            return await self._archive.vehicles(objects)

        return await self._steadily(read, from_ns, until_ns)

    async def fleet(self, from_ns: int, until_ns: int, after: str = "") -> AsyncIterator[Found]:
        """Vehicle by vehicle, in order of their ids, those behind `after`; a found one has records, or gaps.

        Gaps that were met before a vehicle come with it; those behind the last one under a vehicle id of "".
        """
        tries = TRIES
        while True:
            objects = await self._objects(from_ns, until_ns)
            replaced = False
            async for found in self._archive.fleet(objects, from_ns, until_ns, after):
                if tries and any(gap.missing for gap in found.gaps):
                    replaced = await self._are_replaced(found.gaps, from_ns, until_ns)
                    if replaced:
                        break
                yield found
                after, tries = found.vehicle_id or after, TRIES
            if not replaced:
                return
            tries -= 1

    async def _steadily(
        self,
        read: Callable[[Objects], Awaitable[tuple[Result, list[Gap]]]],
        from_ns: int,
        until_ns: int,
        vehicle_id: str | None = None,
    ) -> Result:
        """Read, and again where objects were replaced meanwhile."""
        result, gaps = await read(await self._objects(from_ns, until_ns, vehicle_id))
        for _ in range(TRIES):
            missing = [gap for gap in gaps if gap.missing]
            if not missing or not await self._are_replaced(missing, from_ns, until_ns):
                break
            result, gaps = await read(await self._objects(from_ns, until_ns, vehicle_id))
        return result

    async def _are_replaced(self, gaps: Sequence[Gap], from_ns: int, until_ns: int) -> bool:
        """Whether a missing object is no longer listed; one that still is has been lost."""
        listed = {entry.name for entry in await self._objects(from_ns, until_ns)}
        return any(gap.missing and gap.name not in listed for gap in gaps)

    async def _objects(self, from_ns: int, until_ns: int, vehicle_id: str | None = None) -> list[ArchiveObject]:
        """The listed objects of a range and what lies around it: copies of one record may be dated that far apart."""
        from_ns, until_ns = max(LEAST_NS, from_ns - CLOCK_TOLERANCE_NS), min(MOST_NS, until_ns + CLOCK_TOLERANCE_NS)
        flushes = await self._manifest.flushes()  # before the days, see there
        days = await self._manifest.days(self._org_id, day_of(from_ns), day_of(until_ns))
        merged = [entry for day in days for entry in day.objects]
        listed = [*merged, *uncovered(flushes, days, self._org_id)]
        return [entry for entry in listed if entry.touches(from_ns, until_ns, vehicle_id)]
