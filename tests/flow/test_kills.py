"""Gateway and consumer are killed at random moments under load: nothing acknowledged is lost, the state is right."""

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tesla_protocol.telemetry.vehicle_data_pb2 import Payload

from motorcade.domain.errors import Denied, Unavailable
from motorcade.domain.ids import id_text
from motorcade.domain.record import raw_record_id
from motorcade.domain.state import Value
from motorcade.simulator.link import Link
from motorcade.simulator.vin import make_vin
from motorcade.wire.tesla.encode import encode_vehicle_data
from motorcade.wire.tesla.envelope import Envelope, encode_stream
from tests.conditions import Proof, Scale
from tests.flow.house import House
from tests.flow.inside import caught_up, reports, states

CARS = 8
SPEED, ODOMETER, SOC = 4, 5, 8
KM_PER_MILE = 1.609344
NAIVE_FACTORS = {SPEED: KM_PER_MILE, ODOMETER: KM_PER_MILE, SOC: 1.0}


@dataclass
class Sender:
    """A car that numbers its messages and remembers which of them were acknowledged."""

    vin: str
    chance: random.Random
    pending: dict[bytes, bytes] = field(default_factory=dict)
    acknowledged: list[bytes] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    count: int = 0

    def on_acknowledged(self, txid: bytes) -> None:
        payload = self.pending.pop(txid, None)
        if payload is not None:
            self.acknowledged.append(payload)

    def on_refused(self, txid: bytes) -> None:
        raise AssertionError(f"the gateway refused {txid!r}")

    def on_closed(self) -> None:
        self.closed.set()

    def message(self) -> bytes:
        self.count += 1
        chance = self.chance
        # Times jump back and forth within a minute, so that the join has late values to refuse.
        created_at_ns = time.time_ns() - chance.randrange(60_000_000_000)  # noqa: TID251 - the car's clock
        values = {
            number: None if chance.random() < 0.05 else chance.uniform(0, 130)
            for number in (SPEED, ODOMETER, SOC)
            if chance.random() < 0.7
        }
        payload = encode_vehicle_data(values, created_at_ns, self.vin)
        txid = b"%s-%09d" % (self.vin.encode(), self.count)
        self.pending[txid] = encode_vehicle_data(values, created_at_ns)
        return encode_stream(Envelope(txid, b"V", payload=payload, message_id=txid))

    async def drive(self, house: House, end: asyncio.Event) -> None:
        while not end.is_set():
            self.closed.clear()
            self.pending.clear()
            link: Link | None = None
            with contextlib.suppress(Unavailable, Denied):
                link = await house.connect(self.vin, self)
            if link is None:
                await asyncio.sleep(0.1)
                continue
            while not self.closed.is_set() and not end.is_set():
                if len(self.pending) < 100:
                    link.send(self.message())
                await asyncio.sleep(0.004)
            if end.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(10):
                        while self.pending and not self.closed.is_set():  # noqa: ASYNC110 - a test may poll
                            await asyncio.sleep(0.01)
            link.close()


async def test_random_kills_lose_nothing_acknowledged(data_dir: Path, scale: Scale, proof: Proof) -> None:
    kills = scale.n(10, 200)
    house = House(data_dir)
    chance = random.Random()
    seed = chance.getrandbits(32)
    chance.seed(seed)
    senders = [Sender(make_vin(b"kills", str(n)), random.Random(seed + n)) for n in range(CARS)]
    vehicles = await house.claim([sender.vin for sender in senders])
    end = asyncio.Event()
    try:
        house.start("gateway")
        house.start("consumer")
        await house.until_open()
        driving = [asyncio.create_task(sender.drive(house, end)) for sender in senders]
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.3, 2.0))
            room = chance.choice(("gateway", "consumer"))
            await asyncio.to_thread(house.kill, room)
            house.start(room)
        await house.until_open()
        await asyncio.sleep(1.0)
        end.set()
        await asyncio.gather(*driving)
        assert await asyncio.to_thread(house.stop, "gateway") == 0, house.log("gateway")[-2000:]
        await caught_up(house)
        assert await asyncio.to_thread(house.stop, "consumer") == 0, house.log("consumer")[-2000:]
    finally:
        end.set()
        house.stop_all()
    acknowledged = sum(len(sender.acknowledged) for sender in senders)
    assert acknowledged > kills * CARS, f"too little traffic to mean anything (seed {seed})"
    stored = await _stream(house)
    missing = 0
    for sender in senders:
        kept = {record[3] for record in stored.get(vehicles[sender.vin].vehicle_id, [])}
        missing += sum(1 for payload in sender.acknowledged if payload not in kept)
    assert missing == 0, f"{missing} of {acknowledged} acknowledged records are missing (seed {seed})"
    kept_states = await states(house)
    for vehicle_id, records in stored.items():
        # The decoder drops float noise behind nine digits, the naive fold does not.
        folded = {number: _comparable(cell[2]) for number, cell in kept_states[vehicle_id].fields.items()}
        expected = {number: _comparable(value) for number, value in _naive_fold(records).items()}
        assert folded == pytest.approx(expected, rel=1e-6), f"state differs from the naive fold (seed {seed})"
    proof("random-kills", count=kills, result=f"0 of {acknowledged} acknowledged records missing, states equal")


Stored = tuple[int, int, str, bytes]
"""(effective_at_ns, tiebreak, connection, payload)"""


async def _stream(house: House) -> dict[str, list[Stored]]:
    """Every vehicle record of the stream, by vehicle."""
    found: dict[str, list[Stored]] = {}
    for _, vehicle, connection, _, topic, _, observed, _, effective, payload in await reports(house):
        tiebreak = int.from_bytes(raw_record_id(vehicle, topic, observed, payload)[:8], "big")
        found.setdefault(id_text(vehicle), []).append((effective, tiebreak, connection.hex(), payload))
    return found


def _comparable(value: Value) -> float:
    """An absent value as a number that no car sends."""
    assert value is None or isinstance(value, float)
    return -1000.0 if value is None else value


def _naive_fold(records: list[Stored]) -> dict[int, float | None]:
    """All records sorted by time, each overwriting what came before: no merge, no decoder of ours."""
    state: dict[int, float | None] = {}
    for _, _, _, payload in sorted(records):
        for datum in Payload.FromString(payload).data:
            value = None if datum.value.invalid else datum.value.double_value * NAIVE_FACTORS[int(datum.key)]
            state[int(datum.key)] = value
    return state
