"""The response of a live stream: writes pieces until the client, the server or the session ends it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from motorcade.api import live_frames
from motorcade.api.live_clients import Client
from motorcade.ports.clock import Clock

HEADERS: Final = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy in front must not collect frames
]


class LiveResponse(ASGIResponse):
    """Runs one client's stream; `on_end` is called once, however it ends."""

    def __init__(
        self,
        clock: Clock,
        client: Client,
        resume: tuple[str, int] | None,
        on_end: Callable[[], None],
    ) -> None:
        super().__init__(media_type="text/event-stream", status_code=200)
        self._clock, self._client = clock, client
        self._resume, self._on_end = resume, on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Stream until the end."""
        client = self._client
        gone = asyncio.create_task(_closes_when_gone(client, receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await self._write(send, live_frames.first(self._clock, client, self._resume))
            while not client.closing:
                await self._write(send, live_frames.news(self._clock, client))
                client.wake.clear()
                if not client.closing:
                    await client.wake.wait()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self._on_end()

    async def _write(self, send: Send, pieces: Iterable[bytes]) -> None:
        """Hand pieces to the connection; waits while its buffer is full (then the ticker may cut it)."""
        client, clock = self._client, self._clock
        for count, piece in enumerate(pieces):
            if client.closing:
                return
            if count:
                await asyncio.sleep(0)  # others first: a large frame must not hold the loop
            client.writing_since_ns = clock.monotonic_ns()
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            client.written_ns = clock.monotonic_ns()
            client.writing_since_ns = 0


async def _closes_when_gone(client: Client, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    client.close()
