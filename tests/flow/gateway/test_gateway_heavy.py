"""Heavy senders pay for their bytes, and nobody else does."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.domain.errors import Busy
from motorcade.gateway.limits import Limits
from motorcade.ports.stream import OnDurable, OnFailure
from tests.unit.gateway.rig import Interposed, dial, envelope, frame, running, sim_vin, vehicle_data

HEAVY = b"\x0a\x04\x08\x04\x12\x00" + b"\xaa\x06" + b"\xa0\xf7\x36" + bytes(900_000)  # one unknown field of 900 kB


class Shut(Interposed):
    """Holds back the news of durability for as long as the test wants."""

    def __init__(self, writer: SqliteStreamWriter, on_durable: OnDurable, on_failure: OnFailure) -> None:
        super().__init__(writer, self._hold, on_failure)
        self.held: list[object] = []
        self.tell = on_durable
        self.is_shut = True

    def _hold(self, receipts: Sequence[object]) -> None:
        if self.is_shut:
            self.held += receipts
        else:
            self.tell(receipts)

    def holds_light(self) -> bool:
        """Whether the message named so is durable."""
        return any(isinstance(receipt, tuple) and receipt[1] == b"light" for receipt in self.held)

    def open(self) -> None:
        self.is_shut = False
        self.tell(self.held)


class Refusing(Interposed):
    """A stream that takes nothing while the test says so."""

    refuses = False

    def append(self, frame: bytes, receipt: object) -> None:
        if self.refuses:
            raise Busy("the disk is full")
        super().append(frame, receipt)


async def test_frames_are_charged_by_their_bytes(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        began = time.perf_counter()
        pouring = asyncio.create_task(car.send(*(frame(envelope(HEAVY, b"%d" % at)) for at in range(4))))
        assert [(await car.reply(30)).txid for _ in range(4)] == [b"%d" % at for at in range(4)]
        seconds = time.perf_counter() - began
        await pouring
        assert seconds > 1.0, f"3.6 MB passed in {seconds:.2f} s; a car's share is 1 MB/s"
        assert rig.count("paused_total", "rate") > 0
        await car.hang_up()


async def test_bytes_in_flight_are_bounded_for_each_connection_and_others_go_on(data_dir: Path) -> None:
    gates: list[Shut] = []

    def wrap(writer: SqliteStreamWriter, on_durable: OnDurable, on_failure: OnFailure) -> Shut:
        gates.append(Shut(writer, on_durable, on_failure))
        return gates[0]

    async with running(data_dir, Limits(rate_per_s=1e9, rate_burst=10**9), wrap=wrap) as rig:
        heavy, other = await rig.car(sim_vin(1)), await rig.car(sim_vin(2))
        async with asyncio.TaskGroup() as pouring:
            pouring.create_task(heavy.send(*(frame(envelope(HEAVY)) for _ in range(30))))
            await rig.until(lambda: rig.count("paused_total", "in_flight"))
            await asyncio.sleep(0.3)  # what a paused connection let in after all would come now
            assert 1 <= rig.count("received_total") <= 4  # over 1 MB, and what one buffer holds
            assert rig.count("paused_total", "in_flight") == 1
            assert rig.count("paused_total", "stream") == 0
            await other.message(envelope(vehicle_data(), b"light"))
            await rig.until(gates[0].holds_light)
            gates[0].open()
            assert (await other.reply()).txid == b"light"
            for _ in range(30):
                await heavy.reply(30)
        await heavy.hang_up()
        await other.hang_up()


async def test_a_payload_of_ninety_thousand_data_gets_an_error_and_is_quarantined(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        await car.message(envelope(b"\x0a\x09\x08\x04\x12\x05\x1a\x03\x61\x62\x63" * 90_000, b"many"))
        assert (await car.reply()).txid == b"many"
        assert rig.count("errors_sent_total", "payload") == 1
        await rig.until(lambda: [item.topic for item in rig.quarantine] == ["vehicle_data"])
        assert await rig.reports() == []
        await car.hang_up()


async def test_while_the_stream_refuses_for_long_nobody_new_comes_in(data_dir: Path) -> None:
    streams: list[Refusing] = []

    def wrap(writer: SqliteStreamWriter, on_durable: OnDurable, on_failure: OnFailure) -> Refusing:
        streams.append(Refusing(writer, on_durable, on_failure))
        return streams[0]

    async with running(data_dir, Limits(refuse_after_s=2.0, heartbeat_s=0.1), wrap=wrap) as rig:
        context = rig.context(sim_vin())
        rig.claim(sim_vin())
        streams[0].refuses = True
        early = await rig.car()
        await early.message(envelope(vehicle_data(), b"kept"))
        late = await rig.car()  # a short trouble turns nobody away
        await late.hang_up()
        await rig.until(lambda: rig.gateway._intake.refuses_newcomers)
        assert (await dial(rig.gateway.port, context)).status == 503
        assert rig.count("refused_total", "stream") == 1
        streams[0].refuses = False
        assert (await early.reply()).txid == b"kept"
        again = await rig.car()
        await again.hang_up()
        await early.hang_up()
