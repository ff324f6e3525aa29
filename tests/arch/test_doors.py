"""Every door has a contract suite, which any hardware behind it has to pass."""

from pathlib import Path

from tests.conditions import ROOT


def doors_without_suite(root: Path) -> list[str]:
    """Name the ports for which tests/contract has no file of the same noun."""
    ports = (file.stem for file in (root / "src/motorcade/ports").glob("*.py") if file.stem != "__init__")
    return sorted(port for port in ports if not (root / f"tests/contract/test_{port}.py").exists())


def test_every_door_has_a_contract_suite() -> None:
    assert not doors_without_suite(ROOT)


def test_there_are_at_most_ten_doors() -> None:
    """A door costs every technology an implementation; an eleventh needs a decision record that lifts this."""
    assert len(list((ROOT / "src/motorcade/ports").glob("[a-z]*.py"))) <= 10


def test_a_door_without_suite_is_caught(tmp_path: Path) -> None:
    for name in ("src/motorcade/ports/stream.py", "src/motorcade/ports/keys.py", "tests/contract/test_keys.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert doors_without_suite(tmp_path) == ["stream"]
