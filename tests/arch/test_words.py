"""Nothing in this tree names one machine, a package index, a real vehicle, or says nothing."""

from pathlib import Path

from tests.conditions import ROOT
from tools.house import words

# Put together here, so that this file keeps the rules it tests.
PLAUSIBLE_VIN = "5YJ3E1EA" + "1JF" + "000001"


def planted(tmp_path: Path, name: str, content: str) -> Path:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return tmp_path


def with_check_digit(vin: str) -> str:
    return next(
        candidate for digit in "0123456789X" if words.has_valid_check_digit(candidate := vin[:8] + digit + vin[9:])
    )


def test_nothing_names_a_path_of_one_machine_or_a_package_index() -> None:
    faults = list(words.machine_faults(ROOT))
    assert not faults, "\n".join(map(str, faults))


def test_nothing_looks_like_a_real_vehicles_number() -> None:
    faults = list(words.vin_faults(ROOT))
    assert not faults, "\n".join(map(str, faults))


def test_every_name_says_what_is_inside() -> None:
    faults = [
        fault
        for fault in words.name_faults(ROOT, "src", "tests", "tools", "web/src")
        # The base style sheet is what the word means in CSS: the rules every page starts from.
        if fault.file != "web/src/styles/base.css"
    ]
    assert not faults, "\n".join(map(str, faults))


def test_a_machine_path_and_an_index_host_are_caught(tmp_path: Path) -> None:
    planted(tmp_path, "a.py", 'PLACE = "/ho' + 'me/someone/data"\n')
    planted(tmp_path, "b.md", "see https://py" + "pi.org/simple\n")
    planted(tmp_path, "c.py", 'ROUTE = "/v1/work/items"\nHOME = "~/work"\n')
    assert [(fault.file, fault.line) for fault in words.machine_faults(tmp_path)] == [("a.py", 1), ("b.md", 1)]


def test_a_vin_in_the_product_is_caught_and_a_simulated_one_is_not(tmp_path: Path) -> None:
    planted(tmp_path, "src/a.py", f'CAR = "{PLAUSIBLE_VIN}"\n')
    planted(tmp_path, "src/b.py", 'CAR = "SIM00000000000042"\nDIGITS = 12345678901234567\n')
    assert [fault.file for fault in words.vin_faults(tmp_path)] == ["src/a.py"]


def test_a_vin_in_a_test_is_caught_only_if_such_a_car_could_exist(tmp_path: Path) -> None:
    right = with_check_digit(PLAUSIBLE_VIN)
    wrong = right[:8] + ("0" if right[8] != "0" else "1") + right[9:]
    planted(tmp_path, "tests/possible.py", f'CAR = "{right}"\n')
    planted(tmp_path, "tests/impossible.py", f'CAR = "{wrong}"\n')
    assert [fault.file for fault in words.vin_faults(tmp_path)] == ["tests/possible.py"]


def test_an_empty_name_is_caught(tmp_path: Path) -> None:
    planted(tmp_path, "src/motorcade/utils/dates.py", "")
    planted(tmp_path, "src/motorcade/gateway/socket_helpers.py", "")
    planted(tmp_path, "src/motorcade/gateway/database.py", "")
    assert {fault.file for fault in words.name_faults(tmp_path)} == {
        "src/motorcade/utils/dates.py",
        "src/motorcade/gateway/socket_helpers.py",
    }
