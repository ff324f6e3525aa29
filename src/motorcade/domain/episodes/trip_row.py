"""A trip as people see it, and what is remembered of one that runs."""

from dataclasses import dataclass, field
from typing import ClassVar, Final, NamedTuple

from motorcade.domain.episodes import track as tracks
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.track import Track
from motorcade.domain.episodes.trip_distance import Way, length_m
from motorcade.domain.episodes.trip_energy import Energy, regenerated_kwh, used_kwh
from motorcade.domain.geodesy import Place
from motorcade.domain.record import NS_PER_S

MAX_PAUSES: Final = 100
"""Pauses listed per trip, a day of deliveries; further ones are only counted."""
MAX_GAPS: Final = 50
"""Gaps listed per trip; further ones only add to its silent time."""

_FAULTS: Final[dict[str, float]] = {
    "no_location": 0.6,
    "no_odometer": 0.9,
    "odometer_backwards": 0.7,
    "odometer_jump": 0.7,
    "location_jump": 0.8,
    "late_location": 0.95,
    "start_by_speed": 0.95,
    "start_by_place": 0.8,
    "ended_by_silence": 0.8,
}
"""By how much each fault lowers the confidence in a trip's figures."""
_GAP_FLOOR: Final = 0.3  # a trip that was silent all along is still known by its two ends
_NO_ODOMETER_M: Final = 1_000.0  # a shorter trip may lie between two readings of a healthy car


class Pause(NamedTuple):
    """A standstill inside a trip.

    Attributes:
        started_at_ns: when it began.
        ended_at_ns: when it ended.
        location: where, None where no place is known.
        fences: ids of the fences that it lies in.
        gear: "P", "D", "R" or "N"; "" where it is not known.
    """

    started_at_ns: int
    ended_at_ns: int
    location: Place | None
    fences: tuple[str, ...]
    gear: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip(Episode):
    """A drive from standstill to standstill, short pauses included.

    Attributes:
        distance_m: odometer between its readings and the path at both edges.
        manoeuvre: whether it is too short for a trip; lists hide those.
        ended_by: `park`, `standstill`, `silence` or `sleep`; "" while it runs.
        average_speed_kmh: distance over the whole time, None while there is none.
        max_speed_kmh: fastest reading, None where none was sent.
        start_location: where it began, None where no place is known.
        end_location: where it ended, or where the car is.
        start_fences: ids of the fences that the car began in.
        end_fences: ids of the fences that it ended in.
        soc_start_pct: state of charge at the beginning.
        soc_end_pct: state of charge at the end.
        odometer_start_km: odometer at the beginning, read or reckoned back by the path.
        odometer_end_km: odometer at the end, likewise.
        energy_used_kwh: net energy out of the battery; negative downhill.
        energy_source: what that was taken from: `pack`, `counter`, `soc` or `none`.
        energy_regenerated_kwh: energy won back, None where the car does not count it.
        pauses: standstills inside, the first `MAX_PAUSES`.
        pause_count: how many there were.
        paused_s: how long they lasted together.
        gaps: (from, to) of silences inside while the car moved, the first `MAX_GAPS`.
        silent_s: how long all of them lasted together.
        track: points on the map, see `track.unpack`; times count from the start.
        track_tolerance_m: how far a fix may lie off the line through them.
    """

    kind: ClassVar[str] = "trip"

    distance_m: float
    manoeuvre: bool
    ended_by: str
    average_speed_kmh: float | None
    max_speed_kmh: float | None
    start_location: Place | None
    end_location: Place | None
    start_fences: tuple[str, ...]
    end_fences: tuple[str, ...]
    soc_start_pct: float | None
    soc_end_pct: float | None
    odometer_start_km: float | None
    odometer_end_km: float | None
    energy_used_kwh: float | None
    energy_source: str
    energy_regenerated_kwh: float | None
    pauses: tuple[Pause, ...]
    pause_count: int
    paused_s: float
    gaps: tuple[tuple[int, int], ...]
    silent_s: float
    track: bytes
    track_tolerance_m: float


class End(NamedTuple):
    """An end edge.

    Attributes:
        at_ns: when.
        record: with which record.
        by: see `Trip.ended_by`.
    """

    at_ns: int
    record: bytes
    by: str


