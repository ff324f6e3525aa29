"""What an organisation decides about its episodes, version by version.

A fold uses the version in force at a record's effective time, so yesterday is not judged by today's threshold; before
the first version the first holds.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from motorcade.domain.alerts.defaults import DEFAULT_ALERTS
from motorcade.domain.alerts.rule import MAX_GROUPS, MAX_RULES, AlertRule
from motorcade.domain.alerts.rule_form import check_rule
from motorcade.domain.alerts.watch import AlertRules, AlertTimeline
from motorcade.domain.episodes.charge import ChargeRules
from motorcade.domain.episodes.safety_rules import SafetyRules
from motorcade.domain.episodes.trip import TripRules
from motorcade.domain.errors import Invalid
from motorcade.domain.geofence import FenceSet

MAX_GROUP: int = 100_000
"""Vehicles of one group: no organisation has more."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of everything that an organisation decides.

    Attributes:
        version: 1 for the first.
        effective_from_ns: the effective time from which it is in force.
        zone: IANA name of the organisation's time zone.
        fences: the fences in force, and when a car counts as inside.
        trip, charge, safety: the figures by which these are found.
        alerts: rules of alerts; a changed one has a version of its own that is higher than before.
        groups: name → ids of the vehicles in it.
    """

    version: int = 1
    effective_from_ns: int = 0
    zone: str = "UTC"
    fences: FenceSet = field(default_factory=FenceSet)
    trip: TripRules = field(default_factory=TripRules)
    charge: ChargeRules = field(default_factory=ChargeRules)
    safety: SafetyRules = field(default_factory=SafetyRules)
    alerts: tuple[AlertRule, ...] = DEFAULT_ALERTS
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)


class RuleTimeline:
    """The versions of one organisation's rules in the order of their times. Immutable.

    Attributes:
        versions: all of them, the oldest first.
        alerts: the same for what they say about alerts.
    """

    def __init__(self, versions: tuple[Rules, ...] = (Rules(),)) -> None:
        """Take at least one version, each later than the one before."""
        self.versions = versions
        self._starts = [rules.effective_from_ns for rules in versions]
        self.alerts = AlertTimeline(
            (rules.effective_from_ns, AlertRules(rules.version, rules.alerts, rules.groups)) for rules in versions
        )

    def at(self, effective_at_ns: int) -> Rules:
        """The version in force at a time."""
        return self.versions[max(0, bisect_right(self._starts, effective_at_ns) - 1)]

    def next_after(self, effective_at_ns: int) -> int | None:
        """When the next version comes into force, None where none is known."""
        index = max(1, bisect_right(self._starts, effective_at_ns))
        return self._starts[index] if index < len(self._starts) else None


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
        check_rule(rule)
        missing = [group for group in rule.scope.groups if group not in rules.groups]
        if missing:
            raise Invalid(f"{place}: scope.groups: there is no group {missing[0]!r}; make it first")
        known = old.get(rule.id)
        if known is not None and known != rule and known.version >= rule.version:
            raise Invalid(f"{place}: it was changed; its version must be higher than {known.version}")
