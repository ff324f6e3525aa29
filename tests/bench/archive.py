"""Bench (h): writing, merging and asking the archive, at the volume of 10,000 vehicles over a month.

One organisation of 10,000 vehicles with a thousand records a day each is ten million records a day. Its merged days
are pieces of half a million rows, each with some 500 vehicles, so a month is 600 pieces, of which a question about one
vehicle opens 30. Those 30 are made here for real, of their true size, by the archive's own writer; the other 570 are in
the manifest, are looked through, and have no bytes. The day under way stands as the reader meets it in the worst case:
runs that were not merged yet, and the flushes of the last ten minutes.

The first day's records go through the real decoder and writer. For the other days the same columns are written again
with their times moved, for encoding fifteen million payloads would measure only this bench.
"""

import asyncio
import itertools
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from motorcade.adapters.embedded.archive import columns, parquet
from motorcade.adapters.embedded.archive_files import FileArchive
from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.consumer.archiver import record_id_of
from motorcade.domain.ids import id_text
from motorcade.domain.record import Topic
from motorcade.domain.signal import SIGNALS, Shape
from motorcade.domain.tenant import SystemScope
from motorcade.ports.archive import NS_PER_DAY, Archived, ArchiveObject, Ask, flush_name, hour_of, merged_stem
from motorcade.repositories.history import HistoryRepository
from motorcade.repositories.manifest import Day, Manifest
from motorcade.repositories.tables import ALL
from motorcade.wire.batch import decode_entry, encode_entry, encode_frame
from motorcade.wire.tesla.encode import encode_vehicle_data
from tests.bench.prefill import ORG, Drive

FIRST_DAY = 20_000
NS_PER_S = 1_000_000_000
DAYS = 30
PIECES = 20
"""Pieces of a day: ten million records, half a million in each."""
RECORD_EVERY_S = 7
RARE_EVERY = 50
"""Every so many records one with sixty signals that seldom change: they make columns, and the index long."""
RARE = [signal.number for signal in SIGNALS if signal.shape is Shape.NUMBER][:60]
RUNS_TODAY, FLUSHES = 7, 20
FLUSH_RECORDS = 3_500  # 10,000,000 a day for 30 s
ASKED = ("VehicleSpeed", "Soc", "Gear", "Location")


@dataclass(frozen=True)
class Volume:
    """How much of it: all, or a little to see that it works."""

    vehicles: int
    records: int
    days: int
    questions: int


FULL = Volume(500, 1_000, DAYS, 60)
QUICK = Volume(50, 200, 3, 10)


def day_of_records(volume: Volume) -> list[Archived]:
    """One piece of a day: its vehicles' records, two drives each."""
    midnight_ns = FIRST_DAY * NS_PER_DAY
    made: list[Archived] = []
    for index in range(volume.vehicles):
        drive, chance, frames = Drive(index), random.Random(index), []
        for number in range(volume.records):
            start_h = 7 if number < volume.records // 2 else 16
            at_ns = midnight_ns + start_h * 3600 * NS_PER_S + number * RECORD_EVERY_S * NS_PER_S + index
            frames.append(drive.frame(at_ns))
            if number % RARE_EVERY == 0:
                values = {signal: round(chance.uniform(0, 100), 1) for signal in RARE}
                source = ORG + b"bench-%010d" % index + index.to_bytes(8, "big")
                payload = encode_vehicle_data(values, at_ns + 1)
                frames.append(encode_frame(source, number, Topic.VEHICLE_DATA, 0, (at_ns + 1,) * 3, payload))
        made += [Archived(record_id_of(frame), frame) for frame in decode_entry(encode_entry(frames))]
    return made


def moved(table: pa.Table, days: int, rng: random.Random) -> pa.Table:
    """The same rows some days later, with ids of their own."""
    for name in ("effective_ns", "observed_ns", "received_ns"):
        at = table.schema.get_field_index(name)
        later = pc.add(table[name], pa.scalar(days * NS_PER_DAY, pa.int64()))
        table = table.set_column(at, table.schema.field(at), later)
    at = table.schema.get_field_index("record_id")
    raw = rng.randbytes(16 * table.num_rows)
    ids = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), table.num_rows, [None, pa.py_buffer(raw)])
    return table.set_column(at, table.schema.field(at), ids)


