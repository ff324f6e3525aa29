"""What every test of the worker needs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.worker.rig import Rig


@pytest.fixture
async def rig(data_dir: Path) -> AsyncIterator[Rig]:
    one = Rig(data_dir)
    await one.add_organisations("org", "other")
    yield one
    await one.close()
