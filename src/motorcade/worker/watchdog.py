"""The last resort against a handler that blocks the event loop: a thread that ends the process.

No time limit reaches such a handler, and no lease is kept while it runs: everything else of this worker stands still.
Whoever started the process starts it again, and others do the jobs meanwhile.
"""

import os
import sys
import threading
from types import FrameType
from typing import Final

from structlog.stdlib import BoundLogger

LOOK_EVERY_S: Final = 1.0
LOOKS: Final = 30
"""So many looks in a row without a sign of life, half a minute. A machine that slept counts as one."""
EXIT_BLOCKED: Final = 70
"""An internal fault, by the habit of sysexits.h."""
DEEPEST: Final = 12
"""Places of the blocked call that are told, the innermost first."""


class Watchdog:
    """Watches one event loop, which has to call `alive` about every second."""

    def __init__(self, log: BoundLogger, looks: int = LOOKS, look_every_s: float = LOOK_EVERY_S) -> None:
        self._log, self._looks, self._look_every_s = log, looks, look_every_s
        self._alive, self._stop = threading.Event(), threading.Event()
        self._watched = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch the loop of this very thread."""
        self._watched = threading.get_ident()
        self._thread.start()

    def alive(self) -> None:
        """A sign of life."""
        self._alive.set()

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        missed = 0
        while not self._stop.wait(self._look_every_s):
            missed = 0 if self._alive.is_set() else missed + 1
            self._alive.clear()
            if missed >= self._looks:
                blocked = _places(sys._current_frames().get(self._watched))  # noqa: SLF001 - Python's only way
                self._log.error("worker_blocked", seconds=missed * self._look_every_s, places=blocked)
                os._exit(EXIT_BLOCKED)


def _places(frame: FrameType | None) -> list[str]:
    """Names and lines of a stack, without any value."""
    found: list[str] = []
    while frame is not None and len(found) < DEEPEST:
        found.append(f"{frame.f_code.co_name}:{frame.f_lineno}")
        frame = frame.f_back
    return found
