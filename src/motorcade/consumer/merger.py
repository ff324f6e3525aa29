"""The merger: many small objects of a day become few, and what nobody needs any more is removed.

The archiver's flushes are small, and a question over a month must not open thousands of them. So all flushes of some
minutes are merged into one run for each organisation and day, runs into larger runs, and those of a day that is over
into one. A merger works in a turn of its own: its objects carry the turn in their names and count only where the turn
was still its own when it committed. Old objects stay for their readers for a while.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from structlog.stdlib import BoundLogger

from motorcade.domain.errors import Busy, Unavailable
from motorcade.domain.ids import new_id
from motorcade.observability.crash_points import crashpoint
from motorcade.observability.metrics import Metrics
from motorcade.ports.archive import (
    NS_PER_DAY,
    NS_PER_HOUR,
    Archive,
    ArchiveObject,
    flush_parts,
    merge_turn,
    merged_stem,
)
from motorcade.ports.clock import Clock
from motorcade.repositories.manifest import Day, Flush, Manifest, Place

MERGE_EVERY_S: Final = 600.0
"""Pause between rounds by default. With a flush each 30 s a reader meets some 20 of them, and as many runs as below."""
MOST_FLUSHES: Final = 100
"""Flushes merged in one go: after hours without a merger there are thousands, and memory holds what is in each."""
SWEEP_EVERY_ROUNDS: Final = 6
MOST_RUNS: Final = 8
"""Runs of a day before they are merged into a larger one."""
LARGE: Final = 3
"""A run that is so many times larger than all others together is left alone: writing it again would cost the most."""
DAY_OVER_NS: Final = 2 * NS_PER_HOUR
"""After the end of a day its runs become one; what comes later than that is rare."""
GRACE_NS: Final = NS_PER_HOUR
"""Replaced objects stay for so long: longer than anybody reads by one look at the manifest."""
LITTER_AGE_NS: Final = 7 * NS_PER_DAY
"""Litter stays for so long, twice the stream's retention: where an older store.db was put back, objects that it does
not list look like litter, and the stream has been archived again before they go."""


@dataclass(frozen=True, slots=True)
class MergerDoors:
    """What the merger works through."""

    manifest: Manifest
    archive: Archive
    clock: Clock
    metrics: Metrics
    log: BoundLogger


class Merger:
    """Merges and sweeps until it is stopped. Several at once disturb each other and lose nothing."""

    def __init__(self, doors: MergerDoors, every_s: float = MERGE_EVERY_S) -> None:
        """Bind the doors."""
        self._doors, self._every_s = doors, every_s
        self._manifest, self._archive, self._clock, self._log = doors.manifest, doors.archive, doors.clock, doors.log
        self._stop = asyncio.Event()
        self._turn = 0
        self._unsettled: set[tuple[str, int]] = set()
        self._looked = False

    def stop(self) -> None:
        """Ask it to end; a merge under way is finished in its thread and then counts or not."""
        self._stop.set()

    async def run(self) -> None:
        """A round now and then, until `stop`."""
        rounds = 0
        while not self._stop.is_set():
            try:
                await self.round()
                if rounds % SWEEP_EVERY_ROUNDS == 0:
                    await self.sweep()
                rounds += 1
            except (Unavailable, Busy) as error:  # nothing is lost by waiting; a taken turn is the other's to use
                self._log.warning("merger_retries", reason=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._every_s)

    async def round(self) -> None:
        """Merge the flushes that are there, and runs where there are too many.

        Raises:
            Conflict: another merger took the turn.
            Unavailable: store or archive does not answer; what is committed stays.
        """
        self._turn = await self._manifest.turn()
        if not self._looked:
            _, days = await self._manifest.every()
            self._unsettled = {(day.org_id, day.day) for day in days if len(runs_of(day.objects)) > 1}
            self._looked = True
        while flushes := (await self._manifest.flushes())[:MOST_FLUSHES]:
            touched = {(entry.org_id, entry.day) for flush in flushes for entry in flush.objects}
            for org_id, number in sorted(touched):
                await self._merge_flushes(await self._manifest.day(org_id, number), flushes)
            await self._drop(flushes)
            for org_id, number in sorted(touched):
                await self._merge_runs(await self._manifest.day(org_id, number))
            if len(flushes) < MOST_FLUSHES:
                break
        for org_id, number in sorted(self._unsettled):
            await self._merge_runs(await self._manifest.day(org_id, number))

    async def _merge_flushes(self, day: Day, flushes: Sequence[Flush]) -> None:
        """Let the day stand for all flushes that were read."""
        fresh = [flush for flush in flushes if not day.covers(flush)]
        inputs = [
            entry for flush in fresh for entry in flush.objects if (entry.org_id, entry.day) == (day.org_id, day.day)
        ]
        if not inputs:
            return
        through = dict(day.through)
        for flush in fresh:
            through[flush.partition] = max(flush.number, through.get(flush.partition, 0))
        if len(inputs) == 1:  # nothing to merge it with: the object itself moves over
            await self._commit(replace(day, objects=[*day.objects, *inputs], through=through), [])
            return
        await self._replace(replace(day, through=through), inputs)

    async def _merge_runs(self, day: Day) -> None:
        """Few runs instead of many, one where the day is over."""
        over = self._clock.now_ns() > (day.day + 1) * NS_PER_DAY + DAY_OVER_NS
        if inputs := worth_merging(day.objects, over=over):
            await self._replace(replace(day, objects=[one for one in day.objects if one not in inputs]), inputs)
        if over:  # else it will be
            self._unsettled.discard((day.org_id, day.day))
        else:
            self._unsettled.add((day.org_id, day.day))

    async def _replace(self, day: Day, inputs: Sequence[ArchiveObject]) -> Day:
        """Commit the day with the merger of these objects instead of them; damaged ones stay as they are."""
        stem = merged_stem(day.org_id, day.day, self._turn, new_id())
        merged = await self._archive.merge(stem, inputs)
        crashpoint("archiver.merged_not_listed")
        damaged = {gap.name for gap in merged.damaged}
        for gap in merged.damaged:
            self._log.error("archive_object_damaged", object=gap.name, reason=gap.reason)
            self._doors.metrics.count("motorcade_archiver_damaged_objects_total").add()
        left = [replace(entry, damaged=True) for entry in inputs if entry.name in damaged]
        retired = [entry.name for entry in inputs if entry.name not in damaged]
        day = await self._commit(replace(day, objects=[*day.objects, *merged.objects, *left]), retired)
        self._doors.metrics.count("motorcade_archiver_merged_objects_total").add(len(retired))
        self._log.debug("merged", objects=len(retired), into=len(merged.objects), repeated=merged.repeated)
        return day

    async def _commit(self, day: Day, retired: Sequence[str]) -> Day:
        self._turn, day = await self._manifest.replace(self._turn, day, retired, self._clock.now_ns())
        crashpoint("archiver.merged")
        return day

    async def _drop(self, flushes: Sequence[Flush]) -> None:
        """Remove the rows of flushes that days stand for."""
        days: dict[tuple[str, int], Day] = {}
        for flush in flushes:
            for entry in flush.objects:
                key = (entry.org_id, entry.day)
                days[key] = days.get(key) or await self._manifest.day(*key)
            if all(days[entry.org_id, entry.day].covers(flush) for entry in flush.objects):
                await self._manifest.drop(flush)
                crashpoint("archiver.flush_dropped")

    async def sweep(self) -> int:
        """Remove objects that were replaced a while ago, and old litter. Gives how many.

        Litter is what no row lists and nobody can list any more: a flush of an earlier epoch or before the place, and
        what a merger made in a turn that is over. So no clock decides what is litter, only when it goes.
        """
        turn = await self._manifest.turn()
        places = {place.partition: place for place in await self._manifest.places()}
        old = await self._archive.names(self._clock.now_ns() - LITTER_AGE_NS)
        removed = 0
        for key, names in await self._manifest.retired(self._clock.now_ns() - GRACE_NS):
            removed += await self._archive.remove(names)
            crashpoint("archiver.retired_removed")
            await self._manifest.forget_retired(key)
        listed, _ = await self._manifest.every()
        litter = [name for name in old if name not in listed and _is_over(name, turn, places)]
        removed += await self._archive.remove(litter)
        self._doors.metrics.count("motorcade_archiver_removed_objects_total").add(removed)
        return removed


def runs_of(objects: Iterable[ArchiveObject]) -> dict[str, list[ArchiveObject]]:
    """Objects by their run, without damaged ones, which are never merged."""
    runs: dict[str, list[ArchiveObject]] = {}
    for entry in objects:
        if not entry.damaged:
            runs.setdefault(entry.run, []).append(entry)
    return runs


def worth_merging(objects: Sequence[ArchiveObject], *, over: bool) -> list[ArchiveObject]:
    """What to merge of a day's objects: all or all but one large run; nothing where the runs are few enough.

    Args:
        objects: of one organisation and day.
        over: no more is to be expected of that day.
    """
    runs = sorted(runs_of(objects).values(), key=_rows)
    if len(runs) < (2 if over else MOST_RUNS):
        return []
    rest = runs[:-1]
    chosen = rest if _rows(runs[-1]) > LARGE * sum(map(_rows, rest)) else runs
    return [entry for run in chosen for entry in run] if len(chosen) > 1 else []


def _rows(run: Sequence[ArchiveObject]) -> int:
    return sum(entry.rows for entry in run)


def _is_over(name: str, turn: int, places: Mapping[int, Place]) -> bool:
    """Whether an object that nobody lists can never be listed."""
    made_in = merge_turn(name)
    if made_in is not None:
        return made_in < turn
    flushed = flush_parts(name)
    if flushed is None:
        return False  # not ours: whoever put it there may know why
    partition, position, epoch = flushed
    place = places.get(partition)
    return place is not None and (epoch < place.epoch or (epoch == place.epoch and position <= place.position))
