"""What is known of a vehicle at an instant, by brute force: found anew each time from the whole list of its records."""

import fnmatch
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from motorcade.domain.alerts import condition as c
from motorcade.domain.alerts.rule import AlertRule
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Notice
from motorcade.domain.state import Value

S = 1_000_000_000
VEHICLE = "vehicleaaaaaaaaaaaaaaaaaaa"
STALE = 1_800 * S
TWO_DAYS = 48 * 3_600 * S
Tri = bool | None


@dataclass
class Entry:
    """One record of a test, with what other reducers said of it."""

    at_ns: int
    record_id: bytes
    readings: dict[str, Value] = field(default_factory=dict)
    fences: tuple[str, ...] = ()
    trip: bool = False
    charge: bool = False
    online: bool = False
    notices: tuple[Notice, ...] = ()
    rows: tuple[Episode, ...] = ()
    turns: tuple[tuple[int, tuple[str, ...], bool, bool], ...] = ()


class Version(NamedTuple):
    """Rules in force from a time, and their number."""

    from_ns: int
    number: int
    rules: tuple[AlertRule, ...]


@dataclass
class Instant:
    """A point at which something may be otherwise; `index` is the record, or the last one before."""

    at_ns: int
    index: int
    is_record: bool
    flash: bool = True
    pulses: bool = True


class Known:
    def __init__(self, entries: Sequence[Entry], versions: Sequence[Version], horizon_ns: int) -> None:
        self.entries, self.versions, self.horizon_ns = entries, versions, horizon_ns
        self.last_turns: tuple[tuple[int, tuple[str, ...], bool, bool], ...] = ()
        self.last_rows: tuple[Episode, ...] = ()
        self.noticing = [entry for entry in entries if entry.notices]
        self.told: dict[str, list[int]] = {}
        self.presences: list[tuple[Tri, int]] = []
        self.known_notices: dict[tuple[int, bool, int], set[str]] = {}

    # --- what is known at an instant -------------------------------------------------------------------------------

    def version_at(self, at_ns: int) -> Version:
        found = self.versions[0]
        for version in self.versions:
            if version.from_ns <= at_ns:
                found = version
        return found

    def value(self, name: str, upto: int) -> Value:
        """The last reading of a signal in the list as far as a record: looked up, a day has thousands of them."""
        told = self.told.get(name)
        if told is None:
            told = [index for index, entry in enumerate(self.entries) if name in entry.readings]
            self.told[name] = told
        place = bisect_right(told, upto)
        return self.entries[told[place - 1]].readings[name] if place else None

    def facts(self, at: Instant) -> tuple[tuple[str, ...], bool, bool]:
        entry = self.entries[at.index]
        found = (entry.fences, entry.trip, entry.charge)
        if not at.is_record:
            for turn in self.turns_behind(at.index):
                if turn[0] <= at.at_ns:
                    found = turn[1:]
        return found

    def turns_behind(self, index: int) -> tuple[tuple[int, tuple[str, ...], bool, bool], ...]:
        return self.entries[index + 1].turns if index + 1 < len(self.entries) else self.last_turns

    def online(self, upto: int) -> tuple[Tri, int]:
        if not self.presences:
            state: Tri = None
            since = 0
            for entry in self.entries:
                if entry.online:
                    state = True
                elif state:
                    state, since = False, entry.at_ns
                self.presences.append((state, since))
        return self.presences[upto]

    def notices(self, at: Instant) -> set[str]:
        """Names that last at an instant; only what some rule asks for, from when one does."""
        key = (at.index, at.is_record and at.flash, self.version_at(at.at_ns).number)
        if key not in self.known_notices:
            self.known_notices[key] = self._notices(at)
        return self.known_notices[key]

    def _notices(self, at: Instant) -> set[str]:
        if not self.noticing or self.noticing[0].at_ns > self.entries[at.index].at_ns:
            return set()
        kept: dict[str, tuple[int, bool]] = {}
        flashing: set[str] = set()
        asked: Version | None = None
        for index, entry in enumerate(self.entries[: at.index + 1]):
            version = self.version_at(entry.at_ns)
            for passed in self.versions:
                if asked is not None and asked.number < passed.number <= version.number:
                    kept = {name: one for name, one in kept.items() if asks_notice(passed, name)}
            asked = version
            flashing = set()
            for name, _, started, ended in entry.notices:
                if not asks_notice(version, name):
                    continue
                before = kept.get(name)
                if before and (started < before[0] or (started == before[0] and not before[1])):
                    continue
                flashing.discard(name)
                if ended is not None and not (before and before[1]) and entry.at_ns - ended <= 600 * S:
                    flashing.add(name)
                kept[name] = (started, ended is None)
            if index == at.index and at.is_record and at.flash:
                return {name for name, one in kept.items() if one[1]} | flashing
        assert asked is not None
        for passed in self.versions:
            if asked.number < passed.number <= self.version_at(at.at_ns).number:
                kept = {name: one for name, one in kept.items() if asks_notice(passed, name)}
        return {name for name, one in kept.items() if one[1]}

    def pulse(self, name: str, at: Instant) -> tuple[Value, Value] | None:
        """The last known value before this record, and its own, where they differ."""
        if not at.is_record or not at.pulses:
            return None
        now = self.entries[at.index].readings.get(name)
        if now is None:
            return None
        since, seed = 0, None  # the record behind which changes are asked for, and what was known then
        in_force = [version for version in self.versions if version.from_ns <= self.entries[at.index].at_ns]
        first_ns = self.entries[0].at_ns
        started = None
        for version in reversed(in_force or [self.versions[0]]):
            if not asks_change(version, name):
                break
            started = version
        assert started is not None
        if started.from_ns > first_ns and started is not self.versions[0]:
            since = sum(1 for entry in self.entries if entry.at_ns < started.from_ns)
            seed = self.value(name, since - 1)
        last = seed
        for entry in self.entries[since : at.index]:
            last = entry.readings.get(name) if entry.readings.get(name) is not None else last
        return None if last is None or same(last, now) else (last, now)

    # --- conditions ------------------------------------------------------------------------------------------------

    def ask(self, term: c.Condition, at: Instant) -> Tri:  # noqa: C901, PLR0911 - one case a kind of term
        last_ns = self.entries[at.index].at_ns
        match term:
            case c.All(terms):
                found = [self.ask(one, at) for one in terms]
                return False if False in found else None if None in found else True
            case c.AnyOf(terms):
                found = [self.ask(one, at) for one in terms]
                return True if True in found else None if None in found else False
            case c.Not(inner):
                answer = self.ask(inner, at)
                return None if answer is None else not answer
            case c.Known(signal):
                return self.value(signal, at.index) is not None
            case c.InFence(fence, inside):
                there = self.facts(at)[0]
                return (bool(there) if fence == "" else fence in there) == inside
            case c.Running(what):
                _, trip, charge = self.facts(at)
                return trip if what == "trip" else charge
            case c.Silent(for_s):
                return not at.is_record and at.at_ns - last_ns >= for_s * S
            case c.Noticed(name):
                return any(fnmatch.fnmatchcase(one.lower(), name.lower()) for one in self.notices(at))
            case c.Presence(state):
                presence = self.presence(at)
                return None if presence is None else presence == state
            case c.Changes(signal, before, after):
                pulse = self.pulse(signal, at)
                if pulse is None:
                    return False
                return (before is None or same(pulse[0], before)) and (after is None or same(pulse[1], after))
            case c.Compare(signal, op, wanted):
                return compare(self.value(signal, at.index), op, wanted)

    def presence(self, at: Instant) -> str | None:
        online, gone_ns = self.online(at.index)
        if online is None:
            return None
        if at.at_ns - self.entries[at.index].at_ns > TWO_DAYS:
            return "offline"
        if online or at.at_ns - gone_ns < 60 * S:
            return "awake"
        gear, speed = self.value("gear", at.index), self.value("speed_kmh", at.index)
        drives = gear in ("D", "R", "N") or (gear != "P" and isinstance(speed, float) and speed > 8)
        return "offline" if drives else "asleep"


