"""The machine that a bench runs on: its facts, and what a process of it has used."""

import importlib.metadata
import os
import platform
import resource
import sqlite3
import ssl
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LIBRARIES = ("picows", "uvloop", "apsw", "zstandard", "protobuf", "msgspec", "litestar", "uvicorn", "cryptography")


def facts() -> dict[str, Any]:
    """What numbers depend on; the load average tells how far wall-clock ones can be trusted."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "sqlite": apsw.sqlite_lib_version() or sqlite3.sqlite_version,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
    }


def load_average() -> list[float]:
    """Runnable processes over 1, 5 and 15 minutes; whatever of it is not ours stretches wall-clock times."""
    return [round(value, 2) for value in os.getloadavg()]


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used, all threads, in steps of 10 ms."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS_PER_S


def rss_mb(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def pin(pid: int, cores: Sequence[int]) -> None:
    """Keep a process on some cores: all its threads, affinity is a thread's."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), set(cores))


class Neighbours:
    """How many cores others use while a bench runs: all that was busy, less what this process and its children used."""

    def __init__(self) -> None:
        self._busy_s, self._ours_s, self._at_s = _busy_s(), _ours_s(), time.perf_counter()

    def cores(self) -> float:
        """The mean since the beginning; 0.0 on a machine of our own."""
        others_s = (_busy_s() - self._busy_s) - (_ours_s() - self._ours_s)
        return round(max(0.0, others_s / (time.perf_counter() - self._at_s)), 2)


def raise_open_files() -> int:
    """Allow as many open files as the machine gives, and tell how many those are."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _busy_s() -> float:
    user, nice, system, _, _, irq, soft, steal = map(
        int, Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + soft + steal) / TICKS_PER_S


def _ours_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
