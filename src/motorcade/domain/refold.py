"""Late data: fold a vehicle anew from before it, and say what that changes.

A re-fold starts from a state at which nothing was open, before the late record, and ends at the first such instant
after it where it meets the stored state again; from there on everything stands as it was. Where it meets none it runs
to the last record it is given.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from motorcade.domain import fold
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.episodes.moment import Report
from motorcade.domain.fold import FoldState
from motorcade.domain.rules import RuleTimeline
from motorcade.domain.turns import Turn, turn_of

RowKey = tuple[str, str]
"""(kind, id) of an episode."""
Encode = Callable[[FoldState], bytes]
"""A state as bytes, equal for equal states."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to fold anew.

    Attributes:
        vehicle_id: whose.
        late: turn of the last record that came late; a stored state before it cannot end the re-fold.
        stored: the states at which nothing was open, as they were stored, by their turns.
        timeline: the organisation's rules.
        encode: how states are written down.
    """

    vehicle_id: str
    late: Turn
    stored: Mapping[Turn, bytes]
    timeline: RuleTimeline
    encode: Encode


@dataclass(slots=True)
class Refold:
    """What a re-fold found.

    Attributes:
        state: the state at its end.
        until: the turn at its end.
        met: it ended where it met a stored state again.
        rows: the episodes that changed on the way, as they stand at its end.
        standing: those of them that are not settled there. Where it met a stored state, the stored rows of these hold:
            what came after told more of them.
        seen: ids of the records folded; an episode that began with one of them is this re-fold's to judge.
        quiet: states at which nothing was open, encoded, by their turns.
    """

    state: FoldState
    until: Turn
    met: bool = False
    rows: dict[RowKey, Episode] = field(default_factory=dict)
    standing: set[RowKey] = field(default_factory=set)
    seen: set[bytes] = field(default_factory=set)
    quiet: dict[Turn, bytes] = field(default_factory=dict)

    def settled(self) -> list[Episode]:
        """The rows to be stored."""
        return [row for key, row in self.rows.items() if not (self.met and key in self.standing)]

    def successors_of_withdrawn(self, stored: Iterable[Episode]) -> dict[RowKey, tuple[str, ...]]:
        """Which of the stored rows are no more, and who took their place, by greatest overlap first.

        Where it met a stored state, what ended behind that or goes on was told by what came after, and stands.
        """
        known = self.rows.keys() | self.standing
        return {
            (old.kind, old.id): self._successors(old)
            for old in stored
            if old.first_record in self.seen and (old.kind, old.id) not in known and not self._is_later(old)
        }

    def _is_later(self, old: Episode) -> bool:
        return self.met and (old.ended_at_ns is None or old.ended_at_ns > self.until[0])

    def _successors(self, old: Episode) -> tuple[str, ...]:
        overlaps = [
            (overlap_ns(old, row, self.state.at_ns), row.id) for row in self.rows.values() if row.kind == old.kind
        ]
        return tuple(key for overlap, key in sorted(overlaps, key=lambda one: (-one[0], one[1])) if overlap > 0)


def refold(task: Task, base: tuple[Turn, FoldState], reports: Iterable[Report]) -> Refold:
    """Fold from a base.

    Args:
        task: what to fold anew.
        base: a state at which nothing was open, with its turn; it is changed.
        reports: every distinct record behind the base, in order.
    """
    found = Refold(state=base[1], until=base[0])
    was_quiet = True
    for report in reports:
        for row in fold.step(found.state, report, task.vehicle_id, task.timeline):
            found.rows[row.kind, row.id] = row
        found.seen.add(report.record_id)
        found.until = turn = turn_of(report)
        quiet = fold.quiet(found.state, turn[0], task.timeline)
        if quiet and (not was_quiet or turn in task.stored):
            encoded = found.quiet[turn] = task.encode(found.state)
            if turn > task.late and task.stored.get(turn) == encoded:
                found.met = True
                break
        was_quiet = quiet
    view = fold.view(found.state, found.state.at_ns, task.timeline)
    found.standing = {(row.kind, row.id) for row in view}
    return found


def overlap_ns(one: Episode, other: Episode, now_ns: int) -> int:
    """For how long two episodes both lasted; an open one lasts until `now_ns`. Touching instants count as 1 ns."""
    start = max(one.started_at_ns, other.started_at_ns)
    end = min(one.ended_at_ns or now_ns, other.ended_at_ns or now_ns)
    return max(0, end - start + 1)
