"""Connections of people and programs: how many there may be, and how long one may stay without asking for anything."""

import asyncio
import resource
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from motorcade.observability.logs import get_logger

REQUEST_WITHIN_S: Final = 10.0
"""From a connection's beginning, or a later request's first byte, to the end of the request's head. Browsers open spare
connections and keep them silent; they open another one when they need it."""
TAKEN_WITHIN_S: Final = 300.0
"""A reader that leaves an answer lying for so long is gone. The base map (3 MB) gets through at 10 kB a second; live
streams are cut much earlier."""
MAX_CONNECTIONS: Final = 4_096
"""Twice the live streams that are allowed: each browser has a stream and asks for files and answers beside it."""
SPARE_FILES: Final = 128
"""Open files beside the connections: the store, the stream, the live bus, metrics and logs."""

_log = get_logger("motorcade.api.connections")


class Connection(HttpToolsProtocol):
    """One connection. Requests find `abort` in their state: closing waits for a reader that never reads."""

    _due: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take it in, or refuse it when there are too many."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}
        if len(self.connections) > most_connections():
            _log.warning("connection_refused", open=len(self.connections) - 1, reason="too many")
            transport.abort()
            return
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Bytes came: a request begins when none is under way."""
        if self._idle and self._due is None:
            self._expect_request()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The request has come."""
        _cancel(self._due)
        self._due = None
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """The reader does not keep up."""
        super().pause_writing()
        _cancel(self._stalled)
        self._stalled = self.loop.call_later(TAKEN_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader took something."""
        _cancel(self._stalled)
        self._stalled = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        _cancel(self._due)
        _cancel(self._stalled)
        super().connection_lost(exc)

    @property
    def _idle(self) -> bool:
        """Whether no request is being answered."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first, whatever its annotation says
        return cycle is None or cycle.response_complete

    def _expect_request(self) -> None:
        self._due = self.loop.call_later(REQUEST_WITHIN_S, self.transport.abort)


def allow_files() -> None:
    """Raise this process's limit of open files as far as needed and allowed; say where that is too little."""
    wanted = MAX_CONNECTIONS + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and allowed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if most_connections() < MAX_CONNECTIONS:
        _log.warning("few_open_files_allowed", connections=most_connections(), wanted=wanted, remedy="raise ulimit -n")


def most_connections() -> int:
    """How many connections this process takes: no more than it may open files, or it could not even refuse one."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, soft - SPARE_FILES))


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
