"""What an organisation decides about its episodes, version by version.

A fold uses the version in force at a record's effective time, so yesterday is not judged by today's threshold; before
the first version the first holds.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from motorcade.domain.alerts.defaults import DEFAULT_ALERTS
from motorcade.domain.alerts.rule import MAX_GROUPS, MAX_RULES, AlertRule
from motorcade.domain.alerts.rule_form import check_rule
from motorcade.domain.alerts.watch import AlertRules, AlertTimeline
from motorcade.domain.episodes.alerting.figures import check_figures
from motorcade.domain.episodes.charge import ChargeRules
from motorcade.domain.episodes.parked import ParkedRules
from motorcade.domain.episodes.safety_rules import SafetyRules
from motorcade.domain.episodes.trip import TripRules
from motorcade.domain.errors import Invalid
from motorcade.domain.geofence import FenceSet, VisitRules
from motorcade.domain.geofence.timeline import MAX_SETS, FenceTimeline

MAX_GROUP: int = 100_000
"""Vehicles of one group: no organisation has more."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of everything that an organisation decides.

    Attributes:
        version: 1 for the first.
        effective_from_ns: the effective time from which it is in force.
        zone: IANA name of the organisation's time zone.
        visits: when a car counts as inside of a fence.
        fences: the fences in force.
        trip, charge, parked, safety: the figures by which these are found.
        alerts: rules of alerts; a changed one has a version of its own that is higher than before.
        groups: name → ids of the vehicles in it.
    """

    version: int = 1
    effective_from_ns: int = 0
    zone: str = "UTC"
    visits: VisitRules = field(default_factory=VisitRules)
    fences: FenceSet = field(default_factory=FenceSet, compare=False)  # these have versions of their own
    trip: TripRules = field(default_factory=TripRules)
    charge: ChargeRules = field(default_factory=ChargeRules)
    parked: ParkedRules = field(default_factory=ParkedRules)
    safety: SafetyRules = field(default_factory=SafetyRules)
    alerts: tuple[AlertRule, ...] = DEFAULT_ALERTS
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)


class RuleTimeline:
    """The versions of one organisation's rules in the order of their times, joined with its fences. Immutable.

    Attributes:
        versions: all of them, the oldest first, without the fences.
        alerts: the same for what they say about alerts.
    """

    def __init__(
        self, versions: tuple[Rules, ...] = (Rules(),), fences: Mapping[VisitRules, FenceTimeline] | None = None
    ) -> None:
        """Take at least one version, each later than the one before.

        Args:
            versions: the oldest first.
            fences: the fences and their times, for each `visits` of the versions; None = as the versions have them.
        """
        self.versions = versions
        self._version_starts = [rules.effective_from_ns for rules in versions]
        self._fences = fences or {}
        switches = {start for timeline in self._fences.values() for start in _switches(timeline)}
        self._starts = sorted({*self._version_starts[1:], *switches})
        self._newest_ns = self._starts[-1] if self._starts else versions[0].effective_from_ns
        self._newest: Rules | None = None
        self._made: OrderedDict[int, Rules] = OrderedDict()
        self.alerts = AlertTimeline(
            (rules.effective_from_ns, AlertRules(rules.version, rules.alerts, rules.groups)) for rules in versions
        )

    def at(self, effective_at_ns: int) -> Rules:
        """What is in force at a time."""
        if effective_at_ns >= self._newest_ns:
            if self._newest is None:
                self._newest = self._join(effective_at_ns)
            return self._newest
        place = bisect_right(self._starts, effective_at_ns)
        found = self._made.get(place)
        if found is None:
            found = self._made[place] = self._join(effective_at_ns)
            if len(self._made) > MAX_SETS:  # each holds on to its fences, which may be large
                self._made.popitem(last=False)
        return found

    def next_after(self, effective_at_ns: int) -> int | None:
        """When something else comes into force, None where nothing is known."""
        place = bisect_right(self._starts, effective_at_ns)
        return self._starts[place] if place < len(self._starts) else None

    def _join(self, at_ns: int) -> Rules:
        rules = self.versions[max(0, bisect_right(self._version_starts, at_ns) - 1)]
        fences = self._fences.get(rules.visits)
        if fences is None:
            return rules
        in_force = fences.at(at_ns)
        return replace(rules, fences=in_force, safety=rules.safety.with_fences(in_force.fences.values()))


def _switches(timeline: FenceTimeline) -> Iterator[int]:
    """The times at which other fences come into force."""
    at_ns = timeline.next_after(-1)
    while at_ns is not None:
        yield at_ns
        at_ns = timeline.next_after(at_ns)


def check_rules(rules: Rules, before: Rules | None) -> None:
    """See to it that a version may follow the one before.

    Raises:
        Invalid: a rule means nothing, names what is not there, or was changed without a higher version of its own.
    """
    if len(rules.alerts) > MAX_RULES or len(rules.groups) > MAX_GROUPS:
        raise Invalid(f"an organisation has at most {MAX_RULES} rules of alerts and {MAX_GROUPS} groups; remove some")
    for name, vehicles in rules.groups.items():
        if not name or len(vehicles) > MAX_GROUP:
            raise Invalid(f"group {name!r}: a group has a name and at most {MAX_GROUP} vehicles")
    old = {} if before is None else {rule.id: rule for rule in before.alerts}
    seen: set[str] = set()
    for rule in rules.alerts:
        place = f"rule {rule.name!r}"
        if rule.id in seen:
            raise Invalid(f"{place}: its id {rule.id!r} is there twice; give one of them another")
        seen.add(rule.id)
        try:
            check_rule(rule)
            check_figures(rule)
        except Invalid as error:
            raise Invalid(f"{place}: {error}") from error
        missing = [group for group in rule.scope.groups if group not in rules.groups]
        if missing:
            raise Invalid(f"{place}: scope.groups: there is no group {missing[0]!r}; make it first")
        known = old.get(rule.id)
        if known is not None and known != rule and known.version >= rule.version:
            raise Invalid(f"{place}: it was changed; its version must be higher than {known.version}")
