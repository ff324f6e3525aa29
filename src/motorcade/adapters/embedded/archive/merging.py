"""Many sorted objects read as one: merged into a new run, or vehicle by vehicle.

Both go through the vehicles in order, some at a time, so that memory holds a named number of rows of all objects
together and not the objects. Repetitions of a record are dropped; the copy that was received first stays.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from motorcade.adapters.embedded.archive.columns import FIXED, FRAME_COLUMNS, conformed, records_of, united
from motorcade.adapters.embedded.archive.parquet import Damaged, Encoded, ObjectReader, ObjectWriter
from motorcade.domain.record import CLOCK_TOLERANCE_NS
from motorcade.ports.archive import Archived, ArchiveObject, Found, Gap

OBJECT_ROWS: Final = 500_000
"""Rows of a merged object; then the next begins. Its index stays small, and memory holds it while it is written."""
STRETCH_ROWS: Final = 50_000
"""Rows read at a time, whole vehicles: some 20 MB, a few times over while they are sorted."""
ALL_TIMES: Final = (-(2**63), 2**63 - 1)
_ORDER: Final = [("vehicle_id", "ascending"), ("effective_ns", "ascending"), ("record_id", "ascending")]
_BY_ARRIVAL: Final = [
    ("record_id", "ascending"), ("received_ns", "ascending"), ("effective_ns", "ascending"),
    ("connection_seq", "ascending"), ("flags", "ascending"),
]  # fmt: skip # as `Archived.arrival`
PathOf = Callable[[str], Path]


class Sources:
    """Objects that are read together, and how many rows each vehicle has in all. Those that are damaged are gaps.

    Each is opened for as long as something is read from it: there may be more of them than a process may have open.
    """

    def __init__(self, path_of: PathOf, objects: Sequence[ArchiveObject], *, verify: bool) -> None:
        """Look into each; `verify` checks every byte."""
        self._path_of = path_of
        self.gaps: list[Gap] = []
        self._readable: list[ArchiveObject] = []
        self._rows: Counter[str] = Counter()
        schemas: list[pa.Schema] = []
        for entry in objects:
            try:
                with ObjectReader(path_of(entry.name), entry) as reader:
                    if verify:
                        reader.verify()
                    rows = reader.counts()
                    self._rows += rows
                    self._readable.append(entry)
                    schemas.append(reader.schema)
            except Damaged as error:
                self.gaps.append(error.gap)
        self.schema = united(schemas)
        """Every column of any of them."""

    @property
    def vehicles(self) -> list[str]:
        """All vehicles, sorted."""
        return sorted(self._rows)

    def stretches(self, after: str = "") -> Iterator[tuple[str, str]]:
        """Least and greatest vehicle of stretches of about `STRETCH_ROWS` rows; one vehicle alone may have more."""
        first, last, rows = "", "", 0
        for vehicle in self.vehicles:
            if vehicle <= after:
                continue
            more = self._rows[vehicle]
            if first and rows + more > STRETCH_ROWS:
                yield first, last
                first, rows = "", 0
            first, last, rows = first or vehicle, vehicle, rows + more
        if first:
            yield first, last

    def read(self, schema: pa.Schema, stretch: tuple[str, str], times: tuple[int, int] = ALL_TIMES) -> pa.Table:
        """The rows of some vehicles from all objects, sorted; what cannot be read is added to the gaps."""
        first, last = stretch
        tables: list[pa.Table] = [schema.empty_table()]
        for entry in self._readable:
            if entry.last_vehicle < first or entry.first_vehicle > last:
                continue
            try:
                with ObjectReader(self._path_of(entry.name), entry) as reader:
                    for found in reader.tables(schema.names, stretch, times):
                        if isinstance(found, Gap):
                            self.gaps.append(found)
                        else:
                            tables.append(conformed(found, schema))
            except Damaged as error:
                self.gaps.append(error.gap)
        return pa.concat_tables(tables).combine_chunks().sort_by(_ORDER)


def merge(
    path_of: PathOf,
    objects: Sequence[ArchiveObject],
    create: Callable[[Encoded], ArchiveObject],
    go_on: Callable[[], None],
) -> tuple[list[ArchiveObject], int, list[Gap]]:
    """Merge objects into new ones.

    Args:
        path_of: where an object lies.
        objects: of one organisation and day.
        create: makes a new object of its bytes, durably.
        go_on: called now and then; it raises where the merge shall be given up.

    Returns:
        The new objects, how many repetitions were dropped, and the inputs that were left out because they are damaged.

    Raises:
        Damaged: an input turned bad after it was checked; what was made of the others must not replace it.
    """
    sources = Sources(path_of, objects, verify=True)
    left_out = list(sources.gaps)
    made: list[ArchiveObject] = []
    repeated = 0
    writer = ObjectWriter(sources.schema)
    for stretch in sources.stretches():
        go_on()
        table = sources.read(sources.schema, stretch)
        if len(sources.gaps) > len(left_out):
            turned = sources.gaps[-1]
            raise Damaged(next(entry for entry in objects if entry.name == turned.name), turned.reason)
        single = distinct(table)
        repeated += table.num_rows - single.num_rows
        if writer.rows and writer.rows + single.num_rows > OBJECT_ROWS:
            made.append(create(writer.finish()))
            writer = ObjectWriter(sources.schema)
        writer.add(single)
    if writer.rows:
        made.append(create(writer.finish()))
    return made, repeated, left_out


def fleet(
    path_of: PathOf, objects: Sequence[ArchiveObject], times: tuple[int, int], after: str
) -> Generator[Found, None, None]:
    """Vehicle by vehicle, see the port."""
    sources = Sources(path_of, objects, verify=False)
    told = 0
    schema = pa.schema([FIXED.field(name) for name in FRAME_COLUMNS])
    for stretch in sources.stretches(after):
        table = sources.read(schema, stretch, widened(times))
        found: dict[str, list[Archived]] = {}
        for vehicle_id, record in zip(
            table["vehicle_id"].to_pylist(), records_of(table, objects[0].org_id), strict=True
        ):
            found.setdefault(vehicle_id, []).append(record)
        for vehicle_id, records in found.items():
            kept, gaps = in_turn(records, times), sources.gaps[told:]
            if kept or gaps:
                told = len(sources.gaps)
                yield Found(vehicle_id, kept, gaps)
    if told < len(sources.gaps):
        yield Found("", [], sources.gaps[told:])


def vehicle(path_of: PathOf, objects: Sequence[ArchiveObject], vehicle_id: str, times: tuple[int, int]) -> Found:
    """One vehicle's records, see the port. Only its own rows are kept in memory."""
    records: list[Archived] = []
    gaps: list[Gap] = []
    for entry in objects:
        try:
            with ObjectReader(path_of(entry.name), entry) as reader:
                for part in reader.tables(FRAME_COLUMNS, (vehicle_id, vehicle_id), widened(times)):
                    if isinstance(part, Gap):
                        gaps.append(part)
                    else:
                        records += records_of(part, entry.org_id)
        except Damaged as error:
            gaps.append(error.gap)
    return Found(vehicle_id, in_turn(records, times), gaps)


def distinct(table: pa.Table) -> pa.Table:
    """Each record of a table once, in the table's order."""
    if pc.count_distinct(table["record_id"]).as_py() == table.num_rows:
        return table
    by_id = table.sort_by(_BY_ARRIVAL)
    ids = by_id["record_id"].combine_chunks()
    news = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1))
    return by_id.filter(pa.concat_arrays([pa.array([True]), news])).sort_by(_ORDER)


def widened(times: tuple[int, int]) -> tuple[int, int]:
    """A range and what lies around it: copies of one record may count at times that far apart."""
    least, greatest = ALL_TIMES
    return max(least, times[0] - CLOCK_TOLERANCE_NS), min(greatest, times[1] + CLOCK_TOLERANCE_NS)


def in_turn(records: list[Archived], times: tuple[int, int]) -> list[Archived]:
    """One vehicle's records of a range, each once, sorted by their turn."""
    first: dict[bytes, Archived] = {}
    for record in records:
        known = first.get(record.record_id)
        if known is None or record.arrival < known.arrival:
            first[record.record_id] = record
    kept = [record for record in first.values() if times[0] <= record.frame[8] < times[1]]
    kept.sort(key=lambda record: record.turn)
    return kept
