"""How a room's process ends: by signal, or because the supervisor that started it is gone."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import uvloop


def run_until_stopped(room: Callable[[asyncio.Event], Coroutine[Any, Any, None]], *, supervised: bool) -> None:
    """Run a room on uvloop until SIGINT or SIGTERM, or, when supervised, until standard input closes.

    Args:
        room: gets the event that asks it to stop; it returns once it has stopped cleanly.
        supervised: whether a supervisor holds the other end of our standard input.
    """
    uvloop.run(_run(room, supervised=supervised))


async def _run(room: Callable[[asyncio.Event], Awaitable[None]], *, supervised: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    watch = asyncio.create_task(_watch_supervisor(stop)) if supervised else None
    try:
        await room(stop)
    finally:
        if watch is not None:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch


async def _watch_supervisor(stop: asyncio.Event) -> None:
    """Set `stop` when the supervisor's end of the pipe closes, however the supervisor ended."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        await reader.read()
        stop.set()
    finally:
        transport.close()
