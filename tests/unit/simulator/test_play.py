import json
from pathlib import Path

import pytest
from tesla_protocol.telemetry import vehicle_alert_pb2
from tesla_protocol.telemetry import vehicle_data_pb2 as pb

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.domain.errors import Invalid
from motorcade.simulator.dev_ca import open_vehicle_authority
from motorcade.simulator.play import PlayOptions, PlayReport, check_speed, play
from motorcade.simulator.recording import read_recording
from motorcade.simulator.vin import is_simulator_vin
from motorcade.wire.tesla.recorded import parse_recording
from tests.conditions import SHARED_DATA, unavailable
from tests.unit.simulator.counter_gateway import CounterGateway, counter_gateway

CLOCK = SystemClock()
RECORDED = "XXXXXXXX123456789"
STREAMS = SHARED_DATA / "tesla-streams"


def line(at: str, vin: str = RECORDED, **data: object) -> str:
    entries = [{"key": key, "value": value} for key, value in data.items()]
    return json.dumps({"data": entries, "createdAt": at, "vin": vin})


LINES = [
    line("2025-01-30T12:00:00.5Z", VehicleSpeed={"doubleValue": 10.0}),
    line("2025-01-30T12:00:02Z", VehicleName={"stringValue": f"car {RECORDED}"}),
    "",
    json.dumps(
        {
            "alerts": [{"name": "VCSEC_a133", "startedAt": "2025-01-30T12:00:00Z", "audiences": ["Customer"]}],
            "createdAt": "2025-01-30T12:00:01Z",
            "vin": RECORDED,
        }
    ),
    line("2025-01-30T12:00:03Z", vin="YYYYYYYY123456789", Gear={"shiftStateValue": "ShiftStateD"}),
]


async def played(gateway: CounterGateway, lines: list[str], options: PlayOptions | None = None) -> PlayReport:
    claimed: dict[str, str] = {}

    async def claim(vin: str, name: str) -> str:
        claimed[vin] = name
        return f"vehicle {len(claimed)}"

    authority = open_vehicle_authority(gateway.tls_dir, CLOCK)
    report = await play(parse_recording(lines), gateway.gateway, authority, CLOCK, claim, options or PlayOptions())
    assert claimed == {vehicle.simulator_vin: vehicle.name for vehicle in report.vehicles}
    return report


async def test_times_are_shifted_so_that_the_newest_message_is_now(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port) as gateway:
        before = CLOCK.now_ns()
        report = await played(gateway, LINES)
        after = CLOCK.now_ns()
    assert (report.sent, report.acknowledged, report.refused_lines) == (4, 4, [])
    data = [one for one in gateway.received if one.topic == b"V"]
    times = [pb.Payload.FromString(one.payload).created_at.ToNanoseconds() for one in data]
    assert before <= times[-1] <= after
    assert times[-1] - times[0] == 2_500_000_000
    alerts = next(one for one in gateway.received if one.topic == b"alerts")
    alert = vehicle_alert_pb2.VehicleAlerts.FromString(alerts.payload)
    assert times[-1] - alert.alerts[0].started_at.ToNanoseconds() == 3_000_000_000
    assert times[-1] - alert.created_at.ToNanoseconds() == 2_000_000_000


async def test_every_recorded_car_becomes_a_fresh_simulator_car_and_its_vin_is_gone(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port) as gateway:
        one, other = (await played(gateway, LINES)).vehicles, (await played(gateway, LINES)).vehicles
    assert [vehicle.recorded_vin for vehicle in one] == [RECORDED, "YYYYYYYY123456789"]
    vins = [vehicle.simulator_vin for vehicle in (*one, *other)]
    assert len(set(vins)) == 4
    assert all(map(is_simulator_vin, vins))
    assert not any(RECORDED.encode() in envelope.payload for envelope in gateway.received)
    named = pb.Payload.FromString(gateway.received[1].payload)
    assert named.data[0].value.string_value == f"car {named.vin}"


async def test_a_speed_factor_paces_the_messages(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port) as gateway:
        before = CLOCK.monotonic_ns()
        told: list[tuple[int, int]] = []
        await played(gateway, LINES[:2], PlayOptions(speed=10, progress=lambda *now: told.append(now)))
        assert CLOCK.monotonic_ns() - before >= 150_000_000
    assert told[-1] == (2, 2)


async def test_lines_that_the_gateway_cannot_read_are_named(data_dir: Path, port: int) -> None:
    async with counter_gateway(data_dir, port) as gateway:
        gateway.refuse = True
        report = await played(gateway, LINES)
    assert report.refused_lines == [1, 2, 4, 5]


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([LINES[0], "{not json"], "line 2 is not a JSON message"),
        ([LINES[0], '{"vin":"X"}'], "line 2 has to hold exactly one of data, alerts, errors; it holds 0"),
        ([LINES[0], "", '{"data":[{"key":"NoSuchField"}]}'], "line 3: .*NoSuchField"),
        (['{"data":[{"key":"Gear","value":{"doubleValue":"fast"}}]}'], "line 1: "),
        ([line("yesterday", Gear={})], "line 1: .*createdAt"),
        ([], "no message with a time"),
        (['{"data":[]}'], "no message with a time"),
    ],
)
def test_a_malformed_line_is_named_before_anything_is_sent(lines: list[str], complaint: str) -> None:
    with pytest.raises(Invalid, match=complaint):
        parse_recording(lines)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"drive\.jsonl cannot be read"):
        read_recording(tmp_path / "drive.jsonl")


def test_a_speed_that_never_ends_is_refused() -> None:
    check_speed(None)
    check_speed(0.5)
    with pytest.raises(Invalid):
        check_speed(0)


async def test_every_recorded_stream_plays_to_its_end(data_dir: Path, port: int) -> None:
    if not STREAMS.is_dir():
        unavailable("the recorded streams are not on this machine")
    async with counter_gateway(data_dir, port) as gateway:
        for file in sorted(STREAMS.glob("*.jsonl")):
            lines = file.read_text().splitlines()
            report = await played(gateway, lines)
            assert report.acknowledged == len(lines)
            assert not report.refused_lines
