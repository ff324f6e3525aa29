"""Which figures end a trip, and when: by standing, by silence, by sleep."""

from dataclasses import dataclass, field

from motorcade.domain.episodes.idling import IdlingRules
from motorcade.domain.episodes.trip_motion import Motion, MotionRules, is_still
from motorcade.domain.episodes.trip_row import End
from motorcade.domain.errors import Invalid
from motorcade.domain.record import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class TripRules:
    """When trips begin and end.

    Attributes:
        version: of these rules.
        pause_s: a standstill or a P this long ends a trip.
        settle_s: readings up to this long after the end count, and the end is not final before.
        silence_s: a silence this long ends a trip although the car is in gear.
        manoeuvre_m: shorter is no trip.
        pause_listed_s: a shorter standstill inside a trip, e.g. at a crossing, is not listed.
        blind_start_m: so much way, confirmed by the odometer, begins a trip without gear and speed.
        motion: what moving is.
        idling: what idling is.
    """

    version: int = 1
    pause_s: int = 300
    settle_s: int = 60
    silence_s: int = 1800
    manoeuvre_m: float = 100.0
    pause_listed_s: int = 30
    blind_start_m: float = 200.0
    motion: MotionRules = field(default_factory=MotionRules)
    idling: IdlingRules = field(default_factory=IdlingRules)

    def __post_init__(self) -> None:
        """See to it that the figures fit together.

        Raises:
            Invalid: an end would be final before readings have settled, or silence would end what standing does not.
        """
        if not 0 < self.settle_s <= self.pause_s <= self.silence_s:
            raise Invalid("of a trip's times the settling time is the shortest and the silence the longest")


def expires_ns(motion: Motion, rules: TripRules) -> int:
    """When time alone ends the running trip."""
    silent_ns = motion.heard_ns + rules.silence_s * NS_PER_S
    pause_ns = rules.pause_s * NS_PER_S
    if motion.in_gear:
        return silent_ns
    if not motion.moving:
        return min(silent_ns, motion.standing_ns + pause_ns)
    return min(silent_ns, motion.sign_ns + pause_ns) if motion.creeping else silent_ns


def edge(motion: Motion) -> End:
    """The moment of standstill, or the last word of a car that moved."""
    if not motion.moving:
        if motion.gear == "P":
            by = "park"
        elif motion.in_gear:
            by = "silence"  # had its records shown that it stands, one of them would have ended the trip
        else:
            by = "sleep" if motion.closed else "standstill"
        return End(motion.standing_ns, motion.standing_record, by)
    if motion.creeping and not motion.in_gear:
        return End(motion.sign_ns, motion.sign_record, "standstill")
    return End(motion.heard_ns, motion.heard_record, "silence")


def stood(motion: Motion, at_ns: int, rules: TripRules) -> bool:
    """Whether a record shows that a car in gear stood all along; a silent one must first say where it is."""
    return at_ns >= motion.standing_ns + rules.pause_s * NS_PER_S and is_still(motion, at_ns, rules.motion)
