"""Folds a vehicle anew from the archive after records came late, and lays down for the consumer what that changes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from motorcade.domain.episodes.alert import Alert
from motorcade.domain.episodes.episode import Episode
from motorcade.domain.errors import Unavailable
from motorcade.domain.refold import Refold, Task, refold
from motorcade.domain.rules import RuleTimeline
from motorcade.domain.turns import NO_TURN, Turn, turn_of
from motorcade.observability.crash_points import crashpoint
from motorcade.ports.stream import Position
from motorcade.repositories.consumption import Consumption, Key
from motorcade.repositories.episodes import AllEpisodes, Withdrawal
from motorcade.repositories.findings import Findings
from motorcade.repositories.history import HistoryRepository
from motorcade.repositories.refolds import Dirty, RefoldResult, Refolds
from motorcade.wire.fold_state import decode_fold, encode_fold
from motorcade.wire.report import report_of
from motorcade.wire.state_snapshot import decode_state
from motorcade.worker.job import Job

KIND: Final = "refold"
LOOK_EVERY_S: Final = 1.0
WAIT_LOOKS: Final = 90
"""How long a job waits for the archive, which flushes twice a minute. A later try would find the vehicle further on."""
LIMIT_S: Final = 180.0
"""For one job: the waiting, and as much again for a week of records on a busy machine."""
BEFORE_NS: Final = 3600 * 1_000_000_000
"""How long before its first record an episode may be dated to begin."""


@dataclass(frozen=True, slots=True)
class RefoldDoors:
    """What a re-fold works through.

    Attributes:
        consumption: vehicles' committed states.
        findings: stored states of the fold.
        refolds: marks and results.
        episodes: stored rows.
        history_of: an organisation's archive.
        rules_of: an organisation's rules.
    """

    consumption: Consumption
    findings: Findings
    refolds: Refolds
    episodes: AllEpisodes
    history_of: Callable[[str], HistoryRepository]
    rules_of: Callable[[str], RuleTimeline]


class RefoldJob:
    """Handles the jobs of kind `refold`; their key is the vehicle."""

    def __init__(self, doors: RefoldDoors, partition: int = 0) -> None:
        """Bind the doors; all vehicles of this shape are in one partition."""
        self._doors = doors
        self._partition = partition

    async def __call__(self, job: Job) -> None:
        """Fold one vehicle anew.

        Raises:
            Unavailable: the archive has not come far enough, or cannot be read; the job comes again.
        """
        key = (job.org_id, job.key or "")
        dirty = await self._doors.refolds.mark(key)
        if dirty is None:  # done already
            return
        result = await self.result(key, dirty)
        crashpoint("worker.refold_not_offered")
        await self._doors.refolds.offer(result)

    async def result(self, key: Key, dirty: Dirty) -> RefoldResult:
        """What a re-fold of a vehicle changes.

        Raises:
            Unavailable: see `__call__`.
        """
        doors = self._doors
        history = doors.history_of(key[0])
        stored = await doors.consumption.state(key)
        if stored is None:
            raise Unavailable("the vehicle has no committed state")
        snapshot = decode_state(stored.snapshot)
        # Read after the state: every record that the state knows of lies at or before this place.
        await self._wait_for_archive(history, await doors.consumption.reached(self._partition))
        base = await doors.findings.quiet_before(key, dirty.first)
        base_turn = base[0] if base else NO_TURN
        quiet = dict(await doors.findings.quiet_after(key, (base_turn[0], base_turn[1] + b"\x00")))
        found = await history.records(key[1], base_turn[0], snapshot.folded[0] + 1)
        if found.gaps:
            raise Unavailable(f"{len(found.gaps)} objects of the archive cannot be read: {found.gaps[0].reason}")
        task = Task(key[1], dirty.last, quiet, doors.rules_of(key[0]), encode_fold)

        def compute() -> Refold:
            reports = (report_of(record.frame, record.record_id) for record in found.records)
            wanted = (one for one in reports if one is not None and base_turn < turn_of(one) <= snapshot.folded)
            return refold(task, (base_turn, decode_fold(base[1] if base else b"")), wanted)

        outcome = await asyncio.to_thread(compute)
        rows = await doors.episodes.of_vehicle_between(key, base_turn[0] - BEFORE_NS, outcome.until[0])
        result = _result(key, dirty, base_turn, outcome, rows, quiet)
        told = {one.first_record for one in snapshot.told}
        return replace(result, seen=tuple(sorted(told & outcome.seen)))

    async def _wait_for_archive(self, history: HistoryRepository, position: Position) -> None:
        reached: Position | None = None
        for _ in range(WAIT_LOOKS):
            reached = await history.archived(self._partition)
            if reached is not None and reached >= position:
                return
            await asyncio.sleep(LOOK_EVERY_S)
        raise Unavailable(f"the archive is at entry {reached}, the vehicle at {position}")


def _result(
    key: Key, dirty: Dirty, base: Turn, outcome: Refold, rows: list[Episode], stored: dict[Turn, bytes]
) -> RefoldResult:
    gone = outcome.successors_of_withdrawn(rows)
    quiet = {turn: b"" for turn in stored if turn not in outcome.quiet and (not outcome.met or turn < outcome.until)}
    return RefoldResult(
        key=key,
        count=dirty.count,
        base=base,
        until=outcome.until,
        state=b"" if outcome.met else encode_fold(outcome.state),
        rows=outcome.settled(),
        withdrawals=[Withdrawal(kind, gone_id, successors) for (kind, gone_id), successors in gone.items()],
        quiet={**quiet, **outcome.quiet},
        first=dirty.first,
        last=dirty.last,
        standing=tuple(sorted(name for kind, name in outcome.standing if kind == Alert.kind)) if outcome.met else (),
    )
