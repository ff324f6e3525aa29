"""Play a recording of real cars through the front door, as cars of the simulator.

The times are shifted so that the newest message is now, and every VIN of the file is mapped to a fresh simulator VIN
that is claimed first. The messages travel in the file's order and with the real protocol.
"""

import asyncio
import secrets
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from motorcade.domain.errors import Denied, Invalid, Unavailable
from motorcade.ports.clock import Clock
from motorcade.simulator.dev_ca import Authority, client_context, issue_vehicle
from motorcade.simulator.link import Gateway, Link, open_link
from motorcade.simulator.vin import fresh_vin
from motorcade.wire.tesla.envelope import Envelope, encode_stream
from motorcade.wire.tesla.recorded import RecordedMessage, Recording, shift

_WINDOW: Final = 64  # in flight per car: enough to fill a group commit, little to send again
_CLAIM_SEEN_S: Final = 10.0  # a gateway knows a new claim within 5 s
_RETRY_S: Final = 0.25
_PATIENCE_S: Final = 30.0  # without a single acknowledgement for this long, something is wrong
_RECONNECTS: Final = 5  # per car and recording; a gateway that drops us more often will not take the file

Claim = Callable[[str, str], Awaitable[str]]
"""Claims a VIN under a name; returns the new vehicle's id."""


class PlayedVehicle(NamedTuple):
    """One car of the file and what it became."""

    recorded_vin: str
    simulator_vin: str
    vehicle_id: str
    name: str


@dataclass(slots=True)
class PlayReport:
    """What became of a recording."""

    vehicles: tuple[PlayedVehicle, ...]
    sent: int = 0
    acknowledged: int = 0
    refused_lines: list[int] = field(default_factory=list)
    """Lines that the gateway could not read."""


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """How to play."""

    speed: float | None = None
    """Seconds of the recording per second; None: as fast as acknowledged."""
    progress: Callable[[int, int], None] | None = None
    """Told (acknowledged, all) now and then."""


class _PlayedCar:
    """The connection of one played car and what it has not been acknowledged."""

    def __init__(self, gateway: Gateway, context: ssl.SSLContext, report: PlayReport) -> None:
        self._gateway, self._context, self._report = gateway, context, report
        self._link: Link | None = None
        self._pending: OrderedDict[bytes, tuple[int, bytes]] = OrderedDict()
        self._moved = asyncio.Event()
        self._connects = 0
        self._prefix = secrets.token_hex(11).encode()
        self._count = 0

    def next_txid(self) -> bytes:
        self._count += 1
        return self._prefix + b"-%09d" % self._count

    async def send(self, txid: bytes, line: int, message: bytes) -> None:
        while len(self._pending) >= _WINDOW:
            await self._turn()
        await self._connected()
        self._pending[txid] = (line, message)
        self._report.sent += 1
        assert self._link is not None, "just connected"
        self._link.send(message)

    async def finish(self) -> None:
        while self._pending:
            await self._turn()
        self.close()

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

    def on_acknowledged(self, txid: bytes) -> None:
        if self._pending.pop(txid, None) is not None:
            self._report.acknowledged += 1
        self._moved.set()

    def on_refused(self, txid: bytes) -> None:
        refused = self._pending.pop(txid, None)
        if refused is not None:
            self._report.refused_lines.append(refused[0])
        self._moved.set()

    def on_closed(self) -> None:
        self._link = None
        self._moved.set()

    async def _turn(self) -> None:
        """Wait for the next acknowledgement, connecting anew where needed."""
        await self._connected()
        self._moved.clear()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._moved.wait()
        except TimeoutError as error:
            raise Unavailable(
                f"the gateway has acknowledged nothing for {_PATIENCE_S:.0f} s; see whether it runs and has disk space"
            ) from error

    async def _connected(self) -> None:
        if self._link is not None:
            return
        if self._connects > _RECONNECTS:
            raise Unavailable("the gateway closed the connection again and again; see its log")
        self._connects += 1
        deadline = asyncio.get_running_loop().time() + _CLAIM_SEEN_S
        while self._link is None:
            try:
                headers = {"Version": "1.3.0", "X-Network-Interface": "wifi"}
                self._link = await open_link(self._gateway, self._context, headers, self)
            except (Denied, Unavailable):
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(_RETRY_S)
        for _, message in list(self._pending.values()):
            self._link.send(message)


async def play(
    recording: Recording,
    gateway: Gateway,
    authority: Authority,
    clock: Clock,
    claim: Claim,
    options: PlayOptions,
) -> PlayReport:
    """Claim a fresh simulator VIN for every car of a recording and send its messages.

    Raises:
        Unavailable: the gateway cannot be reached or acknowledges nothing.
        Denied: the gateway does not take the cars even though they were claimed.
    """
    vehicles = []
    for number, recorded in enumerate(recording.vins, 1):
        vin, name = fresh_vin(), f"Played car {number}"
        vehicles.append(PlayedVehicle(recorded, vin, await claim(vin, name), name))
    report = PlayReport(tuple(vehicles))
    cars = {}
    for vehicle in vehicles:
        context = client_context(issue_vehicle(authority, vehicle.simulator_vin, clock), gateway.server_ca_pem)
        cars[vehicle.recorded_vin] = vehicle, _PlayedCar(gateway, context, report)
    by_ns = clock.now_ns() - recording.last_ns
    try:
        await _send_all(recording, cars, by_ns, options, report)
        for _, car in cars.values():
            await car.finish()
    finally:
        for _, car in cars.values():
            car.close()
    _tell(options, report, len(recording.messages))
    return report


async def _send_all(
    recording: Recording,
    cars: dict[str, tuple[PlayedVehicle, _PlayedCar]],
    by_ns: int,
    options: PlayOptions,
    report: PlayReport,
) -> None:
    loop = asyncio.get_running_loop()
    begin, first_ns = loop.time(), None
    for index, recorded in enumerate(recording.messages):
        vehicle, car = cars[recorded.vin]
        txid = car.next_txid()
        message, at_ns = _message(recorded, vehicle.simulator_vin, by_ns, txid)
        if options.speed and at_ns is not None:
            first_ns = at_ns if first_ns is None else first_ns
            due = begin + (at_ns - first_ns) / 1e9 / options.speed
            await asyncio.sleep(max(0.0, due - loop.time()))
        await car.send(txid, recorded.line, message)
        if index % _WINDOW == 0:
            _tell(options, report, len(recording.messages))


def _message(recorded: RecordedMessage, vin: str, by_ns: int, txid: bytes) -> tuple[bytes, int | None]:
    message = recorded.parse(vin)
    at_ns = shift(message, by_ns)
    envelope = Envelope(
        txid=txid,
        topic=recorded.topic.encode(),
        payload=message.SerializeToString(),
        sender_id=b"vehicle_device." + vin.encode(),
        device_type=b"vehicle_device",
        device_id=vin.encode(),
        message_id=txid,
        created_at=(at_ns or 0) // 1_000_000_000,
    )
    return encode_stream(envelope), at_ns


def _tell(options: PlayOptions, report: PlayReport, total: int) -> None:
    if options.progress is not None:
        options.progress(report.acknowledged, total)


def check_speed(speed: float | None) -> None:
    """Refuse a speed that would never end.

    Raises:
        Invalid: it is zero or negative.
    """
    if speed is not None and speed <= 0:
        raise Invalid("the speed has to be above 0; leave it out to play as fast as possible")
