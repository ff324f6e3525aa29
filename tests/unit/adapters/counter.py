"""A process that counts up one item of a store, each step on the condition that nobody else did. Tests run several.

Usage: counter.py STORE_FILE STEPS
"""

import asyncio
import sys
from pathlib import Path

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.domain.errors import Conflict
from motorcade.ports.store import Absent, Put, VersionIs, Write
from tests.contract.rigs import OTHERS, THINGS


async def main(path: Path, steps: int) -> None:
    store = SqliteStore(path, SystemClock(), (THINGS, OTHERS))
    done = 0
    while done < steps:
        item = await store.get(THINGS, "p", "counter")
        count = 0 if item is None else item.data["count"]
        condition = Absent() if item is None else VersionIs(item.version)
        step: list[Write] = [
            Put(THINGS, "p", "counter", {"count": count + 1}, condition),
            Put(OTHERS, "steps", f"{count:06d}", {}, Absent()),
        ]
        try:
            await store.write(step)
        except Conflict:
            continue
        done += 1
        print(done, flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
