"""System packages, on machines that have Debian's installer; elsewhere the remedy is said in words."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tools.machine import is_root, run

# What the browser tests need: the browser, the face the pages are set in, so that pictures agree everywhere, and a
# library that the browser's driver is linked with and a small system lacks.
FOR_TESTS = {"chromium": "chromium", "fonts-inter": None, "libatomic1": None}


def can_install() -> bool:
    """Tell whether packages may be installed here without a password."""
    return is_root() and shutil.which("apt-get") is not None


def install(packages: Sequence[str]) -> None:
    """Install Debian packages.

    Raises:
        Trouble: the package index cannot be reached, or the installer refused.
    """
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}  # noqa: TID251 - passed on to a child
    run("Refreshing the list of system packages", ["apt-get", "update", "-q"], env)
    names = ", ".join(packages)
    run(f"Installing {names}", ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], env)


def is_installed(package: str, program: str | None) -> bool:
    """Tell whether a package is there; another system's program of the same name also counts."""
    if program and shutil.which(program):
        return True
    return Path("/usr/share/doc", package).exists()


def missing_for_tests() -> list[str]:
    """Name the packages that the browser tests still lack."""
    return [package for package, program in FOR_TESTS.items() if not is_installed(package, program)]


def is_prepared() -> bool:
    """Tell whether nothing is missing that we could install."""
    return not missing_for_tests() or not can_install()


def prepare_for_tests() -> None:
    """Install what the browser tests need, or say how; without it those tests skip on a laptop and fail in CI."""
    missing = missing_for_tests()
    if not missing:
        return
    if can_install():
        install(missing)
        return
    print(
        f"  Not installed: {', '.join(missing)}. The browser tests will be skipped. "
        f"To run them too: sudo apt install {' '.join(missing)}"
    )
