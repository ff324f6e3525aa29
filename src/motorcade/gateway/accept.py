"""What happens to one message, in order: decode → check → pseudonymise → time → append → acknowledge.

An acknowledgement is sent when the group commit that holds the record is durable, to the connection that sent it, and
once. The replies to everything else are those of the maker's own server, minus its double ones:

    known topic, payload parses           acknowledged when durable
    known topic, payload does not parse   error with the txid; the bytes go to quarantine
    unknown topic, own sender id          acknowledged; the bytes go to quarantine, within its limits
    unknown topic, other sender id        error with the txid
    no topic, no Stream, no bytes, zeros  acknowledged, not stored
    offsets that lead out of the message  error without txid; the bytes go to quarantine
    longer than the limit                 error without txid, nothing is kept
"""

from collections.abc import Callable, Sequence
from typing import Final, cast

from motorcade.domain.errors import Invalid
from motorcade.domain.record import ANCIENT_NS, CLOCK_TOLERANCE_NS, TOPIC_BY_WIRE_NAME, Flag, Topic
from motorcade.gateway.fairness import Intake
from motorcade.gateway.session import Receipt, Session
from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.wire.batch import encode_frame
from motorcade.wire.tesla.envelope import TYPE_STREAM, Envelope, decode_envelope, encode_ack, encode_error
from motorcade.wire.tesla.payload_cut import Cut, cut_payload

Park = Callable[[Session, str, bytes], None]
"""Takes unreadable bytes to quarantine: session, the topic they came on, `envelope` or `unknown`, the bytes."""

# Plain integers: an operation on IntFlag members costs a microsecond, twenty of those are a record's whole budget.
_RESEND: Final = int(Flag.RESEND)
_FUTURE: Final = int(Flag.FUTURE)
_ANCIENT: Final = int(Flag.ANCIENT)
_TIMELESS: Final = int(Flag.TIMELESS)
_OUTSIDE: Final = int(Flag.OUTSIDE_CLAIM)
_MISMATCH: Final = int(Flag.IDENTITY_MISMATCH)
_NS_PER_S: Final = 1_000_000_000
_LONGEST_LEAD_NS: Final = ANCIENT_NS  # a clock that is ahead by more tells nothing about the car's earlier reports
_FIRST_NS: Final = -(2**63)  # the earliest time that a frame holds
_ERROR: Final = encode_error()
_EMPTY_ACK: Final = encode_ack(b"", b"")


