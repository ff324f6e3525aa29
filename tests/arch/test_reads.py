"""The environment and the clocks are read in one place each, and every suppression says why."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tools.house import reads


def test_only_the_settings_read_the_environment_and_only_the_clock_reads_time() -> None:
    faults = list(reads.read_faults(ROOT, "src"))
    assert not faults, "\n".join(map(str, faults))


def test_every_suppression_says_why() -> None:
    faults = list(reads.suppression_faults(ROOT, "src", "tests", "tools", "web/src", "hatch_build.py"))
    assert not faults, "\n".join(map(str, faults))


@pytest.mark.parametrize(
    "code",
    [
        "import os\nx = os.environ['A']\n",
        "import os as system\nx = system.getenv('A')  # noqa: TID251 - a suppression does not help\n",
        "from os import environ\nx = environ.get('A')\n",
        "import time\nx = time.time_ns()\n",
        "from time import monotonic as now\nx = now()\n",
        "from datetime import datetime\nx = datetime.now(tz=None)\n",
        "import datetime as dt\nx = dt.datetime.now()\n",
        "import time\nread = time.monotonic\n",
    ],
)
def test_a_hidden_read_is_caught(tmp_path: Path, code: str) -> None:
    (tmp_path / "a.py").write_text(code)
    assert list(reads.read_faults(tmp_path))


def test_parsing_and_calculating_with_times_is_no_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from datetime import datetime\nx = datetime.fromisoformat('2026-01-01')\n")
    assert not list(reads.read_faults(tmp_path))


@pytest.mark.parametrize(
    ("line", "is_fault"),
    [
        ("x = 1  # no" + "qa: S104", True),
        ("x = 1  # no" + "qa: S104, S105", True),
        ("x = 1  # no" + "qa: S104 - vehicles come from anywhere", False),
        ("x = 1  # type: ig" + "nore[arg-type]", True),
        ("x = 1  # type: ig" + "nore[arg-type]  # the stub is wrong", False),
        ("// eslint-dis" + "able-next-line no-console", True),
    ],
)
def test_a_suppression_without_reason_is_caught(tmp_path: Path, line: str, is_fault: bool) -> None:
    (tmp_path / "a.py").write_text(line + "\n")
    assert bool(list(reads.suppression_faults(tmp_path))) is is_fault


def test_importing_any_module_does_no_work() -> None:
    """Each module imports with an empty environment, without opening a socket or a file for writing."""
    program = """
import builtins, pkgutil, socket, importlib, sys
import motorcade
names = [info.name for info in pkgutil.walk_packages(motorcade.__path__, "motorcade.")]
real_open = builtins.open
def open_to_read(file, mode="r", *rest, **named):
    assert not set(mode) & set("wax+"), f"opens {file} for writing at import"
    return real_open(file, mode, *rest, **named)
def no_connection(*_, **__):
    raise AssertionError("connects at import")
builtins.open = open_to_read
socket.socket.connect = no_connection
socket.socket.bind = no_connection
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], env={}, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
