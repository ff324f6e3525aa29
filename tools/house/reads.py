"""Who may read the machine: the environment in one file, the clocks in another; and every suppression has a reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.house.files import Fault, texts

READERS_OF_ENVIRONMENT = frozenset({"src/motorcade/app/settings.py"})
READERS_OF_CLOCKS = frozenset({"src/motorcade/adapters/embedded/clock_system.py"})

ENVIRONMENT = frozenset({"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv"})
CLOCKS = frozenset(
    {
        "time." + name
        for name in ("time", "time_ns", "monotonic", "monotonic_ns", "localtime", "gmtime", "clock_gettime")
    }
    | {
        "time.sleep",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
    }
)

# `noqa: X - why`, `type: ignore[x]  # why`, `pragma: no cover - why`, `eslint-disable-next-line x -- why`.
SUPPRESSION = re.compile(
    r"#\s*noqa\b(?P<noqa>.*)|#\s*type:\s*ignore(?P<mypy>.*)|#\s*pragma:\s*no\s*cover(?P<cover>.*)"
    r"|eslint-disable(?:-next-line|-line)?\s+[\w/@-]+(?P<eslint>.*)|@ts-(?:expect-error|ignore)(?P<script>.*)"
)
REASON = re.compile(r"(?:-|—|#|:)\s*\(?\w+")


def read_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield places that read the environment or a clock, and are not the one file that may.

    Unlike the linter's rule of the same intent, a suppression does not silence this one.
    """
    for path, content in texts(root, *places):
        if not path.endswith(".py"):
            continue
        for number, name in names_used(ast.parse(content)):
            if name in ENVIRONMENT and path not in READERS_OF_ENVIRONMENT:
                yield Fault(path, number, f"reads `{name}`: take a setting from app/settings.py")
            if name in CLOCKS and path not in READERS_OF_CLOCKS:
                yield Fault(path, number, f"uses `{name}`: take a Clock (ports/clock.py)")


def names_used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, full dotted name) of every attribute and name that an import makes known."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {name.asname or name.name.split(".")[0]: name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            head, _, rest = ast.unparse(node).partition(".")
            if head in known:
                yield node.lineno, f"{known[head]}.{rest}" if rest else known[head]


def suppression_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield suppressions of a check that do not say why."""
    for path, content in texts(root, *places):
        for number, line in enumerate(content.splitlines(), 1):
            found = SUPPRESSION.search(line)
            if not found or is_quoted(line, found.start()):
                continue
            rest = next(part for part in found.groups() if part is not None)
            # The codes come first: `: S603, S607` or `[arg-type]`; the reason is what follows them.
            after_codes = re.sub(r"^\s*(?::\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*|\[[\w\-, ]+\])?", "", rest)
            if not REASON.search(after_codes):
                yield Fault(path, number, "a suppression without its reason: write `- because …` after it")


def is_quoted(line: str, position: int) -> bool:
    """Tell whether a position lies inside a string or a code span, where it is talked about and not meant."""
    before = line[:position]
    return any(before.count(mark) % 2 for mark in "`\"'")
