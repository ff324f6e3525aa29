"""The Python environment: finds or installs `uv`, then installs exactly what `uv.lock` says into `.venv`."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from tools import debian
from tools.machine import ROOT, TOOLS_DIR, Trouble, python_version, run, works

# The first release line that reads the lock's format; `[tool.uv] required-version` says the same.
OLDEST_UV = (0, 8)
VENV = ROOT / ".venv"
STAMP = VENV / "motorcade-bootstrap.json"


def find_uv() -> str:
    """Return a usable `uv`: the person's own, ours from an earlier run, or a freshly installed one.

    Raises:
        Trouble: it could not be installed.
    """
    own = TOOLS_DIR / "uv" / "bin" / "uv"
    for candidate in (shutil.which("uv"), str(own)):
        if candidate and is_new_enough(works([candidate, "--version"])):
            return candidate
    make_venv(own.parent.parent)
    run(
        "Installing uv, the package installer",
        [own.parent / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.8"],
    )
    return str(own)


def is_new_enough(version_line: str | None) -> bool:
    """Tell whether `uv --version` printed a release that understands our lock."""
    if not version_line:
        return False
    try:
        major, minor = version_line.split()[1].split(".")[:2]
        return (int(major), int(minor)) >= OLDEST_UV
    except (IndexError, ValueError):
        return False


def make_venv(folder: Path) -> None:
    """Create a virtual environment that has pip, for a tool of the set-up.

    Debian splits `ensurepip` off into a package of its own, so its Python may be unable to.

    Raises:
        Trouble: `ensurepip` is absent and we may not install it.
    """
    if works([sys.executable, "-c", "import ensurepip"]) is None:
        package = f"python{python_version()}-venv"
        if not debian.can_install():
            raise Trouble(
                "This Python cannot make virtual environments. Install the missing part with "
                f"`sudo apt install {package}` (Debian's python3-venv) and run it again."
            )
        debian.install([package])
    run("Preparing a place for the set-up's own tools", [sys.executable, "-m", "venv", "--clear", folder])


def fingerprint(*, with_tests: bool) -> str:
    """Name what the environment must hold, so that an unchanged one is not touched again."""
    digest = hashlib.sha256()
    # A moved directory breaks the scripts' first lines, so the place is part of the name.
    digest.update(f"{ROOT}\0{python_version()}\0{with_tests}".encode())
    for name in ("pyproject.toml", "uv.lock", "hatch_build.py"):
        file = ROOT / name
        digest.update(file.read_bytes() if file.exists() else b"")
    return digest.hexdigest()


def is_ready(*, with_tests: bool) -> bool:
    """Tell whether `.venv` already holds what is asked for."""
    if not (VENV / "bin" / "motorcade").exists():
        return False
    try:
        done = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    # An environment with the tests' packages also serves to run the product.
    wanted = {fingerprint(with_tests=True)} if with_tests else {fingerprint(with_tests=flag) for flag in (True, False)}
    return done.get("fingerprint") in wanted


def sync(*, with_tests: bool) -> None:
    """Install the locked packages into `.venv`.

    Raises:
        Trouble: the index cannot be reached, the lock is stale, or the disk is full.
    """
    uv = find_uv()
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}  # noqa: TID251 - for a child
    # Never fetch an interpreter behind the person's back: the sentence about Python 3.11 is clearer.
    env |= {"UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(VENV)}
    command = [uv, "sync", "--locked"]
    if not (VENV / "bin" / "python").exists():
        command += ["--python", sys.executable]
    # `--inexact` leaves a developer's test packages where they are.
    command += ["--group", "dev"] if with_tests else ["--no-dev", "--inexact"]
    run(
        "Installing Python packages (with those for tests)" if with_tests else "Installing Python packages",
        command,
        env,
    )
    STAMP.write_text(json.dumps({"fingerprint": fingerprint(with_tests=with_tests)}), encoding="utf-8")
