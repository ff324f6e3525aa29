"""Named places at which a test may kill this very process, as a power cut would.

Code that makes two things durable, one after the other, names the moment between them:

    await store.write(...)
    crashpoint("worker.delivered_not_marked")
    await outbox.mark(...)

Nothing happens there unless the process was armed (`MOTORCADE_CRASH_AT`, through `app/settings.py`). Names begin with
their room and are literals, so that tests find them all by reading the source (`tests/flow/crash_points.py`).
"""

import os
import re
import signal
from dataclasses import dataclass
from typing import Final

SPEC: Final = r"^(|[a-z_]+(\.[a-z_]+)*(\.\*)?:[1-9][0-9]*)$"
"""`name:n` dies at the n-th time that the name is passed, `room.*:n` at the n-th of all the room's names."""


@dataclass(slots=True)
class _Armed:
    """Where to die; an empty name is nowhere."""

    name: str = ""
    any_below: bool = False
    left: int = 0


_armed = _Armed()


def arm(spec: str) -> None:
    """Die at a place from now on; an empty text disarms.

    Args:
        spec: see `SPEC`.

    Raises:
        ValueError: it has another form; settings refuse it before.
    """
    if not re.fullmatch(SPEC, spec):
        raise ValueError(f"a crash point is given as `name:n` or `room.*:n`, not {spec!r}")
    name, _, count = spec.partition(":")
    _armed.name, _armed.any_below, _armed.left = name.removesuffix("*"), name.endswith("*"), int(count or 0)


def crashpoint(name: str) -> None:
    """Die here by SIGKILL if this is the place and the time; else cost nothing worth counting."""
    if not _armed.name:
        return
    if name != _armed.name and not (_armed.any_below and name.startswith(_armed.name)):
        return
    _armed.left -= 1
    if _armed.left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
