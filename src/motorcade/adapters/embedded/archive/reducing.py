"""Readings of one signal, and fewer of them for a chart, computed by DuckDB over checked columns.

DuckDB does not read the files itself: its Parquet reader takes a flipped bit of a page for a value (ADR 0013). It gets
the few columns of the few row groups that the checked reader found, and sorts, drops repetitions and reduces them.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from motorcade.adapters.embedded.archive.columns import FIXED, readings_of, shape_of, signal_columns, type_of, value_of
from motorcade.adapters.embedded.archive.merging import PathOf, widened
from motorcade.adapters.embedded.archive.parquet import Damaged, ObjectReader
from motorcade.domain.errors import Invalid, Unavailable
from motorcade.domain.signal import Shape
from motorcade.ports.archive import MAX_POINTS, MIN_POINTS, ArchiveObject, Ask, Gap, Point, Series

_READ: Final = ("vehicle_id", "effective_ns", "record_id", "received_ns", "invalid")
_NUMBERS: Final = frozenset({Shape.NUMBER, Shape.INTEGER, Shape.TIMESTAMP})
MAX_READINGS: Final = 2_700_000
"""Readings of one question: a month of one a second. They take some 150 MB, four seconds of CPU and `_MEMORY`."""
_MEMORY: Final = "512MB"

_DISTINCT: Final = """
CREATE OR REPLACE TEMP TABLE readings AS
SELECT t, value, other FROM (
  SELECT record_id, effective_ns AS t, value, other,
         row_number() OVER (PARTITION BY record_id ORDER BY received_ns, effective_ns) AS copy
  FROM found WHERE value IS NOT NULL OR other IS NOT NULL OR list_contains(invalid, $signal)
) WHERE copy = 1 AND t >= $begin AND t < $end ORDER BY t, record_id
"""
_EXTENT: Final = "SELECT count(*), min(t), max(t) FROM readings"
_ALL: Final = "SELECT t, value, other FROM readings ORDER BY rowid"
# Of each stretch of the time in which there are readings: the least, the greatest, and the first moment without a
# value. A place where the line broke off stays visible, and no peak is lost. Numbers from before the catalogue knew
# them as such stand in `other`.
_EXTREMES: Final = """
WITH placed AS (
  SELECT t, coalesce(value, try_cast(other AS DOUBLE)) AS number, value IS NULL AND other IS NULL AS invalid,
         (t - $begin) // $width AS bucket FROM readings
),
told AS (
  SELECT unnest([arg_min(t, number), arg_max(t, number), min(t) FILTER (invalid)]) AS t,
         unnest([min(number), max(number), NULL]) AS number
  FROM placed GROUP BY bucket
)
SELECT DISTINCT t, number, NULL FROM told WHERE t IS NOT NULL ORDER BY t, number
"""
# What is no number has no extremes: where it changed, and of too many changes the first and last of each stretch.
_CHANGES: Final = """
WITH changes AS (
  SELECT t, value, other FROM (
    SELECT *, rowid AS n, lag(value) OVER places AS value_before, lag(other) OVER places AS other_before
    FROM readings WINDOW places AS (ORDER BY rowid)
  ) WHERE n = 0 OR value IS DISTINCT FROM value_before OR other IS DISTINCT FROM other_before
),
counted AS (SELECT *, count(*) OVER () AS changed, (t - $begin) // $width AS bucket FROM changes)
SELECT t, value, other FROM counted
QUALIFY changed <= $points OR t = min(t) OVER (PARTITION BY bucket) OR t = max(t) OVER (PARTITION BY bucket)
ORDER BY t LIMIT $points
"""
_PER_STRETCH: Final = 3


class Reducer:
    """One DuckDB for the process, kept open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,  # beside a request's other work; a month of one signal is a few milliseconds
                "memory_limit": _MEMORY,
                "temp_directory": "",  # nothing of a fleet is written to a folder that nobody knows of
                "autoinstall_known_extensions": False,  # never fetches anything
                "autoload_known_extensions": False,
            },
        )

    def close(self) -> None:
        """Close it."""
        with self._lock:
            self._engine.close()

    def series(self, path_of: PathOf, objects: Sequence[ArchiveObject], ask: Ask) -> Series:
        """Readings of one signal, see the port."""
        if ask.until_ns <= ask.from_ns:
            raise Invalid("the range of a history is empty: its end must lie after its begin")
        if not MIN_POINTS <= ask.points <= MAX_POINTS:
            raise Invalid(f"a history has {MIN_POINTS} to {MAX_POINTS} points, not {ask.points}")
        table, gaps = _found(path_of, objects, ask)
        try:
            with self._lock:
                rows, total = self._reduce(table, ask)
        except duckdb.Error as error:
            raise Unavailable(f"a history cannot be computed now ({type(error).__name__})") from error
        shape = shape_of(ask.signal)
        points = [Point(at, value_of(shape, value, other)) for at, value, other in rows]
        return Series(points, total, total > len(points), gaps)

    def _reduce(self, table: pa.Table, ask: Ask) -> tuple[list[tuple[int, Any, str | None]], int]:
        engine = self._engine
        engine.register("found", table)
        try:
            wanted = {"signal": ask.signal, "begin": ask.from_ns, "end": ask.until_ns}
            engine.execute(_DISTINCT, wanted)
            total, first, last = engine.execute(_EXTENT).fetchall()[0]
            if total <= ask.points:
                return engine.execute(_ALL).fetchall(), total
            span = last + 1 - first
            if shape_of(ask.signal) in _NUMBERS:
                width = -(-span // (ask.points // _PER_STRETCH))
                return engine.execute(_EXTREMES, {"begin": first, "width": width}).fetchall(), total
            places = {"begin": first, "width": -(-span // (ask.points // 2)), "points": ask.points}
            return engine.execute(_CHANGES, places).fetchall(), total
        finally:
            engine.unregister("found")
            engine.execute("DROP TABLE IF EXISTS readings")  # its memory until the next question


def _found(path_of: PathOf, objects: Sequence[ArchiveObject], ask: Ask) -> tuple[pa.Table, list[Gap]]:
    """Every row of the vehicle in which the signal may stand, with its value."""
    cells = [pa.field("value", type_of(ask.signal) or pa.bool_()), pa.field("other", pa.string())]
    schema = pa.schema([*(FIXED.field(name) for name in _READ), *cells])
    tables, gaps, rows = [schema.empty_table()], [], 0
    for part in (part for entry in objects for part in _parts(path_of(entry.name), entry, ask)):
        if isinstance(part, Gap):
            gaps.append(part)
            continue
        rows += part.num_rows
        if rows > MAX_READINGS:
            raise Invalid(f"more than {MAX_READINGS:,} records lie in this range; ask for a shorter one")
        arrays = [*(part[name] for name in _READ), *readings_of(part, ask.signal)]
        tables.append(pa.Table.from_arrays(arrays, schema=schema))
    return pa.concat_tables(tables), gaps


def _parts(path: Path, entry: ArchiveObject, ask: Ask) -> Iterator[pa.Table | Gap]:
    """The vehicle's rows of one object; none where the signal occurs in no row of it."""
    try:
        with ObjectReader(path, entry) as reader:
            columns = [name for name in signal_columns(ask.signal) if name in reader.schema.names]
            if columns:
                times = widened((ask.from_ns, ask.until_ns))
                yield from reader.tables([*_READ, *columns], (ask.vehicle_id, ask.vehicle_id), times)
    except Damaged as error:
        yield error.gap
