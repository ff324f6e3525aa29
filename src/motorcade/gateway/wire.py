"""The socket under a session: write, stop reading, read on."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol


class Wire(Protocol):
    """What a session needs of its socket."""

    @property
    def write(self) -> Callable[[bytes], object]:
        """Send bytes after those already handed over."""
        ...

    def pause_reading(self) -> None:
        """Take nothing more."""
        ...

    def resume_reading(self) -> None:
        """Read on."""
        ...


class NoWire:
    """The socket of a connection that has ended: nobody is there."""

    def write(self, data: bytes) -> None:
        """Send nothing."""

    def pause_reading(self) -> None:
        """Nothing comes anyway."""

    def resume_reading(self) -> None:
        """Nothing will come."""


class SocketWire:
    """A TLS transport, with reading resumed in a way that its library survives.

    aiofastnet 1.2 keeps received TLS bytes in a buffer of fixed size. Where reading was paused with that buffer full,
    its `resume_reading` goes to the socket first, finds no room, and gives the connection up. So the buffer is emptied
    before, in the same turn of the loop; a test with paused floods fails without it.
    """

    __slots__ = ("_resuming", "_transport", "write")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._resuming = False
        self.write = transport.write
        """Send bytes after those already handed over."""

    def pause_reading(self) -> None:
        """Take nothing more from the kernel; frames already read still come."""
        self._resuming = False
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on, from the next turn of the loop: frames that wait must not arrive inside the caller's loop."""
        if not self._resuming:
            self._resuming = True
            asyncio.get_running_loop().call_soon(self._resume)

    def _resume(self) -> None:
        if not self._resuming:
            return  # paused again meanwhile
        self._resuming = False
        transport = self._transport
        transport.resume_reading()
        empty_buffer = getattr(transport, "_retry_ssl_read", None)  # other TLS libraries need no such help
        if empty_buffer is not None:
            empty_buffer()
