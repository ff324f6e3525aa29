"""Records that no step could read are set aside, with brakes.

A bad deploy would otherwise drain the whole stream into the dead letters. One vehicle's bad records are its own
matter: they are set aside and the operator is told. Bad records from many vehicles at once are ours: the partition
stops.
"""

import traceback
from collections import deque
from dataclasses import dataclass, field

BRAKE_WINDOW_NS = 60 * 1_000_000_000
"""Bad records count against the partition for this long."""
BRAKE_VEHICLES_MIN = 3
"""Fewer vehicles than this never stop a partition."""
BRAKE_VEHICLES_SHARE = 0.10
"""Share of the active vehicles with bad records that stops the partition."""
PARK_AFTER = 20
"""Bad records of one vehicle inside the window after which the operator is told about it."""


@dataclass(slots=True)
class Brakes:
    """Counts bad and active vehicles of one partition over the window. Times in ns of the records' arrival."""

    active: dict[tuple[str, str], int] = field(default_factory=dict)
    """Vehicle → when its last record was appended; the loop writes it directly."""
    bad: deque[tuple[int, tuple[str, str]]] = field(default_factory=deque)

    def failed(self, vehicle: tuple[str, str], at_ns: int) -> int:
        """A record of this vehicle is bad; gives the number of its bad records inside the window."""
        self.bad.append((at_ns, vehicle))
        self._forget(at_ns)
        return sum(1 for _, known in self.bad if known == vehicle)

    def must_stop(self, at_ns: int) -> bool:
        """Whether so many vehicles are bad that the fault must be ours."""
        self._forget(at_ns)
        bad = len({vehicle for _, vehicle in self.bad})
        return bad >= BRAKE_VEHICLES_MIN and bad >= BRAKE_VEHICLES_SHARE * len(self.active)

    def _forget(self, at_ns: int) -> None:
        oldest = at_ns - BRAKE_WINDOW_NS
        while self.bad and self.bad[0][0] < oldest:
            self.bad.popleft()
        if self.bad:  # the scan over active vehicles is needed only while something is bad
            self.active = {vehicle: at for vehicle, at in self.active.items() if at >= oldest}


def place_of(error: Exception) -> tuple[str, list[str]]:
    """The kind and place of a fault, and the way there.

    The message of such an error may hold anything of the record, so it is left out.
    """
    places = traceback.extract_tb(error.__traceback__)
    kind = f"{type(error).__name__} in {places[-1].name}, line {places[-1].lineno}"
    return kind, [f"{place.name}:{place.lineno}" for place in places]
