"""Where the loop is in the stream, and what it says when that stream is not the one it knows."""

from collections import Counter
from dataclasses import dataclass, field

from motorcade.domain.errors import Invalid
from motorcade.ports.stream import Position

RETRY_FIRST_S, RETRY_LAST_S = 1.0, 30.0
"""Pause after the stream did not answer, doubled each time; a damaged file may be restored by a person."""


@dataclass(slots=True)
class Progress:
    """Where the loop is. Counts cover everything since the partition's beginning; times in ns.

    `stream` is the identity of the stream being read, "" while that is not known.
    """

    position: Position
    counts: Counter[str] = field(default_factory=Counter)
    horizon_ns: int = 0
    heard_at_ns: int = 0
    stream: str = ""
    retry_s: float = RETRY_FIRST_S


def other_stream(what: str) -> Invalid:
    """The refusal of a stream in which the known place is none."""
    return Invalid(
        f"stream.db {what}, so records would be left out. Restore stream.db and store.db from the same backup, or run"
        f" `motorcade reread` once to consume this stream from its beginning; the vehicles' states are kept"
    )
