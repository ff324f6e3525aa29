"""One object: Parquet that is written whole, and read in the pieces that are asked for, checked.

The index (Parquet's footer) is checked against the manifest before anything is read by it, and every page carries a
checksum that the reader verifies. Row groups are small, so that one vehicle costs one of them, and keep the least and
greatest vehicle and time of their rows.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from motorcade.adapters.embedded.archive.columns import FORMAT_VERSION
from motorcade.ports.archive import ArchiveObject, Gap

GROUP_ROWS: Final = 16_384
"""Rows of a row group: some megabytes with all columns, read in a few milliseconds."""
COMPRESSION_LEVEL: Final = 3  # a third smaller than level 1 for a few per cent of the time of an object
_TAIL_BYTES: Final = 8  # length of the index and the magic word
_CHECK_BYTES: Final = 16
_READ_BYTES: Final = 1024 * 1024
_DELTA: Final = ("effective_ns", "observed_ns", "received_ns", "connection_seq")
_PLAIN: Final = ("record_id", "payload")
_VERSION_KEY: Final = b"motorcade.archive"


class Damaged(Exception):
    """An object is not what the manifest says. Inside this folder only; the port's word for it is a `Gap`."""

    def __init__(self, entry: ArchiveObject, reason: str, *, missing: bool = False) -> None:
        super().__init__(f"{entry.name}: {reason}")
        self.gap = Gap(entry.name, entry.first_ns, entry.last_ns, reason, missing)


@dataclass(frozen=True, slots=True)
class Encoded:
    """An object's bytes and what the manifest keeps of it but its name."""

    data: pa.Buffer
    rows: int
    first_ns: int
    last_ns: int
    first_vehicle: str
    last_vehicle: str

    def entry(self, name: str, org_id: str, day: int, run: str) -> ArchiveObject:
        """The manifest's entry."""
        view = memoryview(self.data)
        index_bytes = int.from_bytes(view[-_TAIL_BYTES:-4], "little") + _TAIL_BYTES
        return ArchiveObject(
            name=name,
            org_id=org_id,
            day=day,
            rows=self.rows,
            size_bytes=len(view),
            checksum=checksum([view]),
            index_bytes=index_bytes,
            index_checksum=checksum([view[-index_bytes:]]),
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            first_vehicle=self.first_vehicle,
            last_vehicle=self.last_vehicle,
            run=run,
        )


class ObjectWriter:
    """Collects sorted tables into one object, in memory: an object has a bounded number of rows."""

    def __init__(self, schema: pa.Schema) -> None:
        self._sink = pa.BufferOutputStream()
        leaves = list(_leaves(schema))
        self._writer = pq.ParquetWriter(
            self._sink,
            schema.with_metadata({_VERSION_KEY: str(FORMAT_VERSION).encode()}),
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=[leaf for leaf in leaves if leaf not in (*_DELTA, *_PLAIN)],
            column_encoding=dict.fromkeys(_DELTA, "DELTA_BINARY_PACKED"),
            write_statistics=["vehicle_id", "effective_ns"],
            write_page_checksum=True,
            store_schema=False,  # the types say enough
        )
        self._schema = schema
        self.rows = 0
        self._times: list[int] = []
        self._vehicles: list[str] = []

    def add(self, table: pa.Table) -> None:
        """Append rows; they follow those before in the order of vehicles."""
        if not table.num_rows:
            return
        self._writer.write_table(table, row_group_size=GROUP_ROWS)
        self.rows += table.num_rows
        times = pc.min_max(table["effective_ns"])
        self._times += [times["min"].as_py(), times["max"].as_py()]
        self._vehicles += [table["vehicle_id"][0].as_py(), table["vehicle_id"][-1].as_py()]

    def finish(self) -> Encoded:
        """The object."""
        self._writer.close()
        times, vehicles = self._times, self._vehicles
        data = self._sink.getvalue()
        return Encoded(data, self.rows, min(times), max(times), min(vehicles), max(vehicles))


