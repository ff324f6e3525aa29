"""The door's own care for sockets: none is left open in the moment it closes or gives one up."""

import asyncio
import contextlib
import socket
from pathlib import Path

from motorcade.gateway.limits import Limits
from tests.unit.gateway.rig import SOON_S, running


def arriving(port: int) -> socket.socket:
    """A connection under way; it never says a word."""
    one = socket.socket()
    one.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        one.connect(("127.0.0.1", port))
    return one


def ended(one: socket.socket) -> bool:
    """Whether the other side closes its end, rather than forgetting it open."""
    one.settimeout(SOON_S)
    try:
        return one.recv(1) == b""
    except ConnectionError:
        return True


async def test_a_car_that_arrives_as_the_door_closes_is_not_left_open(data_dir: Path) -> None:
    for turns in range(8):
        async with running(data_dir) as rig:
            await asyncio.sleep(0.01)  # until it waits for cars
            with arriving(rig.gateway.port) as car:
                for _ in range(turns):
                    await asyncio.sleep(0)
                await rig.gateway.stop()
                assert await asyncio.to_thread(ended, car), f"left open after {turns} turns of the loop"


async def test_cars_given_up_for_newer_ones_before_their_handshake_began_are_closed(data_dir: Path) -> None:
    async with running(data_dir, Limits(pending_handshakes=2, accept_burst=16)) as rig:
        with contextlib.ExitStack() as stack:
            cars = [stack.enter_context(arriving(rig.gateway.port)) for _ in range(10)]  # all taken in one turn
            for car in cars[:-2]:
                assert await asyncio.to_thread(ended, car)
            assert rig.metrics.value("motorcade_gateway_handshakes_pending") == 2
