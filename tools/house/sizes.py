"""Size limits: a file, function, signature or folder that grows past them is two things in one."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tools.house.files import Fault, texts, walk

MAX_PYTHON_LINES = 400
MAX_STEP_LINES = 200
MAX_TYPESCRIPT_LINES = 250
MAX_TERRAFORM_LINES = 300
MAX_DECISION_LINES = 80
MAX_README_LINES = 250
MAX_FUNCTION_LINES = 70
MAX_PARAMETERS = 6
MAX_FOLDER_FILES = 20
MAX_FOLDER_FILES_OF_NOUNS = 30
MAX_DEPTH = 3

# One file per noun: these grow with the product's vocabulary, not with disorder.
FOLDERS_OF_NOUNS = frozenset({"src/motorcade/repositories", "src/motorcade/api/routes"})


def line_limit(path: str) -> int | None:
    """Return how many lines a file may have, or None where no limit applies."""
    name = PurePosixPath(path)
    if path.startswith("src/motorcade/consumer/steps/"):
        return MAX_STEP_LINES
    if path == "README.md":
        return MAX_README_LINES
    if path.startswith("docs/decisions/"):
        return MAX_DECISION_LINES
    by_suffix = {
        ".py": MAX_PYTHON_LINES,
        ".ts": MAX_TYPESCRIPT_LINES,
        ".tsx": MAX_TYPESCRIPT_LINES,
        ".tf": MAX_TERRAFORM_LINES,
    }
    return by_suffix.get(name.suffix)


def file_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield files that are too long."""
    for path, content in texts(root, *places):
        limit = line_limit(path)
        lines = len(content.splitlines())
        if limit is not None and lines > limit:
            yield Fault(path, limit, f"{lines} lines, at most {limit}: give its second subject a file of its own")


def function_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield functions that are too long (docstring not counted) or take too many parameters."""
    for path, content in texts(root, *places):
        if not path.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(content)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from one_function(path, node)


def one_function(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Fault]:
    """Judge one function."""
    length = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines(node)
    if length > MAX_FUNCTION_LINES:
        yield Fault(
            path, node.lineno, f"`{node.name}` has {length} lines, at most {MAX_FUNCTION_LINES}: name its parts"
        )
    signature = node.args
    names = [argument.arg for argument in (*signature.posonlyargs, *signature.args, *signature.kwonlyargs)]
    count = len([name for name in names if name not in {"self", "cls"}])
    # A test may ask for several fixtures; that is a list of what it needs, not an interface.
    if count > MAX_PARAMETERS and not path.startswith("tests/"):
        yield Fault(
            path,
            node.lineno,
            f"`{node.name}` takes {count} parameters, at most {MAX_PARAMETERS}: use a frozen dataclass",
        )


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function's docstring fills; prose is wanted, so it costs nothing."""
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return (first.end_lineno or first.lineno) - first.lineno + 1
    return 0


def folder_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield folders with too many files, and files too deep under the package."""
    counts: Counter[str] = Counter()
    for file in walk(root, *places):
        path = file.relative_to(root)
        if file.suffix in {".py", ".ts", ".tsx", ".tf"} and file.name != "__init__.py":
            counts[str(path.parent)] += 1
        if path.parts[:2] == ("src", "motorcade") and len(path.parts) - 3 > MAX_DEPTH:
            yield Fault(str(path), 1, f"deeper than {MAX_DEPTH} folders under the package: flatten it")
    for folder, count in counts.items():
        limit = MAX_FOLDER_FILES_OF_NOUNS if folder in FOLDERS_OF_NOUNS else MAX_FOLDER_FILES
        if count > limit:
            yield Fault(folder, 1, f"{count} files, at most {limit}: split it by what its files are about")
