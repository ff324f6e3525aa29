"""One TLS WebSocket connection of one car, as the maker's cars make it."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from picows import WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

from motorcade.domain.errors import Denied, Invalid, Unavailable
from motorcade.wire.tesla.envelope import TYPE_ACK, decode_envelope

_HANDSHAKE_S: Final = 20.0  # a gateway that starts with a full fleet answers the last car late
_MOST_REPLY_BYTES: Final = 64 * 1024  # replies have some hundred bytes


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where a fleet reports to."""

    host: str
    port: int
    server_ca_pem: str
    name: str | None = None
    """Name on the gateway's certificate where it differs from ``host``."""


class LinkEvents(Protocol):
    """What a link tells its car."""

    def on_acknowledged(self, txid: bytes) -> None:
        """Take note that the fleet has durably stored a message."""
        ...

    def on_refused(self, txid: bytes) -> None:
        """Take note that the fleet could not read a message; the txid may be empty."""
        ...

    def on_closed(self) -> None:
        """Take note that the connection is gone, for whatever reason; called once."""
        ...


class Link(WSListener):
    """An open connection; ``open_link`` makes one."""

    def __init__(self, events: LinkEvents) -> None:
        """Report to ``events``."""
        super().__init__()
        self._events = events
        self._transport: WSTransport | None = None
        self.writable = True
        """False while the network takes nothing more."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the transport (called by picows)."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Read one reply (called by picows)."""
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()
            return
        if frame.msg_type is not WSMsgType.BINARY:
            return
        try:
            reply = decode_envelope(frame.get_payload_as_bytes())
        except Invalid:
            return  # a car does not judge its server; what it does not understand changes nothing
        if reply.message_type == TYPE_ACK:
            self._events.on_acknowledged(reply.txid)
        else:
            self._events.on_refused(reply.txid)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Pass the end on (called by picows)."""
        del transport
        self._events.on_closed()

    def pause_writing(self) -> None:
        """Stop sending (called by picows when the send buffer is full)."""
        self.writable = False

    def resume_writing(self) -> None:
        """Go on sending (called by picows)."""
        self.writable = True

    def send(self, message: bytes) -> None:
        """Send one message; nothing happens on a connection that is gone."""
        if self._transport is not None:
            self._transport.send(WSMsgType.BINARY, message)

    def close(self, *, graceful: bool = True) -> None:
        """Close with a close frame, or abort as if the network were gone."""
        if self._transport is None or self._transport.is_disconnected:
            return
        if graceful:
            self._transport.send_close()
        self._transport.disconnect(graceful)


async def open_link(gateway: Gateway, context: ssl.SSLContext, headers: Mapping[str, str], events: LinkEvents) -> Link:
    """Connect, shake hands, and upgrade.

    Raises:
        Denied: the gateway answered, but not with an upgrade: it does not know this car.
        Unavailable: no connection; trying again later may help.
    """
    make: Callable[[], WSListener] = lambda: Link(events)  # noqa: E731 - picows wants a factory
    try:
        _, link = await ws_connect(
            make,
            f"wss://{gateway.host}:{gateway.port}/",
            ssl_context=context,
            extra_headers=headers,
            websocket_handshake_timeout=_HANDSHAKE_S,
            max_frame_size=_MOST_REPLY_BYTES,
            max_redirects=0,
            server_hostname=gateway.name or gateway.host,
        )
    except WSHandshakeError as error:
        status = error.response.status if error.response is not None else None
        if status is not None:
            raise Denied(f"the gateway refused the connection with status {int(status)}") from error
        raise Unavailable("the gateway ended the connection during the upgrade") from error
    except (TimeoutError, OSError) as error:
        raise Unavailable(f"the gateway at port {gateway.port} cannot be reached ({error})") from error
    if not isinstance(link, Link):  # picows says so of a connection that ended while it waited for the answer
        raise Unavailable("the gateway ended the connection during the upgrade")
    return link
