"""One record's whole way, as docs/architecture/data-path.md walks it: every station is a heading of that page."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.live_unix import UnixLiveSubscriber
from motorcade.domain.ids import id_bytes
from motorcade.domain.record import Flag, Frame, Topic
from motorcade.domain.state import Value
from motorcade.domain.summary import Summary
from motorcade.domain.tenant import SystemScope
from motorcade.domain.vehicle import Vehicle
from motorcade.ports.live import LiveSubscriber
from motorcade.repositories.consumption import Consumption
from motorcade.simulator.vin import make_vin
from motorcade.wire.live_event import decode_live
from motorcade.wire.tesla.encode import encode_vehicle_data
from motorcade.wire.tesla.envelope import Envelope, decode_envelope, encode_ack, encode_stream
from tests.conditions import ROOT
from tests.flow.house import House
from tests.flow.inside import browser, caught_up, entries, open_store, states
from tests.unit.api.rig import Event, events
from tests.unit.gateway.rig import Car, dial

PAGE = ROOT / "docs" / "architecture" / "data-path.md"
SPEED, GEAR, LOCATION = 4, 10, 21
SENT: dict[int, Value] = {SPEED: 70.811136, GEAR: "D", LOCATION: (57.7, 11.97)}  # 44 mph
SEEN_KMH = 70.81114  # the noise of the car's own floats goes
TXID = b"one-record"


def rfc3339(at_ns: int) -> str:
    """A time as the API writes it, worked out here."""
    whole = datetime.fromtimestamp(at_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{at_ns // 10**6 % 1000:03d}Z"


async def test_one_record_passes_every_station(data_dir: Path) -> None:
    house = House(data_dir)
    vin = make_vin(b"one record", "1")
    vehicle = (await house.claim([vin]))[vin]
    bus = UnixLiveSubscriber(data_dir / "run" / "live.sock")
    try:
        for room in ("gateway", "consumer", "api"):
            house.start(room)
        await house.until_open()
        async with browser(house) as client, client.stream("GET", "/v1/live", timeout=None) as stream:
            watched = events(stream)
            await _of_kind(watched, "snapshot", vehicle)
            message, created_ns = a_car_reports(vin)
            car = await the_vehicle_door(house, vin)
            received_after_ns = SystemClock().now_ns()
            await the_accept_path(car, message)
            frame = await the_stream(house, vehicle, vin)
            times_are_decided(frame, created_ns, received_after_ns)
            record_id = the_consumer_reads(frame)
            await caught_up(house)
            await the_live_bus(bus, house, vehicle, created_ns)
            await the_commit(house, vehicle, record_id, created_ns)
            await the_api(client, vehicle, created_ns)
            await a_browser_sees_it(watched, vehicle, created_ns)
            await car.hang_up()
        for room in ("api", "gateway", "consumer"):
            assert house.stop(room) == 0, house.log(room)
    finally:
        await bus.close()
        house.stop_all()


# Station: A car reports
def a_car_reports(vin: str) -> tuple[bytes, int]:
    created_ns = SystemClock().now_ns()
    payload = encode_vehicle_data(SENT, created_ns, vin)
    message = encode_stream(Envelope(TXID, b"V", payload=payload, device_id=vin.encode(), message_id=TXID))
    assert message.count(vin.encode()) == 2, "a car names itself in the envelope and in the payload"
    assert decode_envelope(message).topic == b"V"
    return message, created_ns


# Station: The vehicle door
async def the_vehicle_door(house: House, vin: str) -> Car:
    car = await dial(house.vehicle_port, house.context(vin))
    assert car.status == 101
    return car


# Station: The accept path
async def the_accept_path(car: Car, message: bytes) -> None:
    await car.message(message)
    assert await car.raw_reply() == encode_ack(TXID, b"V")


# Station: The stream
async def the_stream(house: House, vehicle: Vehicle, vin: str) -> Frame:
    """Right after the acknowledgement: no waiting, the record has to be there."""
    frames = [frame for entry in await entries(house) for frame in entry.frames if frame[4] != Topic.HEARTBEAT]
    connected, frame = frames
    assert connected[4:6] == (Topic.CONNECTIVITY, Flag.SERVER_MADE)
    assert (frame[0], frame[1]) == (id_bytes(house.org_id), id_bytes(vehicle.vehicle_id))
    assert len(frame[2]) == 8
    assert frame[2] == connected[2], "both belong to one connection"
    assert (connected[3], frame[3]) == (0, 1)
    assert frame[4:6] == (Topic.VEHICLE_DATA, Flag.NONE)
    assert frame[9] == encode_vehicle_data(SENT, frame[6]), "the payload, untouched but for its VIN"
    assert vin.encode() not in frame[9]
    return frame


# Station: Its times
def times_are_decided(frame: Frame, created_ns: int, connected_by_ns: int) -> None:
    observed, received, effective = frame[6:9]
    assert observed == created_ns
    assert connected_by_ns < received < SystemClock().now_ns()
    assert effective == min(observed, received)


# Station: The consumer
def the_consumer_reads(frame: Frame) -> bytes:
    """The record id, from its definition."""
    key = frame[1] + bytes([Topic.VEHICLE_DATA]) + frame[6].to_bytes(8, "little") + hashlib.sha256(frame[9]).digest()
    return hashlib.blake2b(key, digest_size=16).digest()


# Station: The live bus
async def the_live_bus(bus: LiveSubscriber, house: House, vehicle: Vehicle, created_ns: int) -> None:
    summary = await _from_bus(bus, (house.org_id, vehicle.vehicle_id))
    assert summary.speed_kmh == (created_ns, SEEN_KMH)
    assert summary.gear == (created_ns, "D")
    assert summary.location == (created_ns, (57.7, 11.97))
    assert summary.online
    assert summary.updated_at_ns >= created_ns
    assert not summary.clock_suspect


# Station: The commit
async def the_commit(house: House, vehicle: Vehicle, record_id: bytes, created_ns: int) -> None:
    state = (await states(house))[vehicle.vehicle_id]
    tiebreak = int.from_bytes(record_id[:8], "big")
    assert state.fields == {
        SPEED: (created_ns, tiebreak, SEEN_KMH),
        GEAR: (created_ns, tiebreak, "D"),
        LOCATION: (created_ns, tiebreak, (57.7, 11.97)),
    }
    assert state.ring[-1] == record_id
    assert state.counts == {"applied": 2}
    assert len(state.open) == 1
    async with open_store(house) as store:
        place = await Consumption(SystemScope("test"), store).reached(0)
    assert place >= max(entry.position for entry in await entries(house) if _has_data(entry.frames))


# Station: The API
async def the_api(client: httpx.AsyncClient, vehicle: Vehicle, created_ns: int) -> None:
    shown = (await client.get(f"/v1/vehicles/{vehicle.vehicle_id}")).json()
    _check_document(shown, vehicle, created_ns)
    signals = {signal["name"]: signal for signal in shown["signals"]}
    assert set(signals) == {"speed_kmh", "gear", "location"}
    speed = signals["speed_kmh"]
    assert (speed["value"], speed["unit"], speed["invalid"]) == (SEEN_KMH, "km/h", False)
    assert speed["observed_at"] == rfc3339(created_ns)
    assert 0 <= speed["age_s"] < 60
    assert signals["location"]["value"] == {"latitude": 57.7, "longitude": 11.97}


# Station: A browser
async def a_browser_sees_it(watched: AsyncIterator[Event], vehicle: Vehicle, created_ns: int) -> None:
    while True:
        shown = await _of_kind(watched, "change", vehicle)
        if shown["speed_kmh"] is not None:  # the connection itself was a change before
            break
    _check_document(shown, vehicle, created_ns)


def _check_document(shown: dict[str, Any], vehicle: Vehicle, created_ns: int) -> None:
    assert (shown["id"], shown["name"], shown["model"]) == (vehicle.vehicle_id, vehicle.name, "Model 3")
    assert shown["speed_kmh"] == {"value": SEEN_KMH, "observed_at": rfc3339(created_ns)}
    assert shown["gear"] == "D"
    assert (shown["status"], shown["online"], shown["clock_suspect"]) == ("driving", True, False)
    assert shown["location"] == {
        "latitude": 57.7,
        "longitude": 11.97,
        "heading_deg": None,
        "observed_at": rfc3339(created_ns),
    }


def _has_data(frames: Any) -> bool:
    return any(frame[4] == Topic.VEHICLE_DATA for frame in frames)


async def _from_bus(bus: LiveSubscriber, key: tuple[str, str]) -> Summary:
    """What the bus's greeting says of a vehicle."""
    async with asyncio.timeout(10), aclosing(bus.frames()) as frames:  # type: ignore[type-var]  # an async generator
        async for frame in frames:
            assert frame.snapshot
            return decode_live(frame.values[key])
    raise AssertionError("the bus said nothing")


