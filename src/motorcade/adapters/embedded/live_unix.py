"""The live bus between processes of one machine: a Unix socket that only its owner may open.

The publisher keeps the newest value of every vehicle. A subscriber that cannot keep up is sent nothing until its socket
drains; meanwhile only the names of its changed vehicles are kept, so that it costs no more than the fleet is large and
nobody waits for it.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path
from typing import cast

from motorcade.adapters.embedded.live_frames import LENGTH_BYTES, Key, decode_frame, decode_length, encode_frame
from motorcade.domain.errors import Corrupt, Invalid, Unavailable
from motorcade.ports.live import LiveFrame

TICK_S = 0.01  # changes within it become one frame; the first after a pause goes at once
UNSENT_BYTES = 256 * 1024  # a subscriber that has more of it waiting counts as slow
MAX_SUBSCRIBERS = 64  # processes of one machine; more is a leak
RETRY_FIRST_S, RETRY_LAST_S = 0.05, 1.0  # between tries to reach the publisher
PATH_BYTES = 107  # what the kernel takes for a Unix socket


class _Subscriber(asyncio.Protocol):
    """One reader, seen from the publisher."""

    def __init__(self, publisher: "UnixLivePublisher") -> None:
        self._publisher = publisher
        self.transport: asyncio.WriteTransport | None = None
        self.missed: set[Key] | None = None  # while it is slow: what has changed since
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)  # uvloop's transports do not say so by their class
        self.transport.set_write_buffer_limits(high=UNSENT_BYTES)
        self._publisher.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.gone.set()
        self._publisher.left(self)

    def pause_writing(self) -> None:
        self.missed = set()

    def resume_writing(self) -> None:
        missed, self.missed = self.missed, None
        if missed:
            self._publisher.catch_up(self, missed)

    def leave(self) -> None:
        assert self.transport is not None
        self.transport.abort()

    def send(self, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.write(frame)


class UnixLivePublisher:
    """`LivePublisher` that serves a Unix socket.

    Args:
        path: the socket; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._epoch = secrets.token_hex(8)
        self._n = 0
        self._values: dict[Key, bytes] = {}
        self._changed: set[Key] = set()
        self._subscribers: set[_Subscriber] = set()
        self._door: socket.socket | None = None
        self._arriving: set[asyncio.Task[object]] = set()
        self._ticking = False
        self._last_tick_s = -TICK_S

    async def start(self) -> None:
        """Open the socket.

        Raises:
            Unavailable: another publisher answers there, or the socket cannot be made.
            Invalid: the path is too long for a socket.
        """
        self._door = await asyncio.to_thread(_listen, self._path)
        self._open_door(self._door)

    def publish(self, values: Mapping[Key, bytes]) -> None:
        """Replace these vehicles' values and tell subscribers with the next tick."""
        self._values.update(values)
        self._changed.update(values)
        if not self._ticking and self._changed:
            self._ticking = True
            loop = asyncio.get_running_loop()
            loop.call_later(max(0.0, self._last_tick_s + TICK_S - loop.time()), self._tick)

    async def close(self) -> None:
        """End all subscriptions. Idempotent."""
        if self._door is None:
            return
        door, self._door = self._door, None
        asyncio.get_running_loop().remove_reader(door)
        door.close()
        await asyncio.gather(*self._arriving)
        leaving = list(self._subscribers)
        for subscriber in leaving:
            subscriber.leave()
        await asyncio.gather(*(subscriber.gone.wait() for subscriber in leaving))
        self._path.unlink(missing_ok=True)

    def joined(self, subscriber: _Subscriber) -> None:
        """Greet a new subscriber with everything."""
        self._subscribers.add(subscriber)
        subscriber.send(encode_frame((self._epoch, self._n), self._values, self._values, snapshot=True))

    def left(self, subscriber: _Subscriber) -> None:
        """Forget a subscriber."""
        self._subscribers.discard(subscriber)

    def catch_up(self, subscriber: _Subscriber, missed: set[Key]) -> None:
        """Send a subscriber whose socket has drained what has changed meanwhile."""
        subscriber.send(encode_frame((self._epoch, self._n), self._values, missed, snapshot=False))

    def _open_door(self, door: socket.socket) -> None:
        if door is self._door:
            asyncio.get_running_loop().add_reader(door, self._accept, door)

    def _accept(self, door: socket.socket) -> None:
        # Neither the loop's own server nor an awaited accept: closed or cancelled while one takes a connection in, it
        # loses track of that one.
        loop = asyncio.get_running_loop()
        try:
            accepted, _ = door.accept()
        except BlockingIOError:  # whoever came has left again
            return
        except OSError:  # no descriptor is free: wait for one, the subscriber waits in the kernel's queue
            loop.remove_reader(door)
            loop.call_later(RETRY_LAST_S, self._open_door, door)
            return
        if len(self._subscribers) + len(self._arriving) >= MAX_SUBSCRIBERS:
            accepted.close()
            return
        accepted.setblocking(False)
        arriving = loop.create_task(loop.connect_accepted_socket(lambda: _Subscriber(self), accepted))
        self._arriving.add(arriving)
        arriving.add_done_callback(self._arriving.discard)

    def _tick(self) -> None:
        self._ticking = False
        self._last_tick_s = asyncio.get_running_loop().time()
        changed, self._changed = self._changed, set()
        self._n += 1
        frame: bytes | None = None  # made once for all who keep up
        for subscriber in self._subscribers:
            if subscriber.missed is not None:
                subscriber.missed |= changed
                continue
            if frame is None:
                frame = encode_frame((self._epoch, self._n), self._values, changed, snapshot=False)
            subscriber.send(frame)


