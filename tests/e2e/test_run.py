"""`motorcade run` as a program: it ends when asked, finds its data again, and says in a sentence what is in its way."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conditions import Proof
from tests.e2e.installation import Installation, until

NARROW_COLUMNS = 40
KM_TOLERANCE = 0.001


@pytest.fixture
def house() -> Iterator[Installation]:
    running = Installation(cars=12, columns=NARROW_COLUMNS)
    yield running
    running.end()


def odometers(house: Installation) -> dict[str, float]:
    """Kilometres of every vehicle that has told them."""
    with house.client() as client:
        page = client.get("/v1/vehicles", params={"limit": 100}).json()["data"]
    return {one["id"]: one["odometer_km"]["value"] for one in page if one["odometer_km"]}


def assert_one_sentence(output: str, *words: str) -> None:
    lines = output.strip().splitlines()
    assert len(lines) == 1, f"more than one line:\n{output}"
    assert lines[0].startswith("motorcade: ")
    assert "Traceback" not in output
    for word in words:
        assert word in lines[0], output


def test_ctrl_c_stops_everything_and_a_second_start_finds_its_data(house: Installation, proof: Proof) -> None:
    house.start()
    until("every car's odometer", lambda: len(odometers(house)) == house.cars, 60.0, every_s=0.5)
    before = odometers(house)
    rooms = house.rooms()
    assert set(rooms) == {"gateway", "consumer", "archiver", "worker", "api", "simulate"}
    code, took_s = house.interrupt()
    assert code in {0, 130}, house.output
    left = [
        name for name, process in rooms.items() if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]
    assert not left, f"still running: {left}"
    assert "Traceback" not in house.output
    assert not list((house.folder / "run").glob("*.sock")), "a socket was left behind"

    house.start()
    after = odometers(house)
    assert set(after) == set(before), "not the same vehicles"
    assert all(after[vehicle] >= before[vehicle] - KM_TOLERANCE for vehicle in before), "an odometer went back"
    proof("stop-and-start", count=house.cars, result=f"stopped {took_s:.1f} s after Ctrl-C, all vehicles found again")


def test_a_second_run_in_the_same_folder_says_who_is_there(house: Installation) -> None:
    house.start()
    second = house.command("run")
    assert second.returncode == 1
    assert second.stdout == ""
    assert_one_sentence(second.stderr, "already runs", str(house.folder), "MOTORCADE_DATA_DIR")
    assert house.run is not None
    assert house.run.poll() is None, "the first run was disturbed"


@pytest.mark.parametrize(
    ("name", "setting"), [("http_port", "MOTORCADE_HTTP_PORT"), ("vehicle_port", "MOTORCADE_VEHICLE_PORT")]
)
def test_a_busy_port_is_named_with_the_setting_that_moves_it(house: Installation, name: str, setting: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        setattr(house, name, other.getsockname()[1])
        refused = house.command("run")
    assert refused.returncode == 1
    assert_one_sentence(refused.stderr, str(getattr(house, name)), setting)


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(house: Installation) -> None:
    file = house.folder / "file"
    file.touch()
    refused = Installation(folder=file / "data").command("run")
    assert refused.returncode == 1
    assert_one_sentence(refused.stderr, "cannot be written", "MOTORCADE_DATA_DIR")


def test_the_rooms_end_when_their_supervisor_is_killed(house: Installation) -> None:
    house.start()
    rooms = house.rooms()
    assert house.run is not None
    house.run.kill()
    house.run.wait()
    until("every room to end", lambda: not any(process.is_running() for process in rooms.values()), 60.0)


def test_the_link_is_whole_on_a_narrow_terminal(house: Installation) -> None:
    house.start()
    token = house.link.split("#")[1]
    assert re.fullmatch(r"[\w-]{43}", token), house.output
    assert Path(house.folder / "root.key").stat().st_mode & 0o777 == 0o600
