"""The log of one room: bounded, private, and its end for a person."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import BinaryIO

LOG_BYTES_MOST = 20 * 1024 * 1024
"""A log larger than this is moved aside, one generation kept: about a week of a small fleet, an hour of a flood."""
LOOK_EVERY_S = 30.0
"""How often the size is looked at; a room that writes as fast as it can adds a few hundred MB meanwhile."""
OWNER_ONLY = 0o600
END_BYTES = 8192  # enough for the last lines of a traceback


class LogFile:
    """A file that a room appends to and the supervisor watches."""

    def __init__(self, path: Path) -> None:
        """Bind the path; nothing is opened yet."""
        self.path = path

    def open(self) -> BinaryIO:
        """For appending, readable by its owner only.

        Raises:
            OSError: the folder or the disk does not allow it.
        """
        log = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWNER_ONLY), "ab")
        os.fchmod(log.fileno(), OWNER_ONLY)  # one that an earlier version made
        return log

    async def watch(self) -> None:
        """Keep it bounded until cancelled."""
        while True:
            with contextlib.suppress(OSError):  # the next look does it; a full disk is told by what fills it
                await asyncio.to_thread(self.turn)
            await asyncio.sleep(LOOK_EVERY_S)

    def turn(self) -> None:
        """Move its content aside when it is too large.

        The content is copied and the file emptied: the room keeps its handle, which appends. What it writes between
        the two steps is lost, a few lines of a flood.

        Raises:
            OSError: the disk does not allow it.
        """
        with contextlib.suppress(FileNotFoundError):
            if self.path.stat().st_size <= LOG_BYTES_MOST:
                return
            aside = self.path.with_suffix(".log.1")
            aside.unlink(missing_ok=True)  # before the copy, so that two generations never take room at once
            aside.touch(mode=OWNER_ONLY)
            with self.path.open("rb") as source, aside.open("wb") as copy:
                source.seek(-LOG_BYTES_MOST, os.SEEK_END)  # a flood may have outgrown the bound; the end says more
                copy.write(source.read(LOG_BYTES_MOST))  # no more, though the room goes on writing
            os.truncate(self.path, 0)

    def last_lines(self, count: int) -> str:
        """Its end, for a person; empty when there is none."""
        with contextlib.suppress(OSError), self.path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - END_BYTES))
            lines = log.read(END_BYTES).decode("utf-8", "replace").splitlines()
            return "\n".join([line for line in lines if line.strip()][-count:])
        return ""
