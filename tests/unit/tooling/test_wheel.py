"""The wheel carries the web application, so whoever installs it needs no Node."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tools import web_build
from tools.python_env import find_uv


@pytest.mark.slow
def test_the_wheel_carries_the_pages_and_the_command(tmp_path: Path) -> None:
    web_build.build()
    command = [find_uv(), "build", "--wheel", "--out-dir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
    assert "motorcade/web_dist/index.html" in names
    assert any(name.endswith("entry_points.txt") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "tools/", "web/"))]
