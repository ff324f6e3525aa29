"""A process dies exactly where and when it was armed to, and nowhere else."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from motorcade.observability.crash_points import arm, crashpoint

PROGRAM = """
from motorcade.observability.crash_points import arm, crashpoint
arm({spec!r})
for n in range(1, 4):
    crashpoint("room.first")
    print("first", n, flush=True)
    crashpoint("room.second")
    crashpoint("roomier.second")
"""


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


@pytest.mark.parametrize(
    ("spec", "printed"),
    [("room.first:1", 0), ("room.first:3", 2), ("room.second:2", 2), ("room.*:2", 1), ("room.*:3", 1)],
)
def test_the_process_is_killed_at_the_given_hit_of_the_name(spec: str, printed: int) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(spec=spec)], capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(done.stdout.splitlines()) == printed


@pytest.mark.parametrize("spec", ["", "other.name:1", "room.*:9", "room.first:4", "roo.*:1"])
def test_what_is_not_armed_is_passed(spec: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(spec=spec)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_an_unarmed_process_passes_everything() -> None:
    crashpoint("room.first")


@pytest.mark.parametrize("spec", ["room.first", "room.first:0", ":3", "*:3", "Room:1", "room.first:1 "])
def test_another_form_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="crash point"):
        arm(spec)
