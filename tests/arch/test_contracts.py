"""Who may import whom: the contracts hold, and each of them fails on the fault it is there for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT

PLANTED = [
    ("layers", "gateway/planted.py", "import motorcade.consumer.pipeline\n"),
    ("layers", "domain/planted.py", "import motorcade.ports.stream\n"),
    ("layers", "utilities/__init__.py", ""),
    ("steps", "consumer/steps/planted.py", "import motorcade.consumer.steps.decode\n"),
    ("sqlite", "consumer/planted.py", "import apsw\n"),
    ("sockets", "api/planted.py", "import picows\n"),
    ("web-framework", "consumer/planted.py", "import litestar\n"),
    ("protocol", "gateway/planted.py", "import tesla_protocol\n"),
    ("pure-domain", "domain/planted.py", "import asyncio\n"),
]


def check(source: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the contracts on a tree; the configuration is the repository's own."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    command += [str(ROOT / "pyproject.toml"), "--no-cache"]
    if contract:
        command += ["--contract", contract]
    return subprocess.run(command, env={"PYTHONPATH": str(source)}, cwd=source, capture_output=True, text=True)


def test_all_import_contracts_hold() -> None:
    done = check(ROOT / "src")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("contract", "file", "code"), PLANTED, ids=[f"{one[0]}-{one[1]}" for one in PLANTED])
def test_a_planted_import_breaks_its_contract(tmp_path: Path, contract: str, file: str, code: str) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "web_dist"))
    target = tmp_path / "src" / "motorcade" / file
    target.parent.mkdir(exist_ok=True)
    target.write_text(code)
    done = check(tmp_path / "src", contract)
    assert done.returncode != 0, done.stdout
    assert "planted" in done.stdout or "utilities" in done.stdout, done.stdout
