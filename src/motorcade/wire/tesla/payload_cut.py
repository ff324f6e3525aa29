"""Pseudonymise a payload before anything is stored: the VIN goes out on wire level, everything else stays as it was.

Protobuf messages could be parsed, changed and written again, but that would reorder what the car sent and cost ten
times more. So the top-level fields are walked and the VIN's bytes left out; unknown fields survive untouched.
"""

from typing import Final, cast

import msgspec
from tesla_protocol.telemetry.vehicle_data_pb2 import Payload

from motorcade.domain.errors import Invalid
from motorcade.domain.record import Topic
from motorcade.wire.tesla.messages import parse, timestamp_ns

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_GROUP: Final = 3
_END_GROUP: Final = 4
_FIXED32: Final = 5
_MAX_VARINT_BYTES: Final = 10  # 64 bits at 7 a byte
_MAX_GROUP_DEPTH: Final = 100  # protobuf's own limit on nesting
_VIN_FIELD: Final = {
    Topic.VEHICLE_DATA: 3,
    Topic.ALERTS: 3,
    Topic.ERRORS: 3,
    Topic.METRICS: 3,
    Topic.CONNECTIVITY: 1,
}
_RESEND_FIELD: Final = 4  # vehicle data only
_RESEND_TAG: Final = _RESEND_FIELD << 3
_LONG_RESEND_TAG: Final = _RESEND_TAG | 0x80  # the first byte of a needlessly long spelling
_NO_FIELD: Final = -1
MAX_FIELDS: Final = 2_000
"""Top-level fields of one payload: seven times as many as there are signals. Each costs us and everybody behind us
some microseconds, so a megabyte of two-byte fields is no report. What is inside a group counts too."""
_LEAST_FIELD_BYTES: Final = 2
_MAX_GROUP_BYTES: Final = MAX_FIELDS * _LEAST_FIELD_BYTES
_FIELDS: Final = range(MAX_FIELDS + 1)
_VEHICLE_DATA: Final = int(Topic.VEHICLE_DATA)

_Spans = list[tuple[int, int]]


class Cut(msgspec.Struct, frozen=True, gc=False):
    """A payload without its VIN, and what the gateway needs to know about it."""

    payload: bytes
    """What is stored: no VIN field, other occurrences of the VIN replaced by `*`."""
    hashed: bytes
    """The same without the resend mark: what the record id is made of."""
    observed_at_ns: int | None
    """The vehicle's time, or None where the payload has none that is a time."""
    is_resend: bool
    claimed_vin: str | None
    """The VIN that the payload names; decides nothing, a differing one is counted."""
    masked: bool
    """Whether the VIN also stood somewhere else."""


def validates(topic: Topic, payload: bytes) -> None:
    """Check that a payload parses as its topic's message.

    Raises:
        Invalid: it does not.
    """
    parse(topic, payload)


def cut_payload(topic: Topic, payload: bytes, vin: bytes) -> Cut:
    """Check a payload, cut its VIN and read its time.

    Every occurrence of the VIN field goes, not only the one that counts, and whatever else in the bytes spells the
    VIN (upper or lower case) becomes `*`. A vehicle time that is no time (see `timestamp_ns`) counts as none.

    Args:
        topic: decides which fields mean what.
        payload: the protobuf bytes of the envelope; they are parsed once here, so no other check is needed.
        vin: the connection's VIN, from its certificate.

    Raises:
        Invalid: the payload does not parse, also when only because masking the VIN broke it, or has too many fields.
    """
    is_data = topic is Topic.VEHICLE_DATA
    # First the walk, which gives up early: what is too much should not be parsed before that is seen.
    vins, resends = _find(payload, _VIN_FIELD.get(topic, _NO_FIELD), _RESEND_FIELD if is_data else _NO_FIELD)
    message = parse(topic, payload)
    created = message.created_at
    seconds, nanos = created.seconds, created.nanos
    observed_at_ns = None
    if seconds or nanos or message.HasField("created_at"):
        observed_at_ns = timestamp_ns(seconds, nanos, may_be_ms=topic is Topic.ALERTS)
    kept = _without(payload, vins)
    stored = _mask(kept, vin)
    masked = stored is not kept
    if masked:
        parse(topic, stored)
    hashed, is_resend = stored, False
    if resends:
        hashed, is_resend = hashed_bytes(topic, stored), cast(Payload, message).is_resend
    return Cut(stored, hashed, observed_at_ns, is_resend, message.vin or None, masked)


