"""A car that never reads, one that sends a byte a second and one that floods harm nobody but themselves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.simulator.dev_ca import open_vehicle_authority
from motorcade.simulator.load import LoadOptions, open_load
from tests.bench.answering import answering
from tests.bench.gateway_ack import VINS, Process, gateway_process
from tests.conditions import Proof, Scale

SLACK_MS = 1.0  # one turn of a busy loop; below that the machine's other work decides, not the gateway
RECORDS_PER_S = 2_000.0


@asynccontextmanager
async def rogues(process: Process) -> AsyncIterator[None]:
    async with answering("tests.bench.rogue_cars", str(process.data_dir), str(process.gateway.port)) as child:
        assert await child.line() == "rogue"
        yield


async def test_acknowledgements_of_200_others_keep_their_p99_within_a_fifth(scale: Scale, proof: Proof) -> None:
    clock, rounds = SystemClock(), scale.n(3, 5)
    options = LoadOptions(
        duration_s=scale.n(2, 10), window=8, train=1, rate_per_s=RECORDS_PER_S, warm_up_s=scale.n(1, 2)
    )
    calm: list[float] = []
    disturbed: list[float] = []

    def holds() -> bool:
        # Other work on the machine only ever adds, so the best round of each kind tells what the gateway did.
        return min(disturbed) <= min(calm) * 1.2 + SLACK_MS

    async with gateway_process() as process:
        authority = open_vehicle_authority(process.data_dir / "tls", clock)
        load = await open_load(process.gateway, authority, VINS, 200, options, clock)
        while len(calm) < rounds or (len(calm) < 5 * rounds and not holds()):  # more where others use the machine
            calm.append((await load.run()).latency_ms(99))
            async with rogues(process):
                result = await load.run()
                disturbed.append(result.latency_ms(99))
                assert result.lost_connections == result.errors == 0
        load.close()
    before, during = min(calm), min(disturbed)
    assert holds(), f"p99 went from {before:.1f} ms to {during:.1f} ms: {calm} {disturbed}"
    proof("rogue-cars-harm-only-themselves", count=200, result=f"p99 {before:.1f} ms calm, {during:.1f} ms with rogues")
