"""The archiver: a second reader of the stream, with a place of its own, so that live state never waits for Parquet.

It gathers records for some seconds, writes them as objects, and lets these count in the transaction that moves its
place. Whatever fails on the way, it begins again from the stored place under a new epoch: what it had written before
then counts for nothing, and its names are not used again.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from structlog.stdlib import BoundLogger

from motorcade.domain.errors import Conflict, Corrupt, CorruptEntry, Invalid, Trimmed, Unavailable
from motorcade.domain.ids import id_text
from motorcade.domain.record import NS_PER_S, Flag, Frame, Topic, raw_record_id
from motorcade.observability.crash_points import crashpoint
from motorcade.observability.metrics import Metrics
from motorcade.ports.archive import Archive, Archived, ArchiveObject, flush_name, hour_of
from motorcade.ports.clock import Clock
from motorcade.ports.stream import Entry, Position, Stream
from motorcade.repositories.manifest import Manifest, Place
from motorcade.wire.tesla.payload_cut import hashed_bytes

FLUSH_EVERY_NS: Final = 30 * NS_PER_S
"""Longest time that a record waits for its object by default: a re-fold of a late record has to wait for it."""
FLUSH_RECORDS: Final = 50_000
"""Records of one flush; with `FLUSH_BYTES` the bound of memory: a process of 300 MB while it catches up."""
FLUSH_BYTES: Final = 32 * 1024 * 1024
"""Payload bytes of one flush."""
FLUSH_OBJECTS: Final = 300
"""Objects of one flush, one per organisation and hour: each costs two syncs, and all are listed in one row."""
READ_ENTRIES: Final = 64
WAIT_S: Final = 0.25
RETRY_FIRST_S, RETRY_LAST_S = 1.0, 30.0
"""Pause after stream, store or archive did not answer, doubled each time."""
_HEARTBEAT, _OUTSIDE_CLAIM = int(Topic.HEARTBEAT), int(Flag.OUTSIDE_CLAIM)
ARCHIVED, REPEATED, OUTSIDE = "archived", "repeated", "outside_claim"
"""How a record's way ends here; the counts add up to the records of the stream until the place."""
_Hour = tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class ArchiverDoors:
    """What the archiver works through."""

    stream: Stream
    manifest: Manifest
    archive: Archive
    clock: Clock
    metrics: Metrics
    log: BoundLogger


@dataclass(slots=True)
class Gathered:
    """Records since the stored place, and the place that stands for them."""

    position: Position
    counts: Counter[str]
    hours: dict[_Hour, dict[bytes, Archived]] = field(default_factory=dict)
    first: Position = 0
    records: int = 0
    payload_bytes: int = 0
    began_ns: int = 0
    appended_at_ns: int = 0


