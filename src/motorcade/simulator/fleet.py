"""Many simulated cars in one process."""

import asyncio
import random
import ssl
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import msgspec

from motorcade.domain.errors import Invalid
from motorcade.ports.clock import Clock
from motorcade.simulator.body import MODELS
from motorcade.simulator.car import Car, CarIdentity, Counters
from motorcade.simulator.day import Activity, SimulatedCar
from motorcade.simulator.dev_ca import (
    Authority,
    client_context,
    issue_vehicle,
    open_server_authority,
    open_vehicle_authority,
)
from motorcade.simulator.emission import BUCKET_S
from motorcade.simulator.link import Gateway
from motorcade.simulator.roads.city import open_city
from motorcade.simulator.roads.network import load_network
from motorcade.simulator.vin import FleetCar, demo_fleet, fleet_seed
from motorcade.simulator.whims import Whims

_SLICES: Final = 50  # a bucket is worked off in slices of 10 ms: neither we nor the gateway see bursts
_SLICE_S: Final = BUCKET_S / _SLICES
_CONNECTS_PER_S: Final = 100  # a TLS handshake costs both sides about 2 ms; the rest of the machine is busy too
_STATUS_EVERY_S: Final = 10.0
_CLOSING_S: Final = 2.0  # for the close frames; a gateway that does not answer by then will not answer at all
_STALL_S: Final = 5.0  # after a longer stop (a suspended laptop) time is not made up
_TEXT_SHARE: Final = 0.1  # cars whose firmware still writes text
_IMPATIENT: Final = 6  # one of so many drivers brakes hard now and then
_WIFI_SHARE: Final = 0.2

# What a fleet does when it is first seen; the rest has just lost its network. A map of it is worth looking at.
_SHARES: Final = (
    (Activity.DRIVING, 0.45),
    (Activity.CHARGING, 0.15),
    (Activity.PARKED, 0.25),
    (Activity.ASLEEP, 0.12),
)


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """How a fleet runs."""

    host: str = "127.0.0.1"
    port: int = 4443
    cars: int = 200
    connects_per_s: float = _CONNECTS_PER_S


class Fleet:
    """A fleet that runs until it is told to stop."""

    def __init__(self, cars: Sequence[Car], counters: Counters, clock: Clock, connects_per_s: float) -> None:
        """Take cars that are wired up; ``open_fleet`` does both."""
        self.cars, self.counters = tuple(cars), counters
        self._clock = clock
        self._started = 0
        self._connects_per_s = connects_per_s
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ask a running fleet to close its connections and return; safe in a signal handler of the loop."""
        self._stop.set()

    async def run(self, report: Callable[[str], None] | None = None) -> Counters:
        """Drive until ``stop``; afterwards every connection is closed.

        Args:
            report: takes one line of JSON about every ten seconds, and one at the end.
        """
        loop = asyncio.get_running_loop()
        begin, done, told = loop.time(), 0, loop.time()
        while not self._stop.is_set():
            now = loop.time()
            if now - begin - done * _SLICE_S > _STALL_S:
                begin = now - done * _SLICE_S
            self._started = min(len(self.cars), int((now - begin) * self._connects_per_s) + 1)
            self._slice(done % _SLICES)
            done += 1
            if report and now - told >= _STATUS_EVERY_S:
                told = now
                report(self.status())
            await self._until(begin + done * _SLICE_S)
        await asyncio.gather(*(car.stop() for car in self.cars))
        closing = loop.time()
        while self.counters.online and loop.time() - closing < _CLOSING_S:  # noqa: ASYNC110 - two thousand events for one wait
            await asyncio.sleep(_SLICE_S)
        if report:
            report(self.status())
        return self.counters

    def status(self) -> str:
        """Return the counters and what the cars are doing, as one line of JSON without any identity."""
        doing = {activity.value: 0 for activity in Activity}
        for car in self.cars:
            doing[car.day.activity.value] += 1
        kept = sum(car.kept for car in self.cars)
        facts = {"event": "fleet", "cars": len(self.cars), **asdict(self.counters), "kept": kept, **doing}
        return msgspec.json.encode(facts).decode()

    def _slice(self, number: int) -> None:
        now_ns = self._clock.now_ns()
        for index in range(number, self._started, _SLICES):
            self.cars[index].tick(now_ns)

    async def _until(self, due: float) -> None:
        """Sleep until a moment of the loop's clock; always let the loop turn, even when late."""
        wait = due - asyncio.get_running_loop().time()
        if wait <= 0:
            await asyncio.sleep(0)
            return
        await asyncio.sleep(wait)


def open_fleet(options: FleetOptions, data_dir: Path, clock: Clock) -> Fleet:
    """Prepare the data directory's own fleet: its VINs, its certificates, its places in the city.

    Raises:
        Invalid: fewer than one car was asked for.
        Unavailable: the data directory cannot be read or written.
    """
    if options.cars < 1:
        raise Invalid("a fleet has at least one car")
    seed = fleet_seed(data_dir)
    authority = open_vehicle_authority(data_dir / "tls", clock)
    server_ca_pem = open_server_authority(data_dir / "tls", clock).certificate_path.read_text()
    gateway = Gateway(options.host, options.port, server_ca_pem)
    fleet = demo_fleet(seed, options.cars)
    days = start_days(fleet, int.from_bytes(seed[:8]))
    counters = Counters()
    cars = []
    for index, (member, day) in enumerate(zip(fleet, days, strict=True)):
        chance = random.Random(f"{seed.hex()} {index}")
        network = "wifi" if chance.random() < _WIFI_SHARE else "cellular"
        identity = CarIdentity(member.vin, chance.random() >= _TEXT_SHARE, network)
        context = _context_maker(authority, member.vin, server_ca_pem, clock)
        cars.append(Car(identity, day, gateway, context, counters, chance))
    return Fleet(cars, counters, clock, options.connects_per_s)


def start_days(fleet: Sequence[FleetCar], seed: int) -> list[SimulatedCar]:
    """Put every car in the middle of something, in the shares that a lively fleet has; the same for the same seed."""
    city = open_city(load_network())
    mix: list[Activity | None] = []
    for activity, share in _SHARES:
        mix += [activity] * round(share * len(fleet))
    mix = (mix + [None] * len(fleet))[: len(fleet)]
    chance = random.Random(seed)
    chance.shuffle(mix)
    days = []
    for member, start in zip(fleet, mix, strict=True):
        drawn = chance.getrandbits(48)
        day = SimulatedCar(member.name, MODELS[member.model], city, drawn)
        day.whims = Whims(drawn, impatient=drawn % _IMPATIENT == 0)
        silent_after_s = chance.uniform(8.0, 20.0) if start is None else None
        day.begin(Activity.DRIVING if start is None else start, silent_after_s=silent_after_s)
        days.append(day)
    return days


def _context_maker(authority: Authority, vin: str, server_ca_pem: str, clock: Clock) -> Callable[[], ssl.SSLContext]:
    """Issue a car's certificate when it first connects: a large fleet would else wait a second before it starts."""
    return lambda: client_context(issue_vehicle(authority, vin, clock), server_ca_pem)
