"""The ways out that exist: a line in our own log, and the in-app inbox."""

from structlog.stdlib import BoundLogger

from motorcade.domain.ids import id_text
from motorcade.domain.tenant import SystemScope
from motorcade.ports.clock import Clock
from motorcade.ports.notify import OutboxRow
from motorcade.ports.store import Store
from motorcade.repositories.inbox import Inbox


class LogChannel:
    """Tells by a log line, whose `id` lets a reader notice one told twice. Details stay out: they may hold places."""

    name = "log"

    def __init__(self, log: BoundLogger) -> None:
        self._log = log

    async def deliver(self, row: OutboxRow) -> None:
        """Write the line."""
        self._log.info(
            "told",
            id=id_text(row.id),
            org_id=row.org_id,
            kind=row.kind,
            vehicle_id=row.vehicle_id,
            episode_id=row.episode_id,
            created_at_ns=row.created_at_ns,
        )


class InboxChannel:
    """Tells the organisation's people inside the product, exactly once."""

    name = "inbox"

    def __init__(self, scope: SystemScope, store: Store, clock: Clock) -> None:
        self._scope, self._store, self._clock = scope, store, clock

    async def deliver(self, row: OutboxRow) -> None:
        """Put it into the inbox unless it is there.

        Raises:
            Unavailable: the store does not answer.
        """
        inbox = Inbox(self._scope.acting_for(row.org_id), self._store)
        await inbox.tell(row, self._clock.now_ns())
