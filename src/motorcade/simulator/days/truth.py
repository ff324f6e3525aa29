"""What really happened on a simulated day, as physics has it: nothing here is read off a report."""

from dataclasses import dataclass
from typing import Final, Literal

from motorcade.simulator.roads.network import Place

MANOEUVRE_M: Final = 100.0
"""A shorter movement is a manoeuvre and no trip (the product's default)."""
PAUSE_NS: Final = 300 * 1_000_000_000
"""A standstill this long ends a trip; a shorter one is a pause inside it (the product's default)."""

HarshKind = Literal["braking", "acceleration", "cornering"]
ChargeKind = Literal["AC", "DC"]


@dataclass(frozen=True, slots=True)
class Pause:
    """A standstill inside a trip, of ten seconds or more."""

    start_ns: int
    end_ns: int
    place: Place
    gear: str
    """``P`` or ``D``."""


@dataclass(frozen=True, slots=True)
class Trip:
    """Movement with only short standstills in it."""

    start_ns: int
    """Shift into a driving gear before the first movement."""
    end_ns: int
    """The last standstill begins."""
    distance_m: float
    """Length of the driven path."""
    energy_kwh: float
    """Net energy out of the battery between start and end, standstills included."""
    soc_start_pct: float
    soc_end_pct: float
    odometer_start_m: float
    odometer_end_m: float
    top_speed_kmh: float
    start_place: Place
    end_place: Place
    pauses: tuple[Pause, ...]

    @property
    def is_manoeuvre(self) -> bool:
        """Whether it is too short to be listed as a trip."""
        return self.distance_m < MANOEUVRE_M


@dataclass(frozen=True, slots=True)
class Charge:
    """One plug-in during which energy flowed."""

    kind: ChargeKind
    start_ns: int
    """Energy begins to flow into the battery."""
    end_ns: int
    """Energy stops for the last time."""
    added_kwh: float
    """Into the battery, from start to end."""
    plug_kwh: float
    """Through the plug, from start to end (direct current: on the car's side of the charger)."""
    soc_start_pct: float
    soc_end_pct: float
    peak_kw: float
    """Highest power into the battery."""
    plugged_ns: int
    unplugged_ns: int
    full_ns: int | None
    """When the limit was reached; None where the charge was stopped before."""
    holes: tuple[tuple[int, int], ...]
    """Pauses of the flow between start and end."""
    place: Place

    @property
    def idle_after_full_s(self) -> float:
        """Time at the plug after the limit was reached; 0 where it never was."""
        return 0.0 if self.full_ns is None else (self.unplugged_ns - self.full_ns) / 1e9


@dataclass(frozen=True, slots=True)
class Parked:
    """An interval without movement and without energy into the battery, and where its energy went.

    Stops of a few minutes are among them, also those that are pauses of a trip.
    """

    start_ns: int
    end_ns: int
    soc_start_pct: float
    soc_end_pct: float
    sentry_kwh: float
    cabin_kwh: float
    """Cabin overheat protection."""
    climate_kwh: float
    """Preconditioning."""
    other_kwh: float
    """The car's own electronics, awake or asleep."""
    plugged: bool

    @property
    def lost_kwh(self) -> float:
        """Energy out of the battery."""
        return self.sentry_kwh + self.cabin_kwh + self.climate_kwh + self.other_kwh


@dataclass(frozen=True, slots=True)
class Idling:
    """A standstill of two minutes or more with the driver in a car that is in gear or ready to drive."""

    start_ns: int
    end_ns: int
    place: Place


@dataclass(frozen=True, slots=True)
class Harsh:
    """Braking of 0.45 g, acceleration of 0.40 g or cornering of 0.40 g, or more."""

    kind: HarshKind
    start_ns: int
    end_ns: int
    peak_ns: int
    peak_g: float
    """Absolute."""


@dataclass(frozen=True, slots=True)
class Speeding:
    """An interval above a threshold."""

    start_ns: int
    end_ns: int
    threshold_kmh: float
    peak_kmh: float


@dataclass(frozen=True, slots=True)
class Visit:
    """A stay inside a fence; an end that lies outside the day is None."""

    fence: str
    enter_ns: int | None
    exit_ns: int | None


@dataclass(frozen=True, slots=True)
class Unbelted:
    """Driving with an open belt, from the shift into a gear until it is closed or the drive ends."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Leak:
    """A tyre that loses air all day."""

    wheel: int
    """0 front left, 1 front right, 2 rear left, 3 rear right."""
    bar_per_h: float


@dataclass(frozen=True, slots=True)
class CarAlert:
    """What the car's own alert topic said."""

    name: str
    start_ns: int
    end_ns: int | None


@dataclass(frozen=True, slots=True)
class Fix:
    """Where the car was; one a second while it drives, one at both ends of every standstill."""

    at_ns: int
    place: Place
    speed_kmh: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that happened, each list in order of time."""

    trips: tuple[Trip, ...]
    manoeuvres: tuple[Trip, ...]
    charges: tuple[Charge, ...]
    parked: tuple[Parked, ...]
    idlings: tuple[Idling, ...]
    harsh: tuple[Harsh, ...]
    unbelted: tuple[Unbelted, ...]
    leak: Leak | None
    alerts: tuple[CarAlert, ...]
    asleep: tuple[tuple[int, int], ...]
    """Intervals without any report, because the car slept."""
    track: tuple[Fix, ...]
