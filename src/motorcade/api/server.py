"""Runs the room on a socket."""

import asyncio
import socket
from typing import Final

import uvicorn

from motorcade.api.app import create_app, live_of
from motorcade.api.connections import Connection, allow_files
from motorcade.api.deps import ApiDeps
from motorcade.domain.errors import Denied, Unavailable

GRACE_S: Final = 5
"""Open requests may finish for so long after the stop; streams are ended at its beginning."""
KEEP_ALIVE_S: Final = 65
"""Idle connections stay a little longer than proxies keep theirs (60 s), so that the proxy closes first."""
BACKLOG: Final = 2_048
MAX_HEAD_BYTES: Final = 64 * 1024
"""uvicorn's own limit of a request's head; ours have a few kB."""


class ApiServer(uvicorn.Server):
    """One running API."""

    def __init__(self, deps: ApiDeps) -> None:
        settings = deps.settings
        self._app = create_app(deps)
        super().__init__(
            uvicorn.Config(
                self._app,
                host=settings.host,
                port=settings.port,
                loop="uvloop",
                http=Connection,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,  # ours is in `edge.py`
                server_header=False,
                date_header=True,
                proxy_headers=False,  # nobody's word about the caller counts
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
                ssl_certfile=settings.cert,
                ssl_keyfile=settings.key,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first: the server waits for every open response."""
        live_of(self._app).clients.stop()
        await super().shutdown(sockets)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port


async def check_exposure(deps: ApiDeps) -> None:
    """Refuse to listen beyond loopback without a passphrase and TLS.

    Raises:
        Denied: says which of the two is missing and how to give it.
    """
    settings = deps.settings
    if not settings.beyond_loopback:
        return
    if not await deps.identity.passphrase_set():
        raise Denied(
            f"{settings.host} is reachable from other machines, but no passphrase is set; start on 127.0.0.1, sign in "
            "with the link that `motorcade open` prints, set a passphrase, then start again"
        )
    if not settings.secure or (settings.cert is None) != (settings.key is None):
        raise Denied(
            f"{settings.host} is reachable from other machines, but without TLS; give MOTORCADE_HTTP_CERT and "
            "MOTORCADE_HTTP_KEY, or MOTORCADE_PUBLIC_URL=https://... when a proxy in front ends TLS"
        )


async def serve(deps: ApiDeps, stop: asyncio.Event) -> None:
    """Serve until `stop` is set.

    Raises:
        Denied: see `check_exposure`.
        Unavailable: the address is taken, or the store does not answer.
    """
    await check_exposure(deps)
    allow_files()
    server = ApiServer(deps)
    listener = _bind(deps.settings.host, deps.settings.port)
    running = asyncio.create_task(server._serve([listener]))  # noqa: SLF001 - because `serve` would take our signal handlers
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await running
    finally:
        stopping.cancel()
        listener.close()
    if not server.started:
        raise Unavailable("the API did not start; the lines above say why")


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unavailable(f"port {port} on {host} is not free; stop what uses it or set MOTORCADE_HTTP_PORT") from error
    return listener
