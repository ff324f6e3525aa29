"""A worker whose event loop is blocked ends by itself; one that only waits does not."""

import subprocess
import sys

from motorcade.worker.watchdog import EXIT_BLOCKED

PROGRAM = """
import asyncio, sys, threading
from motorcade.observability.logs import configure_logs, get_logger
from motorcade.worker.watchdog import Watchdog

def blocking_handler(secret):
    threading.Event().wait(30 if sys.argv[1] == "block" else 0)

async def main():
    watchdog = Watchdog(get_logger("test"), looks=5, look_every_s=0.1)
    watchdog.start()
    for _ in range(20):
        watchdog.alive()
        await asyncio.sleep(0.05)
    blocking_handler("secret value")
    watchdog.stop()
    print("stopped")

configure_logs(room="test")
asyncio.run(main())
"""


def run(how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, timeout=60)


def test_a_blocked_loop_ends_its_process_and_tells_where_it_stood() -> None:
    done = run("block")
    assert done.returncode == EXIT_BLOCKED, done.stderr
    assert "worker_blocked" in done.stderr
    assert "blocking_handler:" in done.stderr
    assert "secret value" not in done.stderr


def test_a_living_loop_is_left_alone() -> None:
    done = run("live")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "stopped\n"
