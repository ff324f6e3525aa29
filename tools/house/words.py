"""Words that must not be in this tree: machine paths, package indexes, vehicle numbers, names that say nothing."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tools.house.files import Fault, texts, walk

# Written by package managers; they have to say where a package's bytes come from.
LOCK_FILES = frozenset({"uv.lock", "web/package-lock.json"})

MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:work|root|home/\w+|Users/\w+|opt/wheels)(?:/|\b(?!\w))")
# Spelt in pieces, or this file would break its own rule.
INDEX_HOST = re.compile(
    "|".join(
        re.escape(host)
        for host in (
            "pypi" + ".org", "pythonhosted" + ".org", "registry.npmjs" + ".org", "npmjs" + ".com",
            "crates" + ".io", "proxy.golang" + ".org", "repo.maven.apache" + ".org", "deb.debian" + ".org",
        )
    )
)  # fmt: skip
# A vehicle identification number (ISO 3779): 17 characters without I, O and Q. Simulated ones begin with SIM, so
# the letter I keeps them out of this pattern.
VIN = re.compile(r"(?<![A-Za-z0-9])(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*\d)[A-HJ-NPR-Z0-9]{17}(?![A-Za-z0-9])")
EMPTY_NAMES = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "base"})


def machine_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield lines that name a place on one machine, or the host of a package index."""
    for path, content in texts(root, *places):
        if path in LOCK_FILES:
            continue
        for number, line in enumerate(content.splitlines(), 1):
            if MACHINE_PATH.search(line):
                yield Fault(path, number, "names a path of one machine: derive it, or take it from a setting")
            if INDEX_HOST.search(line):
                yield Fault(path, number, "names a package index: name the package alone, its client knows the place")


def vin_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield lines with something that could be a real vehicle's number.

    In tests a number is allowed whose check digit is wrong: no such car can exist.
    """
    for path, content in texts(root, *places):
        if path in LOCK_FILES:
            continue
        for number, line in enumerate(content.splitlines(), 1):
            for found in VIN.findall(line):
                if not path.startswith("tests/") or has_valid_check_digit(found):
                    yield Fault(path, number, "looks like a real VIN: use a simulated one, which begins with SIM")


def has_valid_check_digit(vin: str) -> bool:
    """Tell whether the ninth character is the checksum that 49 CFR 565.15 asks for."""
    letters = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum(
        weight * (int(char) if char.isdigit() else letters[char]) for char, weight in zip(vin, weights, strict=True)
    )
    return vin[8] == ("X" if total % 11 == 10 else str(total % 11))


def name_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield files and folders whose names do not say what is in them."""
    for file in walk(root, *places):
        path = PurePosixPath(file.relative_to(root))
        words = {part.lower() for part in path.parts[:-1]} | set(re.split(r"[_\-.]", path.name.lower()))
        if words & EMPTY_NAMES or path.name == "service.py":
            yield Fault(str(path), 1, "the name does not say what is inside: name it after its subject")
