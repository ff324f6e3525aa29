"""Stops: where a car stands between two trips. A stop is open as long as it is parked."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from motorcade.domain.episodes.episode import Episode, episode_id
from motorcade.domain.geodesy import Place, distance_m

MOVED_M: Final = 200.0
"""A next trip that begins farther away than this: nobody saw how the car came there."""
UNSEEN_M: Final = 500.0
"""An odometer that gained more than this between two trips: one was not reported, or it was towed on its wheels."""
_UNSEEN_CONFIDENCE: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Episode):
    """The time between two trips.

    Attributes:
        location: where the car stands, None where no place is known.
        fences: ids of the fences that it stands in.
        trip_before: id of the trip that ended here.
        trip_after: id of the trip that began then; None while the car is parked.
        soc_start_pct: state of charge at the beginning.
        soc_end_pct: state of charge at the end.
        odometer_km: what the odometer showed at the beginning.
        moved_m: distance from here to where the next trip began, which nobody saw.
        unseen_m: what the odometer gained that no trip explains.
    """

    kind: ClassVar[str] = "stop"

    location: Place | None
    fences: tuple[str, ...]
    trip_before: str
    trip_after: str | None
    soc_start_pct: float | None
    soc_end_pct: float | None
    odometer_km: float | None
    moved_m: float
    unseen_m: float


@dataclass(slots=True)
class Standing:
    """A stop that is open, or that the running trip will have ended unless it turns out to be a manoeuvre.

    Attributes:
        id: of the stop.
        vehicle_id: whose.
        started_at_ns: when it began.
        first_record: end edge of the trip before.
        rule_version: rules in force then.
        trip_before: id of that trip.
        location: where.
        fences: in which fences.
        soc_start_pct: state of charge then.
        odometer_km: odometer then.
        ended_at_ns: when the next trip began, 0 while it has not.
        last_record: start edge of that trip.
        trip_after: its id.
        soc_end_pct: state of charge then.
        moved_m: see `Stop`.
        unseen_m: see `Stop`.
    """

    id: str
    vehicle_id: str
    started_at_ns: int
    first_record: bytes
    rule_version: int
    trip_before: str
    location: Place | None
    fences: tuple[str, ...]
    soc_start_pct: float | None
    odometer_km: float | None
    ended_at_ns: int = 0
    last_record: bytes = b""
    trip_after: str = ""
    soc_end_pct: float | None = None
    moved_m: float = 0.0
    unseen_m: float = 0.0


def stop_id(vehicle_id: str, rule_version: int, first_record: bytes) -> str:
    """Id of the stop that begins with a record."""
    return episode_id(Stop.kind, "", rule_version, vehicle_id, first_record)


def close(standing: Standing, trip_id: str, at_ns: int, record_id: bytes) -> None:
    """Let a trip end it."""
    standing.ended_at_ns, standing.last_record, standing.trip_after = at_ns, record_id, trip_id


def leave_from(standing: Standing, place: Place | None, soc_pct: float | None) -> None:
    """Note where the trip that ends it began, and with what charge."""
    standing.soc_end_pct = soc_pct
    standing.moved_m = 0.0
    if place is not None and standing.location is not None:
        standing.moved_m = distance_m(standing.location, place)


def reopened(standing: Standing) -> Standing:
    """The same stop, still open: what ended it was a manoeuvre."""
    return replace(standing, ended_at_ns=0, last_record=b"", trip_after="", soc_end_pct=None, moved_m=0.0, unseen_m=0.0)


def row(standing: Standing) -> Stop:
    """Its row as it stands."""
    reasons: list[str] = []
    if standing.moved_m > MOVED_M:
        reasons.append("moved_unseen")
    if standing.unseen_m > UNSEEN_M:
        reasons.append("odometer_gained")
    ended = standing.ended_at_ns != 0
    return Stop(
        id=standing.id,
        vehicle_id=standing.vehicle_id,
        started_at_ns=standing.started_at_ns,
        ended_at_ns=standing.ended_at_ns if ended else None,
        rule_version=standing.rule_version,
        first_record=standing.first_record,
        last_record=standing.last_record if ended else None,
        confidence=_UNSEEN_CONFIDENCE if reasons else 1.0,
        reasons=tuple(reasons),
        location=standing.location,
        fences=standing.fences,
        trip_before=standing.trip_before,
        trip_after=standing.trip_after if ended else None,
        soc_start_pct=standing.soc_start_pct,
        soc_end_pct=standing.soc_end_pct,
        odometer_km=standing.odometer_km,
        moved_m=round(standing.moved_m, 1) if standing.moved_m > MOVED_M else 0.0,
        unseen_m=round(standing.unseen_m, 1) if standing.unseen_m > UNSEEN_M else 0.0,
    )
