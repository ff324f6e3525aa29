"""What tests have shown is written down as they say it, and nothing else."""

from pathlib import Path

import pytest

from tests.conditions import Proof, Scale
from tools import proof_page


def test_a_proof_becomes_a_line_of_the_page(tmp_path: Path) -> None:
    Proof(long=True, folder=tmp_path)("kill-and-restart", count=1200, result="0 records missing | state equal")
    page = proof_page.page(proof_page.read(tmp_path))
    line = page.splitlines()[-1]
    assert line.startswith("| kill and restart | 1,200 | 0 records missing / state equal |")
    assert line.endswith("| long |")


def test_a_damaged_proof_stops_the_page(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"name": "broken"}')
    with pytest.raises(ValueError, match=r"broken\.json"):
        proof_page.read(tmp_path)


def test_the_scale_chooses_the_count() -> None:
    assert Scale(long=False).n(2, 200) == 2
    assert Scale(long=True).n(2, 200) == 200
