"""The vehicle door: accept at a pace, TLS with a client certificate, and the decision before the upgrade.

A vehicle that may not come in gets its answer before 101: 403 for a certificate that speaks for no claimed vehicle, 503
when the house is full or nothing can be stored, 400 for anything that is no upgrade. `GET /status` answers `mtls ok` to
every trusted certificate, as the maker's own server does.
"""

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import aiofastnet
from picows import WSAutoPingStrategy, WSUpgradeRequest, WSUpgradeResponse, WSUpgradeResponseWithListener
from picows import picows as core

from motorcade.domain.ids import new_connection_id
from motorcade.domain.vehicle import Claim
from motorcade.gateway.limits import Limits
from motorcade.gateway.listener import Desk, VehicleListener
from motorcade.gateway.protocols.tesla import Gatekeeper, Refused, extra_certificates
from motorcade.gateway.session import Session
from motorcade.gateway.wire import SocketWire
from motorcade.observability.logs import get_logger

ClaimResolver = Callable[[str], Claim | None]
"""Whose vehicle a VIN is now, from memory: it is asked on the event loop. None = nobody's."""

_log = get_logger(__name__)
_Protocol: Final[Any] = core.WSProtocol  # type: ignore[attr-defined]  # in the library, not in its stubs
_DER: Final = 2  # _ssl.ENCODING_DER
_NETWORK: Final = re.compile(r"[a-z0-9_-]{1,16}\Z")  # shorter than a VIN, so none can hide in it
_OUT_OF_SOCKETS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_OUT_OF_SOCKETS_PAUSE_S: Final = 1.0  # until some connection has ended; accepting at once would spin


class _SocketLog:
    """What picows logs about single connections: nothing, since it holds addresses and goes with every connection."""

    def isEnabledFor(self, _level: int) -> bool:  # noqa: N802 - the name that the logging module gives it
        return False

    def log(self, *_args: object, **_kw: object) -> None: ...

    debug = info = warning = error = log

    def exception(self, message: str, *_args: object, **_kw: object) -> None:
        _log.exception("vehicle connection failed", detail=message)


_SOCKET_LOG: Final = _SocketLog()


@dataclass(eq=False, slots=True)
class _Cell:
    """Leads from an upgrade request to its connection: the request alone does not know it."""

    protocol: Any = None  # a picows server protocol


