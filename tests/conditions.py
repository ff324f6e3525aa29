"""What a test may ask of its surroundings: how much to do, what must be installed, where proofs are kept."""

import atexit
import contextlib
import fcntl
import functools
import itertools
import json
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
ARTEFACTS = ROOT / "test-artefacts"
PROOFS = ARTEFACTS / "proof"
# Recorded streams and public certificates that are read where they lie and never copied into the repository.
SHARED_DATA = ROOT.parent / "shared" / "data"


def is_ci() -> bool:
    """Tell whether this run decides about a change; then nothing may be skipped for want of a tool."""
    return os.environ.get("CI", "") not in {"", "0", "false"}  # noqa: TID251 - the runner's own mark, not a setting


def is_long() -> bool:
    """Tell whether the full counts were asked for (`make test-long`)."""
    scale = os.environ.get("MOTORCADE_TEST_SCALE", "short")  # noqa: TID251 - a switch of the tests, not of the product
    if scale not in {"short", "long"}:
        raise pytest.UsageError(f"MOTORCADE_TEST_SCALE is {scale!r}; it must be `short` or `long`")
    return scale == "long"


@dataclass(frozen=True)
class Scale:
    """How often a test repeats itself: enough for every commit, or the count that the promise names."""

    long: bool

    def n(self, short: int, long: int) -> int:
        """Choose between the count of `make test` and that of `make test-long`."""
        return long if self.long else short


def unavailable(reason: str) -> NoReturn:
    """Skip on a laptop, fail in CI: there the set-up has to install what tests need."""
    if is_ci():
        pytest.fail(f"in CI this must not be missing: {reason}", pytrace=False)
    pytest.skip(reason)


def needs(tool: str) -> str:
    """Return the path of a program that the test starts; without it, skip (laptop) or fail (CI)."""
    found = shutil.which(tool)
    if found is None:
        unavailable(f"the program `{tool}` is not installed")
    return found


def shared_data(name: str) -> Path:
    """Return a file or folder of the recorded data beside the repository; skip (laptop) or fail (CI) without it."""
    place = SHARED_DATA / name
    if not place.exists():
        unavailable(f"the recorded data `{name}` is not beside this repository (../shared/data)")
    return place


PORT_BLOCKS = [range(start, start + 200) for start in range(20_000, 32_000, 200)]
"""Below what systems give to outgoing connections (Linux: from 32,768), which could take a port in the last moment."""


@functools.cache
def _own_ports() -> Iterator[int]:
    """A block of ports that no other test run on this machine is given while this process lives, over and over."""
    folder = Path(tempfile.gettempdir(), f"mc-ports-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    for block in PORT_BLOCKS:
        held = (folder / str(block.start)).open("w", encoding="ascii")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.close()
            continue
        atexit.register(held.close)  # and with it the lock
        return itertools.cycle(block)
    raise AssertionError(f"{len(PORT_BLOCKS)} test runs have taken all ports; end some")


def free_port() -> int:
    """Return a TCP port on the loopback interface that nobody listens on, and that nobody else will take."""
    for port in itertools.islice(_own_ports(), len(PORT_BLOCKS[0])):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port of this test run is free")


@dataclass
class Proof:
    """Keeps what a test has shown, for the summary in docs/reference/proof.md.

    A test calls it once, after its last assertion: `proof("kill-and-restart", count=200, result="0 records missing")`.
    """

    long: bool
    folder: Path = PROOFS
    began: float = field(default_factory=time.perf_counter)

    def __call__(self, name: str, *, count: int, result: str) -> None:
        """Write the proof down.

        Args:
            name: what was shown, as lower-case words joined by dashes.
            count: how many trials stand behind it.
            result: the outcome as a short phrase with its numbers and units.
        """
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name), "a proof is named in lower-case words joined by dashes"
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {
            "name": name,
            "count": count,
            "result": result,
            "seconds": round(time.perf_counter() - self.began, 1),
            "scale": "long" if self.long else "short",
        }
        (self.folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
