"""What the steps work on: one record on its way, and what the consumer remembers of its vehicle."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from motorcade.consumer.episode_memory import EpisodeMemory
from motorcade.domain.connections import Connections
from motorcade.domain.episodes.moment import Notice, Report
from motorcade.domain.ids import id_text
from motorcade.domain.record import Frame
from motorcade.domain.state import Fields, Value

DEDUPE_RING = 64
"""Record ids remembered per vehicle. Beyond it the join makes a duplicate harmless; the ring only saves its work."""


class Outcome(StrEnum):
    """How a record's way ended. Every record ends in exactly one; their counts add up to what was received."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    LATE = "late"
    OUTSIDE_CLAIM = "outside_claim"
    FILTERED = "filtered"
    DEAD = "dead"


class Ring:
    """The latest record ids of one vehicle, oldest first. A dict keeps their order and finds one without a search."""

    __slots__ = ("_ids",)

    def __init__(self, ids: Iterable[bytes] = ()) -> None:
        """Start with the last `DEDUPE_RING` of these ids."""
        self._ids: dict[bytes, None] = dict.fromkeys(list(dict.fromkeys(ids))[-DEDUPE_RING:])

    def meets(self, record_id: bytes) -> bool:
        """Remember an id; true where it was remembered already."""
        ids = self._ids
        if record_id in ids:
            return True
        ids[record_id] = None
        if len(ids) > DEDUPE_RING:
            del ids[next(iter(ids))]
        return False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._ids)


@dataclass(slots=True, eq=False)
class VehicleMemory:
    """A vehicle in the consumer's memory; its stored form is `wire/state_snapshot.py`.

    Times in ns. Records of entries up to `at` were taken before the last restart. `version` is that of the stored item,
    0 before the first commit. `key` is (org_id, vehicle_id).
    """

    org_id: str
    vehicle_id: str
    version: int = 0
    at: int = 0
    fields: Fields = field(default_factory=dict)
    ring: Ring = field(default_factory=Ring)
    watermark_ns: int = 0
    connections: Connections = field(default_factory=Connections)
    clock_suspect: bool = False
    last_seen_ns: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    episodes: EpisodeMemory = field(default_factory=EpisodeMemory)
    key: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Make the key once: it is asked for with every record."""
        self.key = (self.org_id, self.vehicle_id)


@dataclass(slots=True)
class Work:
    """One record on its way through the pipeline. The steps fill in what they find out."""

    frame: Frame
    vehicle: VehicleMemory
    record_id: bytes = b""
    readings: Sequence[tuple[int, Value]] = ()
    notices: tuple[Notice, ...] = ()
    connection: tuple[str, bool] | None = None
    changed: bool = False
    report: Report | None = None
    late: bool = False


@dataclass(slots=True)
class Tick:
    """What a stretch of records changed, until it is published."""

    to_publish: set[tuple[str, str]] = field(default_factory=set)


def key_of(frame: Frame) -> tuple[str, str]:
    """(org_id, vehicle_id) of a frame."""
    return id_text(frame[0]), id_text(frame[1])
