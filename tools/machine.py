"""What this machine can do for us: run a program with a progress line, and turn its failure into one sentence.

Standard library only, because it runs before anything is installed. Called by the other set-up tools.
"""

import contextlib
import errno
import fcntl
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS_DIR = ROOT / ".tools"
LOG = TOOLS_DIR / "bootstrap.log"

# Enough to hold the innermost error of pip, uv and npm, short enough to stay on one screen.
TAIL_LINES = 15


class Trouble(Exception):
    """Something the person in front of the machine must put right; the message names the remedy."""


@dataclass(frozen=True)
class Remedy:
    """A pattern in a program's output, and what it means in words."""

    pattern: str
    sentence: str


# The order matters: a full disk also makes downloads fail, and then the disk is the cause.
REMEDIES = (
    Remedy(
        r"no space left on device|ENOSPC|disk quota exceeded",
        "The disk is full. Free about 1 GB (for example with `make clean`) and run it again.",
    ),
    Remedy(
        r"read-only file system|EROFS",
        "This directory is on a read-only file system. Clone the repository to a place you can write to.",
    ),
    Remedy(
        r"permission denied|EACCES|operation not permitted",
        "A file could not be written. Make the repository and your cache directory belong to you "
        '(for example `sudo chown -R "$USER" .`) and run it again.',
    ),
    Remedy(
        r"invalid peer certificate|unable to get local issuer|self[- ]signed certificate|certificate verify failed",
        "The package index's certificate is not trusted here. If your network inspects encrypted traffic, set "
        "SSL_CERT_FILE and NODE_EXTRA_CA_CERTS to the file with its authority's certificate and run it again.",
    ),
    Remedy(
        r"could not resolve|name resolution|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|dns error"
        r"|failed to fetch|error sending request|network is unreachable|connection (refused|reset|timed out)"
        r"|max retries exceeded|could not find a version|temporary failure",
        "The package index could not be reached. Check the network (and proxy settings) and run it again; "
        "what was already fetched is kept.",
    ),
    Remedy(
        r"lockfile .*needs to be updated|lock file .*(out of date|not in sync)|can only install packages when your",
        "The lock file does not match the project file. Run `uv lock` (Python) or `npm install` in web/ and "
        "commit the result.",
    ),
    Remedy(
        r"no interpreter found|requires-python|not compatible with the project's python",
        "No suitable Python was found. Install Python 3.11 or newer (Debian: `sudo apt install python3`).",
    ),
)


def explain(output: str) -> str | None:
    """Return the sentence for the first known cause in a program's output, or None when it is unknown."""
    for remedy in REMEDIES:
        if re.search(remedy.pattern, output, re.IGNORECASE):
            return remedy.sentence
    return None


def explain_os_error(error: OSError) -> str:
    """Say what an operating-system error means for the person who started the set-up."""
    place = error.filename or ROOT
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full ({place}). Free about 1 GB (for example with `make clean`) and run it again."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"{place} cannot be written. Make it belong to you, or clone the repository somewhere else."
    return f"{place}: {error.strerror or error}. Put that right and run it again."


def is_root() -> bool:
    """Tell whether system packages may be installed without asking."""
    return os.geteuid() == 0


def works(command: Sequence[str]) -> str | None:
    """Run a quick `--version`-like command; return its output, or None when it is absent or fails.

    A name on PATH proves little: version managers put shims there that only print an error.
    """
    try:
        # Ten seconds: a version line takes milliseconds, a cold disk at most a few seconds.
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def run(title: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run one program of the set-up under a progress line.

    Its output goes to `.tools/bootstrap.log`, or to the screen with V=1.

    Raises:
        Trouble: the program failed; the message tells the cause, when known, or the last lines it printed.
    """
    words = [str(word) for word in command]
    began = time.monotonic()  # noqa: TID251 - a progress line measures real seconds
    print(f"  {title} …", end=" ", flush=True)
    loud = os.environ.get("V") == "1"  # noqa: TID251 - a switch of the set-up, not of the product
    if loud:
        print()
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=None if loud else subprocess.PIPE,
            stderr=None if loud else subprocess.STDOUT,
            text=True,
            check=False,
        )
    except FileNotFoundError as missing:
        print("failed")
        raise Trouble(f"{title} needs the program `{words[0]}`, which is not installed.") from missing
    output = done.stdout or ""
    log(f"$ {' '.join(words)}\n{output}")
    if done.returncode != 0:
        print("failed")
        tail = "\n".join(output.strip().splitlines()[-TAIL_LINES:])
        known = explain(output)
        if known:
            raise Trouble(f"{title}: {known}\n    (details: {LOG.relative_to(ROOT)})")
        raise Trouble(f"{title} failed with exit code {done.returncode}. Its last lines:\n{tail}")
    print(f"{time.monotonic() - began:.1f} s")  # noqa: TID251 - a progress line measures real seconds


def log(text: str) -> None:
    """Append to the set-up's log; a log that cannot be written is no reason to stop."""
    with contextlib.suppress(OSError):
        TOOLS_DIR.mkdir(exist_ok=True)
        with LOG.open("a", encoding="utf-8") as out:
            out.write(text)


def need_writable_root(root: Path = ROOT) -> None:
    """Fail early, in words, where nothing can be written.

    Raises:
        Trouble: the directory refuses a new file, or less than half a gigabyte is free.
    """
    try:
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise Trouble(explain_os_error(OSError(error.errno, error.strerror, str(root)))) from error
    stat = os.statvfs(root)
    free_mb = stat.f_bavail * stat.f_frsize // 1_000_000
    # Environment (250 MB), node_modules (300 MB) and a build beside them.
    if free_mb < 700:
        raise Trouble(f"Only {free_mb} MB are free in {root}; the set-up needs 700 MB. Free some space first.")


@contextlib.contextmanager
def only_one(root: Path = ROOT) -> Iterator[None]:
    """Let one set-up at a time work in this tree; a second one waits and then finds the work done."""
    folder = root / ".tools"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  another set-up is running in this directory; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def python_version() -> str:
    """Return the running interpreter's `major.minor`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
