"""Visits: when a car was inside a fence.

A crossing begins with the first fix on the other side of the border. It counts once a fix lies surely on that side
(farther than the margin, which grows with the receiver's stated error) and the car has been there without a break for
the minimum time; a car that stays within the margin has to stay much longer. It is then dated back to that first fix.
So neither a fix gone astray nor a car parked on the border makes visits, and no visit is late.

A fence's schedule decides what of a visit counts, never whether the crossing is known. A new version of a fence ends
the old version's visit when it comes into force and begins anew with the first record after.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from motorcade.domain.episodes.episode import Episode, episode_id
from motorcade.domain.episodes.moment import Moment
from motorcade.domain.geodesy import Place, distance_m
from motorcade.domain.geofence.fence import Fence
from motorcade.domain.geofence.index import FenceSet
from motorcade.domain.record import NS_PER_S
from motorcade.domain.schedule import Schedule, next_on_ns, on_ns, reached_ns
from motorcade.domain.signal import by_name

MAX_TRACKED: Final = 64
"""Fences around one place that are followed, the first by id: nobody overlaps more on purpose, and a state is small."""
NEVER: Final = 2**63 - 1
"""A time that does not come."""

UNSEEN: Final = ("",)
"""No fence has that id: whatever holds the next fix is news."""

LOCATION: Final = by_name("location").number
ACCURACY: Final = by_name("gps_accuracy_m").number
FIX: Final = by_name("gps_fix").number

JUMPED: Final = "gap"
RULE_ENDED: Final = "rule_changed"
JUMP_CONFIDENCE: Final = 0.5
"""Of a visit one of whose crossings lies somewhere in a gap; 0.25 where both do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit(Episode):
    """One stay of a car inside one version of a fence.

    Attributes:
        fence_id: which; `rule_version` is the fence's version.
        entry_place: the first fix inside.
        exit_place: the first fix outside, None while inside or where the fence changed under the car.
        dwell_s: how long it was inside, None while it is.
        counted_s: how much of that fell into the fence's schedule, None while inside.
        counts: whether any of it did, so far.
        dwelled: whether `counted_s` reached the fence's dwell time, so far.
    """

    kind: ClassVar[str] = "visit"

    fence_id: str
    entry_place: Place
    exit_place: Place | None
    dwell_s: float | None
    counted_s: float | None
    counts: bool
    dwelled: bool


@dataclass(slots=True)
class Crossing:
    """The first fix on the other side of a border, and what followed.

    Attributes:
        at_ns: when it was.
        record_id: which record.
        place: where.
        jumped: the fix before was far away.
        due_ns: when the crossing counts if nothing else comes.
        sure: whether a fix since then lay farther beyond the border than the margin.
    """

    at_ns: int
    record_id: bytes
    place: Place
    jumped: bool
    due_ns: int
    sure: bool = False


@dataclass(slots=True)
class Track:
    """One fence that the car is in or seems to be entering.

    Attributes:
        version: of the fence.
        schedule: the fence's, for when its version has gone.
        dwell_need_ns: how much time makes a stay.
        entered: the crossing inwards once it counts, None before.
        crossing: a crossing that does not count yet: inwards before `entered`, outwards after.
        dwell_due_ns: when the visit becomes a stay, `NEVER` once it has or where it cannot.
        dwelled: whether it has.
        counts_due_ns: when the visit begins to count, `NEVER` once it has.
        counts: whether it has.
    """

    version: int
    schedule: Schedule | None
    dwell_need_ns: int
    entered: Crossing | None = None
    crossing: Crossing | None = None
    dwell_due_ns: int = NEVER
    dwelled: bool = False
    counts_due_ns: int = NEVER
    counts: bool = False

    @property
    def due_ns(self) -> int:
        """When time alone changes something."""
        if self.crossing is not None:
            return self.crossing.due_ns
        return min(self.dwell_due_ns, self.counts_due_ns)


@dataclass(slots=True)
class VisitState:
    """What is remembered of a car.

    Attributes:
        vehicle_id: whose.
        version: of the fences that it was last looked at with, 0 before the first record.
        tracks: fence id → what goes on there.
        inside: ids of the fences that the car is confirmed inside of, sorted.
        held: ids of the fences that hold the last fix.
        unsure: whether the next fix has to be looked at even if the same fences hold it.
        place: the last fix.
        record_id: its record.
        due_ns: the earliest of the tracks' times.
    """

    vehicle_id: str = ""
    version: int = 0
    tracks: dict[str, Track] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    unsure: bool = False
    place: Place | None = None
    record_id: bytes = b""
    due_ns: int = NEVER


def start() -> VisitState:
    """A car that nothing is known of."""
    return VisitState()


