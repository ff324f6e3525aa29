"""The pages are rebuilt when, and only when, something they are made of has changed."""

import json
from pathlib import Path

import pytest

from tools import web_build
from tools.machine import works


@pytest.mark.parametrize(
    ("version", "wanted", "is_accepted"),
    [
        ("v22.12.0", ">=22.12", True),
        ("v22.11.0", ">=22.12", False),
        ("v24.19.0", ">=22.12", True),
        ("v20.20.2", ">=20.19", True),
        ("v20.20.2", ">=22.12", False),
        ("v20.20.2", "^20.19 || >=22.12", True),
        ("v20.18.0", "^20.19 || >=22.12", False),
        ("v21.7.0", "^20.19 || >=22.12", False),
        ("v8.17.0", ">=20.19", False),
        (None, ">=20.19", False),
        ("", ">=20.19", False),
    ],
)
def test_a_node_is_taken_only_inside_the_range(version: str | None, wanted: str, is_accepted: bool) -> None:
    assert web_build.accepts(version, wanted) is is_accepted


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with the kinds of files that matter, and some that do not."""
    for name in (
        "web/package.json",
        "web/src/map/layer.ts",
        "web/node_modules/react/index.js",
        "web/dist/index.html",
        "web/src/map/basemap/city.json",
        "src/motorcade/simulator/roads/city.json.gz",
        "src/motorcade/simulator/driving.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    "name", ["web/src/map/layer.ts", "web/package.json", "src/motorcade/simulator/roads/city.json.gz"]
)
def test_a_changed_source_asks_for_a_build(tree: Path, name: str) -> None:
    before = web_build.fingerprint(tree)
    (tree / name).write_text("changed")
    assert web_build.fingerprint(tree) != before


def test_a_new_and_a_renamed_file_ask_for_a_build(tree: Path) -> None:
    before = web_build.fingerprint(tree)
    (tree / "web/src/new.ts").write_text("")
    with_new = web_build.fingerprint(tree)
    (tree / "web/src/new.ts").rename(tree / "web/src/other.ts")
    assert len({before, with_new, web_build.fingerprint(tree)}) == 3


@pytest.mark.parametrize(
    "name",
    [
        "web/node_modules/react/index.js",
        "web/dist/index.html",
        "web/src/map/basemap/city.json",
        "src/motorcade/simulator/driving.py",
    ],
)
def test_what_is_fetched_built_or_code_of_the_server_asks_for_none(tree: Path, name: str) -> None:
    before = web_build.fingerprint(tree)
    (tree / name).write_text("changed")
    assert web_build.fingerprint(tree) == before


def test_the_packaged_node_runs_npm_from_a_folder_with_a_blank_in_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs the real installer; the package comes from the cache on any machine that has built the pages once."""
    folder = web_build.packaged_node(tmp_path / "my tools")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    version = works(["node", "--version"])
    assert web_build.accepts(version, ">=22.12")
    assert works(["npm", "--version"])


def test_what_was_done_is_remembered_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_build, "STAMP", tmp_path / "web.json")
    assert web_build.stamp() == {}
    web_build.remember(packages="a")
    web_build.remember(sources="b")
    assert json.loads((tmp_path / "web.json").read_text()) == {"packages": "a", "sources": "b"}
