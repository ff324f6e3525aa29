"""What people say about trips: business or private, a note, "these are one", "cut it here".

Trips are computed anew when late data come, so nothing is written into them. An edit names a vehicle and a stretch of
time, is kept for ever, and finds its trips by overlap each time they are read: `apply` lays all edits over the trips.
An edit is never changed; a later one of its kind outweighs it, and `undo` takes one back. So the edits are their own
history.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from motorcade.domain.episodes import track as tracks
from motorcade.domain.episodes.trip_row import Trip
from motorcade.domain.errors import Invalid
from motorcade.domain.geodesy import distance_m
from motorcade.domain.overlays.classification import Classification, ClassifyingRule, classify

MAX_NOTE: Final = 2_000
"""Characters of a note: a page, not a document."""
MAX_SPAN_NS: Final = 7 * 24 * 3_600 * 1_000_000_000
"""Longest stretch of an edit: no drive takes a week, and a look-up has to read so far back."""
_MOST: Final = 0.5
"""An edit concerns a trip of which it covers at least this share."""


class EditKind(StrEnum):
    """What an edit does."""

    CLASSIFY = "classify"
    NOTE = "note"
    MERGE = "merge"
    SPLIT = "split"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What somebody said about a stretch of a vehicle's time.

    Attributes:
        id: of the edit; whoever makes it chooses it, so that asking twice does it once.
        vehicle_id: whose time.
        kind: what it does.
        from_ns: begin of the stretch: that of the trip, or of the first of the trips to merge.
        to_ns: its end; for a split the instant of the cut.
        value: a `Classification`, the note (empty takes it away), or the id of the edit to undo; else empty.
        by: user id of who said it.
        at_ns: when it was said.
    """

    id: str
    vehicle_id: str
    kind: EditKind
    from_ns: int
    to_ns: int
    value: str
    by: str
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A trip as people want to see it: one trip, several merged, or a part of one.

    Attributes:
        trips: what it was made of, in order of time.
        part: number of the part from 1 where a trip was cut, else 0.
        started_at_ns: when it begins.
        ended_at_ns: when it ends, None while it lasts.
        distance_m: of all its trips, or of its part of one: cut as its track is.
        energy_used_kwh: likewise; None where a trip's is not known.
        classification: what it was for.
        classified_by: id of the edit or of the rule that says so, "" where none does.
        note: the newest note, "" for none.
        edits: ids of the edits that concern it, superseded and undone ones too, in order of time: its history.
    """

    trips: tuple[Trip, ...]
    part: int
    started_at_ns: int
    ended_at_ns: int | None
    distance_m: float
    energy_used_kwh: float | None
    classification: Classification
    classified_by: str
    note: str
    edits: tuple[str, ...]


def check(edit: Edit) -> None:
    """See to it that an edit means something.

    Raises:
        Invalid: it does not; the message says why.
    """
    if not edit.from_ns <= edit.to_ns <= edit.from_ns + MAX_SPAN_NS:
        raise Invalid("an edit's stretch must not end before it begins, nor last longer than a week")
    if edit.kind is EditKind.CLASSIFY and edit.value not in set(Classification):
        raise Invalid(f"{edit.value!r} is no classification; choose one of {', '.join(Classification)}")
    if edit.kind is EditKind.NOTE and len(edit.value) > MAX_NOTE:
        raise Invalid(f"a note may have {MAX_NOTE:,} characters; this one has {len(edit.value):,}")
    if edit.kind is EditKind.UNDO and not edit.value:
        raise Invalid("an undo names the edit that it takes back")


def in_force(edits: Iterable[Edit]) -> list[Edit]:
    """The edits that hold, in order of time; undone ones and undos left out. An undo can itself be undone."""
    ordered = sorted(edits, key=lambda one: (one.at_ns, one.id))
    undone: set[str] = set()
    for edit in reversed(ordered):
        if edit.kind is EditKind.UNDO and edit.id not in undone:
            undone.add(edit.value)
    return [edit for edit in ordered if edit.kind is not EditKind.UNDO and edit.id not in undone]


def apply(
    trips: Sequence[Trip], edits: Sequence[Edit], rules: Sequence[ClassifyingRule] = (), *, manoeuvres: bool = False
) -> list[Drive]:
    """Lay people's edits over one vehicle's trips.

    Args:
        trips: of one vehicle, in order of time.
        edits: of the same vehicle; those without a trip change nothing and are kept for when it comes back.
        rules: classify what nobody has classified by hand; the first that matches counts.
        manoeuvres: whether trips too short to be trips are listed as well; merged ones always are.

    Returns:
        The drives in order of time.
    """
    holding = in_force(edits)
    groups = _merged(trips, [edit for edit in holding if edit.kind is EditKind.MERGE])
    cuts = [edit for edit in holding if edit.kind is EditKind.SPLIT]
    drives: list[Drive] = []
    for group in groups:
        if len(group) == 1:
            if manoeuvres or not group[0].manoeuvre:
                drives += _cut(group[0], cuts)
        else:
            drives.append(_joined(group))
    told = [_tell(drive, drives, holding, edits) for drive in drives]
    return [_by_rule(drive, rules) for drive in told]


def overlap_ns(start_ns: int, end_ns: int | None, edit: Edit) -> int:
    """For how long an edit's stretch and another one coincide; an open end lasts for ever."""
    end = edit.to_ns if end_ns is None else min(end_ns, edit.to_ns)
    return end - max(start_ns, edit.from_ns)


