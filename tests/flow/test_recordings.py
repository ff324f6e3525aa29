"""Every recorded line of real cars goes in through the socket and ends as the right state."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from motorcade.domain.ids import id_text
from motorcade.domain.record import Topic
from motorcade.domain.signal import SIGNALS, by_tesla_name
from tests.conditions import Proof, shared_data
from tests.flow.house import House
from tests.flow.inside import browser, caught_up, reports, states
from tests.unit.wire.oracle import agrees, expected

Wanted = dict[str, tuple[int, Any]]
"""Tesla's field name → (time in ns, value)"""

UNITS = {"VehicleSpeed": "km/h", "Odometer": "km", "TpmsPressureFr": "kPa", "PackVoltage": "V", "Soc": "%"}


def at_ns(text: str) -> int:
    """A time of a recording, to the nanosecond."""
    whole, _, part = text.rstrip("Z").partition(".")
    return int(datetime.fromisoformat(whole + "+00:00").timestamp()) * 10**9 + int(part.ljust(9, "0"))


def folded(lines: list[str]) -> Wanted:
    """Where the lines lead: sorted by time, each value replacing its field's and no other."""
    state: Wanted = {}
    for message in sorted(map(json.loads, lines), key=lambda message: at_ns(message["createdAt"])):
        for datum in message["data"]:
            state[datum["key"]] = (at_ns(message["createdAt"]), expected(datum["key"], datum.get("value")))
    return state


async def test_every_recorded_line_ends_as_the_right_state(data_dir: Path, proof: Proof) -> None:
    files = sorted(shared_data("tesla-streams").glob("*.jsonl"))
    lines = {file: file.read_text(encoding="utf-8").splitlines() for file in files}
    house = House(data_dir)
    await house.claim([])
    played: dict[Path, str] = {}
    try:
        for room in ("gateway", "consumer", "api"):
            house.start(room)
        await house.until_open()
        for file in files:
            done = house.command("play", str(file))
            assert done.returncode == 0, done.stdout + done.stderr
            assert f"{len(lines[file])} of {len(lines[file])} messages acknowledged." in done.stdout
            (said,) = [line for line in done.stdout.splitlines() if "simulator VIN" in line]
            played[file] = said.split("vehicle ")[1].split(",")[0]
        await caught_up(house)
        async with browser(house) as client:
            shown = {file: (await client.get(f"/v1/vehicles/{vehicle}")).json() for file, vehicle in played.items()}
        for room in ("api", "gateway", "consumer"):
            assert house.stop(room) == 0, house.log(room)
    finally:
        house.stop_all()
    kept = await states(house)
    stored = await reports(house, Topic.VEHICLE_DATA)
    fields = invalid = 0
    for file, vehicle in played.items():
        assert sum(1 for frame in stored if id_text(frame[1]) == vehicle) == len(lines[file])
        by_ns = max(frame[6] for frame in stored if id_text(frame[1]) == vehicle) - last_ns(lines[file])
        wanted = folded(lines[file])
        got = kept[vehicle].fields
        assert {tesla_name(number) for number in got} == set(wanted), file.name
        for number, (effective_ns, _, value) in got.items():
            want_ns, want = wanted[tesla_name(number)]
            assert agrees(value, want), f"{file.name}: {tesla_name(number)} is {value!r}, wanted {want!r}"
            assert effective_ns == want_ns + by_ns, f"{file.name}: {tesla_name(number)} has another time"
            fields += 1
            invalid += want is None
        check_document(shown[file], wanted)
    total = sum(map(len, lines.values()))
    assert total > 300
    assert invalid > 10, "the recordings hold invalid values, and some of them are the last word"
    proof("recordings", count=total, result=f"{fields} fields of {len(files)} cars right, {invalid} of them invalid")


def check_document(shown: dict[str, Any], wanted: Wanted) -> None:
    """The API shows as many signals, each with its unit, and invalid ones as such."""
    assert len(shown["signals"]) == len(wanted)
    by_name = {signal["name"]: signal for signal in shown["signals"]}
    for name, (_, value) in wanted.items():
        signal = by_name[our_name(name)]
        assert signal["invalid"] == (value is None)
        assert (signal["value"] is None) == (value is None)
        if name in UNITS:
            assert signal["unit"] == UNITS[name]


def last_ns(lines: list[str]) -> int:
    return max(at_ns(json.loads(line)["createdAt"]) for line in lines)


def tesla_name(number: int) -> str:
    return SIGNALS[number].tesla_name


def our_name(name: str) -> str:
    signal = by_tesla_name(name)
    assert signal is not None
    return signal.name
