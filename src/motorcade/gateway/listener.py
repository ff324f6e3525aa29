"""The vehicle's side of a socket: frames to messages, silence, closing.

Sizes are enforced before buffering. A single frame whose header announces more than the limit closes the connection
with 1009, since its bytes could only be skipped one by one. A fragmented message over the limit is let go fragment by
fragment and answered with an error at its end, as the maker's server does, and the connection stays.
Compression is never negotiated; a frame that claims it closes the connection.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from motorcade.gateway.accept import AcceptPath
from motorcade.gateway.fairness import Pacer
from motorcade.gateway.limits import Limits
from motorcade.gateway.session import Pause, Session
from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock

_BINARY: Final = WSMsgType.BINARY
_WRITE: Final = int(Pause.WRITE)


@dataclass(frozen=True, slots=True)
class Desk:
    """What all connections of a gateway share."""

    limits: Limits
    clock: Clock
    metrics: Metrics
    accept: AcceptPath
    pacer: Pacer
    opened: "Callable[[VehicleListener], None]"
    """Called when the upgrade was answered, before the first message."""
    closed: "Callable[[VehicleListener], None]"
    """Called once when the socket is gone, after the last message."""


class VehicleListener(WSListener):
    """One vehicle's connection, driven by picows."""

    __slots__ = ("_desk", "_fragments", "_fragments_since_ns", "_overflowed", "_transport", "session")

    def __init__(self, desk: Desk, session: Session) -> None:
        super().__init__()
        self._desk = desk
        self.session = session
        self._transport: WSTransport | None = None
        self._fragments: bytearray | None = None
        self._fragments_since_ns = 0
        self._overflowed = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Let the vehicle in: the upgrade was answered."""
        session, desk = self.session, self._desk
        self._transport = transport
        transport.underlying_transport.set_write_buffer_limits(high=desk.limits.write_high_bytes)
        session.last_heard_ns = desk.clock.monotonic_ns()
        desk.pacer.begin(session)
        desk.opened(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame; picows has already refused unmasked and oversized ones."""
        session = self.session
        if not session.is_open:
            return
        pacer = self._desk.pacer
        session.allowance -= 1 + frame.payload_size // pacer.bytes_per_share
        if session.allowance < 0:
            pacer.exhausted(session)
        if frame.msg_type == _BINARY and frame.fin and self._fragments is None and not frame.rsv1:
            session.heard = True
            self._desk.accept.accept(session, frame.get_payload_as_bytes())
            return
        self._unusual(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Book the end of the connection, whoever ended it."""
        session = self.session
        session.is_open = False
        session.close_reason = session.close_reason or _library_reason(transport)
        self._fragments = None
        self._desk.closed(self)

    def pause_writing(self) -> None:
        """Too many acknowledgements lie unsent: take nothing more from this vehicle."""
        self.session.write_blocked_ns = self._desk.clock.monotonic_ns()
        if self.session.pause(_WRITE):
            self._desk.metrics.count("motorcade_gateway_paused_total", "write").n += 1

    def resume_writing(self) -> None:
        """The vehicle reads again."""
        self.session.write_blocked_ns = 0
        self.session.resume(_WRITE)

    def close(self, code: WSCloseCode, reason: str) -> None:
        """Close in good order: say why, send what is left, cut off after the TLS shutdown limit."""
        session = self.session
        if not session.is_open or self._transport is None:
            return
        session.flush()
        session.is_open = False
        session.close_reason = reason
        self._transport.send_close(code)
        self._transport.disconnect(True)

    def cut(self, reason: str) -> None:
        """Cut the connection without waiting for anything; for a peer that takes nothing."""
        session = self.session
        session.is_open = False
        session.close_reason = reason
        if self._transport is not None:
            self._transport.disconnect(False)

    def look_after(self, now_ns: int) -> None:
        """Ping a silent vehicle, close one that is gone or stuck. Called every few seconds."""
        session, limits = self.session, self._desk.limits
        if session.write_blocked_ns and now_ns - session.write_blocked_ns > limits.write_blocked_s * 1e9:
            self.cut("never_reads")
            return
        if self._fragments is not None and now_ns - self._fragments_since_ns > limits.idle_s * 1e9:
            self.cut("slow_message")
            return
        if session.paused or session.heard:
            session.heard = False  # while we do not listen, silence says nothing
            session.last_heard_ns = now_ns
            return
        silence_s = (now_ns - session.last_heard_ns) / 1e9
        if silence_s > limits.idle_s:
            self.cut("silent")
        elif silence_s > limits.ping_after_s and (now_ns - session.ping_sent_ns) / 1e9 > limits.ping_after_s:
            session.ping_sent_ns = now_ns
            if self._transport is not None:
                self._transport.send_ping()

    def _unusual(self, transport: WSTransport, frame: WSFrame) -> None:
        """Everything but a whole binary message."""
        kind = frame.msg_type
        session = self.session
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self.close(WSCloseCode.PROTOCOL_ERROR, "reserved_bits")
        elif kind in (_BINARY, WSMsgType.CONTINUATION):
            self._fragment(frame)
        elif kind == WSMsgType.PING:
            session.heard = True
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.PONG:
            session.heard = True
        elif kind == WSMsgType.CLOSE:
            self.close(WSCloseCode.OK, "by_vehicle")
        else:
            self.close(WSCloseCode.UNSUPPORTED_DATA, "text")

    def _fragment(self, frame: WSFrame) -> None:
        """Collect a fragmented message: normal for senders that cut at 4 kB."""
        is_first = frame.msg_type == _BINARY
        if is_first == (self._fragments is not None):
            self.close(WSCloseCode.PROTOCOL_ERROR, "fragments")
            return
        if self._fragments is None:
            self._fragments = bytearray()
            self._overflowed = False
            self._fragments_since_ns = self._desk.clock.monotonic_ns()
        fragments = self._fragments
        if self._overflowed or len(fragments) + frame.payload_size > self._desk.limits.message_bytes:
            self._overflowed = True
            fragments.clear()
        else:
            fragments += frame.get_payload_as_memoryview()
        if not frame.fin:
            return
        self._fragments = None
        session = self.session
        session.heard = True
        if self._overflowed:
            self._desk.accept.refuse_too_big(session)
        else:
            self._desk.accept.accept(session, bytes(fragments))


def _library_reason(transport: WSTransport) -> str:
    """Why a connection ended that we did not close: picows found a broken frame, or the peer was gone."""
    handshake: Any = transport.close_handshake  # None where no close frame was sent, whatever its stub says
    if handshake is None or handshake.sent is None:
        return "lost"
    return "too_big" if handshake.sent.code == WSCloseCode.MESSAGE_TOO_BIG else "protocol"
