"""Bench (a): the vehicle door, with what the least possible server costs on the same machine at the same time."""

from motorcade.simulator.load import LoadOptions
from tests.bench.gateway_ack import UNPACED, idling, loaded, measure_acks, measure_idle, server_process

BARE = "tests.bench.bare_process"
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
    async with server_process(BARE) as process:
        _, us_per_record, _ = await loaded(process, CONNECTIONS, options)
        return us_per_record


async def bare_idle(connections: int) -> dict[str, float]:
    """Memory and connecting CPU of the bare server per connection."""
    async with server_process(BARE) as process, idling(process, connections) as (kb, cpu_ms):
        return {"bare_kb_per_connection": kb, "bare_connect_cpu_ms": cpu_ms}
