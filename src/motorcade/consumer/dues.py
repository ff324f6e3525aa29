"""Which vehicles have something to commit, and how far the stream counts as consumed with each commit.

A commit takes some vehicles and not all that were touched: its size bounds how long the store is locked, and a vehicle
that reports often is written once for many reports. What it stands for is therefore kept per vehicle (the entry up to
which its state has taken records). The partition's place moves when every vehicle touched before it is committed, and
says from where a restart has to read again: reports that wait for their turn are not stored but read again.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from motorcade.consumer.context import VehicleMemory
from motorcade.ports.stream import Entry, Position
from motorcade.repositories.consumption import Key

MAX_VEHICLES = 500
"""Vehicles of one commit: some 3 MB, which lock the store for about 20 ms."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far the stream is consumed.

    Attributes:
        position: the last entry taken.
        read_from: the entry behind which a restart reads.
        counts: how the records ended until `position`.
    """

    position: Position
    read_from: Position
    counts: dict[str, int]


class Dues:
    """The touched vehicles, in the order in which they were touched."""

    def __init__(self, read_from: Position) -> None:
        """Begin behind an entry."""
        self._touched: dict[Key, tuple[int, VehicleMemory]] = {}
        self._prompt: dict[Key, VehicleMemory] = {}
        self._sequence = 0
        self._mark: tuple[int, Place] | None = None
        self._unfolded: deque[tuple[Position, int]] = deque()
        self._read_from = read_from

    def __bool__(self) -> bool:
        return bool(self._touched) or self._mark is not None

    def touch(self, vehicle: VehicleMemory) -> None:
        """Something of a vehicle changed."""
        if vehicle.key not in self._touched:
            self._sequence += 1
            self._touched[vehicle.key] = (self._sequence, vehicle)

    def hurry(self, vehicle: VehicleMemory) -> None:
        """A vehicle has found something that must not wait behind others."""
        self.touch(vehicle)
        self._prompt[vehicle.key] = vehicle

    def taken(self, entry: Entry) -> None:
        """An entry was taken; its records may still wait for their turn."""
        self._unfolded.append((entry.position, entry.appended_at_ns))

    def folded_until(self, horizon_ns: int) -> None:
        """Every report of up to this effective time is folded; an entry has none that is later than itself."""
        unfolded = self._unfolded
        while unfolded and unfolded[0][1] <= horizon_ns:
            self._read_from = unfolded.popleft()[0]

    def next(self, now: Callable[[], tuple[Position, dict[str, int]]]) -> tuple[list[VehicleMemory], Place | None]:
        """The vehicles of the next commit, and the place that it moves to; None where it does not move.

        Args:
            now: gives the last entry taken and the counts until it.
        """
        if self._mark is None:
            position, counts = now()
            self._mark = (self._sequence, Place(position, min(self._read_from, position), counts))
        chosen = dict(list(self._prompt.items())[:MAX_VEHICLES])
        for key, (_, vehicle) in self._touched.items():
            if len(chosen) >= MAX_VEHICLES:
                break
            chosen[key] = vehicle
        for key in chosen:
            del self._touched[key]
            self._prompt.pop(key, None)
        return list(chosen.values()), self._passed()

    def _passed(self) -> Place | None:
        """The marked place, where nothing that was touched before it is left."""
        if self._mark is None:
            return None
        sequence, place = self._mark
        first = next(iter(self._touched.values()), None)
        if first is not None and first[0] <= sequence:
            return None
        self._mark = None
        return place
