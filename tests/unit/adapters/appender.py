"""A process that appends numbered records and prints each number once it is durable. Tests kill it.

Usage: appender.py STREAM_FILE FIRST_NUMBER
"""

import asyncio
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.stream_sqlite import SqliteStreamWriter
from motorcade.wire.batch import encode_frame

SOURCE = bytes(40)


async def main(path: Path, first: int) -> None:
    def durable(receipts: Sequence[object]) -> None:
        sys.stdout.write("".join(f"{receipt}\n" for receipt in receipts))
        sys.stdout.flush()

    def failed(receipts: Sequence[object], error: Exception) -> None:
        raise SystemExit(f"{len(receipts)} records failed: {error}")

    writer = SqliteStreamWriter(path, SystemClock(), durable, failed)
    for number in itertools.count(first):
        writer.append(encode_frame(SOURCE, number, 1, 0, (0, 0, 0), b"%d" % number), number)
        if number % 8 == 0:
            await asyncio.sleep(0.0005)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
