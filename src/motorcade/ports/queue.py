"""The queue: work that must be done at least once, by whoever is free.

Contract (written for the weaker engine, a distributed queue, so that every engine keeps it):
- Messages lie in named lines. A message that `send` has reported durable is handed out again and again until somebody
  says `done` or `bury`: at least once, in no promised order, and after a crash more than once. Whoever works on it must
  be able to repeat.
- Whoever receives a message holds it under a lease, and nobody else gets it until the lease ends. Its `receives` grows
  by one each time that it is handed out, so together with its id it names that one holding. A holder whose lease ended
  and who was followed by another can change nothing any more.
- A `group` shares a line fairly: however many messages one group has, another's is handed out in its turn, and of each
  group at most a given number is out at once.
- A `key` asks that at most one message with it waits in its line: sending another adds nothing while one waits, delayed
  ones included. One that is handed out does not wait; what is sent then is kept, for the work under way may have begun
  too early to include it. An engine that cannot see what waits may keep both.
- Time is the wall clock of the engine; a clock set back lengthens delays and leases by as much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_BODY_BYTES = 256 * 1024
"""The smallest limit among the engines; what is larger belongs into the store, with its key in the message."""
MAX_SEND = 100
"""Messages of one `send`: a transaction of a few milliseconds."""
MAX_DELAY_S = 12 * 3600.0
"""Longest delay and lease of the weaker engine."""
MAX_LINE = 100_000
"""Messages of one line before `send` is told to slow down: at 1 kB each some 100 MB."""
MAX_GROUP = 10_000
"""Messages of one group in one line: so that a flood of one leaves room for the others."""
DEAD_KEPT_S = 14 * 24 * 3600
"""How long dead letters are kept: two weeks to look at them."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to do.

    Attributes:
        group: whose turn it takes: the organisation.
        body: up to `MAX_BODY_BYTES` that only sender and worker understand.
        key: at most one message with it waits; None for no such rule.
        delay_s: seconds before it may be handed out, at most `MAX_DELAY_S`.
    """

    group: str
    body: bytes
    key: str | None = None
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """A message handed out, and the lease under which it is held.

    Attributes:
        id: the same each time that the message is handed out.
        line: where it lay.
        receives: how often it was handed out, this time included.
        sent_at_ns: when it was sent; a redriven one keeps that time.
    """

    id: str
    line: str
    message: Message
    receives: int
    sent_at_ns: int


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that nobody will try again by itself, and why."""

    id: str
    message: Message
    receives: int
    reason: str
    buried_at_ns: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How full a line is. A message that waits may be delayed."""

    waiting: int
    held: int
    dead: int


class Queue(Protocol):
    """All lines. Every method may raise `Unavailable`; then nothing was changed or it is unknown to be."""

    async def send(self, line: str, messages: Sequence[Message]) -> int:
        """Add up to `MAX_SEND` messages, all or none; durable on return.

        Returns:
            How many were added; the others have a key that waits already.

        Raises:
            Busy: the line holds `MAX_LINE` messages, or `MAX_GROUP` of one of these groups; nothing was added.
            Invalid: too many, a body too large, or a delay out of range.
        """
        ...

    async def receive(self, line: str, limit: int, *, lease_s: float, per_group: int) -> Sequence[Held]:
        """Take up to `limit` messages that are due, as fairly between groups as `per_group` asks.

        Args:
            line: which.
            limit: 1 or more.
            lease_s: how long they are ours, unless extended.
            per_group: messages of one group that may be held at once, by all workers together.
        """
        ...

    async def wait(self, line: str, timeout_s: float) -> bool:
        """Whether something is due, waiting up to `timeout_s` for it. Says nothing of the groups' limits."""
        ...

    async def extend(self, held: Held, lease_s: float) -> bool:
        """Hold it until `lease_s` from now; False when the lease is lost and the work should stop.

        A lease that has ended is lost once somebody else has the message, not before.
        """
        ...

    async def done(self, held: Held) -> bool:
        """It is done and goes; False when the lease is lost, so that it may be done once more."""
        ...

    async def release(self, held: Held, delay_s: float) -> bool:
        """Give it back, to be handed out after a delay; False when the lease is lost.

        Where another message with its key waits by now, the two become one with the later time and the more receives.

        Raises:
            Invalid: the delay is out of range.
        """
        ...

    async def bury(self, held: Held, reason: str) -> bool:
        """Move it to the line's dead letters for `DEAD_KEPT_S`; False when the lease is lost."""
        ...

    async def dead(self, line: str, limit: int) -> Sequence[Dead]:
        """Dead letters of a line, the latest first."""
        ...

    async def redrive(self, line: str, limit: int) -> int:
        """Put up to `limit` dead letters back, the oldest first, their receives counted anew; gives how many."""
        ...

    async def depth(self, line: str) -> Depth:
        """How full a line is."""
        ...

    async def close(self) -> None:
        """Release files and connections. Idempotent."""
        ...
