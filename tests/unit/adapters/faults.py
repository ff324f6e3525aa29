"""What befalls a process that writes: it is killed at any moment, or its disk takes no more."""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conditions import ROOT


def killed(life_s: float, module: str, *words: str) -> list[bytes]:
    """Run `python -m module words...` and kill it by SIGKILL some time after its first line; gives its whole lines."""
    command = [sys.executable, "-m", module, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(life_s)
        process.kill()
        return (first + process.stdout.read()).split(b"\n")[:-1]


@contextmanager
def no_writing() -> Iterator[None]:
    """Every write of this process to a file fails, as on a broken disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
