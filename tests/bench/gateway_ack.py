"""Bench (a): acknowledged records a second through TLS, WebSocket and a durable append; and memory per connection.

    python -m tests.bench.gateway_ack --runs 5 --seconds 5

The gateway is a process of its own on the real embedded stream, the load client this one, both on the same machine.
Trust the CPU microseconds per record: they hold on a shared machine, wall-clock rates do not. Each number is the
median of the runs. `train` is how many records a car's socket carries in one TLS record: 1 is what a car does in
ordinary driving, 8 what it does when it empties its buffer.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import resource
import shutil
import ssl
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.simulator.dev_ca import open_vehicle_authority
from motorcade.simulator.link import Gateway
from motorcade.simulator.load import LoadOptions, open_load
from motorcade.simulator.vin import make_vin
from tests.conditions import ROOT

SEED = b"bench vehicles, always the same."
VINS = [make_vin(SEED, f"bench {index}") for index in range(200)]
UNPACED = {"rate_per_s": 1e9, "rate_burst": 1_000_000_000}
"""Without the fair share of each connection (500 a second), which 200 connections alone can reach."""
ROOMY = {"sockets_per_vehicle": 1_000}
"""The idle bench opens many sockets for each of its cars, so that certificates do not fill the client's memory."""


@dataclass
class Process:
    """A gateway under measurement."""

    child: asyncio.subprocess.Process
    gateway: Gateway
    data_dir: Path

    async def facts(self) -> dict[str, float]:
        """CPU seconds, memory and counters of the gateway now."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(b"\n")
        await self.child.stdin.drain()
        facts: dict[str, float] = json.loads(await self.child.stdout.readline())
        return facts


@contextlib.asynccontextmanager
async def gateway_process(core: int | None = None, limits: Mapping[str, float] | None = None) -> AsyncIterator[Process]:
    """Start a gateway, pinned to a core if one is named; stop it and remove its data at the end."""
    data_dir = Path(tempfile.mkdtemp(prefix="mc-bench-"))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.gateway_process", str(data_dir), "0", json.dumps(dict(limits or {}))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert child.stdout is not None
        port = int((await child.stdout.readline()).split()[1])
        if core is not None:
            _pin(child.pid, core)
        server_ca = (data_dir / "tls/server-ca.pem").read_text(encoding="ascii")
        yield Process(child, Gateway("127.0.0.1", port, server_ca), data_dir)
    finally:
        if child.stdin is not None:
            child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), 30)
        except TimeoutError:
            child.kill()
            await child.wait()
        shutil.rmtree(data_dir, ignore_errors=True)


def _pin(pid: int, core: int) -> None:
    """All threads: affinity is a thread's, and the stream's writer exists already."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


async def measure_acks(
    connections: int, options: LoadOptions, core: int | None = None, limits: Mapping[str, float] | None = None
) -> dict[str, float]:
    """One run: rate, latency and CPU per acknowledged record of gateway and client."""
    clock = SystemClock()
    async with gateway_process(core, limits) as process:
        authority = open_vehicle_authority(process.data_dir / "tls", clock)
        load = await open_load(process.gateway, authority, VINS, connections, options, clock)
        before = await process.facts()
        result = await load.run()
        after = await process.facts()
        load.close()
        acked = after["acked"] - before["acked"]  # warm-up included, as in the CPU time
        if result.errors or result.lost_connections:
            raise RuntimeError(f"{result.errors} wrong replies, {result.lost_connections} lost connections")
        return {
            "acked_per_s": round(result.acknowledged_per_s),
            "gateway_us_per_record": round(1e6 * (after["cpu_s"] - before["cpu_s"]) / acked, 2),
            "client_us_per_record": round(result.client_us, 2),
            "ack_p50_ms": round(result.latency_ms(50), 2),
            "ack_p99_ms": round(result.latency_ms(99), 2),
            "rss_mb": round(after["rss_kb"] / 1024, 1),
        }


async def measure_idle(connections: int) -> dict[str, float]:
    """Open connections that say nothing: memory of each, and CPU of connecting."""
    clock = SystemClock()
    async with gateway_process(limits=ROOMY) as process:
        authority = open_vehicle_authority(process.data_dir / "tls", clock)
        options = LoadOptions(train=1)
        first = await open_load(
            process.gateway, authority, VINS, 20, options, clock
        )  # what is made once does not count
        before = await process.facts()
        load = await open_load(process.gateway, authority, VINS, connections, options, clock)
        connected = await process.facts()
        await asyncio.sleep(3)
        after = await process.facts()
        load.close()
        first.close()
        return {
            "connections": connections,
            "held": after["connections"] - 20,
            "kb_per_connection": round((after["rss_kb"] - before["rss_kb"]) / connections, 1),
            "connect_cpu_ms": round(1e3 * (connected["cpu_s"] - before["cpu_s"]) / connections, 2),
            "idle_cpu_percent": round(100 * (after["cpu_s"] - connected["cpu_s"]) / 3, 2),
        }


def median_of(runs: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Medians, with the worst and best of the number that counts."""
    middle: dict[str, Any] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    costs = sorted(run["gateway_us_per_record"] for run in runs)
    middle["gateway_us_range"] = [costs[0], costs[-1]]
    middle["runs"] = len(runs)
    return middle


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "cores": os.cpu_count(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "kernel": platform.release(),
    }


async def _main(arguments: argparse.Namespace) -> dict[str, Any]:
    report: dict[str, Any] = {"machine": machine(), "connections": arguments.connections, "window": arguments.window}
    for train in arguments.trains:
        options = LoadOptions(
            duration_s=arguments.seconds, window=arguments.window, train=train, warm_up_s=1.0, rate_per_s=arguments.rate
        )
        limits = None if arguments.paced else UNPACED
        runs = [
            await measure_acks(arguments.connections, options, arguments.core, limits) for _ in range(arguments.runs)
        ]
        report[f"train_{train}"] = median_of(runs)
    if arguments.idle:
        report["idle"] = [await measure_idle(connections) for connections in arguments.idle]
    return report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--window", type=int, default=8, help="records in flight on each connection")
    parser.add_argument("--trains", type=int, nargs="+", default=[1, 8], help="records in one write of the client")
    parser.add_argument("--rate", type=float, default=None, help="records a second of all; as fast as acked if absent")
    parser.add_argument("--paced", action="store_true", help="keep the product's fair share of each connection")
    parser.add_argument("--core", type=int, default=None, help="pin the gateway to this core")
    parser.add_argument("--idle", type=int, nargs="*", default=[], help="also measure memory with so many connections")
    return parser.parse_args()


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps(uvloop.run(_main(_arguments())), indent=2))
