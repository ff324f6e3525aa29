"""Alerts by brute force: everything is worked out anew from the whole list of records, at every instant.

Written from the words of `motorcade/domain/episodes/alert.py`, and sharing nothing with what runs but the shapes of
rules, rows and schedules. It is slow on purpose: nothing is remembered that the list says.
"""

from collections.abc import Iterator

from motorcade.domain.alerts import condition as c
from motorcade.domain.alerts.rule import AlertRule
from motorcade.domain.episodes.alert import Alert
from motorcade.domain.episodes.episode import Episode, episode_id
from motorcade.domain.schedule import is_on, next_change_ns
from motorcade.domain.signal import by_name
from tests.unit.domain.episodes.alert_oracle_facts import (
    STALE,
    TWO_DAYS,
    VEHICLE,
    Entry,
    Instant,
    Known,
    S,
    Tri,
    Version,
    compare,
    names_of,
    plain,
)

End = tuple[int, bytes, str]
"""When an alert ended, with which record, and why."""


class Oracle(Known):
    """The alerts of one vehicle."""

    # --- instants --------------------------------------------------------------------------------------------------

    def instants(self, rule: AlertRule) -> Iterator[Instant]:
        """Every point at which something about a rule may change, in order; what time does comes before a record."""
        spans = {STALE, TWO_DAYS + 1} | {term.for_s * S for term in rule.terms() if isinstance(term, c.Silent)}
        for index, entry in enumerate(self.entries):
            yield Instant(entry.at_ns, index, is_record=True)
            if entry.notices:
                yield Instant(entry.at_ns, index, is_record=True, flash=False, pulses=False)
            until = self.entries[index + 1].at_ns if index + 1 < len(self.entries) else self.horizon_ns
            times = {version.from_ns for version in self.versions[1:]}
            times |= {turn[0] for turn in self.turns_behind(index)}
            times |= {entry.at_ns + span for span in spans} | {self.online(index)[1] + 60 * S}
            edge = next_change_ns(rule.schedule, entry.at_ns)
            while edge is not None and edge <= until:
                times.add(edge)
                edge = next_change_ns(rule.schedule, edge)
            for at_ns in sorted(times):
                if entry.at_ns < at_ns <= until:
                    yield Instant(at_ns, index, is_record=False)

    def void(self, rule: AlertRule, at: Instant) -> bool:
        if at.is_record or at.at_ns - self.entries[at.index].at_ns < STALE:
            return False
        moving = any(by_name(name).promise_s <= 15 for name in names_of(rule))
        return moving and not any(isinstance(term, c.Silent | c.Presence) for term in rule.terms())

    def lives(self) -> Iterator[tuple[AlertRule, int, int | None]]:
        """Each version of each rule, with the stretch of time for which it speaks; None = to the end."""
        first_ns = self.entries[0].at_ns
        inside = [
            version for version in self.versions if version.from_ns > first_ns and version is not self.versions[0]
        ]
        spans = [(first_ns, self.version_at(first_ns)), *((version.from_ns, version) for version in inside)]
        spans = [span for span in spans if span[0] <= self.horizon_ns]
        open_lives: dict[tuple[str, int], tuple[AlertRule, int]] = {}
        for start_ns, version in spans:
            there = {(rule.id, rule.version): rule for rule in version.rules}
            for key in [key for key in open_lives if key not in there]:
                yield (*open_lives.pop(key), start_ns)
            for key, rule in there.items():
                open_lives.setdefault(key, (rule, start_ns))
        for rule, start_ns in open_lives.values():
            yield rule, start_ns, None

    # --- alerts ----------------------------------------------------------------------------------------------------

    def alerts(self) -> list[Alert]:
        found: list[Alert] = []
        for rule, start_ns, end_ns in self.lives():
            if isinstance(rule.when, c.Ended):
                continue
            points: list[Instant] = []
            for at in self.instants(rule):
                begins_here = at.at_ns == start_ns and (not at.is_record or start_ns == self.entries[0].at_ns)
                if (begins_here or at.at_ns > start_ns or (points and at.at_ns >= start_ns)) and (
                    end_ns is None or at.at_ns < end_ns
                ):
                    points.append(at)
            found += self.pulses(rule, points) if rule.is_pulse else self.run(rule, points, end_ns)
        return [*found, *self.ends()]

    def pulses(self, rule: AlertRule, points: list[Instant]) -> Iterator[Alert]:
        free_ns = 0
        assert not isinstance(rule.when, c.Ended)
        for at in points:
            if at.is_record and at.at_ns >= free_ns and is_on(rule.schedule, at.at_ns) and self.ask(rule.when, at):
                free_ns = at.at_ns + rule.cool_down_s * S
                yield self.row(rule, at, at.at_ns, (at.at_ns, self.entries[at.index].record_id, "moment"))

    def run(self, rule: AlertRule, points: list[Instant], end_ns: int | None) -> Iterator[Alert]:
        """One rule from its first instant to its last: find a beginning, follow it, look for the next behind it."""
        free_ns, number = 0, 0
        while number < len(points):
            if self.begins(rule, points[number]) is not True:
                number += 1
                continue
            begin = points[number]
            opened_ns, number = self.pending(rule, points, number, free_ns, end_ns)
            if opened_ns is None:
                continue
            ended, number = self.lasting(rule, points, number, opened_ns, end_ns)
            if ended is not None:
                free_ns = max(ended[0], opened_ns) + rule.cool_down_s * S
            yield self.row(rule, begin, opened_ns, ended)

    def pending(
        self, rule: AlertRule, points: list[Instant], number: int, free_ns: int, end_ns: int | None
    ) -> tuple[int | None, int]:
        """When what begins at an instant opens, if it does, and the instant from which on to look further."""
        begin = points[number]
        ready_ns = max(begin.at_ns + rule.hold_s * S, free_ns)
        unknown: Instant | None = None
        while number < len(points):
            at = points[number]
            answer = self.begins(rule, at)
            if at is not begin and (self.void(rule, at) or answer is False):
                return None, number
            if answer is None:
                unknown = unknown or at
            elif unknown is not None:
                unknown, ready_ns = None, max(ready_ns, at.at_ns)
            until_ns, cut = self.until(rule, points, number, end_ns)
            if unknown is None and (ready_ns < until_ns or (ready_ns == until_ns and not cut)):
                return ready_ns, number
            number += 1
            if unknown is not None and unknown.at_ns + rule.grace_s * S <= until_ns:
                return None, number
        return None, number

    def lasting(
        self, rule: AlertRule, points: list[Instant], number: int, opened_ns: int, end_ns: int | None
    ) -> tuple[End | None, int]:
        """How what has opened ends, if it does, and the instant from which on to look further."""
        unknown: Instant | None = None
        while True:
            at = points[number]
            if at.at_ns >= opened_ns:
                ended, unknown = self.closing(rule, at, unknown)
                if ended is not None:
                    return ended, number
            until_ns, cut = self.until(rule, points, number, end_ns)
            number += 1
            if unknown is not None:
                over_ns = unknown.at_ns + rule.grace_s * S
                if over_ns < until_ns or (over_ns == until_ns and not cut):
                    return (unknown.at_ns, self.entries[unknown.index].record_id, "unknown"), number
            if number == len(points):
                return self.last_end(points, end_ns, cut=cut), number

    def until(self, rule: AlertRule, points: list[Instant], number: int, end_ns: int | None) -> tuple[int, bool]:
        """When the next instant is, and whether silence makes everything void with it."""
        if number + 1 < len(points):
            return points[number + 1].at_ns, self.void(rule, points[number + 1])
        at_ns = self.horizon_ns if end_ns is None else end_ns
        return at_ns, end_ns is not None and self.void(rule, Instant(at_ns, points[number].index, is_record=False))

    def last_end(self, points: list[Instant], end_ns: int | None, *, cut: bool) -> End | None:
        entry = self.entries[points[-1].index]
        if cut:
            return entry.at_ns, entry.record_id, "silent"
        return None if end_ns is None else (end_ns, entry.record_id, "rule_changed")

    def closing(self, rule: AlertRule, at: Instant, unknown: Instant | None) -> tuple[End | None, Instant | None]:
        entry = self.entries[at.index]
        if self.void(rule, at):
            return (entry.at_ns, entry.record_id, "silent"), None
        if not is_on(rule.schedule, at.at_ns):
            return (at.at_ns, entry.record_id, "schedule"), None
        assert not isinstance(rule.when, c.Ended)
        holds = self.ask(rule.when, at)
        if rule.clear is not None:
            clear = self.ask(rule.clear, at)
            holds = False if clear else True if clear is False or holds else None
        if holds is False:
            return (at.at_ns, entry.record_id, "cleared"), None
        return None, None if holds else unknown or at

    def begins(self, rule: AlertRule, at: Instant) -> Tri:
        assert not isinstance(rule.when, c.Ended)
        if not is_on(rule.schedule, at.at_ns):
            return False
        if self.void(rule, at):
            return None
        answer = self.ask(rule.when, at)
        return False if answer and rule.clear is not None and self.ask(rule.clear, at) else answer

    def row(self, rule: AlertRule, begin: Instant, opened_ns: int, ended: End | None) -> Alert:
        record_id = self.entries[begin.index].record_id
        edge = record_id if begin.is_record else record_id + begin.at_ns.to_bytes(8, "big")
        evidence = [(name, plain(self.value(name, begin.index))) for name in names_of(rule)]
        if any(isinstance(term, c.Noticed) for term in rule.terms()):
            evidence.append(("notices", ", ".join(sorted(self.notices(begin)))))
        return Alert(
            id=episode_id("alert", rule.id, rule.version, VEHICLE, edge),
            vehicle_id=VEHICLE,
            started_at_ns=opened_ns,
            ended_at_ns=None if ended is None else max(ended[0], opened_ns),
            rule_version=rule.version,
            first_record=record_id,
            last_record=None if ended is None else ended[1],
            rule_id=rule.id,
            lineage=f"{rule.id}.{rule.version}",
            severity=rule.severity,
            title=rule.name,
            evidence=tuple(evidence),
            condition_since_ns=begin.at_ns,
            end_reason="" if ended is None else ended[2],
        )

    def ends(self) -> Iterator[Alert]:
        """Alerts about the ends of episodes, in the steps in which they were told."""
        cooling: dict[str, int] = {}
        for rows in [entry.rows for entry in self.entries] + [self.last_rows]:
            told = [(row.ended_at_ns, row.id, row) for row in rows if row.ended_at_ns is not None]
            for ended_ns, _, row in sorted(told, key=lambda one: one[:2]):
                for rule in self.version_at(ended_ns).rules:
                    if not isinstance(rule.when, c.Ended) or rule.when.kind != row.kind:
                        continue
                    key = f"{rule.id}.{rule.version}"
                    if cooling.get(key, 0) > ended_ns or not is_on(rule.schedule, ended_ns):
                        continue
                    length_s = (ended_ns - row.started_at_ns) / S
                    if all(compare(length_s, one.op, one.value) for one in rule.when.where):
                        if rule.cool_down_s:
                            cooling[key] = ended_ns + rule.cool_down_s * S
                        yield self.end_row(rule, row, length_s)

    def end_row(self, rule: AlertRule, row: Episode, length_s: float) -> Alert:
        assert isinstance(rule.when, c.Ended)
        assert row.ended_at_ns is not None
        return Alert(
            id=episode_id("alert", rule.id, rule.version, VEHICLE, row.id.encode()),
            vehicle_id=VEHICLE,
            started_at_ns=row.ended_at_ns,
            ended_at_ns=row.ended_at_ns,
            rule_version=rule.version,
            first_record=row.first_record,
            last_record=row.last_record,
            rule_id=rule.id,
            lineage=f"{rule.id}.{rule.version}",
            severity=rule.severity,
            title=rule.name,
            evidence=tuple((one.figure, round(length_s, 3)) for one in rule.when.where),
            condition_since_ns=row.ended_at_ns,
            end_reason="moment",
            subject=row.id,
        )


__all__ = ["VEHICLE", "Entry", "Oracle", "Version"]