@dataclass(slots=True)
class Running:
    """A trip that is not final. Attributes are those of `Trip`, as far as they are known, in ns for times.

    Attributes:
        by: what proved the start: `gear`, `speed` or `place`.
        manoeuvre_m: length up to which it is none, by the rules in force at its start.
        late: whether readings were left aside because the car has stood for longer than the settling time.
        last_fences: fences of the place where the car stands or was last.
    """

    id: str
    vehicle_id: str
    rule_version: int
    started_at_ns: int
    first_record: bytes
    by: str
    way: Way
    energy: Energy
    track: Track
    start_place: Place | None
    end_place: Place | None
    manoeuvre_m: float
    start_fences: tuple[str, ...] = ()
    last_fences: tuple[str, ...] = ()
    top_kmh: float | None = None
    pauses: list[Pause] = field(default_factory=list)
    pause_count: int = 0
    paused_ns: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    silent_ns: int = 0
    late: bool = False


def row(running: Running, end: End | None) -> Trip:
    """The trip's row: as it stands, or as it ended."""
    way, energy = running.way, running.energy
    metres = length_m(way)
    paused_ns, silent_ns = running.paused_ns, running.silent_ns
    reasons, confidence = _doubts(running, end, metres)
    lasted_ns = end.at_ns - running.started_at_ns if end else 0
    used, source = used_kwh(energy)
    odometer_km = _odometer_km(way)
    return Trip(
        id=running.id,
        vehicle_id=running.vehicle_id,
        started_at_ns=running.started_at_ns,
        ended_at_ns=end.at_ns if end else None,
        rule_version=running.rule_version,
        first_record=running.first_record,
        last_record=end.record if end else None,
        confidence=confidence,
        reasons=reasons,
        distance_m=round(metres, 1),
        manoeuvre=metres < running.manoeuvre_m,
        ended_by=end.by if end else "",
        average_speed_kmh=round(metres / lasted_ns * NS_PER_S * 3.6, 1) if lasted_ns > 0 else None,
        max_speed_kmh=None if running.top_kmh is None else round(running.top_kmh, 1),
        start_location=running.start_place,
        end_location=running.end_place,
        start_fences=running.start_fences,
        end_fences=running.last_fences,
        soc_start_pct=_rounded(energy.soc_start_pct, 2),
        soc_end_pct=_rounded(energy.soc_end_pct, 2),
        odometer_start_km=None if odometer_km is None else round(odometer_km - metres / 1_000, 3),
        odometer_end_km=_rounded(odometer_km, 3),
        energy_used_kwh=used,
        energy_source=source,
        energy_regenerated_kwh=regenerated_kwh(energy),
        pauses=tuple(running.pauses),
        pause_count=running.pause_count,
        paused_s=round(paused_ns / NS_PER_S, 3),
        gaps=tuple(running.gaps),
        silent_s=round(silent_ns / NS_PER_S, 3),
        track=tracks.row_points(running.track) if end else running.track.points + running.track.tip,
        track_tolerance_m=running.track.tolerance_m,
    )


def _odometer_km(way: Way) -> float | None:
    """What the odometer shows now, reckoned on by the path since its last reading."""
    if way.odometer_km is None:
        return None
    return way.odometer_km + (max(0.0, way.tail_m + way.closing_m) + way.blind_m) / 1_000


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _doubts(running: Running, end: End | None, metres: float) -> tuple[tuple[str, ...], float]:
    """What lowers the confidence, and to what."""
    way = running.way
    faults = list(way.faults)
    if way.vertex is None:
        faults.append("no_location")
    elif running.start_place is None:
        faults.append("late_location")
    if not way.readings and metres >= _NO_ODOMETER_M:
        faults.append("no_odometer")
    if running.by != "gear":
        faults.append(f"start_by_{running.by}")
    if end and end.by == "silence":
        faults.append("ended_by_silence")
    confidence = 1.0
    for fault in faults:
        confidence *= _FAULTS[fault]
    if running.silent_ns:
        faults.append("gap")
        last_ns = end.at_ns if end else running.gaps[-1][1]
        share = running.silent_ns / max(1, last_ns - running.started_at_ns)
        confidence *= max(_GAP_FLOOR, 1.0 - share)
    return tuple(sorted(faults)), round(confidence, 3)