def asks_notice(version: Version, name: str) -> bool:
    terms = [term for rule in version.rules for term in rule.terms()]
    return any(isinstance(one, c.Noticed) and fnmatch.fnmatchcase(name.lower(), one.name.lower()) for one in terms)


def asks_change(version: Version, name: str) -> bool:
    terms = [term for rule in version.rules for term in rule.terms()]
    return any(isinstance(one, c.Changes) and one.signal == name for one in terms)


def names_of(rule: AlertRule) -> list[str]:
    return list(dict.fromkeys(t.signal for t in rule.terms() if isinstance(t, c.Compare | c.Known | c.Changes)))


def same(left: Value, right: Value) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def compare(value: Value, op: str, wanted: object) -> Tri:
    if value is None:
        return None
    if op == "one_of":
        assert isinstance(wanted, tuple)
        return any(same(value, one) for one in wanted)
    if op in ("contains", "lacks"):
        assert isinstance(value, tuple)
        return (wanted in value if wanted else len(value) > 0) == (op == "contains")
    if op in ("equals", "differs"):
        return (value == wanted) == (op == "equals")
    assert isinstance(value, int | float)
    assert isinstance(wanted, int | float)
    if op in ("below", "at_least"):
        return (value < wanted) == (op == "below")
    return (value > wanted) == (op == "above")


def plain(value: Value) -> float | int | bool | str | None:
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return round(value, 3) if isinstance(value, float) else value
