"""What every file of the store's contract needs: an adapter, and a second opening of the same store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from motorcade.ports.store import Store
from tests.contract.rigs import STORES, EmbeddedStore


@pytest.fixture(params=STORES)
def rig(request: pytest.FixtureRequest, data_dir: Path) -> EmbeddedStore:
    return STORES[request.param](data_dir)


@pytest.fixture
async def store(rig: EmbeddedStore) -> AsyncIterator[Store]:
    one = rig.open()
    yield one
    await one.close()


@pytest.fixture
async def other(rig: EmbeddedStore) -> AsyncIterator[Store]:
    """The same data through a store of its own, as another process has it."""
    one = rig.open()
    yield one
    await one.close()
