"""A running API for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.api.rig import Rig, running


@pytest.fixture
async def rig(data_dir: Path) -> AsyncIterator[Rig]:
    """The room on loopback."""
    async with running(data_dir) as started:
        yield started
