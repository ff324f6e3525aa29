"""Documents that can be checked: links that resolve, verbs that exist, and commands that are run.

A fenced block opened with ```` ```sh run ```` is executed by the tests in the repository's root; one opened with
```` ```sh ```` is only shown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.house.files import Fault, texts

LINK = re.compile(r"!?\[[^\]\n]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
MAKE_VERB = re.compile(r"(?:`|^\s*\$?\s*)make (?P<verb>[a-z][a-z-]*)", re.MULTILINE)
# `motorcade claim VIN` in a code span, or at the start of a line of a block.
PROGRAM_VERB = re.compile(r"(?:`|^\s*\$?\s*)motorcade (?P<verb>[a-z][a-z-]*)", re.MULTILINE)
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
# Made by a long run; a clone has it once that has been committed.
PRODUCED = frozenset({"docs/reference/proof.md"})


@dataclass(frozen=True)
class Commands:
    """A block of commands that a document promises to work."""

    file: str
    line: int
    script: str


def slug(heading: str) -> str:
    """Return the anchor that a heading gets where Markdown is shown."""
    plain = re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


def anchors(content: str) -> set[str]:
    """Return all anchors of a document."""
    return {slug(match) for match in re.findall(r"^#{1,6}\s+(.+)$", without_fences(content), re.MULTILINE)}


def without_fences(content: str) -> str:
    """Blank out fenced blocks, keeping the line numbers."""
    return FENCE.sub(lambda block: "\n" * block.group(0).count("\n"), content)


def link_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield links of documents that lead nowhere in this tree; other sites are not asked."""
    for path, content in texts(root, *places):
        if not path.endswith(".md"):
            continue
        for number, line in enumerate(without_fences(content).splitlines(), 1):
            for match in LINK.finditer(line):
                target, _, anchor = match["target"].partition("#")
                if re.match(r"[a-z]+:", target):
                    continue
                file = ((root / path).parent / target).resolve() if target else root / path
                inside = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
                if inside in PRODUCED:
                    continue
                if not file.exists():
                    yield Fault(path, number, f"the link leads nowhere: {match['target']}")
                elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text(encoding="utf-8")):
                    yield Fault(path, number, f"there is no heading for #{anchor} in {inside}")


def make_verbs(root: Path) -> set[str]:
    """Return the verbs that the Makefile offers."""
    return set(re.findall(r"^([a-z][a-z-]*):.*##", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def verb_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield mentions of a `make` verb that does not exist."""
    verbs = make_verbs(root)
    for path, content in texts(root, *places):
        if path.endswith(".md"):
            for match in MAKE_VERB.finditer(content):
                if match["verb"] not in verbs:
                    number = content.count("\n", 0, match.start("verb")) + 1
                    yield Fault(path, number, f"`make {match['verb']}` does not exist; bare `make` lists the verbs")


def program_verbs(root: Path, *places: str) -> dict[str, str]:
    """Return the verbs of `motorcade` that documents mention, each with one document that does."""
    return {
        match["verb"]: path
        for path, content in texts(root, *places)
        if path.endswith(".md")
        for match in PROGRAM_VERB.finditer(content)
    }


def commands(root: Path, *places: str) -> Iterator[Commands]:
    """Yield the blocks that are to be run."""
    for path, content in texts(root, *places):
        if path.endswith(".md"):
            for block in FENCE.finditer(content):
                if block["info"].split() == ["sh", "run"]:
                    yield Commands(path, content.count("\n", 0, block.start()) + 1, block["body"])
