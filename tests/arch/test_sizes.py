"""Files, functions, signatures and folders stay small enough to read."""

from pathlib import Path

from tests.conditions import ROOT
from tools.house import sizes

# Over the limit, and why. This list may only shrink.
ALLOWED_LONG: dict[str, str] = {
    "web/src/api/schema.d.ts": "generated from the API's own description",
}


def written(tmp_path: Path, name: str, content: str) -> Path:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return tmp_path


def test_no_file_is_longer_than_its_limit() -> None:
    faults = [
        fault
        for fault in sizes.file_faults(ROOT, "src", "tests", "tools", "web", "docs", "README.md", "hatch_build.py")
        if fault.file not in ALLOWED_LONG
    ]
    assert not faults, "\n".join(map(str, faults))


def test_no_function_is_longer_or_takes_more_than_its_limit() -> None:
    faults = list(sizes.function_faults(ROOT, "src", "tests", "tools", "hatch_build.py"))
    assert not faults, "\n".join(map(str, faults))


def test_no_folder_holds_more_files_than_its_limit() -> None:
    faults = list(sizes.folder_faults(ROOT, "src", "tests", "tools", "web/src"))
    assert not faults, "\n".join(map(str, faults))


def test_an_overlong_file_is_caught(tmp_path: Path) -> None:
    written(tmp_path, "src/motorcade/gateway/long.py", "x = 1\n" * 401)
    written(tmp_path, "src/motorcade/consumer/steps/long.py", "x = 1\n" * 201)
    written(tmp_path, "web/src/long.tsx", "x\n" * 251)
    written(tmp_path, "src/motorcade/gateway/fine.py", "x = 1\n" * 400)
    assert {fault.file for fault in sizes.file_faults(tmp_path)} == {
        "src/motorcade/gateway/long.py",
        "src/motorcade/consumer/steps/long.py",
        "web/src/long.tsx",
    }


def test_an_overlong_function_is_caught_and_its_docstring_costs_nothing(tmp_path: Path) -> None:
    body = "    x = 1\n"
    written(tmp_path, "src/a.py", "def long():\n" + body * 70)
    written(tmp_path, "src/b.py", 'def prose():\n    """' + "word\n" * 80 + '    """\n' + body * 60)
    assert [fault.file for fault in sizes.function_faults(tmp_path)] == ["src/a.py"]


def test_a_seventh_parameter_is_caught_but_self_is_free(tmp_path: Path) -> None:
    written(tmp_path, "src/a.py", "def f(a, b, c, d, e, f, *, g): ...\n")
    written(tmp_path, "src/b.py", "class C:\n    def f(self, a, b, c, d, e, f): ...\n")
    assert [fault.file for fault in sizes.function_faults(tmp_path)] == ["src/a.py"]


def test_a_full_folder_and_a_deep_one_are_caught(tmp_path: Path) -> None:
    for number in range(21):
        written(tmp_path, f"src/motorcade/api/n{number}.py", "")
        written(tmp_path, f"src/motorcade/repositories/n{number}.py", "")
    written(tmp_path, "src/motorcade/a/b/c/d/deep.py", "")
    assert {fault.file for fault in sizes.folder_faults(tmp_path)} == {
        "src/motorcade/api",
        "src/motorcade/a/b/c/d/deep.py",
    }
