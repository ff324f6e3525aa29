"""The FlatBuffers envelope around every message: read it with every offset checked, write it byte for byte.

The layout is the one of Tesla's fleet-telemetry server (teslamotors/fleet-telemetry, `messages/tesla`): no file
identifier, no size prefix, little endian. Byte fields are vectors of u8 written like strings (a NUL follows the data).

    Envelope: 0 txid | 1 topic | 2 message_type (u8) | 3 message (table) | 4 message_id
    Stream:   0 created_at (u32, s) | 1 sender_id | 2 payload | 3 device_type | 4 device_id | 5 delivered_at (u64, ms)

The reader goes through the vtables alone, since the tables move with the length of the payload.
"""

from functools import lru_cache
from struct import Struct
from typing import Final

import msgspec

from motorcade.domain.errors import Invalid
from motorcade.wire.tesla.flatbuffer import U32, U64, Builder, table, vector

MAX_ENVELOPE_BYTES: Final = 1_000_000
"""Longest message that is read; the reference server answers longer ones (strictly) with an error."""
TYPE_NONE: Final = 0
TYPE_STREAM: Final = 4
TYPE_ACK: Final = 5
ERROR_TEXT: Final = b"incorrect message format"
"""Payload of every error reply; vehicles know only this text."""

_MIN_BYTES: Final = 8  # root offset and one table start
_MAX_TEMPLATES: Final = 256  # a car's txids have one or two lengths, so a fleet needs a handful
_MAX_CACHED_BYTES: Final = 64  # longer txids and topics are honoured but get no template
_U8: Final = Struct("<B")
_ENVELOPE_FIELDS: Final = "IIBII"
_STREAM_FIELDS: Final = "IIIIIQ"


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """One message as a vehicle sent it, or a reply.

    Byte fields are b"" where absent. For anything but a Stream (`message_type` 4) only `txid`, `topic`,
    `message_type` and `message_id` are read: the union of an acknowledgement is no valid table. Nothing in here
    proves who sent it; identity comes from the client certificate alone.
    """

    txid: bytes
    topic: bytes
    message_type: int = TYPE_STREAM
    payload: bytes = b""
    sender_id: bytes = b""
    device_type: bytes = b""
    device_id: bytes = b""
    message_id: bytes = b""
    created_at: int = 0
    """Seconds since 1970 by the vehicle's clock; 0 = absent."""


def decode_envelope(buf: bytes | bytearray | memoryview) -> Envelope:
    """Read one message.

    Args:
        buf: the whole WebSocket message; it is not kept.

    Raises:
        Invalid: longer than `MAX_ENVELOPE_BYTES`, or an offset leads out of the message.
    """
    size = len(buf)
    if size > MAX_ENVELOPE_BYTES:
        raise Invalid(f"message of {size} bytes; the limit is {MAX_ENVELOPE_BYTES}")
    if size < _MIN_BYTES:
        raise Invalid(f"message of {size} bytes is too short for an envelope")
    if type(buf) is not bytes:
        buf = bytes(buf)
    root = U32.unpack_from(buf)[0]
    fields, places, starts = table(buf, root, _ENVELOPE_FIELDS)
    txid = vector(buf, fields[places[0]], root + starts[0])
    topic = vector(buf, fields[places[1]], root + starts[1])
    message_type = fields[places[2]]
    message = fields[places[3]]
    message_id = vector(buf, fields[places[4]], root + starts[4])
    if message_type != TYPE_STREAM or not message:
        return Envelope(txid, topic, message_type, message_id=message_id)
    stream = root + starts[3] + message
    fields, places, starts = table(buf, stream, _STREAM_FIELDS)
    return Envelope(
        txid,
        topic,
        TYPE_STREAM,
        vector(buf, fields[places[2]], stream + starts[2]),
        vector(buf, fields[places[1]], stream + starts[1]),
        vector(buf, fields[places[3]], stream + starts[3]),
        vector(buf, fields[places[4]], stream + starts[4]),
        message_id,
        fields[places[0]],
    )


def _envelope(builder: Builder, message: int, message_type: int, envelope: Envelope) -> bytes:
    """Write txid, topic, message id and the root table around an already written message."""
    txid = builder.string(envelope.txid)
    topic = builder.string(envelope.topic)
    message_id = builder.string(envelope.message_id)
    root = builder.table(
        [
            (0, U32, txid, True),
            (1, U32, topic, True),
            (2, _U8, message_type, False),
            (3, U32, message, True),
            (4, U32, message_id, True),
        ],
        5,
    )
    return builder.finish(root)


def encode_stream(envelope: Envelope, delivered_at_ms: int = 0) -> bytes:
    """A Stream message as the official client writes it, byte for byte.

    Args:
        envelope: what to send; its `message_type` is not looked at.
        delivered_at_ms: ms since 1970, which only servers set; 0 = absent.
    """
    builder = Builder()
    sender = builder.string(envelope.sender_id)
    payload = builder.string(envelope.payload)
    device_type = builder.string(envelope.device_type)
    device_id = builder.string(envelope.device_id)
    message = builder.table(
        [
            (1, U32, sender, True),
            (0, U32, envelope.created_at, False),
            (2, U32, payload, True),
            (3, U32, device_type, True),
            (4, U32, device_id, True),
            (5, U64, delivered_at_ms, False),
        ],
        6,
    )
    return _envelope(builder, message, TYPE_STREAM, envelope)


def encode_ack(txid: bytes, topic: bytes) -> bytes:
    """The acknowledgement of one message: its txid and topic, no message id, an empty vector for a message.

    That vector stands where a table belongs, as in Tesla's own server, so readers must not open the union.
    """
    if len(txid) > _MAX_CACHED_BYTES or len(topic) > _MAX_CACHED_BYTES:
        return _build_ack(txid, topic)
    head, tail = _ack_template(len(txid), topic)
    return head + txid + tail


@lru_cache(maxsize=_MAX_TEMPLATES)
def _ack_template(txid_bytes: int, topic: bytes) -> tuple[bytes, bytes]:
    """What precedes and what follows the txid, which moves nothing as long as its length stays the same."""
    ack = _build_ack(bytes(txid_bytes), topic)
    start = _txid_start(ack)
    return ack[:start], ack[start + txid_bytes :]


def _txid_start(ack: bytes) -> int:
    """Where the txid's bytes begin in a message that we built."""
    root: int = U32.unpack_from(ack)[0]
    fields, places, starts = table(ack, root, _ENVELOPE_FIELDS)
    return root + starts[0] + fields[places[0]] + 4


def _build_ack(txid: bytes, topic: bytes) -> bytes:
    builder = Builder()
    message = builder.string(b"")
    return _envelope(builder, message, TYPE_ACK, Envelope(txid, topic))


def encode_error(txid: bytes = b"") -> bytes:
    """The reply to a message that cannot be read: a Stream with the txid (empty where unreadable) and a fixed text."""
    return encode_stream(Envelope(txid, b"", payload=ERROR_TEXT))