def hashed_bytes(topic: int, stored: bytes) -> bytes:
    """What a record's id is made of: a stored, VIN-free payload without its resend mark; equals `Cut.hashed`.

    Args:
        topic: a `Topic`; only vehicle data carry a resend mark.
        stored: a payload as `cut_payload` gave it.

    Raises:
        Invalid: the payload is damaged.
    """
    if topic != _VEHICLE_DATA or (_RESEND_TAG not in stored and _LONG_RESEND_TAG not in stored):
        return stored
    return _without(stored, _find(stored, _NO_FIELD, _RESEND_FIELD)[1])


def _find(payload: bytes, vin_field: int, resend_field: int) -> tuple[_Spans, _Spans]:
    """The spans of all top-level VIN and resend fields of a payload.

    Raises:
        Invalid: it has more than `MAX_FIELDS`, or is cut off somewhere.
    """
    vins: _Spans = []
    resends: _Spans = []
    vin_tag = vin_field << 3 | _BYTES
    at, size = 0, len(payload)
    group_bytes = 0
    try:
        for _ in _FIELDS:
            if at >= size:
                break
            start, tag = at, payload[at]
            if tag < 128 and tag & 7 == _BYTES and (length := payload[at + 1]) < 128:
                at += 2 + length
                if tag == vin_tag:
                    vins.append((start, at))
                continue
            tag, at = _varint(payload, at)
            at = _skip(payload, at, tag, start + _MAX_GROUP_BYTES - group_bytes)
            if tag & 7 == _GROUP:
                group_bytes += at - start
            elif tag == vin_tag:
                vins.append((start, at))
            elif tag == resend_field << 3:
                resends.append((start, at))
        else:
            raise Invalid(f"a payload of more than {MAX_FIELDS} fields")
    except IndexError as error:
        raise Invalid("a field reaches out of the payload") from error
    if at != size:
        raise Invalid("a field reaches out of the payload")
    return vins, resends


def _varint(payload: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer and where it ends."""
    value = 0
    for place in range(_MAX_VARINT_BYTES):
        byte = payload[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise Invalid("an integer of the payload does not end")


def _skip(payload: bytes, at: int, tag: int, group_end: int, depth: int = 0) -> int:
    """Where the value ends that begins at `at` behind `tag`; a group may reach up to `group_end`."""
    kind = tag & 7
    if kind == _VARINT:
        return _varint(payload, at)[1]
    if kind == _FIXED64:
        return at + 8
    if kind == _BYTES:
        length, at = _varint(payload, at)
        return at + length
    if kind == _FIXED32:
        return at + 4
    if kind != _GROUP or depth > _MAX_GROUP_DEPTH:
        raise Invalid(f"wire type {kind} at depth {depth} has no meaning")
    while at < group_end:
        inner, at = _varint(payload, at)
        if inner & 7 == _END_GROUP:
            return at
        at = _skip(payload, at, inner, group_end, depth + 1)
    raise Invalid(f"groups of more than {_MAX_GROUP_BYTES} bytes")


def _without(payload: bytes, spans: _Spans) -> bytes:
    """The payload without the given spans, which are in order."""
    if not spans:
        return payload
    if len(spans) == 1:
        start, end = spans[0]
        return payload[:start] + payload[end:]
    parts, at = [], 0
    for start, end in spans:
        parts.append(payload[at:start])
        at = end
    return b"".join((*parts, payload[at:]))


def _mask(payload: bytes, vin: bytes) -> bytes:
    """`*` over every occurrence of the VIN in any case; the same object where there is none."""
    vin, folded = vin.upper(), payload.upper()
    at = folded.find(vin) if vin else -1
    if at < 0:
        return payload
    masked = bytearray(payload)
    while at >= 0:
        masked[at : at + len(vin)] = b"*" * len(vin)
        at = folded.find(vin, at + 1)
    return bytes(masked)
