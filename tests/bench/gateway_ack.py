"""Bench (a): acknowledged records a second through TLS, WebSocket and a durable append; and memory per connection.

    python -m tests.bench.gateway_ack --runs 5 --seconds 5

The gateway is a process of its own on the real embedded stream, the load client this one, both on the same machine.
Trust the CPU microseconds per record: they hold on a shared machine, wall-clock rates do not. Each number is the
median of the runs. `train` is how many records a car's socket carries in one TLS record: 1 is what a car does in
ordinary driving, 8 what it does when it empties its buffer.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import ssl
import statistics
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.simulator.dev_ca import open_vehicle_authority
from motorcade.simulator.link import Gateway
from motorcade.simulator.load import LoadOptions, LoadResult, open_load
from motorcade.simulator.vin import make_vin
from tests.bench.answering import Answering, answering

SEED = b"bench vehicles, always the same."
VINS = [make_vin(SEED, f"bench {index}") for index in range(200)]
UNPACED = {"rate_per_s": 1e9, "rate_burst": 1_000_000_000}
"""Without the fair share of each connection (500 a second), which 200 connections alone can reach."""
ROOMY = {"sockets_per_vehicle": 1_000}
"""The idle bench opens many sockets for each of its cars, so that certificates do not fill the client's memory."""

FIRST_CONNECTIONS = 20


@dataclass
class Process:
    """A server under measurement."""

    child: Answering
    gateway: Gateway
    data_dir: Path

    async def facts(self) -> dict[str, float]:
        """CPU seconds, memory and counters of the server now."""
        return await self.child.ask()


def gateway_process(
    core: int | None = None, limits: Mapping[str, float] | None = None
) -> AbstractAsyncContextManager[Process]:
    """Start a gateway, pinned to a core if one is named; stop it and remove its data at the end."""
    return server_process("tests.bench.gateway_process", json.dumps(dict(limits or {})), core=core)


@asynccontextmanager
async def server_process(module: str, *words: str, core: int | None = None) -> AsyncIterator[Process]:
    """Start a server that takes a data folder and a port first; stop it and remove its data at the end."""
    with tempfile.TemporaryDirectory(prefix="mc-bench-") as folder:
        data_dir = Path(folder)
        async with answering(module, folder, "0", *words) as child:
            port = int((await child.line()).split()[1])
            if core is not None:
                _pin(child.pid, core)
            server_ca = (data_dir / "tls/server-ca.pem").read_text(encoding="ascii")
            yield Process(child, Gateway("127.0.0.1", port, server_ca), data_dir)


def _pin(pid: int, core: int) -> None:
    """All threads: affinity is a thread's, and the stream's writer exists already."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


async def measure_acks(
    connections: int, options: LoadOptions, core: int | None = None, limits: Mapping[str, float] | None = None
) -> dict[str, float]:
    """One run: rate, latency and CPU per acknowledged record of gateway and client."""
    async with gateway_process(core, limits) as process:
        result, us_per_record, after = await loaded(process, connections, options)
    return {
        "acked_per_s": round(result.acknowledged_per_s),
        "gateway_us_per_record": round(us_per_record, 2),
        "client_us_per_record": round(result.client_us, 2),
        "ack_p50_ms": round(result.latency_ms(50), 2),
        "ack_p99_ms": round(result.latency_ms(99), 2),
        "rss_mb": round(after["rss_kb"] / 1024, 1),
    }


async def loaded(
    process: Process, connections: int, options: LoadOptions
) -> tuple[LoadResult, float, dict[str, float]]:
    """Put load on a server: what the client saw, the server's CPU microseconds per record, its facts at the end.

    Raises:
        RuntimeError: the server answered wrongly or closed connections.
    """
    clock = SystemClock()
    authority = open_vehicle_authority(process.data_dir / "tls", clock)
    load = await open_load(process.gateway, authority, VINS, connections, options, clock)
    before = await process.facts()
    result = await load.run()
    after = await process.facts()
    load.close()
    if result.errors or result.lost_connections:
        raise RuntimeError(f"{result.errors} wrong replies, {result.lost_connections} lost connections")
    acked = after["acked"] - before["acked"]  # warm-up included, as in the CPU time
    return result, 1e6 * (after["cpu_s"] - before["cpu_s"]) / acked, after


async def measure_idle(connections: int) -> dict[str, float]:
    """Open connections that say nothing: memory of each, and CPU of connecting."""
    async with gateway_process(limits=ROOMY) as process, idling(process, connections) as (kb, cpu_ms):
        connected = await process.facts()
        await asyncio.sleep(3)
        after = await process.facts()
        return {
            "connections": connections,
            "held": after["connections"] - FIRST_CONNECTIONS,
            "kb_per_connection": kb,
            "connect_cpu_ms": cpu_ms,
            "idle_cpu_percent": round(100 * (after["cpu_s"] - connected["cpu_s"]) / 3, 2),
        }


@asynccontextmanager
async def idling(process: Process, connections: int) -> AsyncIterator[tuple[float, float]]:
    """Connections to a server that say nothing; gives kB of memory and ms of CPU that each cost the server."""
    clock, options = SystemClock(), LoadOptions(train=1)
    authority = open_vehicle_authority(process.data_dir / "tls", clock)
    # What is made once does not count.
    first = await open_load(process.gateway, authority, VINS, FIRST_CONNECTIONS, options, clock)
    before = await process.facts()
    load = await open_load(process.gateway, authority, VINS, connections, options, clock)
    after = await process.facts()
    try:
        yield (
            round((after["rss_kb"] - before["rss_kb"]) / connections, 1),
            round(1e3 * (after["cpu_s"] - before["cpu_s"]) / connections, 2),
        )
    finally:
        load.close()
        first.close()


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
