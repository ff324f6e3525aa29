"""Makes a bare machine ready: `python3 -m tools.bootstrap [run|test|web]`.

Needs Python 3.11 and nothing else. It is safe to call before every verb: what is already there is not touched, and
then it takes a fraction of a second. Each failure is one sentence with its remedy, and exit code 1.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the sentence is for people whose Python is older
    found = ".".join(str(number) for number in sys.version_info[:2])
    sys.exit("Motorcade needs Python 3.11 or newer; this is " + found + ". Debian 12: apt install python3")

from tools import debian, python_env, web_build
from tools.machine import Trouble, explain_os_error, need_writable_root, only_one

PURPOSES = ("run", "test", "web")


def prepare(purpose: str) -> None:
    """Bring the machine to the state that a verb needs.

    Args:
        purpose: `run` (the product and its pages), `test` (also the tests' packages and a browser), or `web`
            (the pages alone).

    Raises:
        Trouble: a person must act; the message says how.
    """
    with_tests = purpose == "test"
    if is_ready(purpose):
        return
    need_writable_root()
    with only_one():
        if purpose != "web" and not python_env.is_ready(with_tests=with_tests):
            python_env.sync(with_tests=with_tests)
        web_build.build(with_packages=with_tests)
        if with_tests:
            debian.prepare_for_tests()


def is_ready(purpose: str) -> bool:
    """Tell whether nothing is left to do."""
    if not web_build.is_ready():
        return False
    if purpose == "web":
        return True
    if purpose == "test" and not (web_build.are_packages_ready() and debian.is_prepared()):
        return False
    return python_env.is_ready(with_tests=purpose == "test")


def main(arguments: list[str]) -> int:
    """Prepare for the named purpose; return the process's exit code."""
    purpose = arguments[0] if arguments else "run"
    if purpose not in PURPOSES:
        print(f"bootstrap: unknown purpose {purpose!r}; choose one of {', '.join(PURPOSES)}", file=sys.stderr)
        return 2
    try:
        prepare(purpose)
    except Trouble as trouble:
        print(f"\n{trouble}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\n{explain_os_error(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; run it again to go on where it stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