class UnixLiveSubscriber:
    """`LiveSubscriber` on a publisher's Unix socket; one iteration at a time.

    Args:
        path: the socket; it may come later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None
        self._closed = asyncio.Event()

    async def frames(self) -> AsyncIterator[LiveFrame]:
        """Frames until `close`; reconnects by itself."""
        wait_s = RETRY_FIRST_S
        while not self._closed.is_set():
            async with contextlib.aclosing(self._connection()) as connection:
                async for frame in connection:
                    wait_s = RETRY_FIRST_S
                    yield frame
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), wait_s)
            wait_s = min(wait_s * 2, RETRY_LAST_S)

    @property
    def connected(self) -> bool:
        """Whether the publisher is reachable now."""
        return self._writer is not None

    async def close(self) -> None:
        """End the iteration. Idempotent."""
        self._closed.set()
        if self._writer is not None:
            await _end(self._writer)

    async def _connection(self) -> AsyncGenerator[LiveFrame, None]:
        """Frames of one connection until it ends, for whatever reason."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._path)
        except OSError:
            return
        try:
            self._writer = writer
            while not self._closed.is_set():
                length = decode_length(await reader.readexactly(LENGTH_BYTES))
                yield decode_frame(await reader.readexactly(length))
        except (OSError, asyncio.IncompleteReadError, Corrupt):
            return
        finally:
            self._writer = None
            await _end(writer)


async def _end(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()  # what is in flight is worth nothing any more
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _listen(path: Path) -> socket.socket:
    """A listening socket at a path, with mode 0600 from its first moment there."""
    draft = path.with_name(f".{secrets.token_hex(4)}")
    if len(os.fsencode(path)) > PATH_BYTES:
        raise Invalid(f"the path of {path.name} has more than {PATH_BYTES} bytes: choose a shorter data folder")
    if _answers(path):
        raise Unavailable("another consumer already serves the live bus; stop it first")
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(os.fspath(draft))
        draft.chmod(0o600)
        listening.listen()
        listening.setblocking(False)
        draft.replace(path)  # a socket that nobody answers at is litter of a process that was killed
    except OSError as error:
        listening.close()
        draft.unlink(missing_ok=True)
        raise Unavailable(f"{path.name} cannot be made: {error.strerror}") from error
    return listening


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except OSError:
            return False
    return True
