"""An organisation's rules made ready for one vehicle: compiled, and indexed by what could change their answer.

A record that changes no signal that a rule mentions must cost next to nothing, however many rules there are.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from motorcade.domain.alerts.check import PRESENCE_SIGNALS, Check, compiled, name_matcher
from motorcade.domain.alerts.condition import (
    All,
    Changes,
    Compare,
    Ended,
    InFence,
    Known,
    Noticed,
    Presence,
    Running,
    Silent,
)
from motorcade.domain.alerts.rule import STALE_NS, AlertRule
from motorcade.domain.record import NS_PER_S
from motorcade.domain.schedule import is_on, next_change_ns
from motorcade.domain.signal import by_name, name_of
from motorcade.domain.signals.table import FAST
from motorcade.domain.status import SILENCE_NS

NEVER_NS: Final = 1 << 62
"""Longer than any gap between records."""


class Armed:
    """One compiled rule.

    Attributes:
        rule: as the organisation wrote it.
        when: its condition; None for a rule about ended episodes.
        clear: its clearing condition, if it has one.
        hold_ns, cool_ns, grace_ns: its durations.
        moving: it asks for signals that a moving car sends all the time; after `STALE_NS` of silence they say nothing.
        pulse: its alerts are moments.
        silent: no record can make its condition true, only time.
        evidence: (name, number) of the signals that its condition mentions.
    """

    __slots__ = (
        "clear", "cool_ns", "evidence", "grace_ns", "hold_ns", "id", "moving", "pulse", "rule", "silent", "when",
    )  # fmt: skip

    def __init__(self, rule: AlertRule) -> None:
        self.rule = rule
        self.id = rule.id
        self.when: Check | None = None if isinstance(rule.when, Ended) else compiled(rule.when)
        self.clear: Check | None = None if rule.clear is None else compiled(rule.clear)
        self.pulse = rule.is_pulse  # asked with every record, and found by walking the whole condition
        self.hold_ns = rule.hold_s * NS_PER_S
        self.cool_ns = rule.cool_down_s * NS_PER_S
        self.grace_ns = rule.grace_s * NS_PER_S
        names = dict.fromkeys(term.signal for term in rule.terms() if isinstance(term, Compare | Known | Changes))
        self.evidence = tuple((name, by_name(name).number) for name in names)
        # Silence is over with every record, so such a condition is false at all of them, whatever else it asks for.
        parts = rule.when.terms if isinstance(rule.when, All) else (rule.when,)
        self.silent = rule.clear is None and any(isinstance(part, Silent) for part in parts)
        fast = any(by_name(name).promise_s <= FAST for name in names)
        self.moving = fast and not rule.asks_silence

    def active(self, at_ns: int) -> bool:
        """Whether its schedule lets it speak at a time."""
        schedule = self.rule.schedule
        return schedule is None or is_on(schedule, at_ns)

    def signals(self) -> set[int]:
        """Numbers of the signals whose change may change its answer; of a pulse only those that pulse."""
        terms = self.rule.terms()
        if self.rule.is_pulse:
            return {by_name(term.signal).number for term in terms if isinstance(term, Changes)}
        numbers = {by_name(term.signal).number for term in terms if isinstance(term, Compare | Known)}
        return numbers | set(PRESENCE_SIGNALS) if self.rule.mentions(Presence) else numbers


class Watch:
    """The rules that speak of one vehicle; many vehicles share one.

    Attributes:
        version: of the organisation's rules.
        rules: rule id → rule.
        states: the rules whose condition can last.
        by_signal: signal number → the rules to ask when it changes.
        fenced, driven, noticed, presences: the rules to ask when such a fact changes; `driven` is a trip or a charge.
        timed: the rules whose answer time alone changes.
        moving: see `Armed.moving`.
        on_end: kind of episode → the rules about its end.
        gaps_ns: silences that some rule asks for, in order.
        gap_ns: the shortest silence after which time alone may have changed something.
        pulse_signals: number → name of the signals whose changes are asked for.
        matchers: say of a notice's name whether some rule asks for it.
        asks_presence: some rule asks whether the car is awake, asleep or offline.
        emergencies: the rules that may be announced before their turn.
        emergency_signals: what they ask for.
    """

    def __init__(self, version: int, rules: Iterable[AlertRule]) -> None:
        self.version = version
        self._urgent: Watch | None = None  # made when it is first asked for
        armed = [Armed(rule) for rule in rules]
        self.on_end: dict[str, tuple[Armed, ...]] = {}
        for one in armed:
            if isinstance(one.rule.when, Ended):
                kind = one.rule.when.kind
                self.on_end[kind] = (*self.on_end.get(kind, ()), one)
        asked = [one for one in armed if one.when is not None]
        self.rules = {one.id: one for one in armed}
        self.by_signal: dict[int, tuple[Armed, ...]] = {}
        for one in asked:
            for number in () if one.silent else one.signals():
                self.by_signal[number] = (*self.by_signal.get(number, ()), one)
        self.states = tuple(one for one in asked if not one.rule.is_pulse)
        states = [one for one in self.states if not one.silent]
        self.fenced = tuple(one for one in states if one.rule.mentions(InFence))
        self.driven = tuple(one for one in states if one.rule.mentions(Running))
        self.noticed = tuple(one for one in states if one.rule.mentions(Noticed))
        self.presences = tuple(one for one in states if one.rule.mentions(Presence))
        self.timed = tuple(one for one in self.states if one.rule.asks_silence or one.rule.schedule is not None)
        self.moving = tuple(one for one in states if one.moving)
        self.schedules = tuple({one.rule.schedule: None for one in self.states if one.rule.schedule is not None})
        self._find_gaps()
        self._find_emergencies(asked)

    def _find_gaps(self) -> None:
        silences = {
            term.for_s * NS_PER_S for one in self.timed for term in one.rule.terms() if isinstance(term, Silent)
        }
        self.asks_presence = any(one.rule.mentions(Presence) for one in self.states)
        if self.asks_presence:
            silences.add(SILENCE_NS + 1)  # the status is offline only when longer than that
        self.gaps_ns = tuple(sorted(silences))
        shortest = self.gaps_ns[0] if self.gaps_ns else NEVER_NS
        self.gap_ns = min(shortest, STALE_NS) if self.moving else shortest

    def _find_emergencies(self, asked: list[Armed]) -> None:
        pulses = sorted({number for one in asked if one.rule.is_pulse for number in one.signals()})
        self.pulse_signals = {number: name_of(number) for number in pulses}
        patterns = {term.name for one in asked for term in one.rule.terms() if isinstance(term, Noticed)}
        self.matchers: tuple[Callable[[str], bool], ...] = tuple(name_matcher(pattern) for pattern in sorted(patterns))
        self.emergencies = tuple(one for one in asked if one.rule.severity == "emergency")
        self.emergency_signals = frozenset(number for one in self.emergencies for number in one.signals())

    def of_emergencies(self) -> "Watch":
        """The same for the rules alone that may be announced before their turn."""
        if self._urgent is None:
            self._urgent = Watch(self.version, (one.rule for one in self.emergencies))
        return self._urgent

    def next_edge_ns(self, after_ns: int) -> int | None:
        """When a schedule next begins or ends."""
        edges = (next_change_ns(schedule, after_ns) for schedule in self.schedules)
        return min((edge for edge in edges if edge is not None), default=None)


class AlertRules:
    """One version of an organisation's rules about alerts.

    Args:
        version: of all the organisation's rules.
        rules: in any order, ids unique.
        groups: name → ids of the vehicles in it.
    """

    def __init__(self, version: int, rules: tuple[AlertRule, ...], groups: Mapping[str, frozenset[str]]) -> None:
        self.version = version
        self._rules, self._groups = rules, groups
        self._by_vehicle: dict[str, Watch] = {}  # a memory, not a state: it holds nothing that is not above
        self._by_rules: dict[tuple[int, ...], Watch] = {}

    def watch(self, vehicle_id: str) -> Watch:
        """The rules that speak of a vehicle."""
        watch = self._by_vehicle.get(vehicle_id)
        if watch is None:
            chosen = tuple(index for index, rule in enumerate(self._rules) if self._covers(rule, vehicle_id))
            watch = self._by_rules.get(chosen)
            if watch is None:
                watch = Watch(self.version, (self._rules[index] for index in chosen))
                self._by_rules[chosen] = watch
            self._by_vehicle[vehicle_id] = watch
        return watch

    def _covers(self, rule: AlertRule, vehicle_id: str) -> bool:
        scope = rule.scope
        if scope.everything or vehicle_id in scope.vehicles:
            return True
        return any(vehicle_id in self._groups.get(group, ()) for group in scope.groups)


class AlertTimeline:
    """The versions of an organisation's rules about alerts, by the times from which they are in force. Immutable."""

    def __init__(self, versions: Iterable[tuple[int, AlertRules]]) -> None:
        """Take at least one (effective_from_ns, rules), each later than the one before."""
        pairs = tuple(versions)
        self._starts = [start for start, _ in pairs]
        self._rules = [rules for _, rules in pairs]
        self._newest_ns, self.newest = pairs[-1]

    def at(self, at_ns: int) -> AlertRules:
        """The version in force at a time; before the first, the first."""
        if at_ns >= self._newest_ns:
            return self.newest
        return self._rules[max(0, bisect_right(self._starts, at_ns) - 1)]

    def of_version(self, version: int) -> AlertRules:
        """A version by its number; the last one before it, where there is none."""
        if self.newest.version == version:
            return self.newest
        older = [rules for rules in self._rules if rules.version <= version]
        return older[-1] if older else self._rules[0]

    def after(self, version: int) -> AlertRules:
        """The version that follows this one; the newest, where none does."""
        return next((rules for rules in self._rules if rules.version > version), self.newest)

    def start_after(self, version: int) -> int | None:
        """When the version that follows this one comes into force; None where none is known."""
        if self.newest.version == version:
            return None
        for start, rules in zip(self._starts[1:], self._rules[1:], strict=True):
            if rules.version > version:
                return start
        return None
