"""The archive in files of one folder.

A file is made under its final name, which no file has had before, and is synced, with its folder, before anybody may
list it. Nothing is renamed. The Parquet engine and DuckDB are loaded on first use, in a thread: gateway and API start
without them.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from motorcade.domain.errors import Conflict, Invalid, Unavailable
from motorcade.domain.ids import id_text
from motorcade.observability.metrics import Count
from motorcade.ports.archive import Archived, ArchiveObject, Ask, Found, Gap, Merged, Series, Written, day_of

if TYPE_CHECKING:
    from motorcade.adapters.embedded.archive.parquet import Encoded
    from motorcade.adapters.embedded.archive.reducing import Reducer

SUFFIX = ".parquet"
MERGE_TRIES = 2
"""An input that turns bad between its check and its reading is left out by the second try."""


class FileArchive:
    """`Archive` in a folder, which is made when first written to.

    Args:
        folder: only this archive's files may lie in it.
        gaps: counts what readers could not read, besides objects that are not there: these may just be replaced.
    """

    def __init__(self, folder: Path, gaps: Count | None = None) -> None:
        self._folder = folder
        self._gaps = Count() if gaps is None else gaps
        self._lasting: set[Path] = set()
        self._reducer: Reducer | None = None
        self._opening = threading.Lock()
        self._closed = threading.Event()

    async def write(self, name: str, records: Sequence[Archived]) -> Written:
        """Make an object of records of one organisation and one day."""
        return await asyncio.to_thread(self._write, name, records)

    async def merge(self, stem: str, objects: Sequence[ArchiveObject]) -> Merged:
        """Make one run of objects of one organisation and day."""
        return await asyncio.to_thread(self._merge, stem, objects)

    async def vehicle(self, objects: Sequence[ArchiveObject], vehicle_id: str, from_ns: int, until_ns: int) -> Found:
        """One vehicle's records of a range from these objects."""
        found = await asyncio.to_thread(self._vehicle, objects, vehicle_id, (from_ns, until_ns))
        self._count(found.gaps)
        return found

    async def fleet(
        self, objects: Sequence[ArchiveObject], from_ns: int, until_ns: int, after: str = ""
    ) -> AsyncIterator[Found]:
        """Vehicle by vehicle, in order of their ids."""
        if not objects:
            return
        from motorcade.adapters.embedded.archive import merging  # noqa: PLC0415 - loaded on first use

        found = merging.fleet(self._path, objects, (from_ns, until_ns), after)
        try:
            while (one := await asyncio.to_thread(next, found, None)) is not None:
                self._count(one.gaps)
                yield one
        finally:
            await asyncio.to_thread(found.close)

    async def vehicles(self, objects: Sequence[ArchiveObject]) -> tuple[list[str], list[Gap]]:
        """Ids of all vehicles in these objects, sorted."""
        vehicles, gaps = await asyncio.to_thread(self._vehicles, objects)
        self._count(gaps)
        return vehicles, gaps

    async def series(self, objects: Sequence[ArchiveObject], ask: Ask) -> Series:
        """Readings of one signal for a chart or a list."""
        series = await asyncio.to_thread(lambda: self._reducing().series(self._path, objects, ask))
        self._count(series.gaps)
        return series

    async def names(self, written_before_ns: int | None = None) -> Sequence[str]:
        """Names of all objects that are there, or of the older ones."""
        return await asyncio.to_thread(self._names, written_before_ns)

    async def remove(self, names: Sequence[str]) -> int:
        """Remove objects; one that is not there is no error."""
        return await asyncio.to_thread(self._remove, names)

    async def close(self) -> None:
        """Give up merges under way and release DuckDB. Idempotent."""
        self._closed.set()
        with self._opening:
            reducer, self._reducer = self._reducer, None
        if reducer is not None:
            await asyncio.to_thread(reducer.close)

    def _count(self, gaps: Sequence[Gap]) -> None:
        self._gaps.add(sum(not gap.missing for gap in gaps))

    # In a thread.

    def _write(self, name: str, records: Sequence[Archived]) -> Written:
        from motorcade.adapters.embedded.archive import columns, parquet  # noqa: PLC0415 - loaded on first use

        origins = {(record.frame[0], day_of(record.frame[8])) for record in records}
        if len(origins) != 1:
            raise Invalid(f"an object holds records of one organisation and day, these are of {len(origins)}")
        org, day = origins.pop()
        table, undecodable = columns.table_of(records)
        writer = parquet.ObjectWriter(table.schema)
        writer.add(table)
        encoded = writer.finish()
        self._create(name, encoded)
        return Written(encoded.entry(name, id_text(org), day, name), undecodable)

    def _merge(self, stem: str, objects: Sequence[ArchiveObject]) -> Merged:
        from motorcade.adapters.embedded.archive import merging, parquet  # noqa: PLC0415 - loaded on first use

        if len({(entry.org_id, entry.day) for entry in objects}) != 1:
            raise Invalid("objects that are merged belong to one organisation and day")
        first, made = objects[0], 0

        def create(encoded: "Encoded") -> ArchiveObject:
            nonlocal made
            name, made = f"{stem}.{made}", made + 1  # a second try goes on counting: no name is used twice
            self._create(name, encoded)
            return encoded.entry(name, first.org_id, first.day, stem)

        for _ in range(MERGE_TRIES):
            with contextlib.suppress(parquet.Damaged):
                return Merged(*merging.merge(self._path, objects, create, self._go_on))
        raise Unavailable(f"objects of {first.org_id}, day {first.day}, keep changing while they are merged")

    def _vehicle(self, objects: Sequence[ArchiveObject], vehicle_id: str, times: tuple[int, int]) -> Found:
        from motorcade.adapters.embedded.archive import merging  # noqa: PLC0415 - loaded on first use

        return merging.vehicle(self._path, objects, vehicle_id, times)

    def _vehicles(self, objects: Sequence[ArchiveObject]) -> tuple[list[str], list[Gap]]:
        from motorcade.adapters.embedded.archive import merging  # noqa: PLC0415 - loaded on first use

        sources = merging.Sources(self._path, objects, verify=False)
        return sources.vehicles, sources.gaps

    def _go_on(self) -> None:
        if self._closed.is_set():
            raise Unavailable("the archive is closed")

    def _reducing(self) -> "Reducer":
        from motorcade.adapters.embedded.archive.reducing import Reducer  # noqa: PLC0415 - loaded on first use

        with self._opening:
            if self._reducer is None:
                self._reducer = Reducer()
            return self._reducer

    def _names(self, before_ns: int | None) -> list[str]:
        found: list[str] = []
        for file in self._folder.rglob(f"*{SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):  # removed since the folder was read
                if before_ns is None or file.stat().st_mtime_ns < before_ns:
                    found.append(str(file.relative_to(self._folder)).removesuffix(SUFFIX))
        return found

    def _remove(self, names: Sequence[str]) -> int:
        removed = 0
        for name in names:
            with contextlib.suppress(FileNotFoundError), _translated(name):
                self._path(name).unlink()
                removed += 1
        return removed

    def _create(self, name: str, encoded: "Encoded") -> None:
        """Make a file once, durably, with the folders that lead to it."""
        path = self._path(name)
        with _translated(name):
            self._make_lasting(path.parent)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                view = memoryview(encoded.data)
                while view:
                    view = view[os.write(handle, view) :]
                os.fsync(handle)
            except BaseException:
                with contextlib.suppress(OSError):  # a part of an object is litter, and swept later
                    path.unlink()
                raise
            finally:
                os.close(handle)
            _sync_folder(path.parent)

    def _make_lasting(self, folder: Path) -> None:
        """Make a folder with its parents, and sync the entries that lead to it once in this process.

        One that is there already may be the work of a process that died before it could sync it: a power cut would
        then lose a synced file with its folder.
        """
        if folder in self._lasting:
            return
        if folder != self._folder:
            self._make_lasting(folder.parent)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.parent)
        self._lasting.add(folder)

    def _path(self, name: str) -> Path:
        if name.startswith("/") or ".." in name:
            raise Invalid("an object's name leads out of the archive")
        return self._folder / (name + SUFFIX)


@contextlib.contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise Conflict(f"the archive has an object {name} already") from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unavailable(f"the archive's object {name} cannot be written ({error.strerror})") from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
