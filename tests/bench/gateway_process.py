"""A gateway process of its own for benches and kill tests: the real room on the real embedded stream.

    python -m tests.bench.gateway_process DATA_DIR PORT [LIMITS]

LIMITS are other named limits than the product's, as JSON. It claims every simulator VIN for one organisation, writes
`ready PORT` when the door is open, and answers each line on standard input with one line of JSON about itself: CPU
seconds, memory, and the counters.
"""

import asyncio
import hashlib
import json
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.keys_file import FileKeys, create_root_key
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.domain.ids import id_text
from motorcade.domain.vehicle import Claim
from motorcade.gateway.limits import Limits
from motorcade.gateway.server import Gateway, GatewayDoors, GatewaySettings
from motorcade.observability.logs import configure_logs
from motorcade.observability.metrics import Metrics
from motorcade.ports.stream import OnDurable, OnFailure
from motorcade.repositories.quarantine import Quarantined
from motorcade.simulator.dev_ca import open_vehicle_authority, write_server_credential

ORG = id_text(b"o" * 16)


def claim_of(vin: str) -> Claim | None:
    """A claim for every VIN, the same at every start."""
    return Claim(ORG, id_text(hashlib.sha256(vin.encode()).digest()[:16]), None, None)


async def _discard(_items: Sequence[Quarantined]) -> None:
    return None


def make_gateway(data_dir: Path, port: int, limits: Limits | None = None, host: str = "127.0.0.1") -> Gateway:
    """A gateway over `data_dir`, with its development authority and server certificate made there."""
    clock = SystemClock()
    tls = data_dir / "tls"
    authority = open_vehicle_authority(tls, clock)
    certificate, key = write_server_credential(tls, [host], clock)
    create_root_key(data_dir / "root.key")

    async def open_writer(on_durable: OnDurable, on_failure: OnFailure) -> SqliteStreamWriter:
        return SqliteStreamWriter(data_dir / "stream.db", clock, on_durable, on_failure)

    settings = GatewaySettings(
        host=host,
        port=port,
        certificate=certificate,
        key=key,
        run_dir=data_dir / "run",
        development_anchor=authority.certificate_path,
        limits=limits or Limits(),
    )
    doors = GatewayDoors(clock, FileKeys(data_dir / "root.key"), Metrics(), open_writer, claim_of, _discard)
    return Gateway(settings, doors)


def _facts(gateway: Gateway) -> str:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return json.dumps(
        {
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "user_s": usage.ru_utime,
            "rss_kb": pages * resource.getpagesize() // 1024,
            "connections": gateway.open_connections,
            **gateway.counts(),
        }
    )


async def _serve(data_dir: Path, port: int, limits: Limits) -> None:
    configure_logs(room="gateway", level="warning")
    gateway = make_gateway(data_dir, port, limits)
    await gateway.start()
    print(f"ready {gateway.port}", flush=True)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        print(_facts(gateway), flush=True)
    await gateway.stop()


if __name__ == "__main__":
    uvloop.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), Limits(**json.loads((*sys.argv, "{}")[3]))))
