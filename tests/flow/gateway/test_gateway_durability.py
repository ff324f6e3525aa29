"""An acknowledgement follows durability, and nothing is lost or dropped where the stream is slow, full or failing."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.domain.errors import Busy, Unavailable
from motorcade.gateway.limits import Limits
from motorcade.ports.stream import OnDurable, OnFailure
from tests.unit.gateway.rig import Interposed, envelope, frame, running, sim_vin, vehicle_data


class Gate(Interposed):
    """Holds back the news of durability until the test lets it through."""

    shut = True

    def __init__(self, writer: SqliteStreamWriter, on_durable: OnDurable, on_failure: OnFailure) -> None:
        super().__init__(writer, self._hold, on_failure)
        self._tell = on_durable
        self.held: list[object] = []

    def _hold(self, receipts: Sequence[object]) -> None:
        self.held += receipts
        if not self.shut:
            self.open()

    def open(self) -> None:
        self.shut = False
        receipts, self.held = self.held, []
        self._tell(receipts)


class Failing(Interposed):
    """Reports the first commits with vehicle records as failed instead of durable."""

    def __init__(self, writer: SqliteStreamWriter, on_durable: OnDurable, on_failure: OnFailure) -> None:
        super().__init__(writer, self._fail, on_failure)
        self._tell = on_durable
        self.left = 3

    def _fail(self, receipts: Sequence[object]) -> None:
        if self.left and any(receipt is not None for receipt in receipts):
            self.left -= 1
            self.failure(receipts, Unavailable("no space left"))
        else:
            self._tell(receipts)


class Narrow(Interposed):
    """A stream that takes only a few bytes at a time."""

    room = 2_000

    def append(self, frame: bytes, receipt: object) -> None:
        if self.queued_bytes + len(frame) > self.room:
            raise Busy("full")
        super().append(frame, receipt)


async def test_nothing_is_acknowledged_before_it_is_durable(data_dir: Path) -> None:
    gates: list[Gate] = []

    def wrap(writer: SqliteStreamWriter, on_durable: OnDurable, on_failure: OnFailure) -> Gate:
        gates.append(Gate(writer, on_durable, on_failure))
        return gates[0]

    async with running(data_dir, wrap=wrap) as rig:
        car = await rig.car()
        await car.message(envelope(vehicle_data(), b"wait"))
        await car.silence(0.2)
        assert rig.count("acked_total") == 0
        gates[0].open()
        assert (await car.reply()).txid == b"wait"
        assert rig.count("acked_total") == 1
        await car.hang_up()


async def test_records_of_a_failed_commit_are_offered_again_and_acknowledged_only_then(data_dir: Path) -> None:
    async with running(data_dir, Limits(retry_failed_s=0.2), wrap=Failing) as rig:
        car = await rig.car()
        names = [b"%03d" % number for number in range(50)]
        loop = asyncio.get_running_loop()
        began = loop.time()
        await car.send(*(frame(envelope(vehicle_data(), name)) for name in names))
        assert [(await car.reply()).txid for _ in names] == names
        assert loop.time() - began > 0.3
        assert rig.count("append_failed_total") > 0
        stored = {record.connection_seq for record in await rig.reports()}
        assert stored == set(range(1, 51))
        await car.hang_up()


async def test_a_full_stream_stops_reading_and_loses_nothing(data_dir: Path) -> None:
    async with running(data_dir, wrap=Narrow) as rig:
        cars = [await rig.car(sim_vin(number)) for number in range(1, 6)]
        names = [b"%03d" % number for number in range(200)]
        messages = [frame(envelope(vehicle_data(), name)) for name in names]
        pouring = [asyncio.create_task(car.send(*messages)) for car in cars]
        for car in cars:
            assert [(await car.reply(30)).txid for _ in names] == names
        await asyncio.gather(*pouring)
        assert rig.count("paused_total", "stream") > 0
        reports = await rig.reports()
        assert len(reports) == 1_000
        for connection in {record.connection_id for record in reports}:
            order = [record.connection_seq for record in reports if record.connection_id == connection]
            assert order == list(range(1, 201))
        for car in cars:
            await car.hang_up()


async def test_what_waits_for_durability_is_bounded_for_each_connection(data_dir: Path) -> None:
    gates: list[Gate] = []

    def wrap(writer: SqliteStreamWriter, on_durable: OnDurable, on_failure: OnFailure) -> Gate:
        gates.append(Gate(writer, on_durable, on_failure))
        return gates[0]

    limits = Limits(in_flight=20, rate_per_s=1e9, rate_burst=10**9)
    async with running(data_dir, limits, wrap=wrap) as rig:
        car = await rig.car()
        messages = [frame(envelope(vehicle_data())) for _ in range(5_000)]
        pouring = asyncio.create_task(car.send(*messages))
        await rig.until(lambda: rig.count("received_total") >= 20)
        await asyncio.sleep(0.3)  # what went beyond the bound would come now
        taken = rig.count("received_total")
        assert 20 <= taken < 200, f"{taken} records were taken though only 20 may wait"  # one buffer comes on top
        gates[0].open()
        for _ in range(5_000):
            await car.reply(30)
        await pouring
        await car.hang_up()


async def test_an_orderly_stop_acknowledges_what_came_and_says_goodbye(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        names = [b"%03d" % number for number in range(100)]
        await car.send(*(frame(envelope(vehicle_data(), name)) for name in names))
        assert (await car.reply()).txid == names[0]
        stopping = asyncio.create_task(rig.gateway.stop())
        replies = 1
        while True:
            opcode, data = await car.receive()
            if opcode == 8:
                assert int.from_bytes(data[:2], "big") == 1001
                break
            replies += 1
        await car.hang_up()
        await stopping
        assert replies == rig.count("acked_total") == len(await rig.reports())