def inside(state: VisitState) -> tuple[str, ...]:
    """Ids of the fences that the car is confirmed inside of, sorted."""
    return state.inside


def inside_at(state: VisitState, at_ns: int, rules: FenceSet) -> tuple[str, ...]:
    """The same after a stretch without records."""
    return _ahead(state, at_ns, rules)[0].inside if state.tracks else state.inside


def step(state: VisitState, moment: Moment, rules: FenceSet) -> list[Episode]:
    """Take one record in; see `episode`."""
    at_ns = moment.at_ns
    rows: dict[str, Episode] = {}
    moved = LOCATION in moment.changed
    if state.version != rules.version:
        state.vehicle_id = moment.vehicle_id
        _change_rules(state, at_ns, rules, rows)
        moved = True  # a parked car says its place only once; it is where it was
    if at_ns >= state.due_ns:
        _pass(state, at_ns, rows)
    if moved:
        place = moment.latest.place(LOCATION)
        if place is not None:
            _take_fix(state, moment, rules, place)
            if at_ns >= state.due_ns:
                _pass(state, at_ns, rows)
    return list(rows.values())


def view(state: VisitState, horizon_ns: int, rules: FenceSet) -> list[Episode]:
    """The rows as they stand at a horizon; see `episode`."""
    if not state.tracks:
        return []
    ahead, rows = _ahead(state, horizon_ns, rules)
    for fence_id, track in ahead.tracks.items():
        if track.entered is not None:
            row = _row(ahead, fence_id, track)
            rows[row.id] = row
    return list(rows.values())


def due_ns(state: VisitState, after_ns: int, rules: FenceSet) -> int | None:
    """When time alone says something else; see `episode`."""
    if not state.tracks:
        return None
    ahead, _ = _ahead(state, after_ns, rules)
    return None if ahead.due_ns == NEVER else ahead.due_ns


def quiet(state: VisitState, at_ns: int, rules: FenceSet) -> bool:  # noqa: ARG001 - the contract of all reducers
    """Always: being inside a fence is state, and nothing of it is open."""
    return True


def _ahead(state: VisitState, at_ns: int, rules: FenceSet) -> tuple[VisitState, dict[str, Episode]]:
    """The state after a stretch without records, as one of its own, and what ended or changed by that."""
    ahead = replace(state, tracks={fence_id: replace(track) for fence_id, track in state.tracks.items()})
    rows: dict[str, Episode] = {}
    if ahead.version != rules.version:
        _change_rules(ahead, at_ns, rules, rows)
    _pass(ahead, at_ns, rows)
    return ahead, rows


def _change_rules(state: VisitState, at_ns: int, rules: FenceSet, rows: dict[str, Episode]) -> None:
    """End what belongs to versions of fences that are no longer in force."""
    state.version = rules.version
    for fence_id in list(state.tracks):
        ended_ns = rules.ended(fence_id, state.tracks[fence_id].version)
        if ended_ns is None:
            continue
        # Whatever was due before the change still happens first.
        _pass_one(state, fence_id, min(ended_ns, at_ns), rows)
        track = state.tracks.pop(fence_id, None)
        if track is not None and track.entered is not None:
            row = _row(state, fence_id, track, max(track.entered.at_ns, min(ended_ns, at_ns)))
            rows[row.id] = row
    _remember(state)
    state.held = UNSEEN  # other fences may hold the very same place


def _pass(state: VisitState, at_ns: int, rows: dict[str, Episode]) -> None:
    """Let time pass up to an instant."""
    for fence_id in list(state.tracks):
        _pass_one(state, fence_id, at_ns, rows)
    _remember(state)


def _pass_one(state: VisitState, fence_id: str, at_ns: int, rows: dict[str, Episode]) -> None:
    track = state.tracks[fence_id]
    while track.due_ns <= at_ns:
        crossing = track.crossing
        if crossing is not None and track.entered is not None:
            row = _row(state, fence_id, track, crossing.at_ns)
            rows[row.id] = row
            del state.tracks[fence_id]
            return
        if crossing is not None:
            _enter(track, crossing)
        elif track.counts_due_ns <= track.dwell_due_ns:
            track.counts, track.counts_due_ns = True, NEVER
        else:
            track.dwelled, track.dwell_due_ns = True, NEVER
        row = _row(state, fence_id, track)
        rows[row.id] = row


def _enter(track: Track, crossing: Crossing) -> None:
    """A crossing inwards counts."""
    track.entered, track.crossing = crossing, None
    counts_ns = next_on_ns(track.schedule, crossing.at_ns)
    stay_ns = reached_ns(track.schedule, crossing.at_ns, track.dwell_need_ns)
    track.counts_due_ns = NEVER if counts_ns is None else counts_ns
    track.dwell_due_ns = NEVER if stay_ns is None else stay_ns


