"""Three cars that misbehave, in a process of their own: one never reads, one sends a byte a second, one floods.

    python -m tests.bench.rogue_cars DATA_DIR PORT

It writes `rogue` when all three are at it, and goes on until its standard input ends; a car that was closed comes back
at once, as a real one would.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from picows import WSTransport

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.domain.errors import Unavailable
from motorcade.ports.clock import Clock
from motorcade.simulator.dev_ca import client_context, issue_vehicle, open_vehicle_authority
from motorcade.simulator.frames import Train, driving_samples
from motorcade.simulator.link import Gateway
from motorcade.simulator.load import dial
from motorcade.simulator.misbehaving import Misbehaving, flood, never_read, trickle
from motorcade.simulator.roads.city import open_city
from motorcade.simulator.roads.network import load_network
from motorcade.simulator.vin import make_vin

Manner = Callable[[WSTransport, Misbehaving, Train, Clock], Awaitable[int]]
MANNERS: tuple[Manner, ...] = (never_read, trickle, flood)
BACK_AGAIN_S = 0.2  # a car's own reconnect back-off begins about here


async def _one(data_dir: Path, port: int, index: int, manner: Manner, sent: dict[str, int]) -> None:
    clock = SystemClock()
    vin = make_vin(b"rogue vehicles, always the same.", f"rogue {index}")
    credential = issue_vehicle(open_vehicle_authority(data_dir / "tls", clock), vin, clock)
    server_ca = (data_dir / "tls/server-ca.pem").read_text(encoding="ascii")
    context = client_context(credential, server_ca)
    train = Train(vin, b"%022x" % index, driving_samples(open_city(load_network()), index, 50))
    while True:
        listener = Misbehaving()
        with contextlib.suppress(Unavailable):
            transport = await dial(Gateway("127.0.0.1", port, server_ca), context, listener)
            sent[manner.__name__] = sent.get(manner.__name__, 0) + 1
            await manner(transport, listener, train, clock)
        await asyncio.sleep(BACK_AGAIN_S)


async def _main(data_dir: Path, port: int) -> None:
    sent: dict[str, int] = {}
    tasks = [asyncio.create_task(_one(data_dir, port, *each, sent)) for each in enumerate(MANNERS)]
    while len(sent) < len(MANNERS):  # noqa: ASYNC110 - a bench may poll
        await asyncio.sleep(0.01)
    print("rogue", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps(sent), flush=True)


if __name__ == "__main__":
    uvloop.run(_main(Path(sys.argv[1]), int(sys.argv[2])))
