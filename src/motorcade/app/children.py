"""The rooms as child processes: started, watched, started again, stopped in order."""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

RESTART_FIRST_S = 0.5
"""Pause before a crashed room is started again; doubles with every crash in a row."""
RESTART_MOST_S = 15.0
STEADY_S = 60.0
"""A room that lived this long starts again at once after a crash."""
STOP_WITHIN_S = 15.0
"""A room that has not ended by then is killed: its longest duty on stopping is one group commit and its clients."""
LOG_END_BYTES = 8192  # enough for the last lines of a traceback
LOG_BYTES_MOST = 20 * 1024 * 1024
"""A log larger than this is moved aside at the next start, one generation kept."""


@dataclass(slots=True)
class Child:
    """One room. `name` is its command: `motorcade <name>`."""

    name: str
    log_path: Path
    tell: Callable[[str], None]
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    _stopping: bool = False
    _watch: asyncio.Task[None] | None = field(default=None)

    async def start(self) -> None:
        """Start it and keep it running."""
        self._turn_log()
        await self._spawn()
        self._watch = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End it gracefully, by closing its standard input, then by force."""
        self._stopping = True
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        process = self.process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            self.tell(f"{self.name} did not stop within {STOP_WITHIN_S:.0f} s and was killed")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _spawn(self) -> None:
        # A session of its own keeps the terminal's Ctrl-C with the supervisor, which stops the rooms in order. The
        # pipe to its standard input tells a room that the supervisor is gone, however it ended.
        with self.log_path.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
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
        while True:
            began = loop.time()
            process = self.process
            if process is None:  # pragma: no cover - start() has set it
                return
            code = await process.wait()
            if self._stopping:
                return
            if loop.time() - began > STEADY_S:
                pause_s = RESTART_FIRST_S
            self.tell(f"{self.name} ended with code {code}; starting it again in {pause_s:g} s (log: {self.log_path})")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RESTART_MOST_S)
            self.restarts += 1
            await self._spawn()

    def _turn_log(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self.log_path.stat().st_size > LOG_BYTES_MOST:
                self.log_path.replace(self.log_path.with_suffix(".log.1"))

    def last_lines(self, count: int = 5) -> str:
        """The end of its log, for a person."""
        with contextlib.suppress(FileNotFoundError):
            end = self.log_path.read_bytes()[-LOG_END_BYTES:]
            return "\n".join(end.decode("utf-8", "replace").splitlines()[-count:])
        return ""
