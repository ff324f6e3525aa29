"""A spell of parking while it runs: what ran, what the battery said, and what it lost to which cause."""

from dataclasses import dataclass, field
from typing import Final

from motorcade.domain.episodes.parking.row import CAUSES, CoursePoint, Loss, Parked

UNKNOWN: Final = CAUSES.index("unknown")
MAX_COURSE: Final = 64
"""Points of a spell's course; when it is full every other one goes."""


@dataclass(frozen=True, slots=True)
class ParkedRules:
    """Every figure of the parked reducer.

    Attributes:
        version: of these rules.
        least_s: a shorter spell is no row.
        standing_kmh: a slower car stands.
        rolling_kmh: a faster one moves, also where its gear says P.
        edge_s: readings of the battery so soon after the begin still tell of the trip or charge before it.
        sentry_w, cabin_w, climate_w: usual power of sentry mode, cabin overheat protection and climate control.
        awake_w: of a car that is awake and does nothing.
        asleep_w: of one that sleeps.
    """

    version: int = 1
    least_s: float = 600.0
    standing_kmh: float = 1.6
    rolling_kmh: float = 8.0
    edge_s: float = 120.0
    sentry_w: int = 250
    cabin_w: int = 1_000
    climate_w: int = 2_000
    awake_w: int = 150
    asleep_w: int = 10


@dataclass(slots=True)
class Gauge:
    """One figure of the battery over a spell.

    Attributes:
        first, last: the first and last reading, None before one.
        told: whether it was read in the spell itself, after the first moments.
        weights: watts times microseconds of each cause since the last reading.
        lost: what each cause took.
    """

    first: float | None = None
    last: float | None = None
    told: bool = False
    weights: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    lost: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0, 0.0])

    def begin(self, value: float | None) -> None:
        """Take the reading from which on losses count."""
        self.first = self.last = value
        self.weights = [0, 0, 0, 0]

    def read(self, value: float) -> None:
        """Take a reading and share out what was lost since the last one."""
        if self.last is None or (value > self.last and not self.told):
            self.begin(value)  # higher than what was last heard before the spell: that was old
            self.told = True
            return
        self.told = True
        gone, total = self.last - value, sum(self.weights)
        if gone > 0.0 and total > 0:
            for cause, weight in enumerate(self.weights):
                self.lost[cause] += gone * weight / total
        else:
            self.lost[UNKNOWN] += gone
        self.last = value
        self.weights = [0, 0, 0, 0]


@dataclass(slots=True)
class Spell:
    """A spell that is not over.

    Attributes:
        sure: whether the trip or charge before it is over.
        clock_ns: up to where time is counted.
        ran_us: how long each cause ran (microseconds); of "unknown" how long none did.
        fed_ns: since when a charger seems to give, 0 while none does; `fed_record` is that record.
    """

    id: str
    vehicle_id: str
    rule_version: int
    started_ns: int
    first_record: bytes
    plugged: bool
    clock_ns: int
    sure: bool = False
    fences: tuple[str, ...] = ()
    place: tuple[float, float] | None = None
    outside_c: float | None = None
    full_kwh: float | None = None
    soc: Gauge = field(default_factory=Gauge)
    energy: Gauge = field(default_factory=Gauge)
    ran_us: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    asleep_us: int = 0
    fed_ns: int = 0
    fed_record: bytes = b""
    course: list[CoursePoint] = field(default_factory=list)

    def add_point(self, at_ns: int) -> None:
        """Note what was lost up to a time."""
        self.course.append(CoursePoint(at_ns, _four(self.soc.lost), _four(self.energy.lost)))
        if len(self.course) > MAX_COURSE:
            self.course[:] = [self.course[0], *self.course[1:-1:2], self.course[-1]]

    def row(self, ended_ns: int | None, record_id: bytes | None) -> Parked:
        """The spell's row as it stands."""
        soc, energy = self.soc, self.energy
        factor, source = 1.0, "pack"
        shares = energy.lost
        if energy.first is None or energy.last is None:
            known = self.full_kwh is not None and soc.last is not None
            factor, source = (self.full_kwh or 0.0) / 100 if known else 0.0, "battery_pct" if known else "none"
            shares = soc.lost
        kwh = [round(share * factor, 3) for share in shares]
        pct = [round(share, 2) for share in soc.lost]
        losses = tuple(
            Loss(cause, round(ran / 3.6e9, 3), pct[index], None if source == "none" else kwh[index])
            for index, (cause, ran) in enumerate(zip(CAUSES, self.ran_us, strict=True))
        )
        course = self.course
        if source != "pack":
            course = [point._replace(lost_kwh=_four([lost * factor for lost in point.lost_pct])) for point in course]
        seen_us = self.clock_ns // 1_000 - self.started_ns // 1_000
        found = {"no_battery_pct": soc.last is None, "no_energy": source == "none", "gained": sum(pct) < 0.0}
        reasons = tuple(reason for reason, holds in found.items() if holds)
        return Parked(
            id=self.id,
            vehicle_id=self.vehicle_id,
            started_at_ns=self.started_ns,
            ended_at_ns=ended_ns,
            rule_version=self.rule_version,
            first_record=self.first_record,
            last_record=record_id,
            confidence=round(1.0 - 0.2 * len(reasons), 2),
            reasons=reasons,
            battery_start_pct=soc.first if soc.first is None else round(soc.first, 2),
            battery_end_pct=soc.last if soc.last is None else round(soc.last, 2),
            lost_pct=round(sum(pct), 2),
            lost_kwh=None if source == "none" else round(sum(kwh), 3),
            energy_source=source,
            losses=losses,
            course=tuple(course),
            asleep_h=round(self.asleep_us / 3.6e9, 3),
            asleep_share=round(self.asleep_us / seen_us, 3) if seen_us > 0 else 0.0,
            plugged=self.plugged,
            place=self.place,
            fences=self.fences,
            outside_temperature_c=None if self.outside_c is None else round(self.outside_c, 1),
        )


def _four(lost: list[float]) -> tuple[float, float, float, float]:
    return round(lost[0], 4), round(lost[1], 4), round(lost[2], 4), round(lost[3], 4)