class Archiver:
    """Archives one partition until it is stopped."""

    def __init__(self, doors: ArchiverDoors, partition: int = 0, flush_every_ns: int = FLUSH_EVERY_NS) -> None:
        """Bind the doors; `start` takes the partition over."""
        self._doors, self._partition, self._flush_every_ns = doors, partition, flush_every_ns
        self._clock, self._metrics, self._log = doors.clock, doors.metrics, doors.log
        self._stop = asyncio.Event()
        self._stream = ""
        self._retry_s = RETRY_FIRST_S
        self.place = Place(partition, 0, 0, 0, {}, "", 0)
        self._gathered = Gathered(0, Counter())

    async def start(self) -> None:
        """Take the partition over.

        Raises:
            Conflict: another archiver takes over at the same moment.
            Invalid: the stream is not the one that was archived until now.
        """
        await self._begin_again()
        with contextlib.suppress(Unavailable):  # it may come later; nothing is read before
            await self._recognise()
        self._metrics.read("motorcade_archiver_lag_seconds", self._lag_s)
        self._log.info("archiver_started", position=self.place.position, epoch=self.place.epoch)

    def stop(self) -> None:
        """Ask it to end; safe in a signal handler of the event loop."""
        self._stop.set()

    async def run(self) -> None:
        """Archive until `stop`; the last thing is a flush of everything gathered.

        Raises:
            Conflict: another archiver has taken over.
            Invalid: the stream is not the one that was archived until now; nothing more is put.
        """
        while not self._stop.is_set():
            await self._guarded()
        with contextlib.suppress(Unavailable):  # it is still in the stream, and the next start takes it from there
            await self.flush()
        self._log.info("archiver_stopped", position=self.place.position)

    async def _guarded(self) -> None:
        try:
            await self._once()
            self._retry_s = RETRY_FIRST_S
        except CorruptEntry as error:
            self._log.error("stream_entry_unreadable", position=error.position)
            self._metrics.count("motorcade_archiver_corrupt_entries_total").add()
            self._pass_over(error.position)
        except Trimmed as error:
            self._log.error("stream_gap", after=self._gathered.position, oldest=error.oldest)
            self._metrics.count("motorcade_archiver_gaps_total").add()
            self._pass_over(error.oldest - 1)
        except Unavailable as error:
            await self._back_off(error)

    async def _back_off(self, error: Unavailable) -> None:
        told = self._log.error if isinstance(error, Corrupt) else self._log.warning
        told("archiver_retries", reason=str(error), after_s=self._retry_s)
        self._stream = ""  # what comes back may be another one
        await self._sleep(self._retry_s)
        self._retry_s = min(2 * self._retry_s, RETRY_LAST_S)
        with contextlib.suppress(Unavailable):  # then the next turn fails and tries again
            await self._begin_again()

    async def _begin_again(self) -> None:
        """From the stored place, under a new epoch."""
        self.place = place = await self._doors.manifest.take_over(self._partition)
        self._gathered = Gathered(place.position, Counter(place.counts))

    async def _recognise(self) -> None:
        """Make sure that the place reached is one in this very stream.

        Raises:
            Invalid: it is not: going on from there would leave out records without a word.
        """
        stream = await self._doors.stream.identity()
        if self.place.position and self.place.stream not in ("", stream):
            raise _other_stream(f"is not the one that the archive was filled from (until entry {self.place.position})")
        end = await self._doors.stream.end(self._partition)
        if end < self._gathered.position:
            raise _other_stream(f"ends at entry {end}, before the archive's place in it ({self._gathered.position})")
        self._stream = stream

    async def _once(self) -> None:
        if not self._stream:
            await self._recognise()
        entries = await self._doors.stream.read(self._partition, self._gathered.position, READ_ENTRIES)
        for entry in entries:
            self.gather(entry)
            if self._full():
                await self.flush()
        if self._due():
            await self.flush()
        await asyncio.sleep(0)
        if not entries:
            await self._doors.stream.wait(self._partition, self._gathered.position, WAIT_S)

    def gather(self, entry: Entry) -> None:
        """Take an entry's records; one that was taken before is passed over."""
        gathered = self._gathered
        if entry.position <= gathered.position:
            return
        gathered.first = gathered.first or entry.position
        if not gathered.began_ns:
            gathered.began_ns, gathered.appended_at_ns = self._clock.monotonic_ns(), entry.appended_at_ns
        for frame in entry.frames:
            if frame[4] != _HEARTBEAT:
                gathered.counts[self._take(frame)] += 1
        gathered.position = entry.position

    def _take(self, frame: Frame) -> str:
        if frame[5] & _OUTSIDE_CLAIM:
            return OUTSIDE
        gathered, record = self._gathered, Archived(record_id_of(frame), frame)
        hour = gathered.hours.setdefault((frame[0], hour_of(frame[8])), {})
        known = hour.get(record.record_id)
        if known is None or record.arrival < known.arrival:
            hour[record.record_id] = record
        if known is not None:
            return REPEATED
        gathered.records += 1
        gathered.payload_bytes += len(frame[9])
        return ARCHIVED

    def _pass_over(self, position: Position) -> None:
        gathered = self._gathered
        gathered.position = max(gathered.position, position)
        gathered.began_ns = gathered.began_ns or self._clock.monotonic_ns()

    def _full(self) -> bool:
        gathered = self._gathered
        if gathered.records >= FLUSH_RECORDS or gathered.payload_bytes >= FLUSH_BYTES:
            return True
        return len(gathered.hours) >= FLUSH_OBJECTS

    def _due(self) -> bool:
        began_ns = self._gathered.began_ns
        return bool(began_ns) and self._clock.monotonic_ns() - began_ns >= self._flush_every_ns

    async def flush(self) -> None:
        """Write what was gathered and let it count.

        Raises:
            Conflict: another archiver has taken over.
            Unavailable: something did not answer. Whether it counts is unknown: begin again from the stored place.
        """
        gathered = self._gathered
        if gathered.position == self.place.position:
            gathered.began_ns = 0
            return
        objects = await self._write(gathered)
        crashpoint("archiver.written_not_listed")
        counts, now_ns = dict(gathered.counts), self._clock.now_ns()
        place = replace(self.place, position=gathered.position, counts=counts, stream=self._stream or self.place.stream)
        self.place = await self._doors.manifest.put(place, objects, now_ns)
        crashpoint("archiver.listed")
        self._gathered = Gathered(gathered.position, Counter(counts))
        self._tell(gathered, objects)

    async def _write(self, gathered: Gathered) -> list[ArchiveObject]:
        """One object per organisation and hour, all durable."""
        objects: list[ArchiveObject] = []
        for (org, hour), records in gathered.hours.items():
            name = flush_name(id_text(org), hour, self._partition, gathered.first, self.place.epoch)
            try:
                written = await self._doors.archive.write(name, list(records.values()))
            except Conflict as error:  # a name is used once in an epoch, so this is what an earlier failure left
                raise Unavailable(f"{error}; a new epoch will use another name") from error
            objects.append(written.entry)
            self._metrics.count("motorcade_archiver_undecodable_total").add(written.undecodable)
            crashpoint("archiver.written_one")
        return objects

    def _tell(self, gathered: Gathered, objects: Sequence[ArchiveObject]) -> None:
        for outcome, count in gathered.counts.items():
            self._metrics.count("motorcade_archiver_records_total", outcome).n = count
        self._metrics.count("motorcade_archiver_objects_total").add(len(objects))
        self._metrics.count("motorcade_archiver_bytes_total").add(sum(entry.size_bytes for entry in objects))
        self._log.debug("flushed", records=gathered.records, objects=len(objects), position=gathered.position)

    def _lag_s(self) -> float:
        """Age of the oldest record that waits for its object."""
        waiting = self._gathered.appended_at_ns
        return max(0.0, (self._clock.now_ns() - waiting) / NS_PER_S) if waiting else 0.0

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)


def record_id_of(frame: Frame) -> bytes:
    """A record's id; that of a payload which cannot even be walked is made of all its bytes."""
    _, vehicle, _, _, topic, _, observed, _, _, payload = frame
    try:
        hashed = hashed_bytes(topic, payload)
    except Invalid:
        hashed = payload
    return raw_record_id(vehicle, topic, observed, hashed)


def _other_stream(what: str) -> Invalid:
    return Invalid(
        f"stream.db {what}, so records would be left out. Restore stream.db and store.db from the same backup, or run"
        f" `motorcade reread` once to archive this stream from its beginning; what is archived stays"
    )
