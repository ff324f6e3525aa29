import asyncio
import json
from pathlib import Path

import pytest

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.domain.errors import Invalid
from motorcade.simulator.fleet import FleetOptions, open_fleet
from motorcade.simulator.vin import demo_fleet, fleet_seed
from tests.unit.simulator.counter_gateway import counter_gateway, until

CLOCK = SystemClock()


def files_naming(folder: Path, words: list[bytes]) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if any(word in path.read_bytes() for word in words)]


async def test_a_fleet_connects_drives_and_stops_with_everything_closed(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port) as gateway:
        fleet = open_fleet(FleetOptions(port=port, cars=20), data_dir, CLOCK)
        lines: list[str] = []
        running = asyncio.create_task(fleet.run(lines.append))
        await until(lambda: fleet.counters.acknowledged >= 60)
        assert len(gateway.sockets) == fleet.counters.online > 15
        vins = {envelope.device_id.decode() for envelope in gateway.received}
        assert vins <= {car.vin for car in demo_fleet(fleet_seed(data_dir), 20)}
        fleet.stop()
        await asyncio.wait_for(running, 20)  # closing is immediate on loopback
        await until(lambda: not gateway.sockets)
    status = json.loads(lines[-1])
    assert status["cars"] == 20
    assert status["acknowledged"] >= 60
    assert not any(vin in "".join(lines) for vin in vins)


async def test_no_file_of_a_fleet_names_a_vin(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port):
        fleet = open_fleet(FleetOptions(port=port, cars=5), data_dir, CLOCK)
        running = asyncio.create_task(fleet.run())
        await until(lambda: fleet.counters.acknowledged >= 5)
        fleet.stop()
        await running
    vins = [car.vin.encode() for car in demo_fleet(fleet_seed(data_dir), 5)]
    assert not files_naming(data_dir, vins)


def test_a_fleet_without_cars_is_refused(data_dir: Path) -> None:
    with pytest.raises(Invalid):
        open_fleet(FleetOptions(cars=0), data_dir, CLOCK)
