"""What a reducer is given: one record of a vehicle in its turn, and what the vehicle last said before.

Records come sorted by (effective_at_ns, record_id); of several with the same time each is a moment of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from motorcade.domain.state import Value


class Notice(NamedTuple):
    """One entry of the car's own alert list.

    Attributes:
        name: the maker's name of the alert.
        audiences: for whom the maker means it, e.g. "Customer".
        started_at_ns: when the car says that it began.
        ended_at_ns: when it ended, None while it lasts.
    """

    name: str
    audiences: tuple[str, ...]
    started_at_ns: int
    ended_at_ns: int | None


class Report(NamedTuple):
    """A record as the fold takes it, decoded and in metric units.

    Attributes:
        effective_at_ns: when it counts as measured (ns since 1970 UTC).
        record_id: 16 bytes; with the time it is the record's place in the order.
        readings: (signal number, value) in the order sent; None = invalid; of a number named twice the last counts.
        notices: what a report of the alerts topic lists.
        connection: (connection id, opened) where our gateway reports that one opened or closed.
    """

    effective_at_ns: int
    record_id: bytes
    readings: tuple[tuple[int, Value], ...] = ()
    notices: tuple[Notice, ...] = ()
    connection: tuple[str, bool] | None = None


@dataclass(slots=True)
class Latest:
    """The newest value of every signal in the order of the fold, and since when it has been that value.

    A value equal to the one before is neither an edge nor a new reading: merged resends re-date old values. None and
    "never heard of" are the same: absent.
    """

    values: dict[int, Value] = field(default_factory=dict)
    since_ns: dict[int, int] = field(default_factory=dict)

    def take(self, readings: Iterable[tuple[int, Value]], at_ns: int) -> dict[int, Value]:
        """Take the readings of one record.

        Returns:
            The signals whose value is another one now, each with the value that it had before.
        """
        values = self.values
        changed: dict[int, Value] = {}
        for number, value in readings:
            before = values.get(number)
            if before != value or type(before) is not type(value):
                changed.setdefault(number, before)
                values[number] = value
                self.since_ns[number] = at_ns
        return changed

    def number(self, signal: int) -> float | None:
        """A signal's value as a number; None where it is absent or is none (a car may send text for a number)."""
        value = self.values.get(signal)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def text(self, signal: int) -> str | None:
        """A signal's value as text, None where it is absent or is none."""
        value = self.values.get(signal)
        return value if isinstance(value, str) else None

    def place(self, signal: int) -> tuple[float, float] | None:
        """A location as (latitude, longitude) in degrees, None where it is absent."""
        value = self.values.get(signal)
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], float):
            return value
        return None


@dataclass(slots=True)
class Moment:
    """One record in its turn. The fold fills in the lower half as the reducers before have run.

    Attributes:
        vehicle_id: whose.
        at_ns: the record's effective time.
        record_id: its id; the evidence of whatever begins or ends with it.
        previous_at_ns: effective time of the vehicle's record before this one, 0 if it is the first.
        latest: the values after this record; reducers read it and never change it.
        changed: signal number → value before, of the signals that this record changed.
        notices: what an alerts report lists.
        presence: True where the car came online with this record, False where its last connection closed, else None.
        online: whether any connection is open after this record.
        fences: ids of the fences that the car is inside of now (confirmed, see geofence rules).
        trip_id: id of the running trip, None when there is none.
        charge_id: id of the running charging session, None when there is none.
    """

    vehicle_id: str
    at_ns: int
    record_id: bytes
    previous_at_ns: int
    latest: Latest
    changed: dict[int, Value]
    notices: tuple[Notice, ...] = ()
    presence: bool | None = None
    online: bool = False
    fences: tuple[str, ...] = ()
    trip_id: str | None = None
    charge_id: str | None = None
