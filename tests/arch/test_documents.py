"""Documents tell the truth: links resolve, commands run, generated pages are fresh, pictures show this tree."""

import os
import subprocess
from pathlib import Path

import pytest

from motorcade.app.settings import Settings
from tests.conditions import ROOT
from tools import pages
from tools.house import decisions, documents, pictures

PLACES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs")


def planted(tmp_path: Path, name: str, content: str) -> Path:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return tmp_path


def test_every_link_leads_somewhere() -> None:
    faults = list(documents.link_faults(ROOT, *PLACES))
    assert not faults, "\n".join(map(str, faults))


def test_every_verb_that_documents_name_exists() -> None:
    faults = list(documents.verb_faults(ROOT, *PLACES))
    assert not faults, "\n".join(map(str, faults))


@pytest.mark.parametrize(
    "block", list(documents.commands(ROOT, *PLACES)), ids=lambda block: f"{block.file}:{block.line}"
)
def test_a_documented_command_works(block: documents.Commands) -> None:
    env = {**os.environ, "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}"}  # noqa: TID251 - passed on to a child
    # Two minutes: documents promise quick commands; a longer one belongs in a test of its own.
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.script], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_generated_pages_are_what_would_be_generated_now() -> None:
    assert not pages.stale(), "run `make docs` and commit what it wrote"


def test_a_stale_page_is_caught(tmp_path: Path) -> None:
    for path, generate in pages.PAGES.items():
        planted(tmp_path, path, generate())
    assert not pages.stale(tmp_path)
    planted(tmp_path, "docs/reference/settings.md", pages.settings_page() + "one word by hand\n")
    assert pages.stale(tmp_path) == ["docs/reference/settings.md"]


def test_every_setting_has_a_description_and_is_on_the_page() -> None:
    page = pages.settings_page()
    for name, field in Settings.model_fields.items():
        assert field.description, f"the setting {name} has no description"
        assert f"`MOTORCADE_{name.upper()}`" in page


def test_decision_records_have_one_shape_and_name_their_check() -> None:
    faults = list(decisions.decision_faults(ROOT))
    assert not faults, "\n".join(map(str, faults))
    assert len(decisions.read(ROOT)) >= 10


def test_pictures_show_folders_of_this_tree() -> None:
    faults = list(pictures.picture_faults(ROOT, "docs", "README.md"))
    assert not faults, "\n".join(map(str, faults))


def test_a_dead_link_and_a_missing_heading_are_caught(tmp_path: Path) -> None:
    planted(tmp_path, "docs/a.md", "# One\n[x](b.md) [y](missing.md) [z](b.md#two-words) [w](b.md#three) [v](#one)\n")
    planted(tmp_path, "docs/b.md", "## Two words\n```sh\n[not a link](nowhere.md)\n```\n")
    found = [fault.message for fault in documents.link_faults(tmp_path, "docs")]
    assert len(found) == 2
    assert "missing.md" in found[0]
    assert "#three" in found[1]


def test_an_unknown_verb_is_caught(tmp_path: Path) -> None:
    planted(tmp_path, "Makefile", "run: ready ## start\n")
    planted(tmp_path, "docs/a.md", "Call `make run`, not `make start`. We make sure of it.\n")
    assert [fault.line for fault in documents.verb_faults(tmp_path, "docs")] == [1]


def test_the_programs_verbs_are_found_where_they_are_meant(tmp_path: Path) -> None:
    planted(
        tmp_path, "docs/a.md", "Call `motorcade claim VIN`.\n```sh\nmotorcade open\n```\nHere motorcade is a word.\n"
    )
    assert documents.program_verbs(tmp_path, "docs") == {"claim": "docs/a.md", "open": "docs/a.md"}


def test_only_blocks_marked_run_are_run(tmp_path: Path) -> None:
    planted(tmp_path, "docs/a.md", "```sh\nrm -rf x\n```\n\n```sh run\ntrue\n```\n")
    assert [(block.line, block.script) for block in documents.commands(tmp_path, "docs")] == [(5, "true\n")]


GOOD = """# 0001. A title

Status: Accepted
Date: 2026-11-24
Area: code

## Context
## Decision
## Consequences
## Alternatives
## Confirmation
`tests/here.py`
"""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("0002-first.md", GOOD.replace("0001", "0002")),
        ("0001_first.md", GOOD),
        ("0001-first.md", GOOD.replace("Accepted", "Maybe")),
        ("0001-first.md", GOOD.replace("Area: code", "Area: weather")),
        ("0001-first.md", GOOD.replace("## Alternatives\n", "")),
        ("0001-first.md", GOOD.replace("`tests/here.py`", "we will see")),
        ("0001-first.md", GOOD.replace("here.py", "gone.py")),
        ("0001-first.md", GOOD.replace("# 0001.", "# 0009.")),
    ],
)
def test_a_misshapen_decision_record_is_caught(tmp_path: Path, name: str, content: str) -> None:
    planted(tmp_path, "tests/here.py", "")
    planted(tmp_path, f"docs/decisions/{name}", content)
    assert list(decisions.decision_faults(tmp_path))


def test_a_well_formed_decision_record_passes(tmp_path: Path) -> None:
    planted(tmp_path, "tests/here.py", "")
    planted(tmp_path, "docs/decisions/0001-first.md", GOOD)
    assert not list(decisions.decision_faults(tmp_path))


def test_a_box_without_a_folder_is_caught(tmp_path: Path) -> None:
    picture = '```mermaid\nflowchart\n  a["gateway<br/>in"] --> b["nowhere"]\n  c["a person"]:::outside --> a\n```\n'
    planted(tmp_path, "docs/a.md", picture)
    planted(tmp_path, "src/motorcade/gateway/__init__.py", "")
    assert [fault.message.split("`")[1] for fault in pictures.picture_faults(tmp_path, "docs")] == ["nowhere"]
