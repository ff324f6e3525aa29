"""Fixtures that every test may ask for. What they hand out is described in tests/conditions.py."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.conditions import Proof, Scale, free_port, is_long

# Wall-clock deadlines say little on a shared machine, so none; the blob lets anyone repeat a failing example.
settings.register_profile("short", deadline=None, print_blob=True, max_examples=100)
settings.register_profile("long", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile("long" if is_long() else "short")


@pytest.fixture(scope="session")
def scale() -> Scale:
    """How much to do: `scale.n(20, 200)`."""
    return Scale(long=is_long())


@pytest.fixture
def proof() -> Proof:
    """Recorder for what this test has shown."""
    return Proof(long=is_long())


@pytest.fixture
def port() -> int:
    """A free TCP port on the loopback interface."""
    return free_port()


@pytest.fixture
def ports() -> Callable[[], int]:
    """Source of free TCP ports, for a test that starts several listeners."""
    return free_port


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data directory with a short path: a Unix socket's path may hold 107 bytes, pytest's own are longer."""
    short = Path("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="mc-", dir=short if short.is_dir() else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
