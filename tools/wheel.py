"""Builds the installable wheel, web application included, into dist/: `python -m tools.wheel`."""

import sys

from tools.machine import ROOT, Trouble, run
from tools.python_env import find_uv


def main() -> int:
    """Build it and say where it lies; return the exit code."""
    try:
        run("Building the wheel", [find_uv(), "build", "--wheel", "--out-dir", ROOT / "dist"])
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    for wheel in sorted((ROOT / "dist").glob("*.whl")):
        print(f"  dist/{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
