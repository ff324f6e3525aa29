"""Which files the rules look at: everything written by people in this tree, nothing fetched, built or produced."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

IGNORED_FOLDERS = frozenset(
    {
        ".git", ".venv", ".tools", "node_modules", "dist", "build", "data", "test-artefacts", "__pycache__", ".vite",
        "coverage", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache", "web_dist",
    }
)  # fmt: skip
# Written by the web application's build in the middle of its sources.
PRODUCED_PLACES = frozenset({"web/src/map/basemap"})
TEXT = frozenset(
    {".py", ".md", ".toml", ".ts", ".tsx", ".js", ".mjs", ".css", ".html", ".json", ".yml", ".yaml", ".tf", ".sh", ""}
)


@dataclass(frozen=True)
class Fault:
    """One breach of a rule: where, and what to do about it."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        """Return it the way editors make clickable."""
        return f"{self.file}:{self.line}: {self.message}"


def walk(root: Path, *places: str) -> Iterator[Path]:
    """Yield the files under the given places (folders or files) of a tree, in a fixed order."""
    for place in places or (".",):
        start = root / place
        if start.is_file():
            yield start
            continue
        for folder, subfolders, names in os.walk(start):
            # `tests/data` and the like are written by people; only the top-level one is a running system's.
            subfolders[:] = sorted(
                name for name in subfolders if name not in IGNORED_FOLDERS or (name == "data" and Path(folder) != root)
            )
            yield from (Path(folder, name) for name in sorted(names))


def texts(root: Path, *places: str) -> Iterator[tuple[str, str]]:
    """Yield (path from the root, content) of the text files under the given places."""
    for file in walk(root, *places):
        if file.suffix in TEXT:
            try:
                yield str(file.relative_to(root)), file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
