"""Commits beside the loop: one at a time, each standing for exactly the records folded when it was taken."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from structlog.stdlib import BoundLogger

from motorcade.domain.errors import Invalid, Unavailable
from motorcade.observability.crash_points import crashpoint
from motorcade.ports.stream import Position
from motorcade.repositories.consumption import Checkpoint, Consumption, DeadLetter, Key, StoredState
from motorcade.repositories.findings import Finding, Findings

COMMIT_EVERY_NS = 200_000_000
"""Longest time between a record and its commit; the work of a restart is bounded by it."""
COMMITS_BEHIND = 10
"""Commit intervals that the store may be late before folding waits for it."""
RETRY_S = 1.0
"""Pause after the store did not answer."""


@dataclass(slots=True)
class Stretch:
    """What one commit makes durable, all of it or nothing.

    Attributes:
        place: how far the stream is consumed with it.
        states: the touched vehicles' states.
        dead: the records set aside.
        findings: what their folds yielded.
        taken: the last entry that any of the states knows of.
    """

    place: Checkpoint
    states: list[StoredState] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    taken: Position = 0


@dataclass(frozen=True, slots=True)
class CommitDoors:
    """Where commits go.

    Attributes:
        consumption: states, dead letters and the checkpoint.
        findings: episode rows, states of the fold and the outbox.
        unstored: told of a vehicle whose state the store can never hold as it is; the others were written.
    """

    consumption: Consumption
    findings: Findings
    unstored: Callable[[Key], object]


class Commits:
    """Writes states, findings, dead letters and the checkpoint of one partition."""

    def __init__(self, doors: CommitDoors, checkpoint: Checkpoint) -> None:
        """Continue from a checkpoint, the place that this consumer took over."""
        self._doors = doors
        self.checkpoint = checkpoint
        self._task: asyncio.Task[None] | None = None
        self._began_ns = 0

    async def due(self, now_ns: int) -> bool:
        """Whether the next commit may begin. Waits while the store is far behind.

        Raises:
            Conflict: another consumer has taken over.
        """
        since = now_ns - self._began_ns
        if self._task is not None and (self._task.done() or since >= COMMITS_BEHIND * COMMIT_EVERY_NS):
            await self.settle()
        return self._task is None and since >= COMMIT_EVERY_NS

    def begin(self, now_ns: int, what: Stretch, log: BoundLogger) -> None:
        """Start a commit; it goes on by itself."""
        self._began_ns = now_ns
        self._task = asyncio.create_task(self._run(what, log))

    async def settle(self) -> None:
        """Wait for the commit under way.

        Raises:
            Conflict: another consumer has taken over.
        """
        if self._task is not None:
            task, self._task = self._task, None
            await task

    async def _run(self, what: Stretch, log: BoundLogger) -> None:
        while True:
            try:
                writes = await self._doors.findings.writes(what.findings) if what.findings else []
                crashpoint("consumer.before_commit")
                self.checkpoint = await self._doors.consumption.commit(
                    what.states, what.dead, what.place, writes, what.taken
                )
                crashpoint("consumer.after_commit")
            except Unavailable as error:
                log.warning("commit_retries", reason=str(error))
                await asyncio.sleep(RETRY_S)
            except Invalid as error:
                if not what.states and not what.dead and not what.findings:
                    raise
                self._leave_out_largest(what, error, log)
            else:
                return

    def _leave_out_largest(self, what: Stretch, error: Invalid, log: BoundLogger) -> None:
        """Take out the write that is most likely the one refused, so that one vehicle does not hold up all others."""
        state = max(what.states, key=lambda one: len(one.snapshot), default=None)
        letter = max(what.dead, key=lambda one: len(one.payload), default=None)
        finding = max(what.findings, key=lambda one: one.size_bytes, default=None)
        sizes = (
            len(state.snapshot) if state else 0,
            len(letter.payload) if letter else 0,
            finding.size_bytes if finding else 0,
        )
        if state and sizes[0] == max(sizes):
            what.states.remove(state)
            key, event = state.key, "state_not_stored"
            self._doors.unstored(key)
        elif letter and sizes[1] == max(sizes):
            what.dead.remove(letter)
            key, event = letter.key, "dead_letter_not_stored"
        elif finding:
            what.findings.remove(finding)
            key, event = finding.key, "finding_not_stored"
        else:
            return
        log.error(event, org_id=key[0], vehicle_id=key[1], size_bytes=max(sizes), reason=str(error))
