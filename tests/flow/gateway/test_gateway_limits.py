"""Hostile and broken senders: each meets a limit, and none of them costs memory."""

import asyncio
import contextlib
import socket
import time
from pathlib import Path

import pytest

from motorcade.gateway.limits import Limits
from tests.unit.gateway.rig import (
    SOON_S,
    TEXT,
    Car,
    dial,
    envelope,
    frame,
    rss_bytes,
    running,
    sim_vin,
    vehicle_data,
)

MB = 1024 * 1024
QUICK = Limits(ping_after_s=0.2, idle_s=0.8, sweep_s=0.05, sweep_slices=1)


async def pour(car: Car, piece: bytes, total: int) -> int:
    """Send until closed or all is gone; gives how many bytes the gateway's side took."""
    sent = 0
    with contextlib.suppress(ConnectionError, OSError):
        while sent < total:
            await car.send(piece)
            sent += len(piece)
    return sent


@pytest.mark.parametrize("announced", [1_000_001, 1 << 30, 1 << 62])
async def test_a_frame_that_announces_more_than_the_limit_closes_its_connection_unbuffered(
    data_dir: Path, announced: int
) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        before = rss_bytes()
        await car.send(frame(b"", announced=announced))
        pouring = asyncio.create_task(pour(car, bytes(MB), 200 * MB))
        assert await car.closed() in {1009, 0}
        await pouring
        assert rss_bytes() - before < 8 * MB  # the client's own buffers are in this process too
        await rig.until(lambda: rig.count("closed_total", "too_big") == 1)


async def test_a_million_tiny_fragments_are_slowed_and_never_kept(data_dir: Path) -> None:
    async with running(data_dir, Limits(rate_per_s=1e9, rate_burst=10**9)) as rig:
        car = await rig.car()
        before = rss_bytes()
        await car.send(frame(b"x", fin=False))
        piece = frame(b"x", 0, fin=False) * 10_000
        for _ in range(100):
            await car.send(piece)
        await car.send(frame(b"", 0))
        assert (await car.reply(60)).txid == b""  # over the limit by one byte, so an error
        assert rss_bytes() - before < 16 * MB
        await car.hang_up()


async def test_text_and_broken_frames_close_their_connection(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        for broken, code in (
            (frame(b"hello", TEXT), 1003),
            (frame(b"x", rsv=0x40), 1002),
            (frame(b"x", 0), 1002),
            (frame(b"a", fin=False) + frame(b"b"), 1002),
            (b"\x82\x01x", 1002),
            (frame(b"x", 3), 1002),
        ):
            car = await rig.car()
            await car.send(broken)
            assert await car.closed() == code
        car = await rig.car()
        await car.message(envelope(vehicle_data()))
        await car.reply()
        await car.hang_up()


async def test_a_silent_vehicle_is_asked_and_one_that_answers_stays(data_dir: Path) -> None:
    async with running(data_dir, QUICK) as rig:
        silent, alive = await rig.car(sim_vin(1)), await rig.car(sim_vin(2))
        ended = asyncio.create_task(silent.closed())
        for _ in range(6):
            opcode, data = await alive.receive()
            assert opcode == 9
            await alive.send(frame(data, 10))
        await ended
        assert rig.count("closed_total", "silent") == 1
        assert rig.gateway.open_connections == 1
        await alive.hang_up()


async def test_a_byte_a_second_does_not_keep_a_connection_open(data_dir: Path) -> None:
    async with running(data_dir, QUICK) as rig:
        car = await rig.car()
        ended = asyncio.create_task(car.closed())
        with contextlib.suppress(ConnectionError):
            for byte in frame(envelope(vehicle_data()))[:60]:
                await car.send(bytes((byte,)))
                await asyncio.sleep(0.05)
        await ended
        assert rig.count("closed_total", "silent") == 1
        assert await rig.reports() == []


async def test_a_message_in_endless_fragments_ends(data_dir: Path) -> None:
    async with running(data_dir, QUICK) as rig:
        car = await rig.car()
        ended = asyncio.create_task(car.closed())
        with contextlib.suppress(ConnectionError):
            await car.send(frame(b"x", fin=False))
            for _ in range(60):
                await car.send(frame(b"x", 0, fin=False), frame(b"alive", 9))
                await asyncio.sleep(0.05)
        await ended
        assert rig.count("closed_total", "slow_message") == 1


async def test_handshakes_that_stall_are_given_up(data_dir: Path) -> None:
    async with running(data_dir, Limits(tls_handshake_s=0.3, http_handshake_s=0.3)) as rig:
        rig.claim(sim_vin())
        reader, writer = await asyncio.open_connection("127.0.0.1", rig.gateway.port)
        assert await asyncio.wait_for(reader.read(), SOON_S) == b""
        writer.close()
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", rig.gateway.port, ssl=rig.context(sim_vin()), server_hostname="127.0.0.1"
        )
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await asyncio.wait_for(reader.read(), SOON_S) == b""
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        assert rig.count("tls_failures_total") == 1


