"""Who may vouch for an organisation: scopes are made in few places, and repositories take a scope, never an id."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.house.files import Fault, texts


def maker_faults(root: Path, allowed: Mapping[str, frozenset[str]], *places: str) -> Iterator[Fault]:
    """Yield calls that make a scope outside the files that may.

    Args:
        root: the tree.
        allowed: for each scope's name, the files that may make one.
        places: where to look.
    """
    for path, content in texts(root, *places):
        if not path.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(content)):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in allowed and path not in allowed[name]:
                yield Fault(
                    path, node.lineno, f"makes a {name}: take one as an argument, or add this file to the test's list"
                )


def organisation_faults(root: Path, *places: str) -> Iterator[Fault]:
    """Yield public methods of repositories that are told an organisation instead of holding a scope."""
    for path, content in texts(root, *places):
        if not path.endswith(".py"):
            continue
        classes = (node for node in ast.walk(ast.parse(content)) if isinstance(node, ast.ClassDef))
        for node in (member for one in classes for member in one.body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                signature = node.args
                names = {one.arg for one in (*signature.posonlyargs, *signature.args, *signature.kwonlyargs)}
                if names & {"org_id", "organisation_id", "org"}:
                    yield Fault(path, node.lineno, f"`{node.name}` takes an organisation: construct it from a scope")
