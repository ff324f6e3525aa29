"""Our own records in the stream: a connection began, it ended, and the clock's heartbeat.

A car is online while it has an open connection. So every CONNECTED needs its DISCONNECTED, also when this process is
killed: the ledger beside the stream knows the open connections of each epoch (one life of a gateway), and the next
epoch closes the ones that its predecessors left, at the last time they were seen.
"""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

from motorcade.domain.errors import Busy
from motorcade.domain.ids import id_text
from motorcade.domain.record import Flag, Topic
from motorcade.domain.vehicle import Claim
from motorcade.gateway.fairness import Intake
from motorcade.gateway.protocols.tesla import Identity
from motorcade.gateway.session import Receipt, Session
from motorcade.gateway.wire import NoWire
from motorcade.ports.clock import Clock
from motorcade.wire.batch import encode_frame
from motorcade.wire.tesla.reports import encode_connectivity

_SERVER_MADE: Final = int(Flag.SERVER_MADE)
LAST_SEQUENCE: Final = 0xFFFF_FFFF
"""Sequence of a closing that another epoch wrote: after whatever the connection had sent."""
EPOCH_BYTES: Final = 8
_NO_SOURCE: Final = bytes(32)


CONNECTED: Final = b"+"
DISCONNECTED: Final = b"-"
"""What stands in place of the txid in the receipts of our own records (their topic is empty)."""


class OpenConnection(Protocol):
    """A connection that the ledger knows as open."""

    @property
    def connection_id(self) -> bytes:
        """Its 8 bytes."""
        ...

    @property
    def source(self) -> bytes:
        """Org, vehicle and connection id joined, 40 bytes."""
        ...

    @property
    def last_seen_ns(self) -> int:
        """When its epoch last showed life."""
        ...


class Ledger(Protocol):
    """Durable knowledge of open connections, kept with the stream by its one writer.

    Notes are durable together with the records appended around them, and raise `Busy` while the disk fails.
    """

    def connection_opened(self, connection_id: bytes, source: bytes, opened_at_ns: int, epoch: str) -> None:
        """Note an open connection; noting it twice changes nothing."""
        ...

    def connection_closed(self, connection_id: bytes) -> None:
        """Forget a connection."""
        ...

    def epoch_seen(self, epoch: str, at_ns: int) -> None:
        """Note that an epoch lives, with all its connections."""
        ...

    async def open_connections(self) -> Sequence[OpenConnection]:
        """All connections that nobody has closed, of earlier epochs too."""
        ...


class Presence:
    """Writes the connectivity of one epoch.

    A connection is noted as open before its CONNECTED record is appended, and forgotten after its DISCONNECTED record
    is durable; whatever dies in between leads to one closing too many and never to one too few.
    """

    def __init__(self, intake: Intake, clock: Clock) -> None:
        self._intake = intake
        self._clock = clock
        self._ledger: Ledger | None = None
        self._epoch = secrets.token_bytes(EPOCH_BYTES)
        self._beats = 0
        self._owed: set[bytes] = set()
        self._noted: set[bytes] = set()

    def attach(self, ledger: Ledger) -> None:
        """Name the ledger, which exists only once the stream is open."""
        self._ledger = ledger

    @property
    def ledger(self) -> Ledger:
        """The ledger beside the stream."""
        assert self._ledger is not None, "attach() comes before the first connection"
        return self._ledger

    def connected(self, session: Session) -> None:
        """Append that a connection began; its first record."""
        self._append(session, CONNECTED)

    def disconnected(self, session: Session) -> None:
        """Append that a connection ended; its last record, behind all that still waits."""
        self._append(session, DISCONNECTED)

    def before_append(self, receipt: Receipt) -> None:
        """Note a connection as open right before its CONNECTED record goes to the stream.

        Raises:
            Busy: the stream takes nothing now.
        """
        session = receipt[0]
        if receipt[1] == CONNECTED and session.connection_id not in self._noted:
            self.ledger.connection_opened(session.connection_id, session.source, receipt[4], self._epoch.hex())
            self._noted.add(session.connection_id)  # offered again while the stream refuses, it is not noted again

    def after_durable(self, receipt: Receipt) -> None:
        """Forget a connection once its DISCONNECTED record is durable."""
        if receipt[1] == DISCONNECTED:
            self._forget(receipt[0].connection_id)

    async def close_earlier_epochs(self) -> int:
        """Append closings for what earlier epochs left open; gives how many.

        They go the way of a connection's own end: a closing that the stream refuses or fails to write is offered
        again, and the connection is forgotten only when its closing is durable.
        """
        now_ns = self._clock.now_ns()
        left = await self.ledger.open_connections()
        for connection in left:
            payload = encode_connectivity(connection.connection_id.hex(), False, connection.last_seen_ns)
            frame = _frame(connection.source, LAST_SEQUENCE, connection.last_seen_ns, now_ns, payload)
            departed = _departed(connection)
            self._intake.submit(departed, frame, (departed, DISCONNECTED, b"", frame, now_ns))
        return len(left)

    def beat(self) -> None:
        """Append our clock, unless something that we received before it still waits outside the stream."""
        if not self._intake.is_clear:
            return
        now_ns = self._clock.now_ns()
        with suppress(Busy):  # the next beat says the same and more
            self._intake.writer.append(heartbeat(self._epoch, self._beats, now_ns), None)
            self._beats += 1
            self.ledger.epoch_seen(self._epoch.hex(), now_ns)
            for connection_id in list(self._owed):
                self.ledger.connection_closed(connection_id)
                self._owed.discard(connection_id)

    def _append(self, session: Session, event: bytes) -> None:
        at_ns = session.stamp(self._clock.now_ns())
        payload = encode_connectivity(session.connection_id.hex(), event == CONNECTED, at_ns, session.network)
        frame = _frame(session.source, session.sequence, at_ns, at_ns, payload)
        session.sequence += 1
        self._intake.submit(session, frame, (session, event, b"", frame, at_ns))

    def _forget(self, connection_id: bytes) -> None:
        self._noted.discard(connection_id)
        try:
            self.ledger.connection_closed(connection_id)
        except Busy:
            self._owed.add(connection_id)


def heartbeat(epoch: bytes, beat: int, now_ns: int) -> bytes:
    """The frame that carries our clock; it names no vehicle.

    Args:
        epoch: 8 bytes of this life of the gateway.
        beat: counts the heartbeats of the epoch.
        now_ns: our clock; nothing that we append later was received before it.
    """
    return encode_frame(_NO_SOURCE + epoch, beat, Topic.HEARTBEAT, _SERVER_MADE, (now_ns, now_ns, now_ns), b"")


def _departed(connection: OpenConnection) -> Session:
    """The session of a connection that ended with an earlier epoch: it only carries the receipt of its closing."""
    claim = Claim(id_text(connection.source[:16]), id_text(connection.source[16:32]), None, None)
    session = Session(Identity("", frozenset()), claim, connection.connection_id, "", NoWire())
    session.is_open = False
    return session


def _frame(source: bytes, sequence: int, observed_ns: int, received_ns: int, payload: bytes) -> bytes:
    times = (observed_ns, received_ns, min(observed_ns, received_ns))
    return encode_frame(source, sequence, Topic.CONNECTIVITY, _SERVER_MADE, times, payload)
