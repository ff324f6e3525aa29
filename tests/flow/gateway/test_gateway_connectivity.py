"""Our own records: when a connection began and ended, also across a crash, and the clock's heartbeat."""

import asyncio
import subprocess
import sys
from pathlib import Path

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.domain.errors import Unavailable
from motorcade.domain.record import Flag, Record, Topic
from motorcade.gateway.connectivity import LAST_SEQUENCE
from motorcade.gateway.limits import Limits
from motorcade.ports.stream import OnDurable, OnFailure
from motorcade.wire.tesla.reports import Connectivity, decode_connectivity
from tests.conditions import ROOT
from tests.unit.gateway.rig import SOON_S, Interposed, Rig, dial, envelope, running, sim_vin, vehicle_data


async def events(rig: Rig) -> list[tuple[Record, Connectivity]]:
    records = [record for record in await rig.records() if record.topic is Topic.CONNECTIVITY]
    return [(record, decode_connectivity(record.payload)) for record in records]


async def test_a_connection_s_first_and_last_records_say_that_it_began_and_ended(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car(headers=["X-Network-Interface: Cellular"])
        for _ in range(3):
            await car.message(envelope(vehicle_data()))
            await car.reply()
        await car.hang_up()
        await rig.until(lambda: rig.gateway.open_connections == 0)
        await rig.settled()
        records = await rig.records()
        assert [record.connection_seq for record in records] == [0, 1, 2, 3, 4]
        (began, first), (ended, last) = await events(rig)
        assert (first.connected, last.connected) == (True, False)
        assert began.flags == ended.flags == Flag.SERVER_MADE
        assert {record.connection_id for record in records} == {first.connection_id}
        assert first.network_interface == "cellular"
        assert first.created_at_ns == began.effective_at_ns
        assert [record.received_at_ns for record in records] == sorted({r.received_at_ns for r in records})


async def test_overlapping_connections_of_one_vehicle_have_ids_of_their_own(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        wifi = await rig.car()
        cellular = await rig.car()
        await wifi.hang_up()
        await rig.until(lambda: rig.gateway.open_connections == 1)
        await rig.settled()
        seen = [(event.connection_id, event.connected) for _, event in await events(rig)]
        assert seen == [(seen[0][0], True), (seen[1][0], True), (seen[0][0], False)]
        assert seen[0][0] != seen[1][0]
        await cellular.hang_up()


async def test_a_heartbeat_carries_the_clock_and_no_vehicle_each_second(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        beats: list[Record] = []
        async with asyncio.timeout(SOON_S):
            while len(beats) < 2:
                await asyncio.sleep(0.1)
                beats = [r for r in await rig.records(heartbeats=True) if r.topic is Topic.HEARTBEAT]
        assert [beat.connection_seq for beat in beats] == list(range(len(beats)))
        assert len({beat.connection_id for beat in beats}) == 1
        assert set(beats[0].org_id) == set(beats[0].vehicle_id) == {"a"}
        assert beats[1].received_at_ns - beats[0].received_at_ns > 0.9e9


async def test_a_killed_gateway_s_connections_are_closed_by_the_next_one_when_last_seen(data_dir: Path) -> None:
    process = subprocess.Popen(  # noqa: ASYNC220 - starting takes a millisecond, and its end is sure this way
        [sys.executable, "-m", "tests.bench.gateway_process", str(data_dir), "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    (data_dir / "other").mkdir()
    with process:  # waits for its end and closes its pipes
        try:
            assert process.stdout is not None
            port = int((await asyncio.to_thread(process.stdout.readline)).split()[1])
            async with running(data_dir / "other") as other:
                helper = Rig(data_dir, other.gateway, other.metrics, {}, other.keys)
                car = await dial(port, helper.context(sim_vin()))
                await car.message(envelope(vehicle_data()))
                await car.reply()
                await asyncio.sleep(1.2)  # a heartbeat of it, so that it was seen later than the connection's begin
                process.kill()
                await car.hang_up()
        finally:
            process.kill()
    async with running(data_dir) as rig:
        await rig.settled()
        found = await events(rig)
        assert [event.connected for _, event in found] == [True, False]
        (began, first), (ended, last) = found
        assert first.connection_id == last.connection_id == ended.connection_id
        assert ended.connection_seq == LAST_SEQUENCE
        assert ended.vehicle_id == began.vehicle_id
        assert began.effective_at_ns < ended.effective_at_ns < ended.received_at_ns
    async with running(data_dir) as rig:  # and only once
        await rig.settled()
        assert len(await events(rig)) == 2


class FailsOnce(Interposed):
    """Reports the first group commit as failed, as a full disk does it, without having written its records."""

    def __init__(self, writer: SqliteStreamWriter, on_durable: OnDurable, on_failure: OnFailure) -> None:
        super().__init__(writer, on_durable, on_failure)
        self.left = 1

    def append(self, frame: bytes, receipt: object) -> None:
        if self.left:
            self.left -= 1
            asyncio.get_running_loop().call_soon(self.failure, [receipt], Unavailable("no space left"))
        else:
            super().append(frame, receipt)


async def test_closings_of_an_earlier_epoch_survive_a_failed_first_commit(data_dir: Path) -> None:
    clock = SystemClock()
    writer = SqliteStreamWriter(data_dir / "stream.db", clock, lambda _receipts: None, lambda _receipts, _error: None)
    left = {number.to_bytes(8, "big") for number in range(1, 4)}
    for connection_id in left:
        writer.connection_opened(connection_id, bytes(32) + connection_id, clock.now_ns(), "before")
    await writer.close()
    async with running(data_dir, Limits(retry_failed_s=0.2), wrap=FailsOnce) as rig:
        await rig.until(lambda: rig.count("append_failed_total") == 1)
        await rig.settled()
        found = await events(rig)
        assert {bytes.fromhex(event.connection_id) for _, event in found} == left
        assert [event.connected for _, event in found] == [False] * 3
        assert {record.connection_seq for record, _ in found} == {LAST_SEQUENCE}
    writer = SqliteStreamWriter(data_dir / "stream.db", clock, lambda _receipts: None, lambda _receipts, _error: None)
    assert list(await writer.open_connections()) == []
    await writer.close()
