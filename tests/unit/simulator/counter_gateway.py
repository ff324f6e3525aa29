"""A gateway for the simulator's own tests: real TLS, real WebSocket, the real envelope; it stores nothing."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server
from tesla_protocol.telemetry import vehicle_data_pb2 as pb

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.simulator.dev_ca import open_server_authority, open_vehicle_authority, write_server_credential
from motorcade.simulator.link import Gateway
from motorcade.wire.tesla.envelope import Envelope, decode_envelope, encode_ack, encode_error

_SOON_S = 10.0  # everything here happens on loopback; this long only on a machine that is very busy


@dataclass
class CounterGateway:
    """What arrived, and how to answer."""

    gateway: Gateway
    tls_dir: Path
    acknowledge: bool = True
    acknowledge_twice: bool = False
    refuse: bool = False
    received: list[Envelope] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    alpn: list[str | None] = field(default_factory=list)
    sockets: set[WSTransport] = field(default_factory=set)

    def payloads(self) -> list[pb.Payload]:
        return [pb.Payload.FromString(envelope.payload) for envelope in self.received]

    def drop_all(self) -> None:
        for transport in list(self.sockets):
            transport.disconnect(graceful=False)


class _Listener(WSListener):
    def __init__(self, counter: CounterGateway) -> None:
        super().__init__()
        self._counter = counter

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._counter.sockets.add(transport)
        tls = transport.underlying_transport.get_extra_info("ssl_object")
        self._counter.alpn.append(tls.selected_alpn_protocol())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._counter.sockets.discard(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()
            return
        envelope = decode_envelope(frame.get_payload_as_bytes())
        self._counter.received.append(envelope)
        if self._counter.refuse:
            transport.send(WSMsgType.BINARY, encode_error(envelope.txid))
        elif self._counter.acknowledge:
            for _ in range(1 + self._counter.acknowledge_twice):
                transport.send(WSMsgType.BINARY, encode_ack(envelope.txid, envelope.topic))


@asynccontextmanager
async def counter_gateway(data_dir: Path, port: int) -> AsyncIterator[CounterGateway]:
    """Listen on loopback with certificates of the data directory's own authorities."""
    clock, tls_dir = SystemClock(), data_dir / "tls"
    certificate, key = write_server_credential(tls_dir, ["localhost", "127.0.0.1"], clock)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(open_vehicle_authority(tls_dir, clock).certificate_path)
    context.set_alpn_protocols(["h2", "http/1.1"])
    ca_pem = open_server_authority(tls_dir, clock).certificate_path.read_text()
    counter = CounterGateway(Gateway("127.0.0.1", port, ca_pem), tls_dir)

    def listener(request: WSUpgradeRequest) -> WSListener:
        counter.headers.append(dict(request.headers))
        return _Listener(counter)

    server = await ws_create_server(listener, "127.0.0.1", port, ssl=context)
    try:
        yield counter
    finally:
        counter.drop_all()
        server.close()
        await asyncio.wait_for(server.wait_closed(), 20)  # a listener on loopback closes at once


async def until(condition: Callable[[], bool], tick: Callable[[], None] | None = None) -> None:
    """Wait for something that happens soon, doing `tick` every 10 ms; fail when it does not happen."""
    async with asyncio.timeout(_SOON_S):
        while not condition():
            if tick is not None:
                tick()
            await asyncio.sleep(0.01)