class AcceptPath:
    """The accept path of one gateway process."""

    def __init__(self, intake: Intake, clock: Clock, metrics: Metrics, park: Park) -> None:
        self.after_durable: Callable[[Receipt], None] = lambda _receipt: None
        """Told about our own durable records (those without topic)."""
        self._intake = intake
        self._now_ns = clock.now_ns
        self._park = park
        count = metrics.count
        self._received = count("motorcade_gateway_received_total")
        self._received_bytes = count("motorcade_gateway_received_bytes_total")
        self._acked = count("motorcade_gateway_acked_total")
        self._ack_lost = count("motorcade_gateway_ack_lost_total")
        self._ack_seconds = metrics.spread("motorcade_gateway_ack_seconds")
        self._too_big = count("motorcade_gateway_too_big_total")
        self._masked = count("motorcade_gateway_masked_total")
        self._named = {w: count("motorcade_gateway_mismatch_total", w) for w in ("payload", "device_id", "sender_id")}
        self._flagged = {
            _OUTSIDE: count("motorcade_gateway_outside_claim_total"),
            _FUTURE: count("motorcade_gateway_future_total"),
            _ANCIENT: count("motorcade_gateway_ancient_total"),
            _RESEND: count("motorcade_gateway_resend_total"),
        }
        self._unstored = {
            w: count("motorcade_gateway_undispatched_total", w) for w in ("empty", "no_stream", "no_topic", "unknown")
        }
        self._errors = {
            w: count("motorcade_gateway_errors_sent_total", w) for w in ("envelope", "payload", "sender", "too_big")
        }

    def accept(self, session: Session, message: bytes) -> None:
        """Handle one whole message of a vehicle; every outcome is a reply, now or when it is durable."""
        self._received.n += 1
        self._received_bytes.n += len(message)
        try:
            envelope = decode_envelope(message)
        except Invalid:
            self._unreadable(session, message)
            return
        topic = TOPIC_BY_WIRE_NAME.get(envelope.topic)
        if topic is None or envelope.message_type != TYPE_STREAM:
            self._answer_unstored(session, envelope)
            return
        if envelope.device_id != session.vin:
            self._check_names(session, envelope)
        try:
            cut = cut_payload(topic, envelope.payload, session.vin)
        except Invalid:
            self._errors["payload"].n += 1
            self._park(session, topic.name.lower(), envelope.payload)
            session.reply(encode_error(envelope.txid))
            return
        self._append(session, envelope, topic, cut)

    def refuse_too_big(self, session: Session) -> None:
        """Answer a message over the size limit, whose bytes were let go as they came."""
        self._too_big.n += 1
        self._errors["too_big"].n += 1
        session.reply(_ERROR)

    def on_durable(self, receipts: Sequence[object]) -> None:
        """Acknowledge one durable group commit: one write for each connection in it."""
        now_ns = self._now_ns()
        settle = self._intake.settle
        touched: dict[Session, None] = {}
        oldest_ns = now_ns
        acked = 0
        for receipt in cast(Sequence[Receipt | None], receipts):
            if receipt is None:
                continue
            session, txid, topic, frame, received_ns = receipt
            settle(session, len(frame))
            oldest_ns = min(oldest_ns, received_ns)
            if not topic:
                self.after_durable(receipt)
                continue
            if session.is_open:
                session.replies.append(encode_ack(txid, topic))
                touched[session] = None
                acked += 1
            else:
                self._ack_lost.n += 1
        for session in touched:
            session.flush()
        self._acked.n += acked
        if acked:
            self._ack_seconds.observe((now_ns - oldest_ns) / _NS_PER_S)
        if self._intake.is_held:
            self._intake.drain()

    def on_failure(self, receipts: Sequence[object], _error: Exception) -> None:
        """Keep what a failed group commit held, to offer it again: nothing is acknowledged, nothing lost."""
        self._intake.failed(cast(Sequence[Receipt | None], receipts))

    def _append(self, session: Session, envelope: Envelope, topic: Topic, cut: Cut) -> None:
        received = session.stamp(self._now_ns())
        observed = cut.observed_at_ns
        flags = 0
        if observed is None:
            observed = effective = received
            flags = _TIMELESS
        elif cut.is_resend:
            # A resend carries the clock's error of its first sending, see domain/record.py `effective_time`.
            effective = max(min(observed - session.lead_ns, received), _FIRST_NS)
            flags = _RESEND
            self._flagged[_RESEND].n += 1
        else:
            session.lead_ns = min(observed - received, _LONGEST_LEAD_NS) if observed > received else 0
            effective = min(observed, received)
        ahead = observed - received
        if ahead > CLOCK_TOLERANCE_NS:
            flags |= self._flag(_FUTURE)
        elif -ahead > ANCIENT_NS:
            flags |= self._flag(_ANCIENT)
        if not session.claim.covers(min(observed, received)):
            flags |= self._flag(_OUTSIDE)
        if cut.masked:
            self._masked.n += 1
        if cut.claimed_vin is not None and cut.claimed_vin != session.identity.vin:
            self._named["payload"].n += 1
            flags |= _MISMATCH
        times = (observed, received, effective)
        frame = encode_frame(session.source, session.sequence, topic, flags, times, cut.payload)
        session.sequence += 1
        self._intake.submit(session, frame, (session, envelope.txid, envelope.topic, frame, received))

    def _flag(self, flag: int) -> int:
        self._flagged[flag].n += 1
        return flag

    def _check_names(self, session: Session, envelope: Envelope) -> None:
        """Count names in the envelope that are not the certificate's; they decide nothing."""
        if envelope.device_id and envelope.device_id not in session.identity.sender_ids:
            self._named["device_id"].n += 1
        if envelope.sender_id and envelope.sender_id not in session.identity.sender_ids:
            self._named["sender_id"].n += 1

    def _answer_unstored(self, session: Session, envelope: Envelope) -> None:
        """Answer a message that carries nothing we store."""
        if envelope.message_type != TYPE_STREAM:
            self._unstored["no_stream"].n += 1
            session.reply(encode_ack(envelope.txid, b""))
        elif not envelope.topic:
            self._unstored["no_topic"].n += 1
            session.reply(encode_ack(envelope.txid, b""))
        elif envelope.sender_id in session.identity.sender_ids:
            self._unstored["unknown"].n += 1
            if envelope.payload:
                self._park(session, "unknown", envelope.payload)
            session.reply(encode_ack(envelope.txid, envelope.topic))
        else:
            self._check_names(session, envelope)
            self._errors["sender"].n += 1
            session.reply(encode_error(envelope.txid))

    def _unreadable(self, session: Session, message: bytes) -> None:
        if not message.strip(b"\0"):  # the maker's server reads zeros as an envelope without anything in it
            self._unstored["empty"].n += 1
            session.reply(_EMPTY_ACK)
            return
        self._errors["envelope"].n += 1
        self._park(session, "envelope", message)
        session.reply(_ERROR)
