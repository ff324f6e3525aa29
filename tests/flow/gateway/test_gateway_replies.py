"""What a vehicle is told, byte for byte, over real TLS and the real stream."""

from pathlib import Path

import pytest
from tesla_protocol.telemetry import vehicle_data_pb2 as pb

from motorcade.domain.record import Flag, Topic
from motorcade.gateway.limits import Limits
from motorcade.gateway.quarantine import PURPOSE
from motorcade.wire.tesla.envelope import ERROR_TEXT, TYPE_ACK, TYPE_STREAM, encode_ack, encode_error
from tests.unit.gateway.rig import envelope, frame, running, sim_vin, vehicle_data

GOLDEN_ACK = (
    "1400000000000e001800140010000f00080004000e00000014000000300000000000000510000000140000000000000000000000"
    "010000005600000009000000747869642d303030310000000000000000000000"
)
"""What the maker's own server answers to txid `txid-0001` on topic V (teslamotors/fleet-telemetry, executed)."""


async def test_a_record_is_acknowledged_with_the_maker_s_own_bytes(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        await car.message(envelope(vehicle_data(), b"txid-0001"))
        assert (await car.raw_reply()).hex() == GOLDEN_ACK
        await car.silence(0.05)  # once, not twice
        await car.hang_up()


@pytest.mark.parametrize("topic", [b"V", b"alerts", b"errors", b"connectivity", b"metrics"])
async def test_every_topic_of_the_protocol_is_stored_and_acknowledged(data_dir: Path, topic: bytes) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        await car.message(envelope(b"", b"t", topic))
        assert await car.raw_reply() == encode_ack(b"t", topic)
        assert len(await rig.reports()) == 1
        await car.hang_up()


async def test_acknowledgements_of_a_connection_come_in_the_order_of_its_records(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        names = [b"tx-%03d" % number for number in range(100)]
        await car.send(*(frame(envelope(vehicle_data(), name)) for name in names))
        assert [(await car.reply()).txid for _ in names] == names
        assert [record.connection_seq for record in await rig.reports()] == list(range(1, 101))
        await car.hang_up()


async def test_an_unknown_topic_is_acknowledged_for_its_own_sender_and_refused_for_others(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        own = sim_vin().encode()
        for sender in (own, b"vehicle_device." + own):
            await car.message(envelope(b"x", b"t", b"novel", sender_id=sender))
            assert await car.raw_reply() == encode_ack(b"t", b"novel")
        await car.message(envelope(b"x", b"t", b"novel", sender_id=b"vehicle_device." + sim_vin(2).encode()))
        assert await car.raw_reply() == encode_error(b"t")
        await car.message(envelope(b"x", b"t", b"\xff\xfe", sender_id=own))
        assert await car.raw_reply() == encode_ack(b"t", b"\xff\xfe")
        assert await rig.reports() == []
        await rig.until(lambda: len(rig.quarantine) == 3)  # those acknowledged, and not the foreign one
        assert {item.topic for item in rig.quarantine} == {"unknown"}
        org_id = rig.claims[sim_vin()].org_id
        assert {await rig.keys.unseal(org_id, PURPOSE, item.sealed) for item in rig.quarantine} == {b"x"}
        await car.hang_up()


async def test_messages_that_carry_nothing_are_acknowledged_once_and_not_stored(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        for message, txid in ((b"", b""), (bytes(64), b""), (encode_ack(b"t", b"V"), b"t")):
            await car.message(message)
            assert await car.raw_reply() == encode_ack(txid, b"")
        await car.message(envelope(b"x", b"t", b""))
        assert await car.raw_reply() == encode_ack(b"t", b"")
        await car.silence(0.05)
        assert await rig.reports() == []
        await car.hang_up()


async def test_what_cannot_be_read_gets_an_error_and_lies_sealed_in_quarantine(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        await car.message(envelope(b"\xff\xff\xff", b"t"))
        refusal = await car.reply()
        assert (refusal.message_type, refusal.txid, refusal.payload) == (TYPE_STREAM, b"t", ERROR_TEXT)
        for broken in (b"abc", b"this is text and no envelope at all", envelope(vehicle_data())[:40]):
            await car.message(broken)
            assert await car.raw_reply() == encode_error()
        await rig.until(lambda: len(rig.quarantine) == 4)
        claim = rig.claims[sim_vin()]
        assert {item.vehicle_id for item in rig.quarantine} == {claim.vehicle_id}
        assert [item.topic for item in rig.quarantine] == ["vehicle_data", "envelope", "envelope", "envelope"]
        opened = [await rig.keys.unseal(claim.org_id, PURPOSE, item.sealed) for item in rig.quarantine]
        assert opened[:2] == [b"\xff\xff\xff", b"abc"]
        assert await rig.reports() == []
        await car.hang_up()


async def test_quarantine_keeps_its_daily_share_of_a_vehicle_and_counts_the_rest(data_dir: Path) -> None:
    async with running(data_dir, Limits(quarantine_bytes_per_day=1_000 + 2 * 512)) as rig:
        car = await rig.car()
        for _ in range(5):
            await car.message(b"\xff" * 400)
            assert (await car.reply()).payload == ERROR_TEXT
        await rig.until(lambda: rig.count("quarantined_total") == 2)
        assert rig.count("quarantine_dropped_total") == 3
        await car.hang_up()


async def test_a_message_of_the_limit_passes_and_a_longer_one_gets_an_error_while_the_connection_stays(
    data_dir: Path,
) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        payload = pb.Payload()
        payload.data.add().value.string_value = "x" * 999_000
        whole = envelope(payload.SerializeToString(), b"big", message_id=b"m" * 600)
        whole = envelope(payload.SerializeToString(), b"big", message_id=b"m" * (1_600 - len(whole) + 999_000 - 4))
        assert 999_990 <= len(whole) <= 1_000_000
        await car.message(whole)
        assert (await car.reply(30)).message_type == TYPE_ACK
        pieces = [bytes(200_000) for _ in range(6)]
        await car.send(
            frame(pieces[0], 2, fin=False), *(frame(piece, 0, fin=False) for piece in pieces[1:]), frame(b"", 0)
        )
        assert await car.raw_reply(30) == encode_error()
        await car.message(envelope(vehicle_data(), b"after"))
        assert (await car.reply()).txid == b"after"
        assert rig.count("too_big_total") == 1
        await car.hang_up()


async def test_fragments_are_put_together_and_a_ping_between_them_is_answered(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        whole = envelope(vehicle_data(), b"pieces")
        await car.send(frame(whole[:10], 2, fin=False), frame(b"hello", 9))
        assert await car.receive() == (10, b"hello")
        await car.send(*(frame(whole[at : at + 7], 0, fin=False) for at in range(10, len(whole), 7)), frame(b"", 0))
        assert (await car.reply()).txid == b"pieces"
        await car.hang_up()


async def test_times_and_flags_are_decided_at_the_door(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        vin = sim_vin()
        claim = rig.claim(vin, valid_from_ns=1_700_000_000 * 10**9)
        car = await rig.car()
        await car.message(envelope(vehicle_data(at_s=0)))
        await car.message(envelope(vehicle_data(at_s=4_000_000_000)))
        await car.message(envelope(vehicle_data(at_s=4_000_000_000, resend=True)))
        await car.message(envelope(vehicle_data(at_s=1_700_000_001)))
        await car.message(envelope(vehicle_data(at_s=1_699_999_999)))
        for _ in range(5):
            assert (await car.reply()).message_type == TYPE_ACK
        timeless, future, resent, ancient, before = await rig.reports()
        assert timeless.flags == Flag.TIMELESS
        assert timeless.observed_at_ns == timeless.received_at_ns == timeless.effective_at_ns
        assert future.flags == Flag.FUTURE
        assert future.effective_at_ns == future.received_at_ns
        assert resent.flags == Flag.FUTURE | Flag.RESEND
        assert resent.effective_at_ns <= resent.received_at_ns
        assert ancient.flags == Flag.ANCIENT
        assert ancient.effective_at_ns == 1_700_000_001 * 10**9
        assert before.flags == Flag.ANCIENT | Flag.OUTSIDE_CLAIM
        received = [record.received_at_ns for record in (timeless, future, resent, ancient, before)]
        assert received == sorted(set(received))
        assert {record.vehicle_id for record in (timeless, before)} == {claim.vehicle_id}
        assert timeless.topic is Topic.VEHICLE_DATA
        assert rig.count("outside_claim_total") == 1
        await car.hang_up()


async def test_a_resend_after_a_clock_centuries_ahead_is_moved_back_a_week_at_most(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        car = await rig.car()
        times_s = (9_200_000_000, -2_300_000_000, -9_223_000_000)
        for at_s in times_s:
            await car.message(envelope(vehicle_data(at_s=at_s, resend=at_s < 0)))
            assert (await car.reply()).message_type == TYPE_ACK
        ahead, resent, first = await rig.reports()
        assert ahead.effective_at_ns == ahead.received_at_ns
        assert resent.effective_at_ns == (times_s[1] - 7 * 86_400) * 10**9
        assert first.effective_at_ns == -(2**63)
        await car.hang_up()
