"""A connection that asks for nothing does not stay, and there are never more than the process can hold."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from motorcade.api import connections
from tests.unit.api.rig import Rig, events, until

SHORT_S = 0.4
"""Instead of the real limits, to see them pass."""
SOON_S = 20.0  # far longer than anything here takes, on a machine that others use too
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_WITHIN_S", SHORT_S)


@asynccontextmanager
async def connected(rig: Rig) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.deps.settings.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def lives_s(reader: asyncio.StreamReader) -> float:
    """Seconds until the server ends the connection."""
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(SOON_S):
        with contextlib.suppress(ConnectionError):
            await reader.read()
    return asyncio.get_running_loop().time() - began


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("sent", [b"", b"GE", HEAD, b"\r\n"])
async def test_a_request_that_does_not_come_ends_the_connection(rig: Rig, sent: bytes) -> None:
    async with connected(rig) as (reader, writer):
        writer.write(sent)
        assert await lives_s(reader) >= SHORT_S / 2


@pytest.mark.usefixtures("short")
async def test_bytes_one_by_one_do_not_keep_a_connection(rig: Rig) -> None:
    async with connected(rig) as (reader, writer):

        async def trickle() -> None:
            for byte in HEAD * 100:
                writer.write(bytes([byte]))
                await asyncio.sleep(SHORT_S / 10)

        task = asyncio.create_task(trickle())
        await lives_s(reader)
        assert not task.done(), "it ended while bytes still came"
        task.cancel()


@pytest.mark.usefixtures("short")
async def test_a_second_request_that_stays_half_ends_the_connection_and_an_idle_one_may_wait(rig: Rig) -> None:
    async with connected(rig) as (reader, writer):
        writer.write(HEAD + b"\r\n")
        assert b"200" in await reader.readuntil(b"\r\n")
        await asyncio.sleep(SHORT_S * 2)  # idle after an answer: browsers and proxies ask again
        writer.write(HEAD + b"\r\n")
        await reader.readuntil(b"HTTP/1.1 200")
        writer.write(HEAD)
        assert await lives_s(reader) >= SHORT_S / 2


@pytest.mark.usefixtures("short")
async def test_a_live_stream_outlasts_the_wait_for_its_request(rig: Rig) -> None:
    async with (
        rig.browser(await rig.owner()) as browser,
        browser.stream("GET", "/v1/live") as response,
    ):
        stream = events(response)
        await until(stream, "snapshot")
        await asyncio.sleep(SHORT_S * 2)
        assert await anext(stream), "a beat comes after five seconds"


async def test_an_answer_that_nobody_takes_ends_the_connection(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "TAKEN_WITHIN_S", SHORT_S)
    async with connected(rig) as (_, writer):

        async def ask_for_ever() -> None:
            while True:  # never read: answers fill the buffers of both ends
                writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
                await writer.drain()

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(ask_for_ever(), SOON_S)


async def test_connections_beyond_the_limit_are_refused_and_a_freed_place_is_taken_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 3)
    monkeypatch.setattr(connections, "REQUEST_WITHIN_S", SOON_S * 2)  # so that no silent one ends for that reason
    async with connected(rig), connected(rig):
        async with connected(rig) as (taken, writer), connected(rig) as (refused, _):
            await lives_s(refused)
            writer.write(HEAD + b"\r\n")
            assert b"200" in await taken.readuntil(b"\r\n")
        async with asyncio.timeout(SOON_S):
            while not await answered(rig):  # noqa: ASYNC110 - once the server has noticed who left
                await asyncio.sleep(0.01)


async def answered(rig: Rig) -> bool:
    async with connected(rig) as (again, writer):
        writer.write(HEAD + b"\r\n")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            return b"200" in await again.readuntil(b"\r\n")
    return False


@pytest.fixture
def file_limit() -> Iterator[tuple[int, int]]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_open_files_are_allowed_as_far_as_needed_and_bound_the_connections(file_limit: tuple[int, int]) -> None:
    _, hard = file_limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (1_024, hard))
    assert connections.most_connections() == 1_024 - connections.SPARE_FILES
    connections.allow_files()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections.MAX_CONNECTIONS + connections.SPARE_FILES
    assert soft == (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard))
