"""A missing tool skips a test on a laptop and fails it in CI."""

from pathlib import Path

import pytest

from tests import conditions


def test_a_missing_program_skips_on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program"):
        conditions.needs("no-such-program")


def test_a_missing_program_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        conditions.needs("no-such-program")


def test_missing_recorded_data_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-data"):
        conditions.shared_data("no-such-data")


def test_a_present_program_is_found() -> None:
    assert Path(conditions.needs("make")).exists()


def test_a_data_directory_is_short_enough_for_a_socket(data_dir: Path) -> None:
    assert len(str(data_dir / "run" / "gateway.sock")) < 60
