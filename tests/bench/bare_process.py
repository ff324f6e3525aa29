"""The least that a gateway could do: mutual TLS and WebSockets, and an acknowledgement at once, without storing.

    python -m tests.bench.bare_process DATA_DIR PORT

What our gateway costs is compared with this, in the same run, so that the machine's mood cancels out. It speaks to the
bench as `gateway_process` does. Of a connection's first message it learns where its transaction id stands; those of a
load client stand always at the same place.
"""

import asyncio
import json
import resource
import ssl
import sys
from pathlib import Path

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.simulator.dev_ca import open_vehicle_authority, write_server_credential
from motorcade.wire.tesla.envelope import decode_envelope, encode_ack


class Echo(WSListener):
    """One connection."""

    connections = 0
    acked = 0

    def __init__(self) -> None:
        super().__init__()
        self._at = self._end = 0
        self._before = self._after = b""

    def on_ws_connected(self, transport: WSTransport) -> None:
        Echo.connections += 1

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        Echo.connections -= 1

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.BINARY:
            return
        message = frame.get_payload_as_bytes()
        if not self._end:
            self._learn(message)
        Echo.acked += 1
        transport.send(WSMsgType.BINARY, self._before + message[self._at : self._end] + self._after)

    def _learn(self, message: bytes) -> None:
        txid = bytes(decode_envelope(message).txid)
        self._at = message.index(txid)
        self._end = self._at + len(txid)
        ack = encode_ack(txid, b"V")
        self._before, self._after = ack[: ack.index(txid)], ack[ack.index(txid) + len(txid) :]


def _facts() -> str:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    facts = {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "rss_kb": pages * resource.getpagesize() // 1024,
        "connections": Echo.connections,
        "acked": Echo.acked,
    }
    return json.dumps(facts)


async def _serve(data_dir: Path, port: int) -> None:
    tls = data_dir / "tls"
    authority = open_vehicle_authority(tls, SystemClock())
    certificate, key = write_server_credential(tls, ["127.0.0.1"], SystemClock())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority.certificate_path)
    context.verify_mode = ssl.CERT_REQUIRED

    def listener(_: WSUpgradeRequest) -> WSListener:
        return Echo()

    server = await ws_create_server(listener, "127.0.0.1", port, ssl=context)
    print(f"ready {server.sockets[0].getsockname()[1]}", flush=True)
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        print(_facts(), flush=True)
    server.close()


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