def _merged(trips: Sequence[Trip], merges: Sequence[Edit]) -> list[list[Trip]]:
    """Neighbours that an edit joins, as groups; all others alone."""
    joined = {
        (before.id, after.id)
        for before, after in pairwise(trips)
        for edit in merges
        if _covers_most(before, edit) and _covers_most(after, edit)
    }
    groups: list[list[Trip]] = []
    for trip in trips:
        if groups and (groups[-1][-1].id, trip.id) in joined:
            groups[-1].append(trip)
        else:
            groups.append([trip])
    return groups


def _covers_most(trip: Trip, edit: Edit) -> bool:
    if trip.ended_at_ns is None:
        return edit.from_ns <= trip.started_at_ns <= edit.to_ns
    common = overlap_ns(trip.started_at_ns, trip.ended_at_ns, edit)
    return common >= 0 and common >= _MOST * (trip.ended_at_ns - trip.started_at_ns)


def _joined(group: Sequence[Trip]) -> Drive:
    energies = [trip.energy_used_kwh for trip in group]
    known = [energy for energy in energies if energy is not None]
    return Drive(
        trips=tuple(group),
        part=0,
        started_at_ns=group[0].started_at_ns,
        ended_at_ns=group[-1].ended_at_ns,
        distance_m=round(sum(trip.distance_m for trip in group), 1),
        energy_used_kwh=round(sum(known), 3) if len(known) == len(energies) else None,
        classification=Classification.UNKNOWN,
        classified_by="",
        note="",
        edits=(),
    )


def _cut(trip: Trip, cuts: Sequence[Edit]) -> list[Drive]:
    """A trip, or its parts; metres and energy are shared out as the track lies."""
    if trip.ended_at_ns is None:
        return [_joined([trip])]
    instants = sorted({cut.to_ns for cut in cuts if trip.started_at_ns < cut.to_ns < trip.ended_at_ns})
    bounds = [trip.started_at_ns, *instants, trip.ended_at_ns]
    if len(bounds) == 2:
        return [_joined([trip])]
    shares = [_share(trip, instant) for instant in bounds]
    return [
        Drive(
            trips=(trip,),
            part=part,
            started_at_ns=begin,
            ended_at_ns=end,
            distance_m=round(trip.distance_m * (after - before), 1),
            energy_used_kwh=None if trip.energy_used_kwh is None else round(trip.energy_used_kwh * (after - before), 3),
            classification=Classification.UNKNOWN,
            classified_by="",
            note="",
            edits=(),
        )
        for part, ((begin, end), (before, after)) in enumerate(
            zip(pairwise(bounds), pairwise(shares), strict=True), start=1
        )
    ]


