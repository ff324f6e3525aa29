"""The response of a live stream: writes pieces until the client, the server or the session ends it."""

import asyncio
from collections.abc import Iterable
from typing import Final

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from motorcade.api import live_frames
from motorcade.api.fleet_live import FleetLive
from motorcade.api.live_clients import Client

HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy in front must not collect frames
]


class LiveResponse(ASGIResponse):
    """Runs one client's stream."""

    def __init__(self, live: FleetLive, client: Client, resume: tuple[str, int] | None) -> None:
        super().__init__(media_type="text/event-stream", status_code=200)
        self._live, self._client, self._resume = live, client, resume

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Stream until the end."""
        client, clock = self._client, self._live.clock
        gone = asyncio.create_task(_closes_when_gone(client, receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await self._write(send, live_frames.first(clock, client, self._resume))
            while not client.closing:
                await self._write(send, live_frames.news(clock, client))
                client.wake.clear()
                if not client.closing:
                    await client.wake.wait()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self._live.end(client)

    async def _write(self, send: Send, pieces: Iterable[bytes]) -> None:
        """Hand pieces to the connection; waits while its buffer is full (then the ticker may cut it)."""
        client, clock, frames = self._client, self._live.clock, self._live.clients.frames
        for count, piece in enumerate(pieces):
            if client.closing:
                return
            if count:
                await asyncio.sleep(0)  # others first: a large frame must not hold the loop
            client.writing_since_ns = clock.monotonic_ns()
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            client.written_ns = clock.monotonic_ns()
            client.writing_since_ns = 0
            frames.n += 1


async def _closes_when_gone(client: Client, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    client.close()
