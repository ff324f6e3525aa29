"""A rule of alerts: which condition, for how long, when and of which vehicles a person must be told."""

from dataclasses import dataclass
from typing import Final, Literal

from motorcade.domain.alerts.condition import Changes, Condition, Ended, Presence, Silent, terms_of
from motorcade.domain.record import NS_PER_S
from motorcade.domain.schedule import Schedule

Severity = Literal["info", "warning", "critical", "emergency"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical", "emergency")

MAX_RULES: Final = 500
"""Rules of one organisation; each costs a little at every record that touches it."""
MAX_GROUPS: Final = 500
MAX_SPAN_S: Final = 30 * 24 * 3600
"""Longest minimum duration, cool-down or silence: what lasts longer is no alert but a report."""
GRACE_S: Final = 300
"""How long values may be missing before that counts: parked cars flap between P and invalid."""
STALE_NS: Final = 1_800 * NS_PER_S
"""Silence after which a moving signal says nothing any more; a trip ends by the same 30 minutes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which vehicles a rule speaks.

    Attributes:
        everything: every vehicle of the organisation; the lists are empty then.
        vehicles: ids.
        groups: names of vehicle groups.
    """

    everything: bool = True
    vehicles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """One rule.

    Attributes:
        id: its identity through all versions.
        name: what people call it; the title of its alerts.
        when: the condition that opens an alert, or the end of an episode that is one by itself.
        clear: the condition that closes it; None = as soon as `when` is false.
        hold_s: how long `when` must have been true without a break.
        cool_down_s: how long after an alert's end none opens.
        grace_s: how long the condition may be unknown: shorter breaks change nothing; a longer one ends what is open,
            dated back to when it began.
        schedule: when the rule applies; outside of it nothing opens, and an open alert ends. None = always.
        severity: how urgent; an emergency is announced without waiting for the fold.
        scope: of which vehicles.
        version: grows with every change of the rule; a new version ends the alerts of the one before.
    """

    id: str
    name: str
    when: Condition | Ended
    clear: Condition | None = None
    hold_s: int = 0
    cool_down_s: int = 0
    grace_s: int = GRACE_S
    schedule: Schedule | None = None
    severity: Severity = "warning"
    scope: Scope = Scope()
    version: int = 1

    @property
    def lineage(self) -> str:
        """What alerts must share to be the same one when their times overlap."""
        return f"{self.id}.{self.version}"

    @property
    def is_pulse(self) -> bool:
        """Whether its alerts are moments: the condition is true for one record only."""
        return not isinstance(self.when, Ended) and any(isinstance(term, Changes) for term in terms_of(self.when))

    def mentions(self, *types: type) -> bool:
        """Whether its conditions hold a term of these types."""
        return any(isinstance(term, types) for term in self.terms())

    def terms(self) -> tuple[Condition, ...]:
        """All terms of its conditions."""
        when = () if isinstance(self.when, Ended) else tuple(terms_of(self.when))
        return when if self.clear is None else when + tuple(terms_of(self.clear))

    @property
    def asks_silence(self) -> bool:
        """Whether silence itself is what it asks for."""
        return self.mentions(Silent, Presence)
