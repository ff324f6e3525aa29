"""What an organisation decides about its episodes, version by version.

A fold uses the version in force at a record's effective time, so yesterday is not judged by today's threshold; before
the first version the first holds.
"""

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of everything that an organisation decides.

    Attributes:
        version: 1 for the first.
        effective_from_ns: the effective time from which it is in force.
        zone: IANA name of the organisation's time zone.
    """

    version: int = 1
    effective_from_ns: int = 0
    zone: str = "UTC"


class RuleTimeline:
    """The versions of one organisation's rules in the order of their times. Immutable."""

    def __init__(self, versions: tuple[Rules, ...] = (Rules(),)) -> None:
        """Take at least one version, each later than the one before."""
        self.versions = versions
        self._starts = [rules.effective_from_ns for rules in versions]

    def at(self, effective_at_ns: int) -> Rules:
        """The version in force at a time."""
        return self.versions[max(0, bisect_right(self._starts, effective_at_ns) - 1)]

    def next_after(self, effective_at_ns: int) -> int | None:
        """When the next version comes into force, None where none is known."""
        index = max(1, bisect_right(self._starts, effective_at_ns))
        return self._starts[index] if index < len(self._starts) else None
