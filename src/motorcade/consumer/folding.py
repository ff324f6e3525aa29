"""Folds the reports whose turn has come, a slice at a time, so that live state never waits for episodes."""

import heapq
from collections.abc import Callable, Sequence

from motorcade.consumer.context import VehicleMemory
from motorcade.consumer.telling import tell, tell_early
from motorcade.domain import fold
from motorcade.domain.episodes.episode import Episode, earliest
from motorcade.domain.episodes.moment import Report
from motorcade.domain.rules import RuleTimeline
from motorcade.domain.turns import turn_of
from motorcade.observability.crash_points import crashpoint
from motorcade.ports.clock import Clock
from motorcade.wire.fold_state import encode_fold

SLICE_NS = 4_000_000
"""Longest stretch of folding before the loop turns: a tenth of what a change may wait to be published."""
BEHIND_NS = 5_000_000_000
"""How far folding may fall behind the horizon before reading waits for it, so that what waits stays bounded."""
PROGRESS_EVERY_NS = 60_000_000_000
"""How often the row of a running episode is brought up to date without any edge."""

RulesOf = Callable[[str], RuleTimeline]
"""The rules of an organisation, by its id."""
Touched = Callable[[VehicleMemory], None]
Failed = Callable[[VehicleMemory, Exception], None]


class Folding:
    """Which vehicles are due, and their folding."""

    def __init__(self, timeline_of: RulesOf, clock: Clock, touched: Touched, failed: Failed) -> None:
        """Bind what folding needs.

        Args:
            timeline_of: the rules of an organisation.
            clock: measures slices, and nothing else.
            touched: told of a vehicle whose fold moved, so that it is committed.
            failed: told of a vehicle that a reducer could not fold.
        """
        self._timeline_of = timeline_of
        self._clock = clock
        self._touched = touched
        self._failed = failed
        self._wakes: list[tuple[int, int, VehicleMemory]] = []
        self._count = 0  # tells equal times apart: vehicles have no order
        self.horizon_ns = 0

    def waits(self, vehicle: VehicleMemory) -> None:
        """A vehicle has a report that waits, or time alone will change its rows: look at it when that is due."""
        episodes = vehicle.episodes
        waiting = episodes.turns.waiting
        first = waiting[0].effective_at_ns if waiting else None
        at_ns = earliest(first, episodes.due_ns)
        if at_ns is None or (episodes.wakes_ns is not None and episodes.wakes_ns <= at_ns):
            return
        episodes.wakes_ns = at_ns
        self._count += 1
        heapq.heappush(self._wakes, (at_ns, self._count, vehicle))

    def took(self, vehicle: VehicleMemory, report: Report, *, late: bool) -> None:
        """A report came in: an emergency in it is told at once, and everything waits for its turn.

        Args:
            vehicle: whose.
            report: what came.
            late: its turn has passed.
        """
        if tell_early(vehicle, report, self._timeline_of(vehicle.org_id), late=late):
            self._touched(vehicle)
        if late:
            self._touched(vehicle)
        else:
            self.waits(vehicle)

    @property
    def behind(self) -> bool:
        """Whether reading must wait."""
        return bool(self._wakes) and self._wakes[0][0] < self.horizon_ns - BEHIND_NS

    @property
    def owes(self) -> bool:
        """Whether anything is due."""
        return bool(self._wakes) and self._wakes[0][0] <= self.horizon_ns

    def work(self) -> None:
        """Fold what is due, for one slice at most."""
        if not self.owes:
            return
        until_ns = self._clock.monotonic_ns() + SLICE_NS
        wakes, horizon_ns = self._wakes, self.horizon_ns
        while wakes and wakes[0][0] <= horizon_ns:
            at_ns, _, vehicle = heapq.heappop(wakes)
            if vehicle.episodes.wakes_ns == at_ns:  # else an entry that an earlier one has overtaken
                self._fold_alone(vehicle)
                if self._clock.monotonic_ns() >= until_ns:
                    return

    def _fold_alone(self, vehicle: VehicleMemory) -> None:
        """Fold a vehicle; a fault of a reducer is its own matter and must not stop all others."""
        waiting = list(vehicle.episodes.turns.waiting)
        try:
            self._fold(vehicle)
        except Exception as error:  # noqa: BLE001 - whatever it is; it is counted, logged and the vehicle marked
            vehicle.episodes.fall_back(waiting)
            vehicle.episodes.due_ns = self.horizon_ns + PROGRESS_EVERY_NS
            self._failed(vehicle, error)
            self._touched(vehicle)
            self.waits(vehicle)

    def _fold(self, vehicle: VehicleMemory) -> None:
        episodes, horizon_ns = vehicle.episodes, self.horizon_ns
        timeline = self._timeline_of(vehicle.org_id)
        was_quiet = episodes.was_quiet
        reports = episodes.turns.due(horizon_ns)
        rows = _step(vehicle, reports, timeline)
        is_due = episodes.due_ns is not None and episodes.due_ns <= horizon_ns
        if rows or is_due or episodes.was_quiet != was_quiet or (reports and episodes.by_view):
            episodes.shown_ns = max(episodes.shown_ns, horizon_ns)
            view = fold.view(episodes.fold, episodes.shown_ns, timeline)
            episodes.show(rows, view)
            rows += view
        tell(vehicle, rows)
        crashpoint("consumer.folded")
        episodes.due_ns = self._due_ns(vehicle, timeline)
        episodes.wakes_ns = None
        self._touched(vehicle)
        self.waits(vehicle)

    def _due_ns(self, vehicle: VehicleMemory, timeline: RuleTimeline) -> int | None:
        episodes, horizon_ns = vehicle.episodes, self.horizon_ns
        due_ns = fold.due_ns(episodes.fold, horizon_ns, timeline)
        return due_ns if episodes.was_quiet else earliest(due_ns, horizon_ns + PROGRESS_EVERY_NS)


def _step(vehicle: VehicleMemory, reports: Sequence[Report], timeline: RuleTimeline) -> list[Episode]:
    """Fold reports in their turn; gives the rows that changed."""
    episodes, rows = vehicle.episodes, list[Episode]()
    state = episodes.fold
    for report in reports:
        rows += fold.step(state, report, vehicle.vehicle_id, timeline)
        episodes.folded(report)
        quiet = fold.quiet(state, report.effective_at_ns, timeline)
        if quiet and not episodes.was_quiet:
            episodes.keep_quiet(turn_of(report), encode_fold(state))
        episodes.was_quiet = quiet
    return rows
