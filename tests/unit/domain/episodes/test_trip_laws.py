"""Laws of the reducer of trips, stops and idling, whatever a car says and whenever somebody looks."""

import random
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from motorcade.domain.episodes import trip
from motorcade.domain.episodes.episode import Episode, in_order
from motorcade.domain.episodes.idling import Idling
from motorcade.domain.episodes.stop import Stop
from motorcade.domain.episodes.trip import Trip, TripRules
from motorcade.domain.record import NS_PER_S
from motorcade.domain.signal import by_name
from motorcade.domain.state import Value
from tests.conditions import is_long
from tests.unit.domain.episodes.driving import BEGIN_NS, RULES, Folding, Word, fold, of_kind, place

_EXAMPLES = 5_000 if is_long() else 350
_GAPS_S = (0, 0.5, 1, 1, 1, 2, 5, 10, 30, 59, 61, 120, 240, 299, 300, 301, 400, 1_000, 1_799, 1_800, 2_400, 90_000)
_GEARS: tuple[Value, ...] = ("P", "P", "D", "D", "R", "N", None, "SNA")
_SPEEDS: tuple[Value, ...] = (None, 0.0, 0.0, 1.5, 2.0, 5.0, 8.0, 9.0, 36.0, 50.0, 51.0, 120.0)
_ODOMETERS: tuple[Value, ...] = (None, 0.0, 1_000.0, 1_000.1, 1_000.4, 1_001.0, 1_003.0, 1_050.0, 1_020.0)
_PLACES: tuple[Value, ...] = (None, *(place(north) for north in (0, 3, 30, 60, 120, 300, 900, 2_000, 5_000, 90_000)))
_OTHER: tuple[tuple[str, tuple[Value, ...]], ...] = (
    ("battery_pct", (None, 80.0, 79.0, 60.0)),
    ("energy_remaining_kwh", (None, 60.0, 59.5, 40.0)),
    ("lifetime_energy_used_kwh", (None, 100.0, 101.0)),
    ("drive_rail_on", (True, False, None)),
    ("charge_state", ("Charging", "Disconnected")),
    ("gps_accuracy_m", (None, 3.0, 80.0)),
    ("inside_temperature_c", (1.0, 2.0, 3.0, 4.0)),
)
_READINGS = (
    *((("gear", _GEARS),) * 3),
    *((("speed_kmh", _SPEEDS),) * 5),
    *((("location", _PLACES),) * 4),
    *((("odometer_km", _ODOMETERS),) * 2),
    *_OTHER,
)
_NUMBERS = {name: by_name(name).number for name, _ in _READINGS}
_RECORD_BYTES = 6
SHARES = st.lists(st.floats(0, 1), max_size=3)


@st.composite
def dices(draw: st.DrawFn) -> bytes:
    """Dice from a seed: many throws at once are cheap to draw, and a story shrinks by its length."""
    return random.Random(draw(st.integers(0, 2**32))).randbytes(_RECORD_BYTES * draw(st.integers(1, 25)))


STORIES = dices()


@dataclass
class Teller:
    """Tells a story by dice, six a line: single words, legs of a drive, connections that come and go."""

    now_s: float = 0.0
    north_m: float = 0.0
    words: list[Word] = field(default_factory=list)

    def say(self, *readings: tuple[str, Value], presence: bool | None = None, fences: tuple[str, ...] = ()) -> None:
        values = tuple((_NUMBERS[name], value) for name, value in readings)
        at_ns = BEGIN_NS + round(self.now_s * NS_PER_S)
        self.words.append(Word(at_ns, len(self.words).to_bytes(16, "big"), values, presence, fences))

    def line(self, gap: int, kind: int, picks: bytes) -> None:
        self.now_s += _GAPS_S[gap % len(_GAPS_S)]
        if kind >= 240:
            return self.say(presence=kind % 2 == 0)
        if kind >= 190:
            return self.leg(*picks)
        readings = [_READINGS[picks[at] % len(_READINGS)] for at in (0, 2)]
        chosen = [
            (name, values[choice % len(values)]) for (name, values), choice in zip(readings, picks[1::2], strict=True)
        ]
        return self.say(*chosen[: 1 + kind % 2], fences=("yard",) if kind % 5 == 0 else ())

    def leg(self, count: int, pace: int, omits: int, ends: int) -> None:
        """Drive on for a while; some legs leave a signal out, some end with a standstill or a P."""
        for number in range(3 + count % 15):
            self.now_s += 1 + pace % 20
            self.north_m += (1 + pace % 20) * (5 + pace % 17)
            readings: list[tuple[str, Value]] = []
            if omits % 4:
                readings.append(("speed_kmh", 3.6 * (5 + pace % 17) + number % 2))
            if omits % 5:
                readings.append(("location", place(self.north_m)))
            if omits % 3 and number % 5 == 0:
                readings.append(("odometer_km", 1_000.0 + self.north_m / 1_000))
            self.say(*readings)
        if ends % 3:
            self.now_s += ends % 7
            self.say(("speed_kmh", (0.0, None, 2.0)[ends % 3]), *((("gear", "P"),) if ends % 2 else ()))


def told(dice: bytes) -> list[Word]:
    """The story that dice tell."""
    teller = Teller()
    for first in range(0, len(dice) - _RECORD_BYTES + 1, _RECORD_BYTES):
        gap, kind = dice[first : first + 2]
        teller.line(gap, kind, dice[first + 2 : first + _RECORD_BYTES])
    return teller.words


