"""The envelope codec against the FlatBuffers library, golden bytes and hostile input."""

import json
import random
import struct
from typing import Any

import flatbuffers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motorcade.domain.errors import Invalid
from motorcade.wire.tesla.envelope import (
    ERROR_TEXT,
    MAX_ENVELOPE_BYTES,
    TYPE_ACK,
    Envelope,
    decode_envelope,
    encode_ack,
    encode_error,
    encode_stream,
)
from tests.conditions import ROOT, Scale
from tests.unit.wire.hostile import mutate

GOLDEN = json.loads((ROOT / "tests" / "data" / "tesla_golden_envelopes.json").read_text(encoding="utf-8"))


def _finish(builder: Any, message: Any, message_type: int, envelope: Envelope) -> bytes:
    txid = builder.CreateString(envelope.txid)
    topic = builder.CreateString(envelope.topic)
    message_id = builder.CreateString(envelope.message_id)
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(0, txid, 0)
    builder.PrependUOffsetTRelativeSlot(1, topic, 0)
    builder.PrependUint8Slot(2, message_type, 0)
    builder.PrependUOffsetTRelativeSlot(3, message, 0)
    builder.PrependUOffsetTRelativeSlot(4, message_id, 0)
    builder.Finish(builder.EndObject())
    return bytes(builder.Output())


def library_stream(envelope: Envelope, delivered_at_ms: int = 0) -> bytes:
    """The same message by the FlatBuffers library, in the order of Tesla's own writer."""
    builder = flatbuffers.Builder(0)
    sender = builder.CreateString(envelope.sender_id)
    payload = builder.CreateString(envelope.payload)
    device_type = builder.CreateString(envelope.device_type)
    device_id = builder.CreateString(envelope.device_id)
    builder.StartObject(6)
    builder.PrependUOffsetTRelativeSlot(1, sender, 0)
    builder.PrependUint32Slot(0, envelope.created_at, 0)
    builder.PrependUOffsetTRelativeSlot(2, payload, 0)
    builder.PrependUOffsetTRelativeSlot(3, device_type, 0)
    builder.PrependUOffsetTRelativeSlot(4, device_id, 0)
    builder.PrependUint64Slot(5, delivered_at_ms, 0)
    return _finish(builder, builder.EndObject(), 4, envelope)


def library_ack(txid: bytes, topic: bytes) -> bytes:
    builder = flatbuffers.Builder(0)
    return _finish(builder, builder.CreateString(b""), 5, Envelope(txid, topic))


BYTES = st.binary(max_size=40)
ENVELOPES = st.builds(
    Envelope,
    txid=BYTES,
    topic=BYTES,
    payload=st.binary(max_size=300),
    sender_id=BYTES,
    device_type=BYTES,
    device_id=BYTES,
    message_id=BYTES,
    created_at=st.integers(0, 2**32 - 1),
)
SAMPLE = Envelope(
    b"78ae54a58800468194dc95-000000397",
    b"V",
    payload=bytes(range(150)),
    sender_id=b"vehicle_device.SIM00000000000001",
    device_type=b"vehicle_device",
    device_id=b"SIM00000000000001",
    message_id=b"msg-0001",
    created_at=1_755_000_000,
)


@given(ENVELOPES, st.one_of(st.just(0), st.integers(1, 2**64 - 1)))
def test_a_stream_message_equals_the_librarys_byte_for_byte_and_reads_back(
    envelope: Envelope, delivered_at_ms: int
) -> None:
    written = encode_stream(envelope, delivered_at_ms)
    assert written == library_stream(envelope, delivered_at_ms)
    assert decode_envelope(written) == envelope


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_an_acknowledgement_equals_the_librarys_byte_for_byte(txid: bytes, topic: bytes) -> None:
    ack = encode_ack(txid, topic)
    assert ack == library_ack(txid, topic)
    assert decode_envelope(memoryview(ack)) == Envelope(txid, topic, TYPE_ACK)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_messages_keep_their_bytes(name: str) -> None:
    entry = GOLDEN[name]
    fields: dict[str, Any] = {
        key: value.encode() if isinstance(value, str) else value for key, value in entry["fields"].items()
    }
    if entry["kind"] == "ack":
        written = encode_ack(**fields)
    elif entry["kind"] == "error":
        written = encode_error(**fields)
    else:
        fields["payload"] = bytes.fromhex(fields["payload"].decode())
        written = encode_stream(Envelope(**fields), entry["delivered_at_ms"])
    assert written.hex() == entry["bytes"]


def test_an_error_reply_is_a_stream_that_carries_the_txid_and_the_fixed_text() -> None:
    assert decode_envelope(encode_error(b"tx-1")) == Envelope(b"tx-1", b"", payload=ERROR_TEXT)
    assert encode_error() == library_stream(Envelope(b"", b"", payload=ERROR_TEXT))


def test_a_message_over_the_limit_is_invalid_and_one_at_the_limit_is_read() -> None:
    spare = len(encode_stream(Envelope(b"t", b"V", payload=b"")))
    big = encode_stream(Envelope(b"t", b"V", payload=bytes(MAX_ENVELOPE_BYTES - spare)))
    assert MAX_ENVELOPE_BYTES - 8 <= len(big) <= MAX_ENVELOPE_BYTES
    assert decode_envelope(big).txid == b"t"
    with pytest.raises(Invalid, match="limit"):
        decode_envelope(bytes(MAX_ENVELOPE_BYTES + 1))


@pytest.mark.parametrize("raw", [b"", b"\1\2\3", bytes(60), b"D4,test,1234,not an envelope at all", b"\xff" * 100])
def test_what_is_no_envelope_is_invalid(raw: bytes) -> None:
    with pytest.raises(Invalid):
        decode_envelope(raw)


def test_every_truncation_is_invalid_or_reads_without_the_lost_bytes() -> None:
    whole = encode_stream(SAMPLE)
    for size in range(len(whole) - 4):
        with pytest.raises(Invalid):
            decode_envelope(whole[:size])


def test_two_fields_that_share_bytes_are_invalid() -> None:
    whole = bytearray(encode_stream(SAMPLE))
    struct.pack_into("<H", whole, 10, struct.unpack_from("<H", whole, 12)[0])
    with pytest.raises(Invalid):
        decode_envelope(bytes(whole))


def test_hostile_messages_raise_invalid_and_nothing_else(scale: Scale) -> None:
    rng = random.Random(20_261_124)
    seeds = [encode_stream(SAMPLE), encode_stream(SAMPLE, 1_755_000_000_123), encode_ack(b"t", b"V"), encode_error()]
    read = 0
    for _ in range(scale.n(20_000, 1_000_000)):
        raw = mutate(rng, rng.choice(seeds))
        try:
            envelope = decode_envelope(raw)
        except Invalid:
            continue
        read += 1
        assert len(envelope.payload) <= len(raw)
    assert read > 100