class ObjectReader:
    """One object of the manifest, open inside a `with` statement.

    Raises:
        Damaged: it is missing, or its size or its index is not what the manifest says.
    """

    def __init__(self, path: Path, entry: ArchiveObject) -> None:
        self.entry = entry
        try:
            handle = pa.OSFile(str(path), "rb")
        except FileNotFoundError as error:
            raise Damaged(entry, "it is not there", missing=True) from error
        except OSError as error:
            raise Damaged(entry, f"it cannot be opened ({error.strerror or type(error).__name__})") from error
        try:
            self._check_index(handle)
            self._file = pq.ParquetFile(handle, page_checksum_verification=True)
        except (OSError, pa.ArrowException) as error:
            handle.close()
            raise Damaged(entry, f"its index cannot be read ({type(error).__name__})") from error
        except BaseException:
            handle.close()
            raise
        self._handle = handle
        self._index = self._file.metadata
        self.schema: pa.Schema = self._file.schema_arrow

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.close()

    def verify(self) -> None:
        """Check every byte.

        Raises:
            Damaged: they are not those that were written.
        """
        try:
            self._handle.seek(0)
            whole = checksum(iter(lambda: self._handle.read(_READ_BYTES), b""))
        except OSError as error:
            raise Damaged(self.entry, f"it cannot be read ({error.strerror})") from error
        if whole != self.entry.checksum:
            raise Damaged(self.entry, "its checksum does not match")

    def counts(self) -> Counter[str]:
        """Rows of each vehicle.

        Raises:
            Damaged: the column cannot be read.
        """
        found: Counter[str] = Counter()
        for group in range(self._index.num_row_groups):
            column = self._read(group, ["vehicle_id"])["vehicle_id"]
            for pair in column.value_counts().to_pylist():
                found[pair["values"]] += pair["counts"]
        return found

    def tables(
        self, columns: Sequence[str] | None, vehicles: tuple[str, str], times: tuple[int, int]
    ) -> Iterator[pa.Table | Gap]:
        """The wanted rows, row group by row group; a gap for each one that is damaged.

        Args:
            columns: which, those that the object has not are left out; None = all.
            vehicles: least and greatest id, both inside.
            times: effective times, begin inside and end not.
        """
        present = None if columns is None else [name for name in columns if name in self.schema.names]
        for group in range(self._index.num_row_groups):
            if not self._touches(group, vehicles, times):
                continue
            try:
                table = self._read(group, present)
            except Damaged as error:
                yield error.gap
                continue
            vehicle, at = table["vehicle_id"], table["effective_ns"]
            in_time = pc.and_(pc.greater_equal(at, times[0]), pc.less(at, times[1]))
            ours = pc.and_(pc.greater_equal(vehicle, vehicles[0]), pc.less_equal(vehicle, vehicles[1]))
            yield table.filter(pc.and_(in_time, ours))

    def _touches(self, group: int, vehicles: tuple[str, str], times: tuple[int, int]) -> bool:
        facts = self._index.row_group(group)
        vehicle, at = facts.column(0).statistics, facts.column(1).statistics
        if vehicle is None or at is None or not (vehicle.has_min_max and at.has_min_max):
            return True
        return bool(
            vehicle.max >= vehicles[0] and vehicle.min <= vehicles[1] and at.max >= times[0] and at.min < times[1]
        )

    def _read(self, group: int, columns: list[str] | None) -> pa.Table:
        try:
            return self._file.read_row_group(group, columns=columns, use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise Damaged(self.entry, f"its row group {group} cannot be read ({type(error).__name__})") from error

    def _check_index(self, handle: pa.NativeFile) -> None:
        entry = self.entry
        if handle.size() != entry.size_bytes:
            raise Damaged(entry, f"it has {handle.size()} bytes instead of {entry.size_bytes}")
        handle.seek(entry.size_bytes - entry.index_bytes)
        if checksum([handle.read(entry.index_bytes)]) != entry.index_checksum:
            raise Damaged(entry, "the checksum of its index does not match")


def checksum(parts: Iterable[bytes | memoryview]) -> str:
    """BLAKE2b-128 of some bytes, in hex."""
    found = hashlib.blake2b(digest_size=_CHECK_BYTES)
    for part in parts:
        found.update(part)
    return found.hexdigest()


def _leaves(schema: pa.Schema) -> Iterator[str]:
    """Paths of the columns as Parquet knows them."""
    for field in schema:
        if pa.types.is_list(field.type):
            yield f"{field.name}.list.element"
        elif pa.types.is_struct(field.type):
            yield from (f"{field.name}.{part.name}" for part in field.type)
        else:
            yield field.name
