"""Whatever bytes a vehicle sends: one reply for each message, nothing uncaught, and no memory kept."""

import asyncio
import random
from pathlib import Path

from tesla_protocol.telemetry import vehicle_alert_pb2, vehicle_data_pb2, vehicle_error_pb2

from motorcade.gateway.limits import Limits
from tests.conditions import Proof, Scale
from tests.unit.gateway.rig import BINARY, envelope, frame, rss_bytes, running, sim_vin, vehicle_data
from tests.unit.wire.hostile import mutate

MB = 1024 * 1024
TOPICS = (b"V", b"alerts", b"errors", b"connectivity", b"metrics", b"", b"novel")
UNLIMITED = Limits(rate_per_s=1e9, rate_burst=10**9, in_flight=100_000)


def seeds() -> list[bytes]:
    payloads = [
        vehicle_data(vin=sim_vin(1)),
        vehicle_data_pb2.Payload(
            data=[vehicle_data_pb2.Datum(key=vehicle_data_pb2.Field.Location)]
        ).SerializeToString(),
        vehicle_alert_pb2.VehicleAlerts(
            alerts=[vehicle_alert_pb2.VehicleAlert(name="x")], vin=sim_vin(2)
        ).SerializeToString(),
        vehicle_error_pb2.VehicleErrors(
            errors=[vehicle_error_pb2.VehicleError(name="x", tags={"a": "b"})]
        ).SerializeToString(),
    ]
    payloads += [vehicle_data(at_s=at_s, resend=at_s < 0) for at_s in (9_200_000_000, -2_300_000_000, -9_200_000_000)]
    names = {"sender_id": b"vehicle_device." + sim_vin(1).encode(), "device_id": sim_vin(1).encode()}
    return [envelope(payload, b"tx-%d" % at, topic, **names) for at, payload in enumerate(payloads) for topic in TOPICS]


async def test_mutated_messages_each_get_one_reply_and_nothing_else_happens(
    data_dir: Path, scale: Scale, proof: Proof
) -> None:
    count, window = scale.n(20_000, 1_000_000), 1_000
    chance = random.Random(20_261_124)
    originals = seeds()
    async with running(data_dir, UNLIMITED) as rig:
        car = await rig.car()
        before = 0
        for turn in range(count // window):
            messages = [mutate(chance, chance.choice(originals)) for _ in range(window)]
            sending = asyncio.create_task(car.send(*(frame(message) for message in messages)))
            for _ in messages:
                opcode, _reply = await car.receive(30)
                assert opcode == BINARY, f"closed by one of {[message.hex() for message in messages]}"
            await sending
            if turn == 2:
                before = rss_bytes()
        await car.silence(0.05)
        assert rig.count("received_total") == count
        assert rss_bytes() - before < 32 * MB  # the quarantine's bounded list of this test among them
        replies = rig.count("acked_total") + sum(
            rig.count("errors_sent_total", why) for why in ("envelope", "payload", "sender", "too_big")
        )
        unstored = sum(rig.count("undispatched_total", why) for why in ("empty", "no_stream", "no_topic", "unknown"))
        assert replies + unstored == count
        await car.message(envelope(vehicle_data(), b"still fine"))
        assert (await car.reply()).txid == b"still fine"
        await car.hang_up()
    proof("mutated-messages-through-the-socket", count=count, result="one reply each, nothing uncaught")
