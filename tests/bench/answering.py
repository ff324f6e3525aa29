"""A process beside the test: it says when it is ready, and answers each line with a line of JSON."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.conditions import ROOT

END_WITHIN_S = 30.0
"""It ends when its standard input closes; a gateway with a full stream to write takes a few seconds."""


class Answering:
    """The running process."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self.pid, self._sink, self._source = child.pid, child.stdin, child.stdout

    async def line(self) -> str:
        """The next line it says.

        Raises:
            RuntimeError: it ended instead.
        """
        line = (await self._source.readline()).decode()
        if not line.endswith("\n"):
            raise RuntimeError("a process beside the test ended; its error is above")
        return line.rstrip("\n")

    async def ask(self, line: str = "") -> dict[str, float]:
        """Send a line, wait for the answer."""
        self._sink.write(f"{line}\n".encode())
        await self._sink.drain()
        answer: dict[str, float] = json.loads(await self.line())
        return answer


@asynccontextmanager
async def answering(module: str, *words: str) -> AsyncIterator[Answering]:
    """Start `python -m module words...`; end it however the test ends."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield Answering(child)
    finally:
        if child.stdin is not None:
            child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), END_WITHIN_S)
        except TimeoutError:
            child.kill()
            await child.wait()
