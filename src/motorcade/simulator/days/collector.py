"""The collector of a simulated day: only what changed leaves, in messages of one to ten fields.

Beside the maker's rules (interval, minimum delta, everything once after a start) it has the habits of real cars: every
field has its own phase, so most messages carry one to three fields; a full report is cut into chunks of ten; a shift
into D may never leave; the last speed before parking may stay where it was, or become invalid or empty.
"""

import math
import random
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from tesla_protocol.telemetry import vehicle_data_pb2 as pb

from motorcade.domain.record import Topic
from motorcade.simulator.days.car import Body, DayCar
from motorcade.simulator.days.fields import Field, quick_fields, slow_fields, state_fields
from motorcade.simulator.roads.network import METRES_PER_DEGREE, Place
from motorcade.wire.tesla.entries import Entry, EntryValue, entry

MOST_FIELDS: Final = 10
BUCKET_S: Final = 0.5
_FLOAT32: Final = struct.Struct("<f")
_STALE_MPH: Final = 1.242742384474668  # 2 km/h: measured a moment before the standstill, and then nothing more
_DRIFT_M: Final = 1.0  # how far a fix lies off, slowly changing
_DRIFT_KEEPS: Final = 0.98  # of the drift after a second


class Message(NamedTuple):
    """One message as the car made it."""

    at_s: float
    """By true time, in seconds after the day's begin."""
    topic: Topic
    entries: tuple[Entry, ...]
    alert: tuple[str, float, float | None] | None = None
    """Of the alert topic: name, start and end in seconds after the day's begin."""


class _Slot:
    __slots__ = ("due_s", "field", "known", "last")

    def __init__(self, field: Field) -> None:
        self.field, self.due_s, self.known = field, 0, False
        self.last: EntryValue = None

    def differs(self, value: EntryValue) -> bool:
        last, delta = self.last, self.field.delta
        if not self.known:
            return True
        if delta == 0 or value is None or last is None:
            return value != last
        if isinstance(value, Place):
            assert isinstance(last, Place), "a field keeps its kind"
            scale = math.cos(math.radians(value.latitude))
            north, east = value.latitude - last.latitude, (value.longitude - last.longitude) * scale
            return METRES_PER_DEGREE * math.hypot(north, east) >= delta
        assert isinstance(value, int | float), "only numbers and places have a minimum delta"
        assert isinstance(last, int | float), "a field keeps its kind"
        return abs(value - last) >= delta


