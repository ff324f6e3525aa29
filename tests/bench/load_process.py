"""A load client in a process of its own, at a fixed rate, so that it competes for the cores as real cars do not.

    python -m tests.bench.load_process DATA_DIR PORT VEHICLES RATE WARM_UP_S

It connects, writes `ready`, and for each line of standard input (seconds) sends for so long and writes one line of
JSON: what was sent and acknowledged, and its own CPU time. Each vehicle has one connection and sends one record at a
time, whose vehicle time is the time of its sending.
"""

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.simulator.dev_ca import open_vehicle_authority
from motorcade.simulator.link import Gateway
from motorcade.simulator.load import Load, LoadOptions, open_load
from motorcade.simulator.vin import make_vin
from tests.bench import machine

SEED = b"bench vehicles, always the same."


def vins(count: int) -> list[str]:
    """The vehicles of a bench, the same at every run."""
    return [make_vin(SEED, f"live {index}") for index in range(count)]


async def _main(data_dir: Path, port: int, vehicles: int, rate_per_s: float, warm_up_s: float) -> None:
    clock = SystemClock()
    server_ca = (data_dir / "tls/server-ca.pem").read_text(encoding="ascii")
    gateway, authority = Gateway("127.0.0.1", port, server_ca), open_vehicle_authority(data_dir / "tls", clock)
    options = LoadOptions(train=1, rate_per_s=rate_per_s)
    load = await open_load(gateway, authority, vins(vehicles), vehicles, options, clock)
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        timed = LoadOptions(train=1, rate_per_s=rate_per_s, warm_up_s=warm_up_s, duration_s=float(line))
        result = await Load(load.connections, timed).run()
        print(
            json.dumps(
                {
                    "acked_per_s": round(result.acknowledged_per_s),
                    "acked": result.acknowledged,
                    "errors": result.errors + result.lost_connections,
                    "ack_p50_ms": round(result.latency_ms(50), 2),
                    "ack_p99_ms": round(result.latency_ms(99), 2),
                    "client_us_per_record": round(result.client_us, 2),
                }
            ),
            flush=True,
        )
    load.close()


if __name__ == "__main__":
    machine.raise_open_files()
    uvloop.run(_main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])))
