"""Jobs: what a handler is given, what it may answer, and how much of a kind is done at once.

A handler is an async callable. It returns when the job is done, and raises when it is not:

- `Invalid`, `Denied`: it can never be done; it becomes a dead letter at once.
- `Busy`, `Unavailable`, anything else: it is tried again after a pause, up to `JobKind.attempts` times.

It may be given the same job again after it was done (a crash came before that was noted), so doing it twice must be as
good as once. It must not block the event loop: what computes for longer than some milliseconds belongs into a thread,
which goes on when the job's time is up, so it must end by itself and write only under a condition.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from structlog.stdlib import BoundLogger

from motorcade.observability.metrics import Metrics
from motorcade.ports.clock import Clock
from motorcade.ports.queue import Queue

ATTEMPTS: Final = 24
"""With the pauses of `retry.py` about two hours, which outlasts a repair or an update; then a person has to look."""
LIMIT_S: Final = 30.0
"""For one attempt. Longer work should be several jobs, or say so in its kind."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do.

    Attributes:
        kind: which handler's.
        org_id: for which organisation; act through `SystemScope.acting_for`.
        key: at most one job with it waits at a time; None where that does not matter. Of a re-fold: the vehicle.
        body: what its sender put in.
        attempt: 1 for the first.
        sent_at_ns: when it was asked for.
    """

    kind: str
    org_id: str
    key: str | None
    body: bytes
    attempt: int
    sent_at_ns: int


Handler = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """How one kind of job is done.

    Attributes:
        name: also the name of its line in the queue; never reused for something else.
        handle: does it.
        at_once: jobs of the kind that this process works on at a time.
        per_org: jobs of one organisation at a time, in all processes.
        limit_s: seconds that one attempt may take.
        attempts: after as many failures a person has to look.
    """

    name: str
    handle: Handler
    at_once: int = 8
    per_org: int = 2
    limit_s: float = LIMIT_S
    attempts: int = ATTEMPTS


@dataclass(frozen=True, slots=True)
class LineDoors:
    """What a line works through."""

    queue: Queue
    clock: Clock
    metrics: Metrics
    log: BoundLogger
