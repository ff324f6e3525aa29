"""A safety event under way, and its row."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from motorcade.domain.episodes.episode import Episode, episode_id
from motorcade.domain.episodes.safety_rules import ACCELERATION, BRAKING, SEAT_BELT, SPEEDING, Grades, Severity, Spans
from motorcade.domain.episodes.safety_signs import HEADING_CHANGE, KMH_PER_MS, SENSOR, SPEED_CHANGE
from motorcade.domain.geodesy import Place
from motorcade.domain.record import NS_PER_S

CONFIDENCE: Final = {SENSOR: 1.0, SPEED_CHANGE: 0.5, HEADING_CHANGE: 0.4}
"""By source: a bound from two speeds may miss but seldom invents; a heading also wavers."""
DISAGREES: Final = "speed_disagrees"
DISAGREES_KMH: Final = 5.0
"""A car that brakes and is faster afterwards by this: the sensor, its sign or the order of reports is wrong."""
ROUNDING_G: Final = 5e-7
"""A threshold reported as exactly that in m/s² must not fall below it by a conversion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyEvent(Episode):
    """One unsafe thing.

    Attributes:
        category: one of `safety_rules.CATEGORIES`.
        severity: as far as known while it lasts.
        trip_id: of the trip it belongs to, None outside of one.
        place: where it began, None while unknown.
        source: what it was read from.
        duration_s: how long the condition held in all, None while it lasts.
        peak_g: of a harsh manoeuvre, the largest acceleration; None while it lasts.
        peak_kmh: of speeding, the highest speed; None while it lasts.
        mean_excess_kmh: of speeding, by how much above the limit on average over time; None while it lasts.
        distance_m: of speeding and unbuckled driving, how far; None while it lasts.
        limit_kmh: of speeding.
        limit_fence: id of the fence that set the limit, "" for the organisation's.
        notice: the car's own name of what it reported.
    """

    kind: ClassVar[str] = "safety"

    category: str
    severity: Severity
    trip_id: str | None
    place: Place | None
    source: str
    duration_s: float | None = None
    peak_g: float | None = None
    peak_kmh: float | None = None
    mean_excess_kmh: float | None = None
    distance_m: float | None = None
    limit_kmh: float | None = None
    limit_fence: str = ""
    notice: str = ""


@dataclass(slots=True)
class Spell:
    """A condition that holds or did a moment ago.

    Attributes:
        rule_version: in force when it began; what follows from it is kept here, so that a whole spell is judged alike.
        grades: of that version.
        spans: of that version.
        began_ns: when.
        first_record: which record showed it.
        place: where.
        trip_id: on which trip.
        source: what it was read from; the best one if several.
        holds: whether it does now.
        last_ns: the last time at which it is known to have held.
        last_record: which record tells so.
        held_ns: for how long in all.
        peak: of acceleration in g or of speed in km/h.
        excess: speed above the limit, summed over time (km/h · s).
        distance_m: driven while it held.
        speed_kmh: the speed held since `last_ns`, None while unknown.
        first_kmh: the speed when it began, None while unknown.
        limit_kmh: of speeding.
        limit_fence: where that comes from.
        shown: whether its row has been given out.
    """

    rule_version: int
    grades: Grades
    spans: Spans
    began_ns: int
    first_record: bytes
    place: Place | None
    trip_id: str | None
    source: str
    holds: bool
    last_ns: int
    last_record: bytes
    held_ns: int = 0
    peak: float = 0.0
    excess: float = 0.0
    distance_m: float = 0.0
    speed_kmh: float | None = None
    first_kmh: float | None = None
    limit_kmh: float = 0.0
    limit_fence: str = ""
    shown: bool = False

    def hold(self, at_ns: int, record_id: bytes, speed_kmh: float | None) -> None:
        """Let what held before a record hold until it; from it on the car drives as fast as it says."""
        if self.holds:
            passed_s = (at_ns - self.last_ns) / NS_PER_S
            self.held_ns += at_ns - self.last_ns
            if self.speed_kmh is not None:
                self.distance_m += self.speed_kmh / KMH_PER_MS * passed_s
                self.excess += max(0.0, self.speed_kmh - self.limit_kmh) * passed_s
            self.last_ns, self.last_record = at_ns, record_id
        self.speed_kmh = speed_kmh

    @property
    def counts(self) -> bool:
        """Whether it has held long enough to be an event."""
        return self.shown or self.held_ns >= self.spans.least_s * NS_PER_S


def _severity(category: str, spell: Spell) -> Severity:
    if category == SPEEDING:
        return spell.grades.of(spell.peak - spell.limit_kmh)
    if category == SEAT_BELT:
        return spell.grades.of(spell.held_ns / NS_PER_S)
    return spell.grades.of(spell.peak + ROUNDING_G)


def _doubts(category: str, spell: Spell) -> tuple[float, tuple[str, ...]]:
    """How far a row can be trusted, and what speaks against it."""
    confidence, reasons = CONFIDENCE.get(spell.source, 1.0), ()
    if spell.source in {SPEED_CHANGE, HEADING_CHANGE}:
        return confidence, (f"from_{spell.source}",)
    if category in {BRAKING, ACCELERATION} and spell.first_kmh is not None and spell.speed_kmh is not None:
        gained_kmh = spell.speed_kmh - spell.first_kmh
        if (gained_kmh if category == BRAKING else -gained_kmh) > DISAGREES_KMH:
            return CONFIDENCE[SPEED_CHANGE], (DISAGREES,)
    return confidence, reasons


def row_of(vehicle_id: str, category: str, spell: Spell, *, final: bool) -> SafetyEvent:
    """The row of a spell; figures only once they are final, so that a row under way is not another every second."""
    confidence, reasons = _doubts(category, spell)
    row = SafetyEvent(
        id=episode_id(SafetyEvent.kind, category, spell.rule_version, vehicle_id, spell.first_record),
        vehicle_id=vehicle_id,
        started_at_ns=spell.began_ns,
        ended_at_ns=spell.last_ns if final else None,
        rule_version=spell.rule_version,
        first_record=spell.first_record,
        last_record=spell.last_record if final else None,
        confidence=confidence,
        reasons=reasons,
        category=category,
        severity=_severity(category, spell),
        trip_id=spell.trip_id,
        place=spell.place,
        source=spell.source,
        limit_kmh=spell.limit_kmh if category == SPEEDING else None,
        limit_fence=spell.limit_fence,
    )
    return replace(row, **_figures(category, spell)) if final else row


def _figures(category: str, spell: Spell) -> dict[str, Any]:
    held_s = spell.held_ns / NS_PER_S
    figures: dict[str, Any] = {"duration_s": round(held_s, 3)}
    if category not in {SPEEDING, SEAT_BELT}:
        return {**figures, "peak_g": round(spell.peak, 3)}
    figures["distance_m"] = round(spell.distance_m, 1)
    if category == SPEEDING:
        figures["peak_kmh"] = round(spell.peak, 1)
        figures["mean_excess_kmh"] = round(spell.excess / held_s, 1) if held_s else 0.0
    return figures
