"""Commits beside the loop: one at a time, each standing for exactly the records folded when it was taken."""

import asyncio
from collections.abc import Callable, Sequence

from structlog.stdlib import BoundLogger

from motorcade.domain.errors import Unavailable
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

    def __init__(
        self, consumption: Consumption, checkpoint: Checkpoint, rejoin: Callable[[Key, StoredState | None], None]
    ) -> None:
        """Continue from a checkpoint.

        Args:
            consumption: where everything goes.
            checkpoint: the place that this consumer took over.
            rejoin: told of a vehicle that changed in the store beside us, with what is stored now.
        """
        self._consumption = consumption
        self.checkpoint = checkpoint
        self._rejoin = rejoin
        self._task: asyncio.Task[None] | None = None
        self._began_ns = 0
        self.conflicts = 0

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
        moved_on: set[Key] | None = None
        while moved_on is None:
            try:
                self.checkpoint, moved_on = await self._consumption.commit(*what)
            except Unavailable as error:
                log.warning("commit_retries", reason=str(error))
                await asyncio.sleep(RETRY_S)
        for key in moved_on:
            self.conflicts += 1
            self._rejoin(key, await self._consumption.state(key))
