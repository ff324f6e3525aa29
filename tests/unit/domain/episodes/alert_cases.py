"""Made-up vehicles and rules for the tests of alerts, and the way they are fed to the reducer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import msgspec
from hypothesis import strategies as st

from motorcade.domain.alerts import condition as c
from motorcade.domain.alerts.rule import AlertRule
from motorcade.domain.alerts.watch import AlertRules, AlertTimeline
from motorcade.domain.episodes import alert
from motorcade.domain.episodes.alert import Alert, AlertState, Around, Turn
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Latest, Moment, Notice
from motorcade.domain.schedule import Schedule, Window
from motorcade.domain.signal import by_name
from motorcade.domain.state import Value
from tests.unit.domain.episodes.alert_oracle import VEHICLE, Entry, Version

S = 1_000_000_000
START_NS = 1_760_000_400 * S  # a Thursday, 09:00 UTC
GAPS = (0, 1, 5, 10, 30, 59, 60, 61, 299, 300, 600, 1_799, 1_800, 1_801, 7_200)
SPANS = (0, 0, 5, 10, 60, 300, 600)
LONG = 48 * 3_600
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive(Episode):
    kind: ClassVar[str] = "trip"


# --- rules -------------------------------------------------------------------------------------------------------

TERMS: tuple[c.Condition, ...] = (
    c.Compare("speed_kmh", "above", 50.0),
    c.Compare("speed_kmh", "at_most", 80.0),
    c.Compare("battery_pct", "below", 20.0),
    c.Compare("battery_pct", "at_least", 10.0),
    c.Compare("locked", "equals", value=False),
    c.Compare("gear", "differs", "P"),
    c.Compare("gear", "one_of", ("D", "R")),
    c.Compare("doors_open", "contains", ""),
    c.Compare("doors_open", "lacks", "TrunkFront"),
    c.Known("gear"),
    c.InFence("yard"),
    c.InFence("", inside=False),
    c.Running("trip"),
    c.Running("charge"),
    c.Silent(60),
    c.Silent(600),
    c.Noticed("crash*"),
    c.Noticed("ALARM"),
    c.Presence("asleep"),
    c.Presence("offline"),
    c.Presence("awake"),
)
PULSES = (c.Changes("gear"), c.Changes("gear", None, "P"), c.Changes("locked", True, False))
SCHEDULES = (
    None,
    None,
    None,
    Schedule("UTC", (Window(3, 9 * 60, 9 * 60 + 10), Window(3, 9 * 60 + 20, 11 * 60))),
    Schedule("Europe/Stockholm", (Window(3, 11 * 60 + 5, 12 * 60),)),
)


class Tape:
    """Choices read off a text of bytes: cheap to make, and a shorter or smaller text makes a simpler case."""

    def __init__(self, text: bytes) -> None:
        self.text, self.place = text, 0

    def pick(self, options: Sequence[T]) -> T:
        """One of them; the first, when the text is at its end."""
        byte = self.text[self.place] if self.place < len(self.text) else 0
        self.place += 1
        return options[byte % len(options)]

    def below(self, limit: int) -> int:
        """A number from 0 to below the limit."""
        return self.pick(range(limit))


TAPES = st.binary(min_size=200, max_size=300).map(Tape)


def lasting(tape: Tape) -> c.Condition:
    form = tape.pick("tttnaaoox")
    if form == "t":
        return tape.pick(TERMS)
    if form == "n":
        return c.Not(tape.pick(TERMS))
    terms = tuple(tape.pick(TERMS) for _ in range(2 + tape.below(2)))
    if form == "o":
        return c.AnyOf(terms)
    return c.All(terms) if form == "a" else c.Not(c.All(terms))


def momentary(tape: Tape) -> c.Condition:
    return tape.pick(PULSES) if tape.below(2) else c.All((tape.pick(PULSES), tape.pick(TERMS)))


def rule_of(tape: Tape, rule_id: str, version: int = 1) -> AlertRule:
    form = tape.pick("lllllpe")
    lasts = form == "l"
    when: c.Condition | c.Ended
    if form == "e":
        when = c.Ended("trip", (c.Measure("duration_s", "at_least", tape.pick((0, 100))),))
    else:
        when = lasting(tape) if lasts else momentary(tape)
    return AlertRule(
        id=rule_id,
        name=f"Rule {rule_id}",
        when=when,
        clear=lasting(tape) if lasts and tape.below(3) == 2 else None,
        hold_s=tape.pick(SPANS) if lasts else 0,
        cool_down_s=tape.pick(SPANS),
        grace_s=tape.pick(SPANS),
        schedule=tape.pick(SCHEDULES),
        version=version,
    )


def versions(tape: Tape, last_ns: int) -> tuple[Version, ...]:
    made = [Version(0, 1, tuple(rule_of(tape, f"r{number}") for number in range(1 + tape.below(3))))]
    for number in range(2, 2 + tape.pick((0, 0, 0, 1, 1, 2))):
        after_s = tape.below(256) * ((last_ns - START_NS) // S + 60) // 256 - 30
        from_ns = max(made[-1].from_ns + 1, START_NS + after_s * S)
        new = [rule_of(tape, f"r{tape.below(2)}", number)] if tape.below(2) else []
        kept = [rule for rule in made[-1].rules if tape.below(3) and rule.id not in {one.id for one in new}]
        made.append(Version(from_ns, number, (*kept, *new)))
    return tuple(made)


# --- records -----------------------------------------------------------------------------------------------------

READINGS: tuple[tuple[str, Value], ...] = (
    *(("speed_kmh", value) for value in (None, 0.0, 50.0, 60.0, 90.1234567)),
    *(("battery_pct", value) for value in (None, 5.0, 15.0, 20.0, 30.0)),
    *(("locked", value) for value in (None, True, False)),
    *(("gear", value) for value in (None, "P", "D", "R")),
    *(("doors_open", value) for value in (None, (), ("TrunkFront",), ("DriverFront", "TrunkRear"))),
    ("odometer_km", 1.0),
)
FENCES: tuple[tuple[str, ...], ...] = ((), ("yard",), ("depot", "yard"))


def facts_of(tape: Tape) -> tuple[tuple[str, ...], bool, bool]:
    return tape.pick(FENCES), tape.below(2) == 1, tape.below(2) == 1


def story(tape: Tape) -> tuple[tuple[Entry, ...], int]:
    """Records in order, and a horizon behind them."""
    at_ns, entries = START_NS, []
    facts: tuple[tuple[str, ...], bool, bool] = ((), False, False)
    online = False
    for number in range(1 + tape.below(14)):
        gap_ns = tape.pick(GAPS) * S
        turns: tuple[tuple[int, tuple[str, ...], bool, bool], ...] = ()
        if number and gap_ns > S and tape.below(6) == 5:
            facts = facts_of(tape)
            turns = ((at_ns + (1 + tape.below(gap_ns // S)) * S, *facts),)
        at_ns += gap_ns
        facts = facts_of(tape) if tape.below(4) == 3 else facts
        online = tape.below(2) == 1 if tape.below(4) == 3 else online
        readings = dict(tape.pick(READINGS) for _ in range(tape.below(4)))
        notices = tuple(notice(tape, at_ns) for _ in range(1 + tape.below(2))) if tape.below(5) == 4 else ()
        rows = (drive(number, at_ns, tape.pick((0, 50, 200))),) if tape.below(5) == 4 else ()
        entries.append(Entry(at_ns, number.to_bytes(16, "big"), readings, *facts, online, notices, rows, turns))
    return tuple(entries), at_ns + tape.pick((0, 1, 60, 300, 601, 1_800, 4_000, LONG + 1)) * S


def notice(tape: Tape, at_ns: int) -> Notice:
    started, ended = (at_ns - tape.pick((0, 100, 599, 601, 5_000)) * S for _ in range(2))
    return Notice(tape.pick(("crashFront", "Alarm", "other")), (), started, ended if tape.below(2) else None)


def drive(number: int, at_ns: int, before_s: int) -> Drive:
    end_ns = at_ns - before_s * S
    record = number.to_bytes(16, "big")
    return Drive(
        id=f"trip{number}",
        vehicle_id=VEHICLE,
        started_at_ns=end_ns - (20 + 90 * (number % 2)) * S,
        ended_at_ns=end_ns,
        rule_version=1,
        first_record=record,
        last_record=record,
    )


# --- the reducer -------------------------------------------------------------------------------------------------


def timeline_of(made: Sequence[Version]) -> AlertTimeline:
    return AlertTimeline((one.from_ns, AlertRules(one.number, one.rules, {})) for one in made)


class Feeding:
    """The reducer on its way through a story."""

    def __init__(self, made: Sequence[Version]) -> None:
        self.timeline = timeline_of(made)
        self.state, self.latest, self.previous_ns, self.online = alert.start(), Latest(), 0, False
        self.rows: dict[str, Alert] = {}

    def feed(self, entry: Entry) -> list[Alert]:
        readings = tuple((by_name(name).number, value) for name, value in entry.readings.items())
        changed = self.latest.take(readings, entry.at_ns)
        moment = Moment(
            VEHICLE,
            entry.at_ns,
            entry.record_id,
            self.previous_ns,
            self.latest,
            changed,
            entry.notices,
            presence=entry.online if entry.online is not self.online else None,
            online=entry.online,
            fences=entry.fences,
            trip_id="t" if entry.trip else None,
            charge_id="c" if entry.charge else None,
        )
        self.previous_ns, self.online = entry.at_ns, entry.online
        rows = alert.step(self.state, moment, self.timeline, around(entry))
        self.rows.update((row.id, row) for row in rows)
        return rows

    def seen(self, horizon_ns: int, ahead: Entry | None = None) -> dict[str, Alert]:
        """All rows as they stand at a horizon, with what other reducers' time-outs make of it."""
        turns = () if ahead is None else tuple(Turn(*turn) for turn in ahead.turns if turn[0] <= horizon_ns)
        rows = alert.view(self.state, horizon_ns, self.timeline, self.latest, Around((), turns))
        return self.rows | {row.id: row for row in rows}


def around(entry: Entry) -> Around:
    return Around(entry.rows, tuple(Turn(*turn) for turn in entry.turns))


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(AlertState).decode
