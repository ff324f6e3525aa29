"""A whole gateway in the test's own event loop, and a car that does with its socket what the test says."""

import asyncio
import contextlib
import os
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tesla_protocol.telemetry import vehicle_data_pb2 as pb

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.keys_file import FileKeys, create_root_key
from motorcade.adapters.embedded.stream_reader import SqliteStream
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.domain.ids import new_id
from motorcade.domain.record import Record, Topic
from motorcade.domain.vehicle import Claim
from motorcade.gateway.connectivity import OpenConnection
from motorcade.gateway.limits import Limits
from motorcade.gateway.server import Gateway, GatewayDoors, GatewaySettings, GatewayWriter
from motorcade.observability.metrics import Metrics
from motorcade.ports.stream import BEGINNING, OnDurable, OnFailure
from motorcade.repositories.quarantine import Quarantined
from motorcade.simulator.dev_ca import client_context as simulator_context
from motorcade.simulator.dev_ca import issue_vehicle, open_vehicle_authority, write_server_credential
from motorcade.wire.batch import record_of
from motorcade.wire.tesla.envelope import Envelope, decode_envelope, encode_stream

SOON_S = 10.0  # everything is on loopback; this long only on a machine that is very busy
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def sim_vin(number: int = 1) -> str:
    return f"SIM{number:014d}"


def vehicle_data(speed: float = 44.0, vin: str = "", *, at_s: int | None = None, resend: bool = False) -> bytes:
    payload = pb.Payload(vin=vin, is_resend=resend)
    if at_s is None:
        at_s = SystemClock().now_ns() // 1_000_000_000
    if at_s:
        payload.created_at.seconds = at_s
    datum = payload.data.add()
    datum.key = pb.VehicleSpeed
    datum.value.double_value = speed
    return payload.SerializeToString()


def envelope(payload: bytes, txid: bytes = b"tx-1", topic: bytes = b"V", **names: Any) -> bytes:
    return encode_stream(Envelope(txid, topic, payload=payload, **names))


def frame(
    payload: bytes, opcode: int = BINARY, *, fin: bool = True, rsv: int = 0, announced: int | None = None
) -> bytes:
    """A client's frame; `announced` lies about its length."""
    size = len(payload) if announced is None else announced
    head = bytes(((0x80 if fin else 0) | rsv | opcode,))
    if size < 126:
        head += bytes((0x80 | size,))
    elif size < 1 << 16:
        head += bytes((0x80 | 126,)) + struct.pack(">H", size)
    else:
        head += bytes((0x80 | 127,)) + struct.pack(">Q", size)
    return head + bytes(4) + payload  # a mask of zeros is a mask


@dataclass
class Car:
    """A client's end of a vehicle connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int
    body: bytes = b""

    async def send(self, *frames: bytes) -> None:
        self.writer.write(b"".join(frames))
        await self.writer.drain()

    async def message(self, data: bytes) -> None:
        await self.send(frame(data))

    async def receive(self, timeout_s: float = SOON_S) -> tuple[int, bytes]:
        """The next frame's opcode and payload; (CLOSE, b"") where the connection ended without one."""
        try:
            async with asyncio.timeout(timeout_s):
                head = await self.reader.readexactly(2)
                size = head[1]
                if size == 126:
                    (size,) = struct.unpack(">H", await self.reader.readexactly(2))
                elif size == 127:
                    (size,) = struct.unpack(">Q", await self.reader.readexactly(8))
                return head[0] & 15, await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return CLOSE, b""

    async def reply(self, timeout_s: float = SOON_S) -> Envelope:
        opcode, data = await self.receive(timeout_s)
        assert opcode == BINARY, f"wanted a reply, got frame {opcode} {data!r}"
        return decode_envelope(data)

    async def raw_reply(self, timeout_s: float = SOON_S) -> bytes:
        opcode, data = await self.receive(timeout_s)
        assert opcode == BINARY, f"wanted a reply, got frame {opcode} {data!r}"
        return data

    async def silence(self, seconds: float) -> None:
        """Nothing comes for a while."""
        try:
            got = await self.receive(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"wanted silence, got {got}")

    async def closed(self, timeout_s: float = SOON_S) -> int:
        """Wait for the end; the close code, 0 without one."""
        while True:
            opcode, data = await self.receive(timeout_s)
            if opcode == CLOSE:
                await self.hang_up()
                return int.from_bytes(data[:2], "big")

    async def hang_up(self) -> None:
        self.writer.transport.abort()
        with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
            async with asyncio.timeout(1):
                await self.writer.wait_closed()


