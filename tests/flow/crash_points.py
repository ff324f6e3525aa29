"""Kill a real room at named places of its code: find the names, start it armed, see it die, start it again.

    for name in crash_points("consumer"):
        died = await dies_at(house, "consumer", f"{name}:3", within_s=20)
        house.start("consumer")
        ...

A name that a run does not pass often enough leaves the room alive: `dies_at` says so, and the room goes on running.
"""

import ast
import asyncio
import signal
from pathlib import Path

from tests.conditions import ROOT
from tests.flow.house import House

SOURCE = ROOT / "src" / "motorcade"
LOOK_EVERY_S = 0.01


def crash_points(room: str, source: Path = SOURCE) -> list[str]:
    """Names of all crash points of a room, as its code spells them."""
    found: set[str] = set()
    for path in sorted(source.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "crashpoint":
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path.name}:{node.lineno}: a crash point's name is a literal"
                found.add(str(name.value))
    return sorted(name for name in found if name.startswith(f"{room}."))


async def dies_at(house: House, room: str, spec: str, within_s: float) -> bool:
    """Start a room armed with `name:n` or `room.*:n`, and wait for its death.

    Returns:
        Whether it killed itself in time. If not it is still running, armed.

    Raises:
        AssertionError: it ended in another way.
    """
    house.start(room, crash_at=spec)
    process = house.processes[room]
    for _ in range(int(within_s / LOOK_EVERY_S)):
        code = process.poll()
        if code is not None:
            assert code == -signal.SIGKILL, f"{room} ended with {code}:\n{house.log(room)[-2000:]}"
            return True
        await asyncio.sleep(LOOK_EVERY_S)
    return False
