"""The collector inside a car: what changes within half a second leaves as one message, and only what changed.

Rules as the maker documents them (developer.tesla.com, fleet telemetry, field behaviour): a field is reported when
its interval has passed since it was last reported and its value differs by at least its minimum delta; what lay
between is discarded; if nothing changed when the interval ended, the next change is reported at once; after every
(re)start each field is reported once.
"""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from motorcade.simulator.body import EVERYTHING, CarBody
from motorcade.simulator.roads.network import Place, distance_m
from motorcade.simulator.signals import SIGNALS, Signal, SignalValue
from motorcade.wire.tesla.entries import Entry, entry

BUCKET_S: Final = 0.5

_FLOAT32: Final = struct.Struct("<f")


class Reading(NamedTuple):
    """One field that is to be reported."""

    signal: Signal
    value: SignalValue


class _Slot:
    """What the collector remembers of one field."""

    __slots__ = ("due", "known", "last", "signal", "wait")

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self.wait = max(1, round(signal.interval_s / BUCKET_S))
        self.due = 0
        self.known = False
        self.last: SignalValue = None

    def differs(self, value: SignalValue) -> bool:
        last, delta = self.last, self.signal.minimum_delta
        if not self.known:
            return True
        if delta == 0 or value is None or last is None:
            return value != last
        if isinstance(value, Place):
            return isinstance(last, Place) and distance_m(value, last) >= delta
        assert isinstance(value, int | float), "only numbers and places have a minimum delta"
        assert isinstance(last, int | float), "a field keeps its kind"
        return abs(value - last) >= delta


def _even(bucket: int) -> int:
    """Round up to a whole second, so that what has the same interval leaves together; never earlier than due."""
    return bucket + bucket % 2


class Collector:
    """Reads one body, half-second after half-second."""

    def __init__(self) -> None:
        """Start with everything still to be reported."""
        slots = [_Slot(signal) for signal in SIGNALS]
        # Few of the combinations of dirty groups ever occur, so their lists are made on demand.
        self._by_groups: dict[int, list[_Slot]] = {EVERYTHING: slots}
        self._waiting: list[_Slot] = []
        self._bucket = 0
        self._fresh = True

    def restart(self) -> None:
        """Forget what was reported: the next bucket holds every field."""
        for slot in self._by_groups[EVERYTHING]:
            slot.known, slot.due = False, 0
        self._waiting, self._fresh = [], True

    def collect(self, body: CarBody) -> list[Reading]:
        """Close one bucket and return its readings, empty if nothing is to be said; clears the body's marks."""
        self._bucket += 1
        bucket, dirty = self._bucket, EVERYTHING if self._fresh else body.dirty
        body.dirty, self._fresh = 0, False
        candidates = self._marked(dirty)
        if self._waiting:
            candidates = [*candidates, *(slot for slot in self._waiting if not slot.signal.group & dirty)]
        readings: list[Reading] = []
        waiting: list[_Slot] = []
        for slot in candidates:
            if bucket < slot.due:
                waiting.append(slot)  # it may differ; looked at again when its interval is over
                continue
            value = slot.signal.read(body)
            if type(value) is float:
                value = _FLOAT32.unpack(_FLOAT32.pack(value))[0]  # the car measures in single precision
            if slot.differs(value):
                slot.known, slot.last, slot.due = True, value, _even(bucket + slot.wait)
                readings.append(Reading(slot.signal, value))
        self._waiting = waiting
        return readings

    def _marked(self, dirty: int) -> list[_Slot]:
        known = self._by_groups.get(dirty)
        if known is None:
            known = [slot for slot in self._by_groups[EVERYTHING] if slot.signal.group & dirty]
            self._by_groups[dirty] = known
        return known


def entries(readings: Iterable[Reading], *, typed: bool) -> list[Entry]:
    """Encode the readings of one bucket, in the collector's order; ``typed`` is False for old firmware."""
    return [entry(signal.field, signal.arm, value, typed=typed) for signal, value in readings]
