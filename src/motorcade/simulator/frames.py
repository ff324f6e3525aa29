"""Pre-built WebSocket frames for the load client: everything is encoded once, a few bytes change per message.

A train is a row of frames that leaves in one write. Between two departures only the transaction counters and the
creation times change, in place, so that a message costs the client a fraction of what it costs the gateway.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from motorcade.simulator.body import MODELS
from motorcade.simulator.day import Activity, SimulatedCar
from motorcade.simulator.emission import BUCKET_S, Collector, Reading, entries
from motorcade.simulator.roads.city import City
from motorcade.wire.tesla.envelope import Envelope, encode_stream

LONGEST_TRAIN: Final = 100  # two digits of the counter and seven bits of the time tell the frames of a train apart
SIGNALS_A_MESSAGE: Final = 8
"""What others load their servers with, so that numbers compare; bench (b) has as many."""
_FINAL_BINARY: Final = 0x82
_MASKED_16_BIT: Final = 0xFE
# A client has to mask with a key of its choice (RFC 6455, 5.3). An all-zero key changes nothing in the data, so the
# frame needs no second pass.
_HEAD: Final = struct.Struct(">BBH4x")
_LENGTH_7_BIT: Final = 126
_TIME_TAG: Final = b"\x12\x0c\x08"  # Payload.created_at (field 2), twelve bytes: seconds (1) and nanoseconds (2)
_SECONDS_BYTES: Final = 5
_NANOS_BYTES: Final = 5
_MARK_S: Final = bytes([0xFF, 0xFE, 0xFD, 0xFC, 0x07])  # stands for the seconds until the first departure
_COUNTER: Final = b"#########"


@dataclass(frozen=True, slots=True)
class Sample:
    """One vehicle-data message without its time: the entries' bytes."""

    data: bytes


def driving_samples(city: City, seed: int, count: int) -> list[Sample]:
    """Record what a driving car says: ``count`` messages with eight signals each, the full first one left out.

    Our car reports few fields in each half-second; what several of them report is joined, the newest value of a field
    counting, until a message is as large as those of a car that is asked for more.
    """
    day, collector = SimulatedCar("Load", MODELS["Model Y"], city, seed), Collector()
    day.begin(Activity.DRIVING)
    samples: list[Sample] = []
    said: dict[str, Reading] = {}
    collector.collect(day.body)
    while len(samples) < count:
        day.step(BUCKET_S)
        said |= {reading.signal.field: reading for reading in collector.collect(day.body)}
        if len(said) >= SIGNALS_A_MESSAGE:
            taken = [said.pop(field) for field in list(said)[:SIGNALS_A_MESSAGE]]
            samples.append(Sample(b"".join(entry for _, entry in entries(taken, typed=True))))
    return samples


class Train:
    """Frames of one car that leave together; reused for every departure."""

    def __init__(self, vin: str, prefix: bytes, samples: Sequence[Sample]) -> None:
        """Build the frames.

        Args:
            vin: whose messages they are.
            prefix: 22 hexadecimal digits, unique for the connection.
            samples: one per frame, at most `LONGEST_TRAIN`.
        """
        assert 0 < len(samples) <= LONGEST_TRAIN, "see LONGEST_TRAIN"
        frames = [_frame(vin, prefix, sample) for sample in samples]
        self._buffer = bytearray(b"".join(frames))
        self._counters: list[int] = []
        self._times: list[int] = []
        start = 0
        for index, frame in enumerate(frames):
            self._times.append(start + frame.index(_MARK_S))
            at = frame.find(_COUNTER)
            while at >= 0:
                self._counters.append(start + at)
                self._buffer[start + at + 7 : start + at + 9] = b"%02d" % index
                at = frame.find(_COUNTER, at + 1)
            self._buffer[self._times[-1] + _SECONDS_BYTES + 1] = 0x80 | index
            start += len(frame)
        self._second = -1
        self.departures = 0
        self.size_bytes = len(self._buffer)

    def __len__(self) -> int:
        """Frames in the train."""
        return len(self._times)

    def depart(self, now_ns: int) -> bytes:
        """Stamp every frame for a departure and return the bytes to write.

        The frames' times are ``now_ns`` rounded down to 128 ns plus the frame's number, so that all are distinct.
        """
        buffer = self._buffer
        seconds, nanos = divmod(now_ns, 1_000_000_000)
        if seconds != self._second:
            self._second = seconds
            encoded = _varint(seconds, _SECONDS_BYTES)
            for at in self._times:
                buffer[at : at + _SECONDS_BYTES] = encoded
        high = _varint(nanos, _NANOS_BYTES)[1:]
        for at in self._times:
            buffer[at + _SECONDS_BYTES + 2 : at + _SECONDS_BYTES + 1 + _NANOS_BYTES] = high
        self.departures += 1
        digits = b"%07d" % (self.departures % 10_000_000)
        for at in self._counters:
            buffer[at : at + 7] = digits
        return bytes(buffer)


def _frame(vin: str, prefix: bytes, sample: Sample) -> bytes:
    txid = prefix + b"-" + _COUNTER
    time = _TIME_TAG + _MARK_S + b"\x10" + _varint(0, _NANOS_BYTES)
    name = vin.encode()
    message = encode_stream(
        Envelope(
            txid=txid,
            topic=b"V",
            payload=sample.data + time + b"\x1a" + bytes([len(name)]) + name,
            sender_id=b"vehicle_device." + name,
            device_type=b"vehicle_device",
            device_id=name,
            message_id=txid,
            created_at=1,
        )
    )
    assert _LENGTH_7_BIT <= len(message) < 1 << 16, "the length has two bytes"
    return _HEAD.pack(_FINAL_BINARY, _MASKED_16_BIT, len(message)) + message


def _varint(value: int, width: int) -> bytes:
    """Encode in exactly ``width`` bytes; the padding is legal protobuf and keeps every length fixed."""
    groups = [(value >> 7 * index & 0x7F) | 0x80 for index in range(width)]
    groups[-1] &= 0x7F
    return bytes(groups)