async def test_a_crowd_of_stalled_handshakes_does_not_keep_a_vehicle_out(data_dir: Path) -> None:
    async with running(data_dir, Limits(pending_handshakes=8)) as rig:
        crowd = contextlib.ExitStack()
        for _ in range(40):
            crowd.enter_context(socket.create_connection(("127.0.0.1", rig.gateway.port)))
        await rig.until(lambda: rig.metrics.value("motorcade_gateway_handshakes_pending") >= 8)
        car = await rig.car()
        await car.message(envelope(vehicle_data()))
        await car.reply()
        assert rig.metrics.value("motorcade_gateway_handshakes_pending") <= 9
        await car.hang_up()
        crowd.close()


async def test_a_full_house_answers_503_and_lets_in_again_when_somebody_leaves(data_dir: Path) -> None:
    async with running(data_dir, Limits(max_connections=2)) as rig:
        for number in (1, 2, 3):
            rig.claim(sim_vin(number))
        first, second = await rig.car(sim_vin(1)), await rig.car(sim_vin(2))
        assert (await dial(rig.gateway.port, rig.context(sim_vin(3)))).status == 503
        await first.hang_up()
        await rig.until(lambda: rig.gateway.open_connections == 1)
        third = await rig.car(sim_vin(3))
        await second.hang_up()
        await third.hang_up()


async def test_a_vehicle_s_oldest_socket_makes_room_for_its_newest(data_dir: Path) -> None:
    async with running(data_dir, Limits(sockets_per_vehicle=2)) as rig:
        cars = [await rig.car() for _ in range(3)]
        assert await cars[0].closed() == 1008
        for car in cars[1:]:
            await car.message(envelope(vehicle_data()))
            await car.reply()
            await car.hang_up()


async def test_a_flood_is_slowed_to_its_share_and_every_record_of_it_is_stored(data_dir: Path) -> None:
    async with running(data_dir, Limits(rate_per_s=1_000, rate_burst=100)) as rig:
        car = await rig.car()
        messages = [frame(envelope(vehicle_data(), b"%06d" % number)) for number in range(1_600)]
        began = time.perf_counter()
        pouring = asyncio.create_task(car.send(*messages))
        names = [(await car.reply(30)).txid for _ in messages]
        seconds = time.perf_counter() - began
        await pouring
        assert names == [b"%06d" % number for number in range(1_600)]
        assert seconds > 1.2, f"1,600 records at 1,000 a second took {seconds:.2f} s"
        assert len(await rig.reports()) == 1_600
        assert rig.count("paused_total", "rate") > 0
        await car.hang_up()


async def test_a_vehicle_that_never_reads_is_paused_then_closed(data_dir: Path) -> None:
    limits = Limits(rate_per_s=1e9, rate_burst=10**9, write_blocked_s=0.5, sweep_s=0.1, sweep_slices=1)
    async with running(data_dir, limits) as rig:
        car = await rig.car()
        car.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport reads and writes
        message = frame(envelope(b"", b"t" * 900, b"metrics", message_id=b""))
        sent = await pour(car, message * 200, 400 * MB)
        assert sent < 400 * MB
        await rig.until(lambda: rig.count("closed_total", "never_reads") == 1)
        assert rig.count("paused_total", "write") == 1
        await car.hang_up()
