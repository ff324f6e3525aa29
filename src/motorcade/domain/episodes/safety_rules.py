"""What an organisation calls unsafe: every threshold of safety events, with its unit."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from motorcade.domain.errors import Invalid
from motorcade.domain.geofence.fence import Fence
from motorcade.domain.schedule import Schedule, is_on

SPEEDING: Final = "speeding"
BRAKING: Final = "harsh_braking"
ACCELERATION: Final = "harsh_acceleration"
CORNERING: Final = "harsh_cornering"
SEAT_BELT: Final = "seat_belt"
COLLISION: Final = "collision"
AIRBAG: Final = "airbag"
CATEGORIES: Final = (SPEEDING, BRAKING, ACCELERATION, CORNERING, SEAT_BELT, COLLISION, AIRBAG)

Severity = Literal["mild", "moderate", "severe"]


@dataclass(frozen=True, slots=True)
class Grades:
    """From when on something counts, and how badly; in the unit of its field."""

    mild: float
    moderate: float
    severe: float

    def of(self, value: float) -> Severity:
        """How bad a value is that counts."""
        return "severe" if value >= self.severe else "moderate" if value >= self.moderate else "mild"


@dataclass(frozen=True, slots=True)
class Spans:
    """How long things last.

    Attributes:
        least_s: a condition must have held so long in all.
        merge_s: it may lapse so long and is one event still.
        silence_s: nothing heard for so long ends it, at the last that was heard.
    """

    least_s: float
    merge_s: float
    silence_s: float


@dataclass(frozen=True, slots=True)
class FenceLimit:
    """The speed limit inside a fence, while its schedule is on."""

    fence_id: str
    limit_kmh: float
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True)
class SafetyRules:
    """Every figure is a default that an organisation may change.

    Attributes:
        speed_limit_kmh: the organisation's limit (137 km/h are 85 mph).
        fence_limits: of the fences that have one.
        limit_choice: "lowest" of all that apply, or "fence": the lowest of the fences', if there is one.
        speeding_over_kmh: how far above the limit is how bad.
        speeding_back_kmh: speeding holds on until the speed is this far below the limit again.
        speed_fresh_s: a speed that the car has not renewed for so long is no longer taken for true.
        speeding: its spans. Ten seconds above the limit are no overtaking; dips of ten seconds are one speeding.
        braking_g: of deceleration, as positive numbers.
        acceleration_g: of acceleration.
        cornering_g: to either side.
        harsh: spans of a manoeuvre: two pulls at the brake within three seconds are one; a value that a car has not
            renewed for five is no longer true.
        harsh_back: a manoeuvre holds on until the value is below this share of the threshold.
        harsh_moving_kmh: below it nothing is harsh: doors slam and kerbs knock.
        plausible_g: more than tyres can hold is a fault of the sensor.
        fresh_s: while the car has reported its acceleration so recently, speed and heading are not asked.
        shortest_s: changes of speed closer in time than this say nothing: a car bundles reports for half a second.
        longest_s: nor do those farther apart: nobody knows when between them it happened.
        time_error_s: by how much longer than stamped a change may really have taken; that makes the figure a bound.
        corner_kmh: below it the heading from satellites wavers too much to speak of cornering.
        corner_speed_age_s: nor may the speed be older: a car brakes before it turns, and reports of speed get lost
            while others flow.
        heading_error_deg: what a heading may be wrong by in all.
        turn_max_deg: more between two reports is a heading that found itself again, or a turn the other way round.
        belt_moving_kmh: from when on a belt is needed; parking is not driving.
        belt: its spans. A red light does not end it.
        belt_s: how long unbuckled is how bad.
        collision_notices: words in the car's own alerts, in lower case, that mean a collision.
        airbag_notices: and that the restraints came close to firing, or did.
        notice_max_age_s: a car lists old alerts again whenever it connects; older ones are history.
        longitudinal_sign: 1 where the car reports acceleration forwards as positive, as the standard name of the signal
            (VSS Vehicle.Acceleration.Longitudinal) has it; the maker does not say.
        version: of the rules.
        lowest_limit_kmh: worked out: at or below it nobody is speeding anywhere.
        calm_ms2: worked out: an acceleration below it is harsh in no direction.
    """

    speed_limit_kmh: float = 137.0
    fence_limits: tuple[FenceLimit, ...] = ()
    limit_choice: Literal["lowest", "fence"] = "lowest"
    speeding_over_kmh: Grades = Grades(0.0, 15.0, 30.0)
    speeding_back_kmh: float = 2.0
    speed_fresh_s: float = 60.0
    speeding: Spans = Spans(10.0, 10.0, 60.0)
    braking_g: Grades = Grades(0.45, 0.55, 0.65)
    acceleration_g: Grades = Grades(0.40, 0.50, 0.60)
    cornering_g: Grades = Grades(0.40, 0.50, 0.60)
    harsh: Spans = Spans(0.0, 3.0, 5.0)
    harsh_back: float = 0.8
    harsh_moving_kmh: float = 8.0
    plausible_g: float = 1.3
    fresh_s: float = 60.0
    shortest_s: float = 0.9
    longest_s: float = 6.0
    time_error_s: float = 0.5
    corner_kmh: float = 30.0
    corner_speed_age_s: float = 2.5
    heading_error_deg: float = 4.0
    turn_max_deg: float = 100.0
    belt_moving_kmh: float = 10.0
    belt: Spans = Spans(10.0, 120.0, 60.0)
    belt_s: Grades = Grades(0.0, 60.0, 300.0)
    collision_notices: tuple[str, ...] = ("crashdetected",)
    airbag_notices: tuple[str, ...] = ("neardeploy",)
    notice_max_age_s: float = 86_400.0
    longitudinal_sign: Literal[1, -1] = 1
    version: int = 1
    # Worked out; the defaults only let rules be read that were stored before there were these.
    lowest_limit_kmh: float = field(default=0.0, init=False, repr=False, compare=False)
    calm_ms2: float = field(default=0.0, init=False, repr=False, compare=False)
    _limits: dict[str, FenceLimit] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse rules that contradict themselves; remember the fences' limits by id."""
        for grades in (
            self.speeding_over_kmh,
            self.braking_g,
            self.acceleration_g,
            self.cornering_g,
            self.belt_s,
        ):
            if not 0 <= grades.mild <= grades.moderate <= grades.severe:
                raise Invalid("severities must grow: 0 <= mild <= moderate <= severe")
        if min(self.braking_g.mild, self.acceleration_g.mild, self.cornering_g.mild, self.speed_limit_kmh) <= 0:
            raise Invalid("a limit must be above zero, or everything would be an event")
        for spans in (self.speeding, self.harsh, self.belt):
            if min(spans.least_s, spans.merge_s) < 0 or spans.silence_s <= 0:
                raise Invalid("spans are never negative, and a silence must last")
        lowest_kmh = min([self.speed_limit_kmh, *(one.limit_kmh for one in self.fence_limits)])
        object.__setattr__(self, "lowest_limit_kmh", lowest_kmh)
        least_g = min(self.braking_g.mild, self.acceleration_g.mild, self.cornering_g.mild)
        object.__setattr__(self, "calm_ms2", least_g * 9.8)  # a little below the threshold in any case
        object.__setattr__(self, "_limits", {one.fence_id: one for one in self.fence_limits})

    def limit(self, fences: tuple[str, ...], at_ns: int) -> tuple[float, str]:
        """The limit that holds, and the id of the fence it comes from ("": the organisation)."""
        own = (self.speed_limit_kmh, "")
        if not fences or not self._limits:
            return own
        found = [
            (limit.limit_kmh, fence_id)
            for fence_id in fences
            if (limit := self._limits.get(fence_id)) is not None and is_on(limit.schedule, at_ns)
        ]
        if not found:
            return own
        return min(found) if self.limit_choice == "fence" else min(*found, own)

    def with_fences(self, fences: Iterable[Fence]) -> "SafetyRules":
        """The same rules with the limits of these fences."""
        limits = tuple(
            FenceLimit(fence.fence_id, fence.speed_limit_kmh, fence.schedule)
            for fence in fences
            if fence.speed_limit_kmh is not None
        )
        return replace(self, fence_limits=limits)

    def spans(self, category: str) -> Spans:
        """How long events of a category last."""
        return self.speeding if category == SPEEDING else self.belt if category == SEAT_BELT else self.harsh

    def grades(self, category: str) -> Grades:
        """How bad what is, of a category that has degrees."""
        return {
            SPEEDING: self.speeding_over_kmh,
            SEAT_BELT: self.belt_s,
            BRAKING: self.braking_g,
            ACCELERATION: self.acceleration_g,
            CORNERING: self.cornering_g,
        }[category]

    def notice_category(self, name: str) -> str | None:
        """Whether the car's own alert of that name means a collision or the restraints; None for any other."""
        lowered = name.lower()
        if any(word in lowered for word in self.collision_notices):
            return COLLISION
        return AIRBAG if any(word in lowered for word in self.airbag_notices) else None
