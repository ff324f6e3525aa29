"""Runs a script of `web/package.json` with the right Node: `python3 -m tools.web_run test`."""

import subprocess
import sys

from tools.machine import Trouble
from tools.web_build import WEB, node_environment


def main(arguments: list[str]) -> int:
    """Run one npm script and return its exit code; its output goes to the screen."""
    if not arguments:
        print("web_run: name a script of web/package.json, for example `test`", file=sys.stderr)
        return 2
    try:
        env = node_environment()
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    script, *rest = arguments
    command = ["npm", "run", "--silent", script, *(["--", *rest] if rest else [])]
    return subprocess.run(command, cwd=WEB, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