def _share(trip: Trip, at_ns: int) -> float:
    """Which share of a finished trip's way lies before an instant: by its track, by time where it has none."""
    assert trip.ended_at_ns is not None, "the caller looked"
    lasted_s = (trip.ended_at_ns - trip.started_at_ns) / 1e9
    after_s = (at_ns - trip.started_at_ns) / 1e9
    points = tracks.unpack(trip.track)
    whole = before = 0.0
    for one, other in pairwise(points):
        length = distance_m(one[1:], other[1:])
        whole += length
        if other.after_s <= after_s:
            before += length
        elif one.after_s < after_s:
            before += length * (after_s - one.after_s) / (other.after_s - one.after_s)
    if at_ns >= trip.ended_at_ns or at_ns <= trip.started_at_ns or whole == 0.0:
        return min(1.0, max(0.0, after_s / lasted_s)) if lasted_s else 0.0
    return before / whole


def _tell(drive: Drive, drives: Sequence[Drive], holding: Sequence[Edit], edits: Sequence[Edit]) -> Drive:
    """Give a drive its classification, its note and its history."""
    classification, classified_by, note = drive.classification, "", ""
    for edit in holding:
        if edit.kind is EditKind.CLASSIFY and _concerns(edit, drive, drives):
            classification, classified_by = Classification(edit.value), edit.id
        elif edit.kind is EditKind.NOTE and _concerns(edit, drive, drives):
            note = edit.value
    # What an undo took back, and a cut or a merge at the drive's own bounds, belong to its history, too.
    own = {
        edit.id
        for edit in edits
        if edit.kind is not EditKind.UNDO
        and (_concerns(edit, drive, drives) or overlap_ns(drive.started_at_ns, drive.ended_at_ns, edit) > 0)
    }
    ordered = sorted(edits, key=lambda one: (one.at_ns, one.id))
    for edit in ordered:
        if edit.kind is EditKind.UNDO and edit.value in own:
            own.add(edit.id)
    history = tuple(edit.id for edit in ordered if edit.id in own)
    return _with(drive, classification, classified_by, note, history)


def _concerns(edit: Edit, drive: Drive, drives: Sequence[Drive]) -> bool:
    """Whether an edit covers most of a drive, or this is the one that it has most in common with."""
    common = overlap_ns(drive.started_at_ns, drive.ended_at_ns, edit)
    if common < 0:
        return False
    if drive.ended_at_ns is not None and common >= _MOST * (drive.ended_at_ns - drive.started_at_ns):
        return True
    if common == 0:
        return False
    most = max(overlap_ns(one.started_at_ns, one.ended_at_ns, edit) for one in drives)
    first = next(one for one in drives if overlap_ns(one.started_at_ns, one.ended_at_ns, edit) == most)
    return first is drive


def _by_rule(drive: Drive, rules: Sequence[ClassifyingRule]) -> Drive:
    if drive.classified_by:
        return drive
    rule = classify(drive.trips[0], drive.trips[-1], rules)
    if rule is None:
        return drive
    return _with(drive, rule.classification, rule.id, drive.note, drive.edits)


def _with(drive: Drive, classification: Classification, by: str, note: str, edits: tuple[str, ...]) -> Drive:
    return Drive(
        trips=drive.trips,
        part=drive.part,
        started_at_ns=drive.started_at_ns,
        ended_at_ns=drive.ended_at_ns,
        distance_m=drive.distance_m,
        energy_used_kwh=drive.energy_used_kwh,
        classification=classification,
        classified_by=by,
        note=note,
        edits=edits,
    )
