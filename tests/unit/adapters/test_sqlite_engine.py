"""Opening database files."""

import stat
from pathlib import Path

import apsw
import pytest

from motorcade.adapters.embedded.sqlite_engine import (
    FileKind,
    create_database,
    open_database,
    require_engine,
    translate,
)
from motorcade.domain.errors import Corrupt, Unavailable

KIND = FileKind(application_id=7, version=1, schema="CREATE TABLE t(a)")


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.9.9", "2.99.0"])
def test_an_engine_that_may_damage_data_is_refused(version: str) -> None:
    with pytest.raises(Unavailable, match=r"too old.*3\.51\.3"):
        require_engine(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "4.0.0", apsw.sqlite_lib_version()])
def test_a_sound_engine_is_taken(version: str) -> None:
    require_engine(version)


def test_a_new_file_is_whole_private_durable_and_alone(data_dir: Path) -> None:
    path = data_dir / "x.db"
    create_database(path, KIND)
    assert [entry.name for entry in data_dir.iterdir()] == ["x.db"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    connection = open_database(path, KIND)
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2  # FULL
    connection.execute("INSERT INTO t VALUES(1)")
    connection.close()


def test_making_a_file_that_is_there_changes_nothing(data_dir: Path) -> None:
    path = data_dir / "x.db"
    path.write_bytes(b"something else")
    create_database(path, KIND)
    assert path.read_bytes() == b"something else"


def test_a_folder_that_is_not_there_is_told(data_dir: Path) -> None:
    with pytest.raises(Unavailable):
        create_database(data_dir / "nowhere" / "x.db", KIND)


def test_a_reading_connection_cannot_write(data_dir: Path) -> None:
    create_database(data_dir / "x.db", KIND)
    connection = open_database(data_dir / "x.db", KIND, query_only=True)
    with pytest.raises(apsw.ReadOnlyError):
        connection.execute("INSERT INTO t VALUES(1)")
    connection.close()


@pytest.mark.parametrize(
    ("vendor", "ours", "words"),
    [
        (apsw.FullError("x"), Unavailable, "space"),
        (apsw.NotADBError("x"), Corrupt, "backup"),
        (apsw.CorruptError("x"), Corrupt, "backup"),
        (apsw.BusyError("x"), Unavailable, "locked"),
        (apsw.ReadOnlyError("x"), Unavailable, "folder"),
        (apsw.CantOpenError("x"), Unavailable, "folder"),
        (apsw.IOError("x"), Unavailable, "cannot be used"),
    ],
)
def test_every_error_of_the_engine_becomes_ours_and_says_what_to_do(
    vendor: apsw.Error, ours: type[Exception], words: str
) -> None:
    told = translate(vendor, Path("/somewhere/x.db"))
    assert type(told) is ours
    assert words in str(told)
    assert "/somewhere" not in str(told)