def horizons(words: list[Word], shares: list[float]) -> list[tuple[Word, list[int]]]:
    """Each record with the horizons to look at before the next one."""
    ends = [word.at_ns for word in words[1:]] + [words[-1].at_ns + 100_000 * NS_PER_S]
    return [
        (word, [word.at_ns + int((end_ns - word.at_ns) * share) for share in (0.0, *sorted(shares), 1.0)])
        for word, end_ns in zip(words, ends, strict=True)
    ]


@settings(max_examples=_EXAMPLES)
@given(STORIES, SHARES)
def test_looking_changes_nothing_and_shows_an_end_as_it_will_be(dice: bytes, shares: list[float]) -> None:
    words = told(dice)
    truth = fold(words)
    folding = Folding()
    for word, looks in horizons(words, shares):
        folding.take(word)
        before = msgspec.msgpack.encode(folding.state)
        for horizon_ns in looks:
            for row in folding.view(horizon_ns):
                assert row.id in truth, row
                assert row.ended_at_ns is None or row == truth[row.id], (row, truth[row.id])
        assert msgspec.msgpack.encode(folding.state) == before
    assert folding.rows | {row.id: row for row in folding.view(looks[-1] + 10**18)} == truth


@settings(max_examples=_EXAMPLES)
@given(STORIES)
def test_a_state_that_was_written_down_goes_on_as_if_it_had_not(dice: bytes) -> None:
    words = told(dice)
    folding = Folding()
    for word in words:
        folding.take(word)
        folding.rewrite()
    assert folding.rows | {row.id: row for row in folding.view(words[-1].at_ns + 10**18)} == fold(words)


@settings(max_examples=_EXAMPLES)
@given(STORIES, st.integers(0, 2**32))
def test_equal_readings_said_again_change_nothing(dice: bytes, seed: int) -> None:
    words, chance = told(dice), random.Random(seed)
    doubled, latest = list[Word](), dict[int, Value]()
    for index, word in enumerate(words):
        doubled.append(word)
        latest.update(word.readings)
        if latest and chance.random() < 0.5:
            number = chance.choice(sorted(latest))
            last_ns = words[index + 1].at_ns if index + 1 < len(words) else word.at_ns + 5_000 * NS_PER_S
            at_ns = chance.randint(word.at_ns, last_ns)
            doubled.append(Word(at_ns, b"again" + len(doubled).to_bytes(11, "big"), ((number, latest[number]),)))
    assert fold(doubled) == fold(words)


@settings(max_examples=_EXAMPLES)
@given(STORIES)
def test_trips_follow_one_another_and_stops_fill_the_time_between(dice: bytes) -> None:
    rows = fold(told(dice))
    drives = of_kind(rows, Trip)
    for before, after in pairwise(drives):
        assert before.ended_at_ns is not None
        assert before.ended_at_ns <= after.started_at_ns
    for row in rows.values():
        assert row.ended_at_ns is None or row.started_at_ns <= row.ended_at_ns
    ends = [one.ended_at_ns for one in drives if not one.manoeuvre]
    stops = of_kind(rows, Stop)
    if drives and drives[0].manoeuvre:
        ends.insert(0, drives[0].ended_at_ns)  # nothing before it tells of a stop, so one begins with it
    assert [stop.started_at_ns for stop in stops] == ends
    assert all(stop.trip_after is None or stop.ended_at_ns == after_of(rows, stop).started_at_ns for stop in stops)
    for one in of_kind(rows, Idling):
        assert one.ended_at_ns is not None
        assert one.ended_at_ns - one.started_at_ns >= RULES.idling.idle_s * NS_PER_S


def after_of(rows: dict[str, Episode], stop: Stop) -> Episode:
    assert stop.trip_after is not None
    return rows[stop.trip_after]


@settings(max_examples=_EXAMPLES)
@given(STORIES, SHARES)
def test_time_alone_changes_what_is_shown_only_when_due(dice: bytes, shares: list[float]) -> None:
    folding = Folding()
    for word, looks in horizons(told(dice), shares):
        folding.take(word)
        for horizon_ns, later_ns in pairwise(looks):
            due_ns = trip.due_ns(folding.state, horizon_ns, RULES)
            assert due_ns is None or due_ns > horizon_ns
            if due_ns is None or later_ns < due_ns:
                assert folding.view(horizon_ns) == folding.view(later_ns)
            if trip.quiet(folding.state, horizon_ns, RULES):
                assert all(row.ended_at_ns is not None for row in folding.view(horizon_ns) if not isinstance(row, Stop))


@settings(max_examples=_EXAMPLES)
@given(STORIES, st.integers(0, 150))
def test_rules_that_change_between_two_records_end_the_same_in_view_and_step(dice: bytes, turn: int) -> None:
    """Time-outs are judged by the rules of the last word, so a horizon and the next record cannot disagree."""
    words = told(dice)
    stricter = TripRules(version=2, pause_s=90, manoeuvre_m=500.0, silence_s=600)

    def end(looks: bool) -> tuple[list[Episode], list[Episode]]:
        folding, seen = Folding(), dict[str, Episode]()
        for number, (word, horizons_ns) in enumerate(horizons(words, [0.3, 0.9])):
            folding.rules = stricter if number >= turn else RULES
            folding.take(word)
            if looks:
                folding.rules = stricter if number + 1 >= turn else RULES
                for horizon_ns in horizons_ns:
                    seen |= {row.id: row for row in folding.view(horizon_ns) if row.ended_at_ns is not None}
        rows = folding.rows | {row.id: row for row in folding.view(words[-1].at_ns + 10**18)}
        return in_order(list(rows.values())), in_order([rows[row.id] for row in seen.values()]) if looks else []

    rows, seen = end(looks=True)
    again, _ = end(looks=False)
    assert rows == again
    assert all(row in rows for row in seen)