def _take_fix(state: VisitState, moment: Moment, rules: FenceSet, place: Place) -> None:
    """See which fences hold a fix."""
    fences = rules.holding(state.vehicle_id, place)
    if fences or state.held or state.unsure:
        held = tuple([fence.fence_id for fence in fences])
        if state.unsure or held != state.held:
            state.held = held
            _see_all(state, moment, rules, place, fences)
    state.place, state.record_id = place, moment.record_id


def _see_all(state: VisitState, moment: Moment, rules: FenceSet, place: Place, held: tuple[Fence, ...]) -> None:
    """Take in which fences hold a fix, where that is news."""
    tracks, inside = state.tracks, {fence.fence_id for fence in held}
    for fence in held:
        if fence.fence_id not in tracks:
            _track(state, fence, rules)
    changed = False
    for fence_id in list(tracks):
        changed |= _see(state, moment, rules.fences[fence_id], place, (rules, fence_id in inside))
    if changed:
        _remember(state)


def _track(state: VisitState, fence: Fence, rules: FenceSet) -> None:
    if len(state.tracks) < MAX_TRACKED:
        dwell_s = rules.rules.dwell_s if fence.dwell_s is None else fence.dwell_s
        state.tracks[fence.fence_id] = Track(fence.version, fence.schedule, int(dwell_s * NS_PER_S))


def _see(state: VisitState, moment: Moment, fence: Fence, place: Place, seen: tuple[FenceSet, bool]) -> bool:
    """Take in on which side of one fence's border a fix is; whether that changed anything."""
    (rules, inside), track = seen, state.tracks[fence.fence_id]
    crossing, figures, at_ns = track.crossing, rules.rules, moment.at_ns
    if inside == (track.entered is not None):  # where it is known to be
        track.crossing = None
        if track.entered is None:
            del state.tracks[fence.fence_id]
        return crossing is not None
    fresh = crossing is None
    if crossing is None:
        jumped = state.place is not None and distance_m(state.place, place) > figures.jump_m
        due_ns = at_ns + int(figures.settle_s * NS_PER_S)
        crossing = track.crossing = Crossing(at_ns, moment.record_id, place, jumped, due_ns)
    if crossing.sure:
        return fresh
    latest = moment.latest
    margin_m = figures.margin(latest.number(ACCURACY), fixed=latest.values.get(FIX) is not False)
    if not rules.is_sure(fence, place, margin_m, inside=inside):
        return fresh
    least_s = figures.min_inside_s if inside else figures.min_outside_s
    sure_ns = max(crossing.at_ns + int(least_s * NS_PER_S), at_ns)
    track.crossing = replace(crossing, due_ns=min(crossing.due_ns, sure_ns), sure=True)
    return True


def _remember(state: VisitState) -> None:
    """What is worked out from the tracks."""
    state.inside = tuple(sorted(fence_id for fence_id, track in state.tracks.items() if track.entered is not None))
    state.unsure = any(track.crossing is not None and not track.crossing.sure for track in state.tracks.values())
    state.due_ns = min((track.due_ns for track in state.tracks.values()), default=NEVER)


def _row(state: VisitState, fence_id: str, track: Track, ended_ns: int | None = None) -> Visit:
    """The row of a visit; its end is that of the crossing outwards, or of the fence's version where there is none."""
    entered, left = track.entered, track.crossing
    assert entered is not None
    at_border = ended_ns is not None and left is not None and left.at_ns == ended_ns
    jumps = entered.jumped + (at_border and left is not None and left.jumped)
    reasons = ((JUMPED,) if jumps else ()) + ((RULE_ENDED,) if ended_ns is not None and not at_border else ())
    counted_ns = None if ended_ns is None else on_ns(track.schedule, entered.at_ns, ended_ns)
    return Visit(
        id=episode_id(Visit.kind, fence_id, track.version, state.vehicle_id, entered.record_id),
        vehicle_id=state.vehicle_id,
        started_at_ns=entered.at_ns,
        ended_at_ns=ended_ns,
        rule_version=track.version,
        first_record=entered.record_id,
        last_record=None if ended_ns is None else left.record_id if at_border and left else state.record_id,
        confidence=JUMP_CONFIDENCE**jumps,
        reasons=reasons,
        fence_id=fence_id,
        entry_place=entered.place,
        exit_place=left.place if at_border and left else None,
        dwell_s=None if ended_ns is None else round((ended_ns - entered.at_ns) / NS_PER_S, 3),
        counted_s=None if counted_ns is None else round(counted_ns / NS_PER_S, 3),
        counts=track.counts if counted_ns is None else counted_ns > 0,
        dwelled=track.dwelled,
    )
