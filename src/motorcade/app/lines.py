"""The worker's lines for a person at the command line: how full they are, what died in them, and putting it back."""

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.queue_sqlite import SqliteQueue
from motorcade.app.settings import Settings
from motorcade.domain.errors import Invalid

LINES = ("deliver.inbox", "deliver.log", "refold")
"""Every line that the worker of this machine works on; a test compares them with it."""
SHOWN_DEAD = 5
"""Dead letters shown of each line: the latest tell what is wrong now."""
REDRIVE_STEP = 100
"""Dead letters put back in one transaction."""


async def describe_lines(settings: Settings) -> list[str]:
    """A sentence for each line, and one for each of its latest dead letters."""
    queue = SqliteQueue(settings.queue_path, SystemClock())
    told: list[str] = []
    try:
        for line in LINES:
            depth = await queue.depth(line)
            told.append(f"{line}: {depth.waiting} waiting, {depth.held} under way, {depth.dead} dead")
            told += [
                f"  {dead.id} of {dead.message.group}: {dead.reason} (after {dead.receives} tries)"
                for dead in await queue.dead(line, SHOWN_DEAD)
            ]
    finally:
        await queue.close()
    return told


async def redrive_line(settings: Settings, line: str) -> int:
    """Put all dead letters of a line back that are there now; gives how many.

    Raises:
        Invalid: there is no such line.
    """
    if line not in LINES:
        raise Invalid(f"there is no line {line}; there are {', '.join(LINES)}")
    queue, count = SqliteQueue(settings.queue_path, SystemClock()), 0
    try:
        left = (await queue.depth(line)).dead
        while left > 0 and (moved := await queue.redrive(line, min(left, REDRIVE_STEP))):
            left -= moved
            count += moved
    finally:
        await queue.close()
    return count
