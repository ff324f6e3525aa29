"""A record: one report as received, and the rules for its times and its id."""

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from hashlib import blake2b as _blake2b
from hashlib import sha256 as _sha256

from motorcade.domain.ids import id_bytes

_ID_KEY = struct.Struct("<16sBq32s").pack

NS_PER_S = 1_000_000_000
CLOCK_TOLERANCE_NS = 120 * NS_PER_S
"""How far a vehicle's clock may be ahead of ours before it is suspect."""
ANCIENT_NS = 7 * 24 * 3600 * NS_PER_S
"""Reports older than this are archived but no longer change state."""


class Topic(IntEnum):
    """What kind of report a record carries; the numbers are part of the stored format."""

    HEARTBEAT = 0  # an appender's clock, a marker of the stream and not a record
    VEHICLE_DATA = 1
    ALERTS = 2
    ERRORS = 3
    CONNECTIVITY = 4
    METRICS = 5


TOPIC_BY_WIRE_NAME: dict[bytes, Topic] = {
    b"V": Topic.VEHICLE_DATA,
    b"alerts": Topic.ALERTS,
    b"errors": Topic.ERRORS,
    b"connectivity": Topic.CONNECTIVITY,
    b"metrics": Topic.METRICS,
}


class Flag(IntFlag):
    """What the gateway decided about a record when it came in; the bits are part of the stored format."""

    NONE = 0
    RESEND = 1  # the car says that it sends this again
    FUTURE = 2  # the vehicle's clock is more than CLOCK_TOLERANCE_NS ahead
    ANCIENT = 4  # older than ANCIENT_NS: archived, not applied
    TIMELESS = 8  # carried no vehicle time; observed_at is received_at
    OUTSIDE_CLAIM = 16  # measured when the vehicle was not this organisation's
    IDENTITY_MISMATCH = 32  # the payload named another vehicle than the certificate
    SERVER_MADE = 64  # written by our gateway itself (connectivity)


@dataclass(frozen=True, slots=True)
class Record:
    """One report of one vehicle, free of its VIN.

    Times are nanoseconds since 1970 UTC. `connection_seq` counts the records of one connection from 0.
    """

    org_id: str
    vehicle_id: str
    topic: Topic
    observed_at_ns: int
    received_at_ns: int
    effective_at_ns: int
    flags: Flag
    connection_id: str
    connection_seq: int
    payload: bytes


Frame = tuple[bytes, bytes, bytes, int, int, int, int, int, int, bytes]
"""A record as a bare tuple, for hot paths, with ids as raw bytes and topic and flags as numbers:
(org, vehicle, connection, sequence, topic, flags, observed_ns, received_ns, effective_ns, payload)."""


def effective_time(observed_at_ns: int, received_at_ns: int, *, resend: bool, lead_ns: int) -> int:
    """When a report counts as measured.

    A clock that runs ahead must not let one value rule for ever, so a report never counts as later than its
    arrival. A resend carries the clock's error of its first sending, so it is moved back by `lead_ns`, by how much
    the connection's last fresh report was ahead of us (0 if it was not).
    """
    if resend:
        observed_at_ns -= lead_ns
    return min(observed_at_ns, received_at_ns)


def time_flags(observed_at_ns: int, received_at_ns: int) -> Flag:
    """`FUTURE`, `ANCIENT` or nothing, from the vehicle's and the gateway's clock."""
    if observed_at_ns - received_at_ns > CLOCK_TOLERANCE_NS:
        return Flag.FUTURE
    if received_at_ns - observed_at_ns > ANCIENT_NS:
        return Flag.ANCIENT
    return Flag.NONE


def record_id(record: Record, hashed_payload: bytes) -> bytes:
    """The 16-byte id of a record: the same after any retry, resend, redelivery, redrive or replay.

    Args:
        record: its vehicle, topic and observed time enter the id. A report without a vehicle time has that of its first
            arrival, so a car that says the same again later has reported again.
        hashed_payload: the payload without the VIN and without the resend mark.
    """
    return raw_record_id(id_bytes(record.vehicle_id), record.topic, record.observed_at_ns, hashed_payload)


def raw_record_id(vehicle: bytes, topic: int, observed_at_ns: int, hashed_payload: bytes) -> bytes:
    """`record_id` from the vehicle's 16 raw bytes, for the consumer's hot path."""
    return _blake2b(_ID_KEY(vehicle, topic, observed_at_ns, _sha256(hashed_payload).digest()), digest_size=16).digest()