async def _of_kind(watched: AsyncIterator[Event], kind: str, vehicle: Vehicle) -> dict[str, Any]:
    """The vehicle in the next event of a kind that names it."""
    async with asyncio.timeout(10):
        async for event in watched:
            if event.get("event") != kind:
                continue
            assert re.fullmatch(r"[0-9a-f]+\.[0-9]+", event["id"])
            for shown in event["data"]["vehicles"]:
                if shown["id"] == vehicle.vehicle_id:
                    return dict(shown)
    raise AssertionError(f"the stream ended before a {kind}")


def test_the_page_and_this_walk_have_the_same_stations() -> None:
    headings = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    stations = re.findall(r"^# Station: (.+)$", Path(__file__).read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == stations


def test_every_file_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`([a-z_/]+\.py)`", PAGE.read_text(encoding="utf-8")))
    assert len(named) >= 20
    places = {name: ROOT if name.startswith("tests/") else ROOT / "src" / "motorcade" for name in named}
    missing = [name for name, place in places.items() if not (place / name).is_file()]
    assert not missing


@pytest.mark.parametrize("room", ["gateway", "consumer", "api"])
def test_the_page_names_a_file_of_every_room(room: str) -> None:
    assert f"`{room}/" in PAGE.read_text(encoding="utf-8")
