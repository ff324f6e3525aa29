"""The live bus: a last-value cache with a change feed, per organisation.

Contract:
- A snapshot carries a cursor; changes after that cursor follow it, so that snapshot + changes = the newest values.
- Only the newest value per vehicle counts: a slow subscriber loses intermediate values, never the last one.
- A cursor is (epoch, n). The publisher's start makes a new epoch; a subscriber that sees another epoch starts
  over from the snapshot that comes with it.
- Values are opaque bytes (`wire/live_event.py`). Nothing is durable: after a restart the publisher
  publishes its state again.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """What a subscriber gets.

    Attributes:
        epoch: the publisher's start; another one than before means that `values` is a snapshot of everything.
        n: cursor inside the epoch after this frame.
        snapshot: whether `values` holds every vehicle; else only those changed since the frame before.
        values: (org_id, vehicle_id) → newest value.
    """

    epoch: str
    n: int
    snapshot: bool
    values: Mapping[tuple[str, str], bytes]


class LivePublisher(Protocol):
    """The consumer's end."""

    def publish(self, values: Mapping[tuple[str, str], bytes]) -> None:
        """Replace these vehicles' values and tell subscribers; returns at once and never waits for a slow one."""
        ...

    async def close(self) -> None:
        """End all subscriptions. Idempotent."""
        ...


class LiveSubscriber(Protocol):
    """The reader's end. It serves every organisation: the API checks scope at fan-out."""

    def frames(self) -> AsyncIterator[LiveFrame]:
        """Frames for ever: a snapshot first and after every reconnect, then changes.

        Reconnects by itself with back-off while the publisher is away; during that time no frame comes.
        """
        ...

    @property
    def connected(self) -> bool:
        """Whether the publisher is reachable now."""
        ...

    async def close(self) -> None:
        """End the iteration. Idempotent."""
        ...
