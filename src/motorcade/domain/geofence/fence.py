"""Fences and when a car counts as inside of one."""

from dataclasses import dataclass
from math import ceil
from typing import Final

from motorcade.domain.errors import Invalid
from motorcade.domain.geofence.shape import Shape
from motorcade.domain.geofence.shape import check as check_shape
from motorcade.domain.schedule import Schedule
from motorcade.domain.schedule import check as check_schedule

MAX_FENCES: Final = 20_000
"""Of one organisation; the index of so many is built within a second."""
MAX_NAME_CHARS: Final = 200
"""Of a fence: an address with its company."""
MAX_DWELL_S: Final = 30 * 86_400
"""A stay longer than a month is none that a dwell time is for."""
MAX_LIMIT_KMH: Final = 300
"""Faster than any of the cars."""
REACH_M: Final = 100.0
"""Borders farther from a cell than this are not looked at; at least the widest margin that rules allow."""
MARGIN_STEP_M: Final = 5.0
"""Margins grow by such steps, so that an accuracy that wavers by decimals changes nothing."""


@dataclass(frozen=True, slots=True)
class FenceDraft:
    """A fence as somebody draws it; the attributes are those of `Fence`."""

    name: str
    shape: Shape
    schedule: Schedule | None = None
    dwell_s: float | None = None
    speed_limit_kmh: float | None = None

    def check(self) -> None:
        """See to it that it can become a fence.

        Raises:
            Invalid: it cannot; of a shape's fault `ShapeInvalid`, which names ring and point.
        """
        if not 0 < len(self.name.strip()) <= MAX_NAME_CHARS:
            raise Invalid(f"a fence needs a name of 1 to {MAX_NAME_CHARS} characters")
        if self.dwell_s is not None and not 0 < self.dwell_s <= MAX_DWELL_S:
            raise Invalid(f"dwell_s must be above 0 and at most {MAX_DWELL_S}")
        if self.speed_limit_kmh is not None and not 0 < self.speed_limit_kmh <= MAX_LIMIT_KMH:
            raise Invalid(f"speed_limit_kmh must be above 0 and at most {MAX_LIMIT_KMH}")
        check_shape(self.shape)
        if self.schedule is not None:
            check_schedule(self.schedule)


@dataclass(frozen=True, slots=True)
class Fence:
    """One version of a fence.

    Attributes:
        fence_id: the same in all versions.
        version: 1 for the first.
        name: for people.
        shape: checked by `shape.check` when it came in.
        schedule: when visits count, None = always.
        dwell_s: from when on a visit is a stay; None = as the organisation's rules say.
        speed_limit_kmh: that holds inside while the schedule is on, None = none.
        from_ns: when this version came into force.
    """

    fence_id: str
    version: int
    name: str
    shape: Shape
    schedule: Schedule | None = None
    dwell_s: float | None = None
    speed_limit_kmh: float | None = None
    from_ns: int = 0


@dataclass(frozen=True, slots=True)
class VisitRules:
    """When a car counts as inside.

    Attributes:
        margin_m: a crossing is sure only this far beyond the border; twice a receiver's usual error under open sky.
        max_margin_m: where the car states a worse accuracy the margin grows with it, up to here.
        min_inside_s: a crossing must last so long. Drive-bys, a red light at the border and single stray fixes do not,
            a stop for loading does: people are told once, not with every report.
        min_outside_s: the same for leaving, for a car shunted around a yard's gate.
        settle_s: a crossing that stays within the margin counts after this, or a car parked beside the border would
            never arrive.
        dwell_s: from when on a visit is a stay.
        jump_m: two fixes farther apart say little about when the border between them was crossed.
        version: of the rules.
    """

    margin_m: float = 10.0
    max_margin_m: float = 50.0
    min_inside_s: float = 30.0
    min_outside_s: float = 30.0
    settle_s: float = 300.0
    dwell_s: float = 900.0
    jump_m: float = 500.0
    version: int = 1

    def __post_init__(self) -> None:
        """Refuse what the index cannot serve."""
        if not 0 <= self.margin_m <= self.max_margin_m <= REACH_M:
            raise Invalid(f"margins must be 0 <= margin_m <= max_margin_m <= {REACH_M:g}")
        if min(self.min_inside_s, self.min_outside_s, self.settle_s, self.dwell_s, self.jump_m) < 0:
            raise Invalid("a fence rule's times and lengths are never negative")

    def margin(self, accuracy_m: float | None, *, fixed: bool) -> float:
        """The margin at a stated accuracy; the widest while the receiver has no fix."""
        if not fixed:
            return self.max_margin_m
        if accuracy_m is None or accuracy_m <= self.margin_m:
            return self.margin_m
        return min(self.max_margin_m, ceil(accuracy_m / MARGIN_STEP_M) * MARGIN_STEP_M)