class Month:
    """A folder with an archive of a month, its manifest, and a repository over both."""

    def __init__(self, folder: Path, volume: Volume) -> None:
        self.folder, self.volume = folder, volume
        self.archive = FileArchive(folder / "archive")
        self.store = SqliteStore(folder / "store.db", SystemClock(), ALL)
        self.manifest = Manifest(SystemScope("bench"), self.store)
        self.history = HistoryRepository(SystemScope("bench").acting_for(id_text(ORG)), self.manifest, self.archive)
        self.measured: dict[str, float] = {}

    async def close(self) -> None:
        await self.archive.close()
        await self.store.close()

    async def fill(self) -> None:
        """All days, the last of them still under way."""
        records = day_of_records(self.volume)
        table = await self._first_day(records)
        rng = random.Random(1)
        for number in range(1, self.volume.days):
            part = await asyncio.to_thread(moved, table, number, rng)
            if number < self.volume.days - 1:
                entry = await asyncio.to_thread(self._piece, part, merged_stem(id_text(ORG), FIRST_DAY + number, 0))
                await self._list(FIRST_DAY + number, [entry])
            else:
                await self._today(part)

    async def _first_day(self, records: list[Archived]) -> pa.Table:
        """Flush it as the archiver would, then merge: both are measured, and the result is the first day."""
        chunks = [records[at : at + 100_000] for at in range(0, len(records), 100_000)]
        began_s, entries = _cpu_s(), []
        for at, chunk in enumerate(chunks):
            name = flush_name(id_text(ORG), hour_of(chunk[0].frame[8]), 0, at + 1, 1)
            entries.append((await self.archive.write(name, chunk)).entry)
        written_s = _cpu_s()
        merged = await self.archive.merge(merged_stem(id_text(ORG), FIRST_DAY, 1), entries)
        self.measured["write_us_per_record"] = 1e6 * (written_s - began_s) / len(records)
        self.measured["merge_us_per_record"] = 1e6 * (_cpu_s() - written_s) / len(records)
        self.measured["bytes_per_record"] = sum(entry.size_bytes for entry in merged.objects) / len(records)
        self.measured["index_kb"] = max(entry.index_bytes for entry in merged.objects) / 1000
        await self._list(FIRST_DAY, merged.objects)
        return await asyncio.to_thread(lambda: columns.table_of(records)[0])

    def _piece(self, table: pa.Table, stem: str, number: int = 0) -> ArchiveObject:
        writer = parquet.ObjectWriter(table.schema)
        writer.add(table)
        encoded = writer.finish()
        name = f"{stem}.{number}"
        self.archive._create(name, encoded)
        day = encoded.first_ns // NS_PER_DAY
        return encoded.entry(name, id_text(ORG), day, stem)

    async def _list(self, day: int, objects: Sequence[ArchiveObject], flush: int = 0) -> None:
        """Put a day into the manifest, with the pieces of the organisation's other vehicles."""
        others = [
            replace(
                entry,
                name=f"{entry.name}.other{number}",
                first_vehicle=f"z{number:025d}",
                last_vehicle=f"z{number:025d}",
            )
            for entry, number in itertools.product(objects, range(PIECES - 1))
        ]
        row = Day(id_text(ORG), day, [*objects, *others], {0: flush})
        await self.manifest.replace(await self.manifest.turn(), row, [], 0)

    async def _today(self, table: pa.Table) -> None:
        """Some runs, and the flushes that no merge has reached."""
        share, day = 1 / (RUNS_TODAY + 1), FIRST_DAY + self.volume.days - 1
        rng = random.Random(2)
        picks = [rng.random() for _ in range(table.num_rows)]
        runs = [
            self._piece(
                table.filter(pa.array([number * share <= pick < (number + 1) * share for pick in picks])),
                merged_stem(id_text(ORG), day, number + 2),
            )
            for number in range(RUNS_TODAY)
        ]
        await self._list(day, runs)
        place = await self.manifest.take_over(0)
        rest = table.filter(pa.array([pick >= RUNS_TODAY * share for pick in picks]))
        for number in range(FLUSHES):
            rows = list(range(number, rest.num_rows, FLUSHES))[:FLUSH_RECORDS]
            entry = self._piece(
                rest.take(pa.array(rows)),
                flush_name(id_text(ORG), hour_of(rest["effective_ns"][0].as_py()), 0, number + 1, 1),
            )
            place = await self.manifest.put(replace(place, position=number + 1), [entry], 0)

    async def ask(self) -> None:
        """One vehicle, one signal, the whole month, again and again; then one vehicle's records of a day."""
        begin, end = FIRST_DAY * NS_PER_DAY, (FIRST_DAY + self.volume.days) * NS_PER_DAY
        rng, took_s, total = random.Random(3), [], 0
        signals = [signal.number for signal in SIGNALS if signal.tesla_name in ASKED]
        used_s = _cpu_s()
        for number in range(self.volume.questions):
            vehicle_id = id_text(b"bench-%010d" % rng.randrange(self.volume.vehicles))
            began_s = time.perf_counter()
            series = await self.history.series(Ask(vehicle_id, signals[number % len(signals)], begin, end, 2_000))
            took_s.append(time.perf_counter() - began_s)
            if series.gaps or not series.points or len(series.points) > 2_000:
                raise RuntimeError(f"{len(series.points)} points with {len(series.gaps)} gaps")
            total = max(total, series.total)
        self.measured["month_cpu_ms"] = 1e3 * (_cpu_s() - used_s) / self.volume.questions
        self.measured["first_ms"] = 1e3 * took_s[0]
        self.measured["month_p50_ms"] = 1e3 * sorted(took_s)[len(took_s) // 2]
        self.measured["month_max_ms"] = 1e3 * max(took_s[1:])
        self.measured["readings"] = total
        began_s = time.perf_counter()
        found = await self.history.records(id_text(b"bench-%010d" % 1), begin, begin + NS_PER_DAY)
        self.measured["records_of_a_day_ms"] = 1e3 * (time.perf_counter() - began_s)
        if found.gaps or len(found.records) < self.volume.records:
            raise RuntimeError(f"{len(found.records)} records with {len(found.gaps)} gaps")


def _size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def bench(volume: Volume, runs: int) -> dict[str, Any]:
    """Fill once, ask in so many runs."""
    folder = Path(tempfile.mkdtemp(prefix="mc-bench-"))
    month = Month(folder, volume)
    try:
        await month.fill()
        size_mb = await asyncio.to_thread(_size_mb, folder)
        made = []
        for _ in range(runs):
            await month.archive.close()
            month.archive = FileArchive(folder / "archive")
            month.history = HistoryRepository(
                SystemScope("bench").acting_for(id_text(ORG)), month.manifest, month.archive
            )
            await month.ask()
            made.append(dict(month.measured))
    finally:
        await month.close()
        shutil.rmtree(folder, ignore_errors=True)
    return {"runs": made, "size_mb": round(size_mb), "listed": volume.days * PIECES}
