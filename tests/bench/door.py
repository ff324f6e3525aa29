"""Bench (a): the vehicle door, with what the least possible server costs on the same machine at the same time."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.simulator.dev_ca import open_vehicle_authority
from motorcade.simulator.link import Gateway
from motorcade.simulator.load import LoadOptions, open_load
from tests.bench.gateway_ack import UNPACED, VINS, Process, measure_acks, measure_idle
from tests.conditions import ROOT

CONNECTIONS = 200
WINDOW = 8
TRAINS = (1, 8)
BARE_CONNECTIONS = 1_000
"""Enough to tell the memory of one: a percent of noise is six kilobytes of it."""


async def bench(runs: int, seconds: float, idle: int) -> dict[str, object]:
    """Acknowledged records at full speed, then connections that say nothing."""
    found: dict[str, object] = {"connections": CONNECTIONS, "window": WINDOW, "seconds": seconds}
    for train in TRAINS:
        options = LoadOptions(duration_s=seconds, window=WINDOW, train=train, warm_up_s=1.0)
        made = []
        for _ in range(runs):
            run = await measure_acks(CONNECTIONS, options, limits=UNPACED)
            bare_us = await bare_us_per_record(options)
            made.append({**run, "bare_us_per_record": bare_us, "times_bare": run["gateway_us_per_record"] / bare_us})
        found[f"train_{train}"] = made
    found["idle"] = [{**await measure_idle(idle), **await bare_idle(min(idle, BARE_CONNECTIONS))}]
    return found


async def bare_us_per_record(options: LoadOptions) -> float:
    """CPU of the bare server per acknowledged record under the same load."""
    async with bare_process() as process:
        authority = open_vehicle_authority(process.data_dir / "tls", SystemClock())
        load = await open_load(process.gateway, authority, VINS, CONNECTIONS, options, SystemClock())
        before = await process.facts()
        result = await load.run()
        after = await process.facts()
        load.close()
        if result.errors or result.lost_connections:
            raise RuntimeError(f"{result.errors} wrong replies, {result.lost_connections} lost connections")
        return 1e6 * (after["cpu_s"] - before["cpu_s"]) / (after["acked"] - before["acked"])


async def bare_idle(connections: int) -> dict[str, float]:
    """Memory and connecting CPU of the bare server per connection."""
    async with bare_process() as process:
        authority = open_vehicle_authority(process.data_dir / "tls", SystemClock())
        options = LoadOptions(train=1)
        first = await open_load(process.gateway, authority, VINS, 20, options, SystemClock())
        before = await process.facts()
        load = await open_load(process.gateway, authority, VINS, connections, options, SystemClock())
        after = await process.facts()
        load.close()
        first.close()
        return {
            "bare_kb_per_connection": round((after["rss_kb"] - before["rss_kb"]) / connections, 1),
            "bare_connect_cpu_ms": round(1e3 * (after["cpu_s"] - before["cpu_s"]) / connections, 2),
        }


@contextlib.asynccontextmanager
async def bare_process() -> AsyncIterator[Process]:
    """Start the bare server; stop it and remove its files at the end."""
    data_dir = Path(tempfile.mkdtemp(prefix="mc-bench-"))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.bare_process", os.fspath(data_dir), "0"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert child.stdin is not None
        assert child.stdout is not None
        line = await child.stdout.readline()
        if not line.startswith(b"ready "):
            raise RuntimeError(f"the bare server could not start: {json.dumps(line.decode())}")
        server_ca = (data_dir / "tls/server-ca.pem").read_text(encoding="ascii")
        yield Process(child, Gateway("127.0.0.1", int(line.split()[1]), server_ca), data_dir)
    finally:
        if child.stdin is not None:
            child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), 15)
        except TimeoutError:
            child.kill()
            await child.wait()
        shutil.rmtree(data_dir, ignore_errors=True)
