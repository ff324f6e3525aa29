"""A vehicle as an organisation knows it, and the claim that ties a VIN to it."""

from dataclasses import dataclass

CLAIM_TOLERANCE_NS = 120 * 1_000_000_000  # a new owner's claim counts from this long after a release


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What people call it; holds no VIN."""

    vehicle_id: str
    name: str
    model: str | None
    claimed_at_ns: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose record a VIN's record is, and for which times (ns; None = open)."""

    org_id: str
    vehicle_id: str
    valid_from_ns: int | None
    valid_until_ns: int | None

    def covers(self, at_ns: int) -> bool:
        """Whether a report measured at that time belongs to this claim."""
        after_start = self.valid_from_ns is None or at_ns >= self.valid_from_ns
        return after_start and (self.valid_until_ns is None or at_ns < self.valid_until_ns)