async def dial(
    port: int, context: ssl.SSLContext, path: str = "/", headers: Sequence[str] = (), *, upgrade: bool = True
) -> Car:
    """Connect, ask for the upgrade, read the answer's status.

    Raises:
        OSError: TLS failed (in TLS 1.3 the server's refusal comes with the first read).
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
    try:
        lines = [f"GET {path} HTTP/1.1", "Host: x", *headers]
        if upgrade:
            lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
            lines += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
        writer.write("\r\n".join((*lines, "", "")).encode())
        async with asyncio.timeout(SOON_S):
            answer = await reader.readuntil(b"\r\n\r\n")
        status = int(answer.split(b" ", 2)[1])
        car = Car(reader, writer, status)
        if status != 101:
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                car.body = await reader.read()
            await car.hang_up()
        return car
    except BaseException as error:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        if isinstance(error, asyncio.IncompleteReadError):
            raise ConnectionResetError("closed instead of an answer") from error
        raise


@dataclass
class Rig:
    """A running gateway and everything around it."""

    data_dir: Path
    gateway: Gateway
    metrics: Metrics
    claims: dict[str, Claim]
    keys: FileKeys
    quarantine: list[Quarantined] = field(default_factory=list)

    @property
    def server_ca_pem(self) -> str:
        return (self.data_dir / "tls/server-ca.pem").read_text(encoding="ascii")

    def claim(self, vin: str, valid_from_ns: int | None = None, valid_until_ns: int | None = None) -> Claim:
        claim = Claim(new_id(), new_id(), valid_from_ns, valid_until_ns)
        self.claims[vin] = claim
        return claim

    def context(self, vin: str) -> ssl.SSLContext:
        clock = SystemClock()
        credential = issue_vehicle(open_vehicle_authority(self.data_dir / "tls", clock), vin, clock)
        return simulator_context(credential, self.server_ca_pem)

    async def car(self, vin: str = sim_vin(), headers: Sequence[str] = ()) -> Car:
        """A claimed simulator car, connected."""
        if vin not in self.claims:
            self.claim(vin)
        car = await dial(self.gateway.port, self.context(vin), headers=headers)
        assert car.status == 101, f"refused with {car.status}"
        return car

    async def records(self, *, heartbeats: bool = False) -> list[Record]:
        """Everything in the stream so far, in order."""
        stream = SqliteStream(self.data_dir / "stream.db")
        found, after = [], BEGINNING
        while entries := await stream.read(0, after, 100):
            for entry in entries:
                after = entry.position
                found += [record_of(one) for one in entry.frames if heartbeats or one[4] != Topic.HEARTBEAT]
        await stream.close()
        return found

    async def reports(self) -> list[Record]:
        """What vehicles have sent: no heartbeats, no connectivity of ours."""
        return [r for r in await self.records() if r.topic is not Topic.CONNECTIVITY or not r.flags & 64]

    async def settled(self) -> None:
        """Wait until everything that came so far is durable."""
        await self.until(lambda: not self.gateway._intake.outstanding)

    def count(self, name: str, label: str | None = None) -> float:
        return self.metrics.value(f"motorcade_gateway_{name}", label)

    async def until(self, holds: Callable[[], object], timeout_s: float = SOON_S) -> None:
        async with asyncio.timeout(timeout_s):
            while not holds():  # noqa: ASYNC110 - a test may poll
                await asyncio.sleep(0.01)


class Interposed:
    """Stands between gateway and stream and passes everything on; tests override what they disturb."""

    def __init__(self, writer: SqliteStreamWriter, on_durable: OnDurable, on_failure: OnFailure) -> None:
        self.writer, self.durable, self.failure = writer, on_durable, on_failure

    def append(self, frame: bytes, receipt: object) -> None:
        self.writer.append(frame, receipt)

    @property
    def queued_bytes(self) -> int:
        return self.writer.queued_bytes

    def connection_opened(self, connection_id: bytes, source: bytes, opened_at_ns: int, epoch: str) -> None:
        self.writer.connection_opened(connection_id, source, opened_at_ns, epoch)

    def connection_closed(self, connection_id: bytes) -> None:
        self.writer.connection_closed(connection_id)

    def epoch_seen(self, epoch: str, at_ns: int) -> None:
        self.writer.epoch_seen(epoch, at_ns)

    async def open_connections(self) -> Sequence[OpenConnection]:
        return await self.writer.open_connections()

    async def close(self) -> None:
        await self.writer.close()


@contextlib.asynccontextmanager
async def running(
    data_dir: Path,
    limits: Limits | None = None,
    production_anchors: Path | None = None,
    wrap: Callable[[SqliteStreamWriter, OnDurable, OnFailure], Interposed] | None = None,
) -> AsyncIterator[Rig]:
    """A gateway on the real embedded stream.

    Args:
        data_dir: where its files lie.
        limits: other limits than the product's.
        production_anchors: a second trust anchor beside the development authority.
        wrap: puts something between gateway and stream, to delay or to fail.
    """
    clock = SystemClock()
    authority = open_vehicle_authority(data_dir / "tls", clock)
    certificate, key = write_server_credential(data_dir / "tls", ["127.0.0.1"], clock)
    create_root_key(data_dir / "root.key")
    keys = FileKeys(data_dir / "root.key")
    claims: dict[str, Claim] = {}
    kept: list[Quarantined] = []

    async def keep(items: Sequence[Quarantined]) -> None:
        kept.extend(items)

    async def open_writer(on_durable: OnDurable, on_failure: OnFailure) -> GatewayWriter:
        if wrap is None:
            return SqliteStreamWriter(data_dir / "stream.db", clock, on_durable, on_failure)
        held: list[Interposed] = []
        writer = SqliteStreamWriter(
            data_dir / "stream.db",
            clock,
            lambda receipts: held[0].durable(receipts),  # noqa: PLW0108 - it does not exist yet
            lambda receipts, error: held[0].failure(receipts, error),  # noqa: PLW0108 - the same
        )
        held.append(wrap(writer, on_durable, on_failure))
        return held[0]

    settings = GatewaySettings(
        host="127.0.0.1",
        port=0,
        certificate=certificate,
        key=key,
        run_dir=data_dir / "run",
        production_anchors=production_anchors,
        development_anchor=authority.certificate_path,
        limits=limits or Limits(),
    )
    metrics = Metrics()
    gateway = Gateway(settings, GatewayDoors(clock, keys, metrics, open_writer, claims.get, keep))
    await gateway.start()
    try:
        yield Rig(data_dir, gateway, metrics, claims, keys, kept)
    finally:
        await gateway.stop()


def rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
