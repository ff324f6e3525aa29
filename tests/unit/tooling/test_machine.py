"""The set-up turns each failure into one sentence with its remedy."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tools import machine


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("error: failed to write `x`: No space left on device (os error 28)", "disk is full"),
        ("npm error code ENOSPC", "disk is full"),
        ("error: failed to create directory: Permission denied (os error 13)", "could not be written"),
        ("npm error code EACCES", "could not be written"),
        ("OSError: [Errno 30] Read-only file system: 'x'", "read-only"),
        ("error sending request\n  cause: invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE"),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN\nnpm error self-signed certificate", "SSL_CERT_FILE"),
        ("  Caused by: dns error: failed to lookup address information", "network"),
        ("npm error code ENOTFOUND", "network"),
        ("Temporary failure resolving 'mirror'\nE: Unable to fetch", "network"),
        ("error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided", "lock file"),
        ("npm error `npm ci` can only install packages when your package.json and package-lock.json", "lock file"),
        ("error: No interpreter found for Python >=3.11 in search path", "Python 3.11"),
    ],
)
def test_a_known_failure_is_explained(output: str, words: str) -> None:
    sentence = machine.explain(output)
    assert sentence is not None
    assert words in sentence


def test_a_full_disk_is_named_even_if_it_made_the_download_fail() -> None:
    sentence = machine.explain("error: failed to fetch `x`\n  Caused by: No space left on device")
    assert sentence is not None
    assert "disk is full" in sentence


def test_an_unknown_failure_is_not_explained_away() -> None:
    assert machine.explain("SyntaxError: invalid syntax") is None


def test_an_unknown_failure_shows_its_last_lines() -> None:
    with pytest.raises(machine.Trouble, match=r"Trying failed with exit code 3(?s:.*)a line of its own"):
        machine.run("Trying", [sys.executable, "-c", "print('a line of its own'); raise SystemExit(3)"])


def test_a_missing_program_is_named() -> None:
    with pytest.raises(machine.Trouble, match="`no-such-program`"):
        machine.run("Trying", ["no-such-program"])


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "cannot be written"), (errno.EIO, "Put that")]
)
def test_an_error_of_the_system_is_explained(number: int, words: str) -> None:
    assert words in machine.explain_os_error(OSError(number, os.strerror(number), "somewhere"))


def test_a_directory_that_takes_no_file_stops_the_set_up_at_once(tmp_path: Path) -> None:
    # A file in its place refuses new entries for root as well, whom permissions do not stop.
    place = tmp_path / "not-a-folder"
    place.write_text("")
    with pytest.raises(machine.Trouble):
        machine.need_writable_root(place)


def test_a_name_on_the_path_that_only_prints_an_error_does_not_count(tmp_path: Path) -> None:
    shim = tmp_path / "node"
    shim.write_text("#!/bin/sh\necho 'no version is set' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert machine.works([str(shim), "--version"]) is None


def test_a_second_set_up_waits_for_the_first(tmp_path: Path) -> None:
    (tmp_path / ".tools").mkdir()
    program = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tools.machine import only_one
with only_one(Path({str(tmp_path)!r})):
    print("mine", flush=True)
"""
    with machine.only_one(tmp_path):
        second = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert second.stdout is not None
        assert "waiting" in second.stdout.readline()
    out, _ = second.communicate(timeout=60)
    assert out == "mine\n"


def test_an_old_python_is_told_in_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(["make", "run", "PYTHON="], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "Motorcade needs Python 3.11 or newer" in done.stderr
    assert "Traceback" not in done.stderr


def test_bare_make_lists_every_verb_with_a_sentence() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = [line.split(maxsplit=1) for line in done.stdout.splitlines() if line.startswith("  ")]
    assert {"run", "test", "test-long", "bench", "lint", "types", "web", "docs", "clean"} <= {one[0] for one in listed}
    assert all(len(one) == 2 for one in listed)
