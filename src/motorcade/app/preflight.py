"""What must be true before anything starts; each fault is one sentence with its remedy."""

import fcntl
import os
import shutil
import socket
from pathlib import Path

from motorcade.app.settings import Settings
from motorcade.domain.errors import Denied, Unavailable

MIN_FREE_BYTES = 200 * 1024 * 1024
"""Room that the stream and the store need to work at all: a day of a small fleet."""
MAX_SOCKET_PATH = 100
"""Unix socket paths end at 107 bytes on Linux; `/live.sock` is part of it."""


class FolderLock:
    """One `motorcade run` per data folder, held as long as the process lives."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            Denied: another process holds it; the message names it.
        """
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._handle)
            raise Denied(
                f"Motorcade already runs in {path.parent.parent} (process {holder}). Use it, or stop it first, or set"
                " MOTORCADE_DATA_DIR to another folder."
            ) from error
        left_by = os.pread(self._handle, 32, 0).decode("ascii", "replace").strip()
        self.left_by = left_by or None
        """The process that had the lock and never gave it back: it was killed."""
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the folder back."""
        os.ftruncate(self._handle, 0)
        os.close(self._handle)


def prepare_folders(settings: Settings) -> None:
    """Make the data folder and what belongs in it.

    Raises:
        Unavailable: not writable, no room, or its path is too long for a socket.
    """
    folder = settings.data_dir.absolute()
    if len(os.fsencode(settings.run_dir.absolute())) > MAX_SOCKET_PATH - len("/gateway.sock"):
        raise Unavailable(f"{folder} is too long a path for a socket. Set MOTORCADE_DATA_DIR to a shorter one.")
    try:
        for path in (folder, settings.run_dir, settings.tls_dir, folder / "logs"):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = settings.run_dir / f".probe-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise Unavailable(
            f"{folder} cannot be written ({error.strerror}). Make it writable for this user, or set MOTORCADE_DATA_DIR."
        ) from error
    if free < MIN_FREE_BYTES:
        raise Unavailable(
            f"{folder} has {free // 2**20} MB free and Motorcade needs {MIN_FREE_BYTES // 2**20}. Free some, or set"
            " MOTORCADE_DATA_DIR to a folder on another disk."
        )


def need_whole_folder(settings: Settings) -> None:
    """Refuse a data folder that has lost its root key or its store: to go on would be to begin anew unasked.

    A lost stream is told by `prepare_installation` and the consumer, which know how far it had been read.

    Raises:
        Unavailable: names what is missing and what can be done.
    """
    if _mark(settings).exists():  # a first start that was interrupted goes on
        return
    needed = (
        (settings.root_key_path, "nothing in it can be read"),
        (settings.store_path, "it knows no vehicle, no person and no place in the stream"),
    )
    there = [path.name for path in (*(one for one, _ in needed), settings.stream_path) if path.exists()]
    for path, without in needed:
        if there and not path.exists():
            raise Unavailable(
                f"{settings.data_dir.absolute()} holds {' and '.join(there)} but no {path.name}, without which"
                f" {without}. Put {path.name} back from the same backup, or begin anew in an empty folder"
                " (MOTORCADE_DATA_DIR)."
            )


def begin_first_start(settings: Settings) -> None:
    """Leave a mark when the folder holds nothing yet, so that an interrupted first start is not taken for a loss.

    Raises:
        Unavailable: the folder has lost something, see `need_whole_folder`.
    """
    need_whole_folder(settings)
    if not settings.root_key_path.exists():
        _mark(settings).touch(mode=0o600)


def end_first_start(settings: Settings) -> None:
    """Take the mark away: everything is there now."""
    _mark(settings).unlink(missing_ok=True)


def _mark(settings: Settings) -> Path:
    return settings.data_dir / "first-start"


def check_ports(settings: Settings, room: str | None = None) -> None:
    """Every port must be free.

    Args:
        settings: say which ports.
        room: only those of this room.

    Raises:
        Unavailable: one is taken; the message names the setting that moves it.
    """
    ports = (
        ("gateway", "VEHICLE", settings.vehicle_host, settings.vehicle_port),
        ("api", "HTTP", settings.http_host, settings.http_port),
        ("gateway", "GATEWAY_METRICS", "127.0.0.1", settings.gateway_metrics_port),
        ("consumer", "CONSUMER_METRICS", "127.0.0.1", settings.consumer_metrics_port),
        ("worker", "WORKER_METRICS", "127.0.0.1", settings.worker_metrics_port),
        ("archiver", "ARCHIVER_METRICS", "127.0.0.1", settings.archiver_metrics_port),
        ("api", "API_METRICS", "127.0.0.1", settings.api_metrics_port),
    )
    for owner, name, host, port in ports:
        if room in {None, owner}:
            _check_port(f"MOTORCADE_{name}_PORT", host, port)


def _check_port(setting: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(
                f"port {port} on {host} cannot be used ({error.strerror}). Stop what uses it, or set {setting} to a"
                " free port."
            ) from error
