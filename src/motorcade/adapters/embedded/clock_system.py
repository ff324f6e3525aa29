"""The machine's clock."""

import time


class SystemClock:
    """A `Clock` that asks the operating system."""

    def now_ns(self) -> int:
        """Wall time in nanoseconds since 1970 UTC."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never steps."""
        return time.monotonic_ns()
