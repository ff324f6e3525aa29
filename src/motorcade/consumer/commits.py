"""Commits beside the loop: one at a time, each standing for exactly the records folded when it was taken."""

import asyncio
from collections.abc import Callable, Sequence

from structlog.stdlib import BoundLogger

from motorcade.domain.errors import Invalid, Unavailable
from motorcade.repositories.consumption import Checkpoint, Consumption, DeadLetter, Key, StoredState

COMMIT_EVERY_NS = 200_000_000
"""Longest time between a record and its commit; the work of a restart is bounded by it."""
COMMITS_BEHIND = 10
"""Commit intervals that the store may be late before folding waits for it."""
RETRY_S = 1.0
"""Pause after the store did not answer."""

Stretch = tuple[Sequence[StoredState], Sequence[DeadLetter], Checkpoint]
"""What one commit makes durable: the touched vehicles' states, the records set aside, and the new place."""


class Commits:
    """Writes states, dead letters and the checkpoint of one partition."""

    def __init__(self, consumption: Consumption, checkpoint: Checkpoint, unstored: Callable[[Key], None]) -> None:
        """Continue from a checkpoint.

        Args:
            consumption: where everything goes.
            checkpoint: the place that this consumer took over.
            unstored: told of a vehicle whose state the store can never hold as it is; the others were written.
        """
        self._consumption = consumption
        self.checkpoint = checkpoint
        self._unstored = unstored
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
        states, dead, place = list(what[0]), list(what[1]), what[2]
        while True:
            try:
                self.checkpoint = await self._consumption.commit(states, dead, place)
            except Unavailable as error:
                log.warning("commit_retries", reason=str(error))
                await asyncio.sleep(RETRY_S)
            except Invalid as error:
                if not states and not dead:
                    raise
                self._leave_out_largest(states, dead, error, log)
            else:
                return

    def _leave_out_largest(
        self, states: list[StoredState], dead: list[DeadLetter], error: Invalid, log: BoundLogger
    ) -> None:
        """Take out the write that is most likely the one refused, so that one vehicle does not hold up all others."""
        state = max(states, key=lambda one: len(one.snapshot), default=None)
        letter = max(dead, key=lambda one: len(one.payload), default=None)
        if state and (letter is None or len(state.snapshot) >= len(letter.payload)):
            states.remove(state)
            key, size, event = state.key, len(state.snapshot), "state_not_stored"
            self._unstored(key)
        elif letter:
            dead.remove(letter)
            key, size, event = letter.key, len(letter.payload), "dead_letter_not_stored"
        else:
            return
        log.error(event, org_id=key[0], vehicle_id=key[1], size_bytes=size, reason=str(error))