class Door:
    """Accepts vehicles for one gateway."""

    def __init__(
        self,
        desk: Desk,
        gatekeeper: Gatekeeper,
        resolve: ClaimResolver,
        open_sessions: Callable[[], int],
        refuses_newcomers: Callable[[], bool],
    ) -> None:
        self._desk = desk
        self._limits: Limits = desk.limits
        self._gatekeeper = gatekeeper
        self._resolve = resolve
        self._open_sessions = open_sessions
        self._refuses_newcomers = refuses_newcomers
        self._handshakes: dict[asyncio.Task[None], None] = {}
        self._not_begun: dict[asyncio.Task[None], socket.socket] = {}
        self._burst = 0
        self._socket: socket.socket | None = None
        self._tls_failures = desk.metrics.count("motorcade_gateway_tls_failures_total")
        self._extra = desk.metrics.count("motorcade_gateway_extra_chain_certs_total")
        desk.metrics.read("motorcade_gateway_handshakes_pending", lambda: len(self._handshakes))

    async def open(self, host: str, port: int, context: ssl.SSLContext) -> int:
        """Listen; gives the port, which the system chooses where 0 is asked for.

        Raises:
            OSError: the address is in use or not ours.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=self._limits.accept_backlog)
        listening.setblocking(False)
        self._socket = listening
        self._look_for(listening, context)
        bound: int = listening.getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and give up handshakes; open connections stay."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        handshakes = list(self._handshakes)
        for task in handshakes:
            task.cancel()
        await asyncio.gather(*handshakes, return_exceptions=True)

    def _look_for(self, listening: socket.socket, context: ssl.SSLContext) -> None:
        """Accept from now on, unless the door has been closed meanwhile."""
        if listening is self._socket:
            asyncio.get_running_loop().add_reader(listening, self._accept, listening, context)

    def _accept(self, listening: socket.socket, context: ssl.SSLContext) -> None:
        # Not an awaited accept: one that is cancelled in the moment it takes a connection in loses track of that one.
        pause_s = self._limits.accept_pause_s
        while self._burst < self._limits.accept_burst:
            try:
                accepted, _address = listening.accept()
            except BlockingIOError:  # all who came are in
                return
            except OSError as error:
                _log.warning("accept failed", error=str(error))
                if error.errno in _OUT_OF_SOCKETS:
                    pause_s = _OUT_OF_SOCKETS_PAUSE_S
                    break
                continue  # whoever came has left again
            self._burst += 1
            self._take(accepted, context)
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)
        self._burst = 0
        loop.call_later(pause_s, self._look_for, listening, context)

    def _take(self, accepted: socket.socket, context: ssl.SSLContext) -> None:
        accepted.setblocking(False)
        if len(self._handshakes) >= self._limits.pending_handshakes:
            oldest = next(iter(self._handshakes))
            del self._handshakes[oldest]
            oldest.cancel()
        task = asyncio.create_task(self._handshake(accepted, context))
        self._handshakes[task] = None
        self._not_begun[task] = accepted
        task.add_done_callback(self._handshake_done)

    def _handshake_done(self, task: asyncio.Task[None]) -> None:
        self._handshakes.pop(task, None)
        left = self._not_begun.pop(task, None)
        if left is not None:  # given up before its first step; from then on the library owns and closes the socket
            left.close()

    async def _handshake(self, accepted: socket.socket, context: ssl.SSLContext) -> None:
        limits = self._limits
        task = asyncio.current_task()
        assert task is not None, "it is one"
        del self._not_begun[task]
        try:
            await aiofastnet.connect_accepted_socket(
                asyncio.get_running_loop(),
                self._protocol,
                accepted,
                ssl=context,
                ssl_handshake_timeout=limits.tls_handshake_s,
                ssl_shutdown_timeout=limits.tls_shutdown_s,
                ssl_incoming_bio_size=limits.tls_buffer_bytes,
                ssl_outgoing_bio_size=limits.tls_buffer_bytes,
            )
        except OSError:  # TLS errors and time-outs are among them
            self._tls_failures.n += 1
        except Exception as error:  # noqa: BLE001 - one handshake must not disturb the door, whatever went wrong
            self._tls_failures.n += 1
            _log.error("handshake failed unexpectedly", error=repr(error))
            accepted.close()

    def _protocol(self) -> Any:
        """A picows server protocol of one connection.

        `picows.ws_create_server` does the same, but its listener factory is given the request alone, and we decide by
        the certificate before the upgrade.
        """
        cell = _Cell()
        limits = self._limits
        protocol = _Protocol(
            None,  # host and port: client side only
            None,  # path: client side only
            False,
            partial(self._admit, cell),
            _SOCKET_LOG,
            True,  # disconnect where our own code raises
            limits.http_handshake_s,
            False,  # pings are ours: picows would spend a task on each connection
            limits.ping_after_s,
            limits.ping_after_s,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            False,  # pongs are ours: a ping counts as a sign of life
            limits.message_bytes,
            None,  # extra headers: client side only
            limits.read_buffer_bytes,
        )
        cell.protocol = protocol
        return protocol

    def _admit(self, cell: _Cell, request: WSUpgradeRequest) -> VehicleListener | WSUpgradeResponseWithListener:
        protocol, cell.protocol = cell.protocol, None
        assert protocol is not None, "picows asks once for each connection"
        if request.path == b"/status":
            return _plain(WSUpgradeResponse.create_ok_response(b"mtls ok"))
        if request.headers.get("upgrade", "").lower() != "websocket":
            return self._refuse(400, "no_upgrade", b"Bad Request\n")
        if self._open_sessions() >= self._limits.max_connections:
            return self._refuse(503, "full", b"too many vehicles\n")
        if self._refuses_newcomers():
            return self._refuse(503, "stream", b"nothing can be stored now\n")
        transport = protocol.transport.underlying_transport
        tls = transport.get_extra_info("ssl_object")
        try:
            leaf, chain = tls.getpeercert(binary_form=True), verified_chain(tls)
            identity = self._gatekeeper.identify(leaf, chain)
        except Refused as refusal:
            return self._refuse(403, refusal.reason, b"not a vehicle of this house\n")
        except ValueError:  # cryptography cannot read what OpenSSL has accepted
            return self._refuse(403, "unreadable", b"not a vehicle of this house\n")
        if extra_certificates(sent_chain(tls), chain):
            self._extra.n += 1
        claim = self._resolve(identity.vin)
        if claim is None:
            return self._refuse(403, "unclaimed", b"not a vehicle of this house\n")
        network = request.headers.get("x-network-interface", "").lower()
        if not _NETWORK.match(network):
            network = ""
        return VehicleListener(
            self._desk, Session(identity, claim, new_connection_id(), network, SocketWire(transport))
        )

    def _refuse(self, status: int, reason: str, text: bytes) -> WSUpgradeResponseWithListener:
        self._desk.metrics.count("motorcade_gateway_refused_total", reason).n += 1
        return _plain(WSUpgradeResponse.create_error_response(status, text))


def _plain(response: WSUpgradeResponse) -> WSUpgradeResponseWithListener:
    return WSUpgradeResponseWithListener(response, None)


def verified_chain(tls: Any) -> Sequence[bytes] | None:
    """DER of the chain that TLS has verified, leaf first; None in a resumed session.

    Args:
        tls: the TLS object of the socket library, or the standard library's.
    """
    if hasattr(tls, "get_verified_chain"):
        return list(tls.get_verified_chain() or ()) or None
    # The standard library shows the chain to the public from Python 3.13 on; its core has had it since 3.10.
    chain = tls._sslobj.get_verified_chain() or ()  # noqa: SLF001 - see above
    return [certificate.public_bytes(_DER) for certificate in chain] or None


def sent_chain(tls: Any) -> Sequence[bytes] | None:
    """DER of the certificates that the client sent, as far as the library tells."""
    if hasattr(tls, "get_unverified_chain"):
        return list(tls.get_unverified_chain() or ())
    return None
