"""Stories of cars that drive, for the tests of trips, stops and idling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from motorcade.domain.episodes import trip
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Latest, Moment
from motorcade.domain.episodes.trip import TripRules, TripState
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name
from motorcade.domain.state import Value

VEHICLE: Final = "v" * 26
BEGIN_NS: Final = 1_772_409_600 * NS_PER_S
METRES_PER_DEGREE: Final = 111_195.0
RULES: Final = TripRules()
LONG_AFTER_S: Final = 1_000_000.0

E = TypeVar("E", bound=Episode)


@dataclass(frozen=True)
class Word:
    """One record of a story."""

    at_ns: int
    record_id: bytes
    readings: tuple[tuple[int, Value], ...] = ()
    presence: bool | None = None
    fences: tuple[str, ...] = ()


def at(seconds: float) -> int:
    """A time of a story."""
    return BEGIN_NS + round(seconds * NS_PER_S)


def after_s(at_ns: int | None) -> float:
    """Seconds after a story's begin."""
    assert at_ns is not None
    return (at_ns - BEGIN_NS) / NS_PER_S


def place(north_m: float, east_m: float = 0.0) -> tuple[float, float]:
    """A place so far from the story's home."""
    return 48.0 + north_m / METRES_PER_DEGREE, 11.0 + east_m / METRES_PER_DEGREE


@dataclass
class Story:
    """Records in order of time; `now_s` is when the next one is said."""

    now_s: float = 0.0
    north_m: float = 0.0
    odometer_km: float = 10_000.0
    words: list[Word] = field(default_factory=list)

    def say(self, seconds: float = 0.0, *, fences: tuple[str, ...] = (), **readings: Value) -> "Story":
        """Let time pass, then say something."""
        self.now_s += seconds
        return self._say(readings, fences)

    def _say(self, readings: Mapping[str, Value], fences: tuple[str, ...] = ()) -> "Story":
        values = tuple((by_name(name).number, value) for name, value in readings.items())
        self.words.append(Word(at(self.now_s), len(self.words).to_bytes(16, "big"), values, fences=fences))
        return self

    def connection(self, seconds: float, *, opened: bool) -> "Story":
        """Let time pass, then come or go."""
        self.now_s += seconds
        self.words.append(Word(at(self.now_s), len(self.words).to_bytes(16, "big"), presence=opened))
        return self

    def wait(self, seconds: float) -> "Story":
        """Let time pass silently."""
        self.now_s += seconds
        return self

    def parked(self, seconds: float = 0.0) -> "Story":
        """Report everything of a parked car."""
        return self.say(
            seconds,
            gear="P",
            speed_kmh=None,
            location=place(self.north_m),
            odometer_km=self.odometer_km,
            battery_pct=80.0,
            energy_remaining_kwh=60.0,
        )

    def go(self, metres: float, kmh: float = 36.0, *, speed: bool = True, location: bool = True) -> "Story":
        """Drive north, a record each second, the odometer each half minute."""
        metre_s = kmh / 3.6
        for second in range(round(metres / metre_s)):
            self.north_m += metre_s
            self.odometer_km += metre_s / 1_000
            readings: dict[str, Value] = {}
            if speed:
                readings["speed_kmh"] = kmh + (0.25 if second % 2 else 0.0)
            if location:
                readings["location"] = place(self.north_m)
            if second % 30 == 29:
                readings["odometer_km"] = round(self.odometer_km, 4)
            self.now_s += 1.0
            if readings:
                self._say(readings)
        return self

    def chat(self, seconds: float, every_s: float = 30.0) -> "Story":
        """Stay awake without a word about movement."""
        end_s = self.now_s + seconds
        warmth = 20.0
        while self.now_s + every_s <= end_s:
            warmth = 41.0 - warmth
            self.say(every_s, inside_temperature_c=warmth)
        self.now_s = end_s
        return self


@dataclass
class Folding:
    """A reducer on its way through a story."""

    rules: TripRules = RULES
    state: TripState = field(default_factory=trip.start)
    latest: Latest = field(default_factory=Latest)
    before_ns: int = 0
    rows: dict[str, Episode] = field(default_factory=dict)

    def take(self, word: Word) -> list[Episode]:
        """Step once."""
        moment = Moment(
            vehicle_id=VEHICLE,
            at_ns=word.at_ns,
            record_id=word.record_id,
            previous_at_ns=self.before_ns,
            latest=self.latest,
            changed=self.latest.take(word.readings, word.at_ns),
            presence=word.presence,
            fences=word.fences,
        )
        self.before_ns = word.at_ns
        found = trip.step(self.state, moment, self.rules)
        self.rows |= {row.id: row for row in found}
        return found

    def view(self, at_ns: int) -> list[Episode]:
        """What a horizon shows."""
        return trip.view(self.state, at_ns, self.rules)

    def rewrite(self) -> None:
        """Write the state down and read it again."""
        self.state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.state), type=TripState)


def fold(story: Story | Sequence[Word], rules: TripRules = RULES) -> dict[str, Episode]:
    """All rows in the end, by id."""
    words = story.words if isinstance(story, Story) else story
    folding = Folding(rules)
    for word in words:
        folding.take(word)
    end_ns = words[-1].at_ns + round(LONG_AFTER_S) * NS_PER_S
    return folding.rows | {row.id: row for row in folding.view(end_ns)}


def of_kind(rows: dict[str, Episode], shape: type[E]) -> list[E]:
    """Rows of one kind in order of time."""
    return sorted((row for row in rows.values() if isinstance(row, shape)), key=lambda row: row.started_at_ns)


def trips(story: Story, rules: TripRules = RULES) -> list[trip.Trip]:
    """Its trips, manoeuvres left out."""
    return [one for one in of_kind(fold(story, rules), trip.Trip) if not one.manoeuvre]


def only(found: list[Any]) -> Any:
    """The one of a list of one."""
    assert len(found) == 1, found
    return found[0]
