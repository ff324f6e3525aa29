"""Writes docs/reference/proof.md from what the tests have shown: `python -m tools.proof_page`."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.machine import ROOT

PROOFS = ROOT / "test-artefacts" / "proof"
PAGE = ROOT / "docs" / "reference" / "proof.md"

HEAD = """# What the long tests have shown

Written by `make test-long`, which runs the same tests as `make test` at the full counts. Each line is one test that
passed; a test that fails writes none. Seconds are wall-clock time on the machine that ran it.

| what was shown | trials | outcome | seconds | counts |
| --- | ---: | --- | ---: | --- |
"""


@dataclass(frozen=True)
class Line:
    """One proof, as a test has written it."""

    name: str
    count: int
    result: str
    seconds: float
    scale: str


def read(folder: Path) -> list[Line]:
    """Read all proofs of a run, in the order of their names.

    Raises:
        ValueError: a file is not a proof; the message names it.
    """
    lines = []
    for file in sorted(folder.glob("*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            line = Line(
                name=str(content["name"]),
                count=int(content["count"]),
                result=str(content["result"]),
                seconds=float(content["seconds"]),
                scale=str(content["scale"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file.name} is not a proof: {error!r}") from error
        lines.append(line)
    return lines


def page(lines: list[Line]) -> str:
    """Return the page's whole text."""
    rows = (
        f"| {line.name.replace('-', ' ')} | {line.count:,} | {line.result.replace('|', '/')} "
        f"| {line.seconds:,.1f} | {line.scale} |\n"
        for line in lines
    )
    return HEAD + "".join(rows)


def main() -> int:
    """Write the page; return the exit code."""
    lines = read(PROOFS)
    if not lines:
        print("proof_page: the tests have left no proofs; run `make test-long` first", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(lines), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(lines)} proofs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
