"""One connection of a car: how it fails."""

import asyncio
import ssl
from pathlib import Path

import pytest

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.domain.errors import Unavailable
from motorcade.simulator.dev_ca import (
    client_context,
    issue_vehicle,
    open_server_authority,
    open_vehicle_authority,
    write_server_credential,
)
from motorcade.simulator.link import Gateway, open_link
from motorcade.simulator.vin import fresh_vin


class NoEvents:
    """A car that is told nothing."""

    def on_acknowledged(self, txid: bytes) -> None:
        raise AssertionError("nothing was sent")

    on_refused = on_acknowledged

    def on_closed(self) -> None:
        raise AssertionError("it was never open")


async def test_a_gateway_that_ends_during_the_upgrade_is_unavailable(data_dir: Path) -> None:
    clock = SystemClock()
    certificate, key = write_server_credential(data_dir, ["127.0.0.1"], clock)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    server_ca = open_server_authority(data_dir, clock).certificate_path.read_text()
    context = client_context(issue_vehicle(open_vehicle_authority(data_dir, clock), fresh_vin(), clock), server_ca)
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=serving) as server:
        gateway = Gateway("127.0.0.1", server.sockets[0].getsockname()[1], server_ca)
        with pytest.raises(Unavailable):
            await open_link(gateway, context, {}, NoEvents())
