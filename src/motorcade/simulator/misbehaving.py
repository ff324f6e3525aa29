"""Cars that harm a gateway which trusts them: one never reads, one sends a byte a second, one floods."""

import asyncio
from typing import Final

from picows import WSFrame, WSListener, WSTransport

from motorcade.ports.clock import Clock
from motorcade.simulator.frames import Train

FLOOD_PER_S: Final = 50_000
_FLOOD_TICK_S: Final = 0.002
_NEVER_READ_PAUSE_S: Final = 0.005


class Misbehaving(WSListener):
    """A connection whose owner does not care for the replies."""

    def __init__(self) -> None:
        """Count what comes back, no more."""
        super().__init__()
        self.writable = True
        self.replies = 0
        self.closed = asyncio.Event()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Count a reply (called by picows)."""
        del transport, frame
        self.replies += 1

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Note that the gateway had enough (called by picows)."""
        del transport
        self.closed.set()

    def pause_writing(self) -> None:
        """Stop sending (called by picows)."""
        self.writable = False

    def resume_writing(self) -> None:
        """Go on sending (called by picows)."""
        self.writable = True


async def never_read(transport: WSTransport, listener: Misbehaving, train: Train, clock: Clock) -> int:
    """Send as fast as the network takes it and never read a reply, until closed; return the messages sent."""
    wire = transport.underlying_transport
    wire.pause_reading()
    sent = 0
    while not listener.closed.is_set():
        if listener.writable:
            wire.write(train.depart(clock.now_ns()))
            sent += len(train)
        await asyncio.sleep(0 if listener.writable else _NEVER_READ_PAUSE_S)
    return sent


async def trickle(
    transport: WSTransport, listener: Misbehaving, train: Train, clock: Clock, pause_s: float = 1.0
) -> int:
    """Send a train byte by byte with a pause after each, until closed; return the bytes sent."""
    sent = 0
    while not listener.closed.is_set():
        for byte in train.depart(clock.now_ns()):
            transport.underlying_transport.write(bytes([byte]))
            sent += 1
            await asyncio.sleep(pause_s)
            if listener.closed.is_set():
                break
    return sent


async def flood(
    transport: WSTransport, listener: Misbehaving, train: Train, clock: Clock, rate_per_s: float = FLOOD_PER_S
) -> int:
    """Send at a rate no car has, reading replies but not waiting for them, until closed; return the messages sent."""
    loop = asyncio.get_running_loop()
    begin, sent = loop.time(), 0
    while not listener.closed.is_set():
        due = (loop.time() - begin) * rate_per_s
        while sent < due and listener.writable:
            transport.underlying_transport.write(train.depart(clock.now_ns()))
            sent += len(train)
        await asyncio.sleep(_FLOOD_TICK_S)
    return sent
