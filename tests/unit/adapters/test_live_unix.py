"""What the embedded live bus promises beyond the contract: its socket, and frames that are none."""

import asyncio
import contextlib
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorcade.adapters.embedded.live_frames import (
    LENGTH_BYTES,
    MAX_FRAME_BYTES,
    decode_frame,
    decode_length,
    encode_frame,
)
from motorcade.adapters.embedded.live_unix import UnixLivePublisher, UnixLiveSubscriber
from motorcade.domain.errors import Corrupt, Invalid, Unavailable

SOON_S = 10.0  # far longer than anything here takes, on a machine that others use too


async def test_only_the_owner_may_open_the_socket(data_dir: Path) -> None:
    publisher = UnixLivePublisher(data_dir / "live.sock")
    await publisher.start()
    assert stat.S_IMODE((data_dir / "live.sock").stat().st_mode) == 0o600
    await publisher.close()
    assert list(await asyncio.to_thread(data_dir.iterdir)) == []


async def test_a_second_publisher_is_refused_while_the_first_answers(data_dir: Path) -> None:
    first = UnixLivePublisher(data_dir / "live.sock")
    await first.start()
    with pytest.raises(Unavailable, match="another"):
        await UnixLivePublisher(data_dir / "live.sock").start()
    await first.close()


async def test_the_socket_of_a_killed_publisher_is_taken_over(data_dir: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(data_dir / "live.sock"))
    dead.close()
    publisher = UnixLivePublisher(data_dir / "live.sock")
    await publisher.start()
    publisher.publish({("o", "v"): b"1"})
    subscriber = UnixLiveSubscriber(data_dir / "live.sock")
    async with asyncio.timeout(SOON_S):
        frame = await anext(aiter(subscriber.frames()))
    assert dict(frame.values) == {("o", "v"): b"1"}
    await subscriber.close()
    await publisher.close()


async def test_a_path_that_no_socket_can_have_is_told(data_dir: Path) -> None:
    with pytest.raises(Invalid, match="shorter"):
        await UnixLivePublisher(data_dir / ("x" * 100)).start()


async def test_a_subscriber_drops_what_is_no_frame_and_connects_again(data_dir: Path) -> None:
    answers = [b"\xff\xff\xff\xff", (3).to_bytes(4, "little") + b"abc", b"\x01", b""]
    greetings = [*answers, encode_frame(("e", 1), {("o", "v"): b"1"}, [("o", "v")], snapshot=True)]

    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greetings.pop(0))
        await writer.drain()
        if not greetings:
            await reader.read()  # until the subscriber leaves
        writer.close()
        await writer.wait_closed()
        left.set()

    server = await asyncio.start_unix_server(serve, data_dir / "live.sock")
    subscriber = UnixLiveSubscriber(data_dir / "live.sock")
    async with asyncio.timeout(SOON_S):
        frame = await anext(aiter(subscriber.frames()))
    assert frame.epoch == "e"
    left.clear()
    await subscriber.close()
    async with asyncio.timeout(SOON_S):
        await left.wait()
    server.close()
    await server.wait_closed()


@given(
    values=st.dictionaries(st.tuples(st.text(), st.text()), st.binary()),
    n=st.integers(0, 2**60),
    snapshot=st.booleans(),
)
def test_any_frame_comes_back(values: dict[tuple[str, str], bytes], n: int, snapshot: bool) -> None:
    raw = encode_frame(("epoch", n), values, values, snapshot=snapshot)
    assert decode_length(raw[:LENGTH_BYTES]) == len(raw) - LENGTH_BYTES
    frame = decode_frame(raw[LENGTH_BYTES:])
    assert (frame.epoch, frame.n, frame.snapshot, dict(frame.values)) == ("epoch", n, snapshot, values)


@given(st.binary())
def test_bytes_that_are_no_frame_are_corrupt(body: bytes) -> None:
    with pytest.raises(Corrupt):
        decode_frame(body)


def test_a_frame_that_announces_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(Corrupt):
        decode_length((MAX_FRAME_BYTES + 1).to_bytes(4, "little"))


async def test_a_subscriber_that_arrives_as_the_publisher_closes_is_not_left_open(data_dir: Path) -> None:
    for turns in range(8):
        publisher = UnixLivePublisher(data_dir / "live.sock")
        await publisher.start()
        await asyncio.sleep(0.01)  # until it waits for subscribers
        with socket.socket(socket.AF_UNIX) as arriving:
            arriving.setblocking(False)
            arriving.connect(str(data_dir / "live.sock"))
            for _ in range(turns):
                await asyncio.sleep(0)
            await publisher.close()
            arriving.settimeout(5)  # far longer than closing takes
            with contextlib.suppress(ConnectionResetError):  # how the kernel says that the greeting was not read
                while arriving.recv(4096):  # the greeting, and then the end: the publisher's side is closed
                    pass
