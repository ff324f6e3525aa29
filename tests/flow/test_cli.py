"""The command line as a person meets it: help, and one clear sentence with the remedy where something is wrong."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from motorcade import __version__
from motorcade.simulator.vin import fresh_vin
from tests.conditions import shared_data, unavailable
from tests.flow.house import House

COMMANDS = (
    *("run", "gateway", "consumer", "worker", "api", "simulate"),
    *("open", "claim", "passphrase", "reread", "lines", "redrive", "play"),
)
ROOMS = ("gateway", "consumer", "worker", "api", "simulate")


@pytest.fixture
def house(data_dir: Path) -> House:
    return House(data_dir)


@pytest.fixture
def installed(house: House) -> House:
    """A folder as a first start leaves it."""
    asyncio.run(house.claim([]))
    return house


def run(house: House, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command with settings of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "motorcade", *words],
        env=house.environment | {f"MOTORCADE_{name.upper()}": value for name, value in settings.items()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The command failed with one line for a person, and nothing but it."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("motorcade: ")
    return line


def test_help_names_every_command(house: House) -> None:
    done = house.command("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"│ {command} " in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(house: House, command: str) -> None:
    done = house.command(command, "--help")
    assert done.returncode == 0
    assert f"motorcade {command}" in done.stdout
    assert "supervised" not in done.stdout, "what the supervisor says to its rooms is not for people"
    assert not list(house.folder.iterdir()), "asking leaves nothing behind"


def test_the_version_is_told(house: House) -> None:
    done = house.command("--version")
    assert (done.returncode, done.stdout.strip()) == (0, __version__)


def test_an_unknown_command_is_refused_with_the_known_ones(house: House) -> None:
    done = house.command("clam")
    assert done.returncode != 0
    assert "clam" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("vin", ["123", "SIM0000000000000I", "WVWZZZ1JZXW0000", "x" * 18, ""])
def test_what_is_no_vin_is_refused(installed: House, vin: str) -> None:
    line = one_sentence(installed.command("claim", vin))
    assert "VIN" in line
    assert not vin or vin not in line, "what a person typed may be a real VIN with a slip"


def test_a_car_is_claimed_once(installed: House) -> None:
    vin = fresh_vin()
    done = installed.command("claim", vin, "--name", "Van 7")
    assert done.returncode == 0, done.stderr
    assert "Claimed as Van 7" in done.stdout
    assert "claimed already" in one_sentence(installed.command("claim", vin))
    other = installed.command("claim", fresh_vin())
    assert "Claimed as Car 2" in other.stdout


def test_open_prints_a_link_of_its_own_each_time(installed: House) -> None:
    first, second = installed.command("open"), installed.command("open")
    for done in (first, second):
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"http://127.0.0.1:{installed.http_port}/sign-in#")
    assert first.stdout != second.stdout


@pytest.mark.parametrize("words", [(room,) for room in ROOMS] + [("open",), ("claim", fresh_vin())])
def test_a_folder_without_a_fleet_is_named_with_the_remedy(house: House, words: tuple[str, ...]) -> None:
    line = one_sentence(house.command(*words))
    assert str(house.folder) in line
    assert "motorcade run" in line
    assert not list(house.folder.iterdir()), "nothing is made by mistake"


def test_playing_nonsense_names_the_line(installed: House, tmp_path: Path) -> None:
    file = tmp_path / "nonsense.jsonl"
    file.write_text("this is no JSON\n")
    assert "line 1" in one_sentence(installed.command("play", str(file)))


def test_playing_without_a_gateway_says_so(installed: House) -> None:
    recording = next(iter(sorted(shared_data("tesla-streams").glob("doors*.jsonl"))))
    line = one_sentence(installed.command("play", str(recording)))
    assert "gateway" in line


def test_a_passphrase_is_not_taken_from_a_pipe(installed: House) -> None:
    assert "terminal" in one_sentence(installed.command("passphrase"))


def test_a_folder_that_cannot_be_made_is_named(house: House) -> None:
    file = house.folder / "file"
    file.write_text("in the way")
    line = one_sentence(run(house, "run", data_dir=str(file / "data")))
    assert str(file / "data") in line
    assert "MOTORCADE_DATA_DIR" in line


def test_a_folder_whose_path_is_too_long_for_sockets_is_refused_before_anything_is_made(house: House) -> None:
    folder = house.folder / ("x" * 120)
    line = one_sentence(run(house, "run", data_dir=str(folder)))
    assert "too long" in line
    assert "MOTORCADE_DATA_DIR" in line
    assert not folder.exists()


@pytest.mark.parametrize("name", ["vehicle", "http"])
def test_a_busy_port_is_named_with_the_setting_that_moves_it(house: House, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = one_sentence(run(house, "run", simulated_cars="0", **{f"{name}_port": str(port)}))
    assert str(port) in line
    assert f"MOTORCADE_{name.upper()}_PORT" in line


@pytest.mark.parametrize("room", ["gateway", "api"])
def test_a_room_alone_also_says_that_its_port_is_busy(installed: House, room: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = one_sentence(run(installed, room, vehicle_port=str(port), http_port=str(port)))
    assert str(port) in line


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"vehicle_prot": "4443"}, "did you mean MOTORCADE_VEHICLE_PORT?"),
        ({"datadir": "x"}, "did you mean MOTORCADE_DATA_DIR?"),
        ({"nothing_like_it": "x"}, "settings.md"),
        ({"http_port": "eighty"}, "MOTORCADE_HTTP_PORT"),
        ({"http_port": "70000"}, "65535"),
        ({"stream_retention_h": "1"}, "72"),
        ({"log_level": "loud"}, "MOTORCADE_LOG_LEVEL"),
    ],
)
def test_a_wrong_setting_is_named(installed: House, settings: dict[str, str], told: str) -> None:
    assert told in one_sentence(run(installed, "open", **settings))


def test_listening_beyond_this_machine_needs_a_passphrase_first(house: House) -> None:
    line = one_sentence(run(house, "run", http_host="0.0.0.0", simulated_cars="0"))
    assert "passphrase" in line


def test_a_second_start_in_the_same_folder_is_refused_and_the_first_ends_cleanly(house: House) -> None:
    with running(house) as first:
        line = one_sentence(run(house, "run", simulated_cars="0"))
        assert "already runs" in line
        assert str(first.pid) in line
        first.send_signal(signal.SIGINT)
        assert first.wait(40) == 0
    with running(house) as again:
        again.send_signal(signal.SIGTERM)
        assert again.wait(40) == 0, "a killed or ended start leaves nothing in the way"
    (house.folder / "store.db").rename(house.folder / "elsewhere")
    for words in (("run",), ("gateway",), ("open",)):
        assert "but no store.db" in one_sentence(run(house, *words))
    assert not (house.folder / "store.db").exists(), "nothing is begun anew unasked"


@contextlib.contextmanager
def running(house: House) -> Iterator[subprocess.Popen[str]]:
    """`motorcade run` without cars, once it is live."""
    process = subprocess.Popen(
        [sys.executable, "-m", "motorcade", "run"],
        env=house.environment | {"MOTORCADE_SIMULATED_CARS": "0", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if "Stop: Ctrl-C" in line:
                break
        else:
            raise AssertionError("".join(said))
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


def test_a_full_disk_is_named(house: House) -> None:
    with small_disk("1m") as disk:
        line = one_sentence(run(house, "run", data_dir=str(disk / "data")))
    assert str(disk) in line
    assert "free" in line.lower()


@contextlib.contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system with so much room; needs the right to mount one."""
    with tempfile.TemporaryDirectory(prefix="mc-", dir="/tmp") as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
        if done.returncode:
            if os.geteuid() == 0:
                pytest.skip("this container may not mount a small disk")
            unavailable("only root may mount the small disk that this test fills")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)
