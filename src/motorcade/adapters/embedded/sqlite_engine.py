"""Opening of SQLite files: one place for the engine's age, its settings and the meaning of its errors.

A file that is there is never created anew, emptied or deleted: it is opened as what it is, or refused. A new file is
made whole under another name and then linked into place, so that an empty file is always damage.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from motorcade.domain.errors import Corrupt, Invalid, MotorcadeError, Unavailable

OLDEST_ENGINE = (3, 51, 3)
"""Engines before it can damage a WAL database when two connections write and checkpoint at the same moment."""
BUSY_TIMEOUT_MS = 5_000  # writers hold the lock for 20 ms or so; longer than this means that one of them hangs
JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024  # a burst may grow the write-ahead log; this much of it is kept afterwards
ENGINE_FAULTS = (apsw.Error, UnicodeDecodeError)
"""What a call of the engine raises; the second where damage has made a text that is none."""
Row = tuple[Any, ...]
"""A row as the engine gives it; damage may put any kind of value in any column."""
CACHE_KIB = 16 * 1024  # the working set of a fleet's states, per connection


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a database file is for.

    Attributes:
        application_id: the mark in the file's header, so that no other program's file is taken for ours.
        version: the format of its content; a newer one is refused.
        schema: the statements that make a new file's tables.
        page_bytes: page size of a new file; larger pages suit large values.
    """

    application_id: int
    version: int
    schema: str
    page_bytes: int = 4096


def require_engine(version: str) -> None:
    """Refuse an engine that may damage data.

    Raises:
        Unavailable: the engine is older than `OLDEST_ENGINE`.
    """
    if tuple(int(part) for part in version.split(".")[:3]) < OLDEST_ENGINE:
        needed = ".".join(map(str, OLDEST_ENGINE))
        raise Unavailable(
            f"the SQLite engine {version} is too old: versions before {needed} can damage a database with several "
            f"writers. Install the `apsw` wheel, which brings its own engine"
        )


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the engine's errors into ours; the cause is kept."""
    try:
        yield
    except ENGINE_FAULTS as error:
        raise translate(error, path) from error


def translate(error: apsw.Error | UnicodeDecodeError, path: Path) -> MotorcadeError:
    """Our error for one of the engine's."""
    match error:
        case apsw.FullError():
            return Unavailable(f"no space is left for {path.name}: free some space on its disk; work goes on then")
        case apsw.NotADBError():
            return Corrupt(f"{path.name} is not a database of this program. It is left as it is; restore a backup")
        case apsw.CorruptError() | UnicodeDecodeError():
            return Corrupt(f"{path.name} is damaged ({error}). It is left as it is; restore a backup")
        case apsw.SQLError():  # our statements are fixed, so it is the file's own description of its tables
            return Corrupt(
                f"{path.name} describes other tables than ours ({error}). It is left as it is; restore a backup"
            )
        case apsw.TooBigError():
            return Invalid(f"a value is larger than {path.name} can hold; nothing of its transaction was written")
        case apsw.BusyError() | apsw.LockedError():
            return Unavailable(f"{path.name} was locked by another process for {BUSY_TIMEOUT_MS / 1000:.0f} s")
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError():
            return Unavailable(f"{path.name} cannot be opened for writing: check that its folder belongs to this user")
        case _:
            return Unavailable(f"{path.name} cannot be used: {error}")


def create_database(path: Path, kind: FileKind) -> None:
    """Make the file with its tables, unless it is there. Safe when several processes do it at once.

    Raises:
        Unavailable: the folder cannot be written or is full.
    """
    if path.exists():
        return
    require_engine(apsw.sqlite_lib_version())
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with translated(path):
            connection = apsw.Connection(str(draft))
            try:
                connection.execute(f"PRAGMA page_size={kind.page_bytes}")
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                with connection:
                    connection.execute(kind.schema)
                    connection.execute(f"PRAGMA application_id={kind.application_id}")
                    connection.execute(f"PRAGMA user_version={kind.version}")
            finally:
                connection.close()
        draft.chmod(0o600)
        with contextlib.suppress(FileExistsError):  # another process was faster; its file is as good
            os.link(draft, path)
        sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be made in {path.parent.name}/: {error.strerror}") from error
    finally:
        for litter in (draft, draft.with_name(draft.name + "-wal"), draft.with_name(draft.name + "-shm")):
            litter.unlink(missing_ok=True)


def open_database(path: Path, kind: FileKind, *, query_only: bool = False) -> apsw.Connection:
    """Open a file that is there.

    Args:
        path: the file.
        kind: what it must be.
        query_only: refuse writing statements on this connection.

    Raises:
        Corrupt: it is damaged, empty or another program's; nothing of it was changed.
        Invalid: a newer version of this program wrote it.
        Unavailable: it is missing, not permitted, or the engine is too old.
    """
    require_engine(apsw.sqlite_lib_version())
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise Unavailable(f"{path.name} is not there yet") from error
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be read: {error.strerror}") from error
    if size == 0:
        raise Corrupt(f"{path.name} is empty, which this program never leaves behind. Restore a backup or move it away")
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            _prepare(connection, path, kind, query_only=query_only)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: apsw.Connection, path: Path, kind: FileKind, *, query_only: bool) -> None:
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    mark = connection.pragma("application_id")
    version = connection.pragma("user_version")
    if mark != kind.application_id:
        raise Corrupt(f"{path.name} belongs to another program. It is left as it is; choose another data folder")
    if not isinstance(version, int) or version > kind.version:
        raise Invalid(f"{path.name} has format {version}, this program reads up to {kind.version}: install a newer one")
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")  # a commit is on the disk when it returns
    connection.pragma("cache_size", -CACHE_KIB)
    connection.pragma("journal_size_limit", JOURNAL_LIMIT_BYTES)
    if query_only:
        connection.pragma("query_only", 1)


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
