"""Tries of passphrases are counted so that guessing is useless and nobody is locked out by somebody else's guessing."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.errors import Throttled
from motorcade.domain.tenant import SystemScope
from motorcade.repositories.credentials import ACCOUNT, CALLER, CredentialsRepository
from motorcade.repositories.tables import ALL


@pytest.fixture
async def credentials(data_dir: Path) -> AsyncIterator[CredentialsRepository]:
    store = SqliteStore(data_dir / "store.db", SystemClock(), ALL)
    yield CredentialsRepository(SystemScope("test"), store)
    await store.close()


@pytest.fixture
def now_s() -> int:
    """Now: the store forgets what is long past."""
    return SystemClock().now_ns() // 1_000_000_000


async def attack(credentials: CredentialsRepository, now_s: int) -> int:
    """Use up the account's free tries from many addresses; gives the second after."""
    for number in range(ACCOUNT.free):
        await credentials.count_try("owner", f"10.0.0.{number}", now_s)
    return now_s + 1


async def test_a_try_that_was_not_judged_does_not_count_for_its_address(
    credentials: CredentialsRepository, now_s: int
) -> None:
    now_s = await attack(credentials, now_s)
    waits = []
    for second in range(CALLER.free * 4):
        with contextlib.suppress(Throttled):
            await credentials.count_try("owner", f"10.9.0.{second}", now_s + second)  # takes the account's turn
        with pytest.raises(Throttled) as refused:
            await credentials.count_try("owner", "127.0.0.1", now_s + second)
        waits.append(refused.value.retry_after_s)
    assert set(waits) == {1}, "the account's turn, not a wait of one's own that grows"
    await credentials.count_try("owner", "127.0.0.1", now_s + len(waits) + 1)


async def test_a_try_that_its_address_may_not_make_does_not_count_for_the_account(
    credentials: CredentialsRepository, now_s: int
) -> None:
    for _ in range(CALLER.free):
        await credentials.count_try("owner", "10.0.0.1", now_s)
    for _ in range(ACCOUNT.free * 2):
        with pytest.raises(Throttled):
            await credentials.count_try("owner", "10.0.0.1", now_s)
    for number in range(ACCOUNT.free - CALLER.free):
        await credentials.count_try("owner", f"10.1.0.{number}", now_s)
