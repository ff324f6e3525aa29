"""One vehicle's connection: who it is, what it may do, what it waits for.

A session belongs to one socket. Acknowledgements go to the session whose record became durable, so whatever a
vehicle writes into its messages or headers cannot lead a reply elsewhere.
"""

from collections import deque
from enum import IntFlag
from typing import Final

from motorcade.domain.ids import id_bytes
from motorcade.domain.vehicle import Claim
from motorcade.gateway.protocols.tesla import Identity
from motorcade.gateway.wire import Wire

Receipt = tuple["Session", bytes, bytes, bytes, int]
"""(session, txid, topic, frame, received_at_ns) of one appended record; an empty topic and txid for our own records.
The frame stays with its receipt, so that a failed group commit can be offered again."""

_BINARY: Final = 0x82  # final fragment, binary opcode (RFC 6455, 5.2)
_SHORT: Final = 126
_HEADS: Final = tuple(bytes((_BINARY, size)) for size in range(_SHORT))


class Pause(IntFlag):
    """Why reading from a vehicle stands still."""

    RATE = 1  # it sends faster than its share
    IN_FLIGHT = 2  # too much of it waits for durability
    WRITE = 4  # it does not take its acknowledgements
    STREAM = 8  # the stream takes no more from anyone


class Session:
    """State of one vehicle connection. Times in ns."""

    __slots__ = (
        "allowance",
        "claim",
        "close_reason",
        "connection_id",
        "heard",
        "identity",
        "is_open",
        "last_heard_ns",
        "lead_ns",
        "network",
        "paused",
        "ping_sent_ns",
        "received_ns",
        "refilled_ns",
        "replies",
        "sequence",
        "source",
        "unacked",
        "unacked_bytes",
        "vin",
        "waiting",
        "wire",
        "write_blocked_ns",
    )

    def __init__(self, identity: Identity, claim: Claim, connection_id: bytes, network: str, wire: Wire) -> None:
        """Begin a session.

        Args:
            identity: from the verified certificate.
            claim: whose vehicle it is, resolved once for the whole connection.
            connection_id: server-made, 8 bytes.
            network: the interface that the vehicle named, already reduced to a harmless word.
            wire: its socket.
        """
        self.identity = identity
        self.vin = identity.vin.encode("ascii")
        self.claim = claim
        self.connection_id = connection_id
        self.network = network
        self.wire = wire
        self.source = id_bytes(claim.org_id) + id_bytes(claim.vehicle_id) + connection_id
        self.sequence = 0
        self.received_ns = 0
        self.lead_ns = 0
        self.unacked = 0
        self.unacked_bytes = 0
        self.waiting: deque[tuple[bytes, Receipt]] | None = None
        self.replies: list[bytes] = []
        self.paused = 0
        self.allowance = 0.0
        self.refilled_ns = 0
        self.heard = True
        self.last_heard_ns = 0
        self.ping_sent_ns = 0
        self.write_blocked_ns = 0
        self.is_open = True
        self.close_reason = ""

    def stamp(self, now_ns: int) -> int:
        """The receipt time of the next record: now, but strictly later than the one before."""
        if now_ns <= self.received_ns:
            now_ns = self.received_ns + 1
        self.received_ns = now_ns
        return now_ns

    def pause(self, reason: int) -> bool:
        """Stop reading for a reason; True where that reason is new. Frames already read still come."""
        if self.paused & reason:
            return False
        if not self.paused and self.is_open:
            self.wire.pause_reading()
        self.paused |= reason
        return True

    def resume(self, reason: int) -> None:
        """Take a reason back; reading goes on when none is left."""
        if not self.paused & reason:
            return
        self.paused &= ~reason
        if not self.paused and self.is_open:
            self.wire.resume_reading()

    def reply(self, message: bytes) -> None:
        """Send one message at once."""
        self.replies.append(message)
        self.flush()

    def flush(self) -> None:
        """Send all collected replies as one write: one TLS record and one system call for a whole group commit."""
        replies = self.replies
        if not replies:
            return
        if self.is_open:
            parts: list[bytes] = []
            for reply in replies:
                size = len(reply)
                parts.append(_HEADS[size] if size < _SHORT else _head(size))
                parts.append(reply)
            self.wire.write(b"".join(parts))
        replies.clear()


def _head(size: int) -> bytes:
    """Head of an unmasked binary message of 126 bytes and more."""
    if size < 1 << 16:
        return bytes((_BINARY, 126)) + size.to_bytes(2, "big")
    return bytes((_BINARY, 127)) + size.to_bytes(8, "big")
