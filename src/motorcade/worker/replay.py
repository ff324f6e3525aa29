"""Replay: fold vehicles again from the archive, beside the running system and without any effect on it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from motorcade.domain import fold
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.fold import FoldState
from motorcade.domain.refold import RowKey
from motorcade.domain.rules import RuleTimeline
from motorcade.domain.turns import NO_TURN, Turn, turn_of
from motorcade.ports.archive import Archived, Gap
from motorcade.repositories.consumption import Key
from motorcade.repositories.history import LEAST_NS, MOST_NS, HistoryRepository
from motorcade.wire.report import report_of


@dataclass(slots=True)
class Replayed:
    """What a vehicle's records in the archive give.

    Attributes:
        final: the episodes that no later record can change by coming on time.
        standing: those that are not final, as they stand after the last record.
        state: the state after it.
        until: its turn.
        records: how many records were folded.
        gaps: what of the archive could not be read.
    """

    final: dict[RowKey, Episode] = field(default_factory=dict)
    standing: dict[RowKey, Episode] = field(default_factory=dict)
    state: FoldState = field(default_factory=FoldState)
    until: Turn = NO_TURN
    records: int = 0
    gaps: list[Gap] = field(default_factory=list)

    @property
    def rows(self) -> dict[RowKey, Episode]:
        """All of them."""
        return {**self.final, **self.standing}


@dataclass(frozen=True, slots=True)
class ReplayDoors:
    """What a replay reads.

    Attributes:
        history_of: an organisation's archive.
        rules_of: an organisation's rules.
    """

    history_of: Callable[[str], HistoryRepository]
    rules_of: Callable[[str], RuleTimeline]


async def replay(doors: ReplayDoors, key: Key, until: Turn | None = None) -> Replayed:
    """Fold everything that the archive has of a vehicle, from its first record on.

    Args:
        doors: what is read.
        key: (org_id, vehicle_id).
        until: the last turn to fold; None folds to the end.
    """
    to_ns = MOST_NS if until is None else min(MOST_NS, until[0] + 1)
    found = await doors.history_of(key[0]).records(key[1], LEAST_NS, to_ns)
    replayed = await asyncio.to_thread(_fold, found.records, key[1], doors.rules_of(key[0]), until)
    replayed.gaps = found.gaps
    return replayed


def _fold(records: list[Archived], vehicle_id: str, timeline: RuleTimeline, until: Turn | None) -> Replayed:
    done = Replayed()
    for record in records:
        report = report_of(record.frame, record.record_id)
        if report is None or (until is not None and turn_of(report) > until):
            continue
        for row in fold.step(done.state, report, vehicle_id, timeline):
            done.final[row.kind, row.id] = row
        done.until = turn_of(report)
        done.records += 1
    for row in fold.view(done.state, done.state.at_ns, timeline):
        done.final.pop((row.kind, row.id), None)
        done.standing[row.kind, row.id] = row
    return done
