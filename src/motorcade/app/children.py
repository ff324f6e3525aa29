"""The rooms as child processes: started, watched, started again, stopped in order."""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from motorcade.app.log_file import LogFile

RESTART_FIRST_S = 0.5
"""Pause before a crashed room is started again; doubles with every crash in a row."""
RESTART_MOST_S = 15.0
STEADY_S = 60.0
"""A room that lived this long starts again at once after a crash."""
STOP_WITHIN_S = 15.0
"""A room that has not ended by then is killed: its longest duty on stopping is one group commit and its clients."""


class Child:
    """One room. `name` is its command: `motorcade <name>`; `ends` counts how often it ended unasked."""

    def __init__(self, name: str, log_path: Path, tell: Callable[[str], None]) -> None:
        """Bind it; `tell` gets lines for the person at the terminal."""
        self.name, self.ends = name, 0
        self.process: asyncio.subprocess.Process | None = None
        self._log, self._tell = LogFile(log_path), tell
        self._stopping = False
        self._spawning = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start it and keep it running."""
        with contextlib.suppress(OSError):
            self._log.turn()
        self._tasks = [asyncio.create_task(self._keep()), asyncio.create_task(self._log.watch())]

    async def stop(self, within_s: float = STOP_WITHIN_S) -> None:
        """End it gracefully, by closing its standard input, then by force."""
        self._stopping = True
        async with self._spawning:  # a start that is cancelled half-way leaves a process that nobody knows
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        process = self.process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), within_s)
        except TimeoutError:
            self._tell(f"{self.name} did not stop within {within_s:.0f} s and was killed")
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End it by force, for good. `stop` still has to be awaited."""
        self._stopping = True
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    def last_lines(self, count: int = 5) -> str:
        """The end of its log, for a person."""
        return self._log.last_lines(count)

    async def _spawn(self) -> asyncio.subprocess.Process:
        # A session of its own keeps the terminal's Ctrl-C with the supervisor, which stops the rooms in order. The
        # pipe to its standard input tells a room that the supervisor is gone, however it ended.
        with self._log.open() as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "motorcade",
                self.name,
                "--supervised",
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        pause_s = RESTART_FIRST_S
        while not self._stopping:
            began = loop.time()
            fault = await self._once()
            if self._stopping:
                return
            self.ends += 1
            if loop.time() - began > STEADY_S:
                pause_s = RESTART_FIRST_S
            self._tell(f"{self.name} {fault}; starting it again in {pause_s:g} s (log: {self._log.path})")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RESTART_MOST_S)

    async def _once(self) -> str:
        """One life of it; gives how it ended."""
        try:
            async with self._spawning:
                self.process = process = await self._spawn()
        except OSError as error:  # no process or file left on this machine, no room on the disk: that passes
            return f"could not be started ({error.strerror})"
        return f"ended with code {await process.wait()}"
