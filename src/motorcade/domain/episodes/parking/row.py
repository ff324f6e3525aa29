"""The row of a spell of parking."""

from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from motorcade.domain.episodes.episode import Episode

CAUSES: Final = ("sentry", "cabin_protection", "climate", "unknown")
"""What a loss is shared out to."""


class Loss(NamedTuple):
    """What one cause took.

    Attributes:
        cause: one of `CAUSES`.
        hours: how long it ran; of "unknown" how long nothing known ran.
        lost_pct: of the battery's charge.
        lost_kwh: energy, None where it is not known what a percent is.
    """

    cause: str
    hours: float
    lost_pct: float
    lost_kwh: float | None


class CoursePoint(NamedTuple):
    """What was lost up to a time, by cause in the order of `CAUSES`."""

    at_ns: int
    lost_pct: tuple[float, float, float, float]
    lost_kwh: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked(Episode):
    """A spell of standing without charging.

    Attributes:
        battery_start_pct, battery_end_pct: charge at both ends, None if unknown.
        lost_pct: their difference; negative for a gain.
        lost_kwh: energy lost, None if unknown.
        energy_source: "pack" (the car's own figure), "battery_pct" (charge times the full pack's energy) or "none".
        losses: by cause, adding up to the two.
        course: the losses by time, for sums by day; energy is zero in it where `energy_source` is "none".
        asleep_h: hours asleep.
        asleep_share: of the spell up to its last reading, 0 to 1.
        plugged: whether a cable was in at the beginning.
        place: (latitude, longitude), None if unknown.
        fences: ids of the fences that the car stood in.
        outside_temperature_c: at the beginning or the first known, None if unknown.
    """

    kind: ClassVar[str] = "parked"

    battery_start_pct: float | None
    battery_end_pct: float | None
    lost_pct: float
    lost_kwh: float | None
    energy_source: str
    losses: tuple[Loss, ...]
    course: tuple[CoursePoint, ...]
    asleep_h: float
    asleep_share: float
    plugged: bool
    place: tuple[float, float] | None
    fences: tuple[str, ...]
    outside_temperature_c: float | None