class DayCollector:
    """Reads one body and keeps the messages of the day."""

    def __init__(self, car: DayCar, chance: random.Random) -> None:
        """Start asleep, with everything still to be reported."""
        self.messages: list[Message] = []
        self.quirks: dict[str, int] = {}
        """How often each habit showed."""
        self._car, self._chance = car, chance
        self._quick = [_Slot(field) for field in quick_fields(car)]
        self._slow = [_Slot(field) for field in slow_fields(car)]
        self._states = [_Slot(field) for field in state_fields(car)]
        self._place, self._speed, self._gear = self._quick[0], self._quick[1], self._states[0]
        self._fresh = True
        self._said_s = -BUCKET_S
        self._drift = [0.0, 0.0]
        self._stray = 0.0, 0.0
        self._drift_at_s = 0

    def restart(self) -> None:
        """Forget what was reported: the next look reports every field."""
        self._fresh = True

    def look(self, body: Body, now_s: int, *, states: bool = True, slow: bool = True) -> None:
        """Report what is due and differs; ``now_s`` counts whole seconds of the day."""
        entries: list[Entry] = []
        if self._fresh:
            self._forget(now_s)
            states = slow = True
        for slot in self._quick:
            if slot.due_s <= now_s:
                self._try(slot, body, now_s, entries)
        if slow:
            for slot in self._slow:
                if slot.due_s <= now_s:
                    self._try(slot, body, now_s, entries)
        if states:
            for slot in self._states:
                self._try(slot, body, now_s, entries)
        if self._fresh:
            self._fresh = False
            self._spread(now_s)
        if entries:
            self._put(entries, now_s)

    def alert(self, name: str, now_s: float, start_s: float, end_s: float | None) -> None:
        """Send a message of the alert topic."""
        self.messages.append(Message(now_s + self._car.fraction_s, Topic.ALERTS, (), (name, start_s, end_s)))

    # -- habits of real cars --------------------------------------------------------------------------------------

    def lose_gear(self, body: Body, now_s: int) -> None:
        """Let the present gear count as reported although no message ever leaves."""
        self.count("drive_gear_lost")
        self._gear.known, self._gear.last, self._gear.due_s = True, body.gear, now_s

    def mute_speed(self, now_s: int, seconds: int) -> None:
        """Say nothing about the speed for a while."""
        self.count("speed_silent")
        self._speed.due_s = now_s + seconds

    def stray(self, metres: float) -> None:
        """Let a parked car's fixes lie so far off until it is called with 0; nothing moved."""
        angle = self._chance.uniform(0.0, math.tau)
        self._stray = metres * math.cos(angle), metres * math.sin(angle)
        if metres:
            self.count("gps_stray")

    def end_speed(self, now_s: int) -> None:
        """Report the speed of a car that has parked, as cars do it: zero, invalid, empty, or not at all."""
        how = self._chance.choices(["zero", "stale", "invalid", "empty"], [0.3, 0.3, 0.25, 0.15])[0]
        slot = self._speed
        self.count(f"last_speed_{how}")
        slot.known, slot.last, slot.due_s = True, None, now_s
        if how in {"zero", "stale"}:
            last_mph = 0.0 if how == "zero" else _STALE_MPH
            self._put([entry("VehicleSpeed", "double_value", last_mph, typed=self._car.typed)], now_s)
        elif how == "invalid":
            self._put([entry("VehicleSpeed", "double_value", None, typed=True)], now_s)
        elif how == "empty":
            self._put([_EMPTY_SPEED], now_s)

    def count(self, habit: str) -> None:
        """Note that a habit showed."""
        self.quirks[habit] = self.quirks.get(habit, 0) + 1

    # -- the rules ------------------------------------------------------------------------------------------------

    def _forget(self, now_s: int) -> None:
        for slot in (*self._quick, *self._slow, *self._states):
            slot.known, slot.due_s = False, now_s

    def _spread(self, now_s: int) -> None:
        """Give each field a phase of its own after a full report."""
        for slot in (*self._quick, *self._slow):
            if slot.field.interval_s > 5:
                slot.due_s = now_s + self._chance.randint(1, slot.field.interval_s)

    def _try(self, slot: _Slot, body: Body, now_s: int, entries: list[Entry]) -> None:
        field = slot.field
        value = self._fix(body, now_s) if slot is self._place else field.read(body)
        if type(value) is float:
            value = _FLOAT32.unpack(_FLOAT32.pack(value))[0]  # the car measures in single precision
        if slot.differs(value):
            slot.known, slot.last, slot.due_s = True, value, now_s + field.interval_s
            entries.append(entry(field.name, field.arm, value, typed=self._car.typed))

    def _fix(self, body: Body, now_s: int) -> Place:
        """Return what the receiver says: a little off, by an error that changes slowly; a standing car holds still."""
        place = body.place
        passed = now_s - self._drift_at_s
        if body.speed_ms > 0 and passed > 0:
            keeps = _DRIFT_KEEPS ** min(passed, 300)
            spread = _DRIFT_M * math.sqrt(1.0 - keeps * keeps)
            self._drift = [axis * keeps + self._chance.gauss(0.0, spread) for axis in self._drift]
            self._drift_at_s = now_s
        north, east = self._drift[0] + self._stray[0], self._drift[1] + self._stray[1]
        scale = METRES_PER_DEGREE * math.cos(math.radians(place.latitude))
        return Place(round(place.latitude + north / METRES_PER_DEGREE, 6), round(place.longitude + east / scale, 6))

    def _put(self, entries: Sequence[Entry], now_s: int) -> None:
        for start in range(0, len(entries), MOST_FIELDS):
            # One message a bucket: no two have the same time, and a value never overtakes a later one.
            self._said_s = max(now_s + self._car.fraction_s, self._said_s + BUCKET_S)
            chunk = tuple(entries[start : start + MOST_FIELDS])
            self.messages.append(Message(self._said_s, Topic.VEHICLE_DATA, chunk))


_SPEED_NUMBER: Final = int(pb.Field.Value("VehicleSpeed"))
# A datum whose value has nothing set, as older software writes it for "invalid".
_EMPTY_SPEED: Final[Entry] = (
    _SPEED_NUMBER,
    pb.Payload(data=[pb.Datum(key=pb.Field.Name(_SPEED_NUMBER), value=pb.Value())]).SerializeToString(),
)
