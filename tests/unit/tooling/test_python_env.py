"""The Python environment is installed once and recognised afterwards."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT, unavailable
from tools import bootstrap, python_env


@pytest.mark.parametrize(
    ("line", "is_enough"),
    [
        ("uv 0.13.9 (x86_64-unknown-linux-gnu)", True),
        ("uv 0.8.0", True),
        ("uv 1.0", True),
        ("uv 0.7.22", False),
        ("something else", False),
        ("", False),
        (None, False),
    ],
)
def test_only_an_installer_that_reads_our_lock_is_used(line: str | None, is_enough: bool) -> None:
    assert python_env.is_new_enough(line) is is_enough


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that looks installed, in a tree of its own."""
    for name in ("pyproject.toml", "uv.lock", "hatch_build.py"):
        (tmp_path / name).write_text(name)
    folder = tmp_path / ".venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "motorcade").write_text("")
    monkeypatch.setattr(python_env, "ROOT", tmp_path)
    monkeypatch.setattr(python_env, "VENV", folder)
    monkeypatch.setattr(python_env, "STAMP", folder / "stamp.json")
    return tmp_path


def stamped(*, with_tests: bool) -> None:
    python_env.STAMP.write_text(json.dumps({"fingerprint": python_env.fingerprint(with_tests=with_tests)}))


@pytest.mark.usefixtures("environment")
def test_an_environment_for_tests_also_serves_to_run_but_not_the_other_way_round() -> None:
    stamped(with_tests=True)
    assert python_env.is_ready(with_tests=True)
    assert python_env.is_ready(with_tests=False)
    stamped(with_tests=False)
    assert not python_env.is_ready(with_tests=True)
    assert python_env.is_ready(with_tests=False)


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock", "hatch_build.py"])
def test_a_changed_lock_or_project_file_is_noticed(environment: Path, name: str) -> None:
    stamped(with_tests=True)
    (environment / name).write_text("changed")
    assert not python_env.is_ready(with_tests=True)


def test_a_damaged_stamp_or_a_deleted_environment_is_noticed(environment: Path) -> None:
    stamped(with_tests=True)
    python_env.STAMP.write_text("{")
    assert not python_env.is_ready(with_tests=True)
    stamped(with_tests=True)
    (environment / ".venv" / "bin" / "motorcade").unlink()
    assert not python_env.is_ready(with_tests=True)


def test_a_mistyped_purpose_is_refused_with_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["tests"]) == 2
    assert "run, test, web" in capsys.readouterr().err


def test_a_machine_that_is_ready_is_left_alone_for_less_than_a_second_of_work() -> None:
    if not bootstrap.is_ready("run"):
        unavailable("the set-up has not run in this tree since something changed (`make test` runs it first)")
    before = os.times()
    done = subprocess.run([sys.executable, "-m", "tools.bootstrap", "run"], cwd=ROOT, capture_output=True, text=True)
    after = os.times()
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    # Its processor time, because other programs share the machine.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1
