"""Ways out: what people and programs are told, and the channels by which they are.

A row of the outbox is written in the transaction that makes it true (`repositories/outbox.py`), so it exists exactly
once. Each channel then gets it at least once, always with the same id.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """Something that happened and that somebody should be told.

    Attributes:
        id: 16 bytes that are the same however often the same thing is found again.
        org_id: whose it is.
        kind: what happened, in lower-case words joined by `_`, as `alert_opened`.
        vehicle_id: which vehicle; "" when it is about none.
        episode_id: which trip, charge or alert; "" when it is about none.
        created_at_ns: when it happened by the rule that found it, never when it was noticed.
        body: details as MessagePack, up to `MAX_BODY_BYTES` bytes.
    """

    id: bytes
    org_id: str
    kind: str
    vehicle_id: str
    episode_id: str
    created_at_ns: int
    body: bytes = b"\x80"  # an empty map


MAX_BODY_BYTES = 64 * 1024
"""A notice that needs more should name a document instead of carrying it."""


class Channel(Protocol):
    """One way out."""

    @property
    def name(self) -> str:
        """A lower-case word that is never reused for another channel: deliveries wait under it."""
        ...

    async def deliver(self, row: OutboxRow) -> None:
        """Tell it. Doing so twice must look like once to whoever is told, as far as the channel can: by the row's id.

        The caller ends a delivery that takes longer than its limit, and tries again.

        Raises:
            Invalid, Denied: it can never be delivered like this; it becomes a dead letter.
            Busy, Unavailable: not now; it is tried again later.
        """
        ...
