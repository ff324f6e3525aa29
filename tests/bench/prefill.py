"""A stream file with records as a driving fleet sends them, for the bench of the consumer."""

import asyncio
import math
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.domain.record import NS_PER_S, Flag, Topic
from motorcade.wire.batch import encode_frame
from motorcade.wire.tesla.entries import entry, payload

ORG = b"bench-prefilled."
RECORDS_PER_COMMIT = 90
"""What gathers in one group commit (3 ms) at 30,000 records a second."""
RECORD_EVERY_NS = 33_333
_MPH_PER_KMH = 0.621371


def vehicle_of(index: int) -> bytes:
    """The raw id of one vehicle of the bench."""
    return b"bench-%010d" % index


class Drive:
    """One car that drives: eight signals, each with its own small changes."""

    def __init__(self, index: int) -> None:
        self._random = random.Random(index)
        self._source = ORG + vehicle_of(index) + index.to_bytes(8, "big")
        self._latitude = 52.5 + self._random.uniform(-0.1, 0.1)
        self._longitude = 13.4 + self._random.uniform(-0.2, 0.2)
        self._heading = self._random.uniform(0, 360)
        self._speed_kmh, self._odometer_mi, self._charge = 50.0, self._random.uniform(1e3, 9e4), 80.0
        self._sequence = 0

    def frame(self, now_ns: int) -> bytes:
        """The next record as the stream holds it: what the gateway would have appended."""
        chance = self._random
        self._speed_kmh = min(130.0, max(0.0, self._speed_kmh + chance.gauss(0, 3)))
        self._heading = (self._heading + chance.gauss(0, 5)) % 360
        north = self._speed_kmh / 3.6 / 111_320
        self._latitude += north * math.cos(math.radians(self._heading))
        self._longitude += north * math.sin(math.radians(self._heading)) * 1.6
        self._odometer_mi += self._speed_kmh / 3600 * _MPH_PER_KMH
        self._charge -= 0.001
        current = chance.gauss(-40, 20)
        parts = [
            entry(name, arm, value, typed=True)[1]
            for name, arm, value in (
                ("VehicleSpeed", "double_value", self._speed_kmh * _MPH_PER_KMH),
                ("Location", "location_value", (self._latitude, self._longitude)),
                ("GpsHeading", "double_value", self._heading),
                ("Odometer", "double_value", self._odometer_mi),
                ("Soc", "double_value", self._charge),
                ("PackVoltage", "double_value", 380.0 + current / 10),
                ("PackCurrent", "double_value", current),
                ("Gear", "shift_state_value", "D"),
            )
        ]
        self._sequence += 1
        sent_ns = now_ns - 40_000_000  # the way through the air
        return encode_frame(
            self._source,
            self._sequence,
            Topic.VEHICLE_DATA,
            Flag.NONE,
            (sent_ns, now_ns, sent_ns),
            payload(parts, sent_ns, ""),
        )


def frames(records: int, vehicles: int, begin_ns: int) -> Iterator[bytes]:
    """Records of a fleet whose vehicles send in turn."""
    drives = [Drive(index) for index in range(vehicles)]
    told_s = 0
    for number in range(records):
        now_ns = begin_ns + number * RECORD_EVERY_NS
        if now_ns // NS_PER_S > told_s:  # the appender's clock, each second: what lets the fold go on
            told_s = now_ns // NS_PER_S
            yield encode_frame(bytes(40), 0, Topic.HEARTBEAT, 0, (now_ns, now_ns, now_ns), b"")
        yield drives[number % vehicles].frame(now_ns)
        if number == records - vehicles:  # what waits for its turn is folded within the measured stretch as well
            end_ns = now_ns + 10 * NS_PER_S
            yield encode_frame(bytes(40), 0, Topic.HEARTBEAT, 0, (end_ns, end_ns, end_ns), b"")


async def prefill(path: Path, records: int, vehicles: int) -> int:
    """Append the records through the stream's own writer and give the position of the last entry."""
    clock, waiting, entries = SystemClock(), asyncio.Event(), 0
    failures: list[Exception] = []

    def failed(_: Sequence[object], error: Exception) -> None:
        failures.append(error)
        waiting.set()

    writer = SqliteStreamWriter(path, clock, lambda _: waiting.set(), failed)
    made = frames(records, vehicles, clock.now_ns() - records * RECORD_EVERY_NS)
    while chunk := list(islice(made, RECORDS_PER_COMMIT)):
        waiting.clear()
        for frame in chunk:
            writer.append(frame, None)
        await waiting.wait()
        if failures:
            raise failures[0]
        entries += 1
    await writer.close()
    return entries
