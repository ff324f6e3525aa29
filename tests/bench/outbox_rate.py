"""Rows of the outbox delivered a second by one real worker: `python -m tests.bench.outbox_rate`. It only prints.

The outbox is filled beforehand with rows of several organisations. The clock runs from the first entry of an inbox to
the last; every row goes through both channels, the log and the inbox. CPU time is that of the whole process.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import psutil

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.store_sqlite import SqliteStore
from motorcade.ports.notify import OutboxRow
from motorcade.ports.store import Put
from motorcade.repositories.outbox import outbox_id, outbox_put
from motorcade.repositories.tables import ALL, ORGANISATIONS
from tests.flow.house import House

WITHIN_S = 600.0
"""A worker that needs longer is broken."""


def row(number: int, org_id: str) -> OutboxRow:
    """One row, with details of an ordinary size."""
    made = outbox_id("alert_opened", number.to_bytes(8, "big"))
    return OutboxRow(made, org_id, "alert_opened", "v" * 26, "e" * 26, 1_700_000_000 * 10**9 + number, b"x" * 300)


async def fill(store: SqliteStore, organisations: int, rows: int) -> None:
    """Write organisations and rows as the consumer does, up to 90 rows a transaction."""
    names = [f"org{number:04}" for number in range(organisations)]
    await store.write_batch([Put(ORGANISATIONS, "org", name, {"name": name}) for name in names])
    puts = [outbox_put(row(number, names[number % organisations])) for number in range(rows)]
    for start in range(0, rows, 90):
        await store.write(puts[start : start + 90])


async def told(store: SqliteStore) -> int:
    """Entries of all inboxes."""
    return store._rows("SELECT count(*) FROM t_inbox", ())[0][0]  # type: ignore[no-any-return]  # a count


async def bench(organisations: int, rows: int) -> dict[str, float]:
    """One run."""
    with tempfile.TemporaryDirectory(prefix="mc-bench-") as place:
        house = House(Path(place))
        await house.claim([])
        store = SqliteStore(house.folder / "store.db", SystemClock(), ALL)
        try:
            await fill(store, organisations, rows)
            house.start("worker")
            async with asyncio.timeout(WITHIN_S):
                while (first := await told(store)) == 0:  # noqa: ASYNC110 - another process writes them
                    await asyncio.sleep(0.01)
                process = psutil.Process(house.processes["worker"].pid)
                cpu, began = process.cpu_times(), time.perf_counter()
                while await told(store) < rows:  # noqa: ASYNC110 - another process writes them
                    await asyncio.sleep(0.01)
            took_s, now = time.perf_counter() - began, process.cpu_times()
            cpu_s = now.user + now.system - cpu.user - cpu.system
            assert house.stop("worker") == 0
        finally:
            house.stop_all()
            await store.close()
        done = rows - first
        return {"rows_per_s": done / took_s, "cpu_us_per_row": 1e6 * cpu_s / done, "seconds": took_s}


def main() -> None:
    """Print some runs."""
    parser = argparse.ArgumentParser(description="Measure how fast the outbox is emptied.")
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    for organisations in (1, 50):
        for _ in range(arguments.runs):
            found = asyncio.run(bench(organisations, arguments.rows))
            facts = ", ".join(f"{name} {value:.0f}" for name, value in found.items())
            print(f"{organisations} organisations: {facts}")


if __name__ == "__main__":
    main()
