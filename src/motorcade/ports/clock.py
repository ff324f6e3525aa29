"""Time, the only way to ask for it."""

from typing import Protocol


class Clock(Protocol):
    """A clock of this process."""

    def now_ns(self) -> int:
        """Wall time in nanoseconds since 1970 UTC. May step when the machine's clock is set."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never steps; for durations and time-outs only."""
        ...
