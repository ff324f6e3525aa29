"""No VIN leaves the vault: after cars that try to smuggle theirs, every file and every answer is searched for them."""

import asyncio
import base64
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tesla_protocol.telemetry.vehicle_alert_pb2 import VehicleAlerts
from tesla_protocol.telemetry.vehicle_connectivity_pb2 import VehicleConnectivity
from tesla_protocol.telemetry.vehicle_data_pb2 import Gear, Location, Payload, VehicleName, VehicleSpeed
from tesla_protocol.telemetry.vehicle_error_pb2 import VehicleErrors
from tesla_protocol.telemetry.vehicle_metric_pb2 import VehicleMetrics

from motorcade.adapters.embedded.clock_system import SystemClock
from motorcade.adapters.embedded.keys_file import FileKeys
from motorcade.domain.ids import id_text
from motorcade.domain.record import Flag, Frame, Topic
from motorcade.domain.tenant import SystemScope
from motorcade.repositories.claims import ClaimsRepository
from motorcade.simulator.vin import make_vin
from motorcade.wire.tesla.envelope import TYPE_STREAM, Envelope, encode_stream
from tests.conditions import Proof, free_port
from tests.flow.house import House
from tests.flow.inside import browser, caught_up, entries, open_store
from tests.unit.gateway.rig import Car, dial

CARS = 4
NOW_S = SystemClock().now_ns() // 10**9


def spellings(vin: str) -> Iterator[bytes]:
    """The VIN as it may lie in a file or an answer."""
    for text in (vin, vin.lower()):
        yield text.encode()
        yield text.encode("utf-16-le")
        yield text.encode("utf-16-be")
        yield text.encode().hex().encode()
        for shift in range(3):  # base64 of the VIN behind 0, 1 or 2 other bytes: the part that is the same in all texts
            coded = base64.b64encode(bytes(shift) + text.encode() + bytes(3))
            yield coded[4 if shift else 0 : 20]


def reports(vin: str, named: str) -> list[tuple[bytes, bytes]]:
    """(topic, payload): every topic, with a car's own VIN in its texts, and perhaps another one where its own belongs.

    Only the connection's VIN is looked for in texts: the gateway knows no list of all the others.
    """
    data = Payload(vin=named)
    data.created_at.seconds = NOW_S
    for key, text in ((VehicleName, f"My {vin}"), (Gear, vin), (Location, vin.lower())):
        datum = data.data.add(key=key)
        datum.value.string_value = text
    speed = data.data.add(key=VehicleSpeed)
    speed.value.double_value = 44.0
    alerts = VehicleAlerts(vin=named)
    alerts.created_at.seconds = NOW_S
    alerts.alerts.add(name=f"alert {vin}").started_at.seconds = NOW_S
    errors = VehicleErrors(vin=named)
    errors.created_at.seconds = NOW_S
    errors.errors.add(name="error", body=f"of {vin}", tags={vin: vin})
    connectivity = VehicleConnectivity(vin=named, connection_id=f"c-{vin}", network_interface=vin)
    connectivity.created_at.seconds = NOW_S
    metrics = VehicleMetrics(vin=named)
    metrics.created_at.seconds = NOW_S
    metrics.metrics.add(name=f"metric.{vin}", tags={"vin": vin}, value=1.0)
    messages = {b"V": data, b"alerts": alerts, b"errors": errors, b"connectivity": connectivity, b"metrics": metrics}
    return [(topic, message.SerializeToString()) for topic, message in messages.items()]


async def send_everything(car: Car, own: str, other: str) -> None:
    """Honest reports, reports in another car's name, and what no one can read."""
    names: list[dict[str, Any]] = [
        {"device_id": own.encode(), "sender_id": b"vehicle_device." + own.encode(), "message_id": own.encode()},
        {"device_id": other.encode(), "sender_id": b"vehicle_device." + other.encode()},
    ]
    txids = map(b"tx-%d".__mod__, itertools.count())
    for (topic, payload), named in itertools.product([*reports(own, own), *reports(own, other)], names):
        txid = next(txids)
        await car.message(encode_stream(Envelope(txid, topic, payload=payload, **named)))
        assert (await car.reply()).txid == txid
    for unreadable in (b"\xff\xff" + own.encode(), b"\x0a\x7f" + other.encode()):
        await car.message(encode_stream(Envelope(own.encode(), b"V", payload=unreadable)))
        assert (await car.reply()).message_type == TYPE_STREAM, "an error"
        await car.message(unreadable)
        assert (await car.reply()).message_type == TYPE_STREAM, "an error"
    await car.message(encode_stream(Envelope(b"t", own.encode(), payload=b"x", sender_id=own.encode())))
    await car.reply()


async def refused(house: House, vin: str) -> None:
    """A car that nobody claimed knocks."""
    car = await dial(house.vehicle_port, house.context(vin))
    assert car.status == 403
    assert vin.encode() not in car.body


async def pages(
    house: House, client: httpx.AsyncClient, vehicles: list[str], vins: list[str]
) -> list[tuple[str, bytes]]:
    """Everything that answers over HTTP, also to questions with a VIN in them."""
    found = [
        (place, (await client.get(place)).content)
        for place in ("/v1/vehicles", "/v1/session", "/readyz", *(f"/v1/vehicles/{vehicle}" for vehicle in vehicles))
    ]
    for vin in vins:
        for place in (f"/v1/vehicles/{vin}", f"/v1/live?vehicle={vin}", f"/v1/vehicles?cursor={vin}"):
            answer = await client.get(place)
            assert answer.status_code in {400, 404, 422}, place
    async with client.stream("GET", f"/v1/live?vehicle={vehicles[0]}") as stream:
        async for part in stream.aiter_bytes():
            found.append(("/v1/live", part))
            if b"event: signals" in part:
                break
    for room, port in house.metrics_ports.items():
        found.append((f"metrics of {room}", (await client.get(f"http://127.0.0.1:{port}/metrics")).content))
    return found


def files(folder: Path) -> list[tuple[str, bytes]]:
    """Every file of the data folder, write-ahead logs and hidden ones too."""
    return [(str(path.relative_to(folder)), path.read_bytes()) for path in folder.rglob("*") if path.is_file()]


async def test_no_vin_is_anywhere_but_in_the_vault_and_none_moves_a_record(data_dir: Path, proof: Proof) -> None:
    house = House(data_dir, metrics_ports={room: free_port() for room in ("gateway", "consumer", "worker", "api")})
    vins = [make_vin(b"canary", str(number)) for number in range(CARS)]
    stranger = make_vin(b"canary", "stranger")
    vehicles = await house.claim(vins)
    owned = {vehicles[vin].vehicle_id for vin in vins}
    sent: dict[str, int] = {}
    try:
        for room in ("gateway", "consumer", "worker", "api"):
            house.start(room)
        await house.until_open()
        await refused(house, stranger)
        cars = []
        for vin, other in zip(vins, [*vins[1:], stranger], strict=True):
            headers = [f"X-TXID: {other}", f"X-Network-Interface: {vin}", f"User-Agent: {vin}", f"X-VIN: {other}"]
            car = await dial(house.vehicle_port, house.context(vin), path=f"/{vin}", headers=headers)
            assert car.status == 101
            await send_everything(car, vin, other)
            cars.append(car)
            sent[vehicles[vin].vehicle_id] = 20
        await caught_up(house)
        searched = files(data_dir)  # while everything runs: the write-ahead logs are full
        assert any(name.endswith("stream.db-wal") and content for name, content in searched)
        async with browser(house) as client:
            shown = await pages(house, client, sorted(owned), [*vins, stranger])
        for car in cars:
            await car.hang_up()
        for room in ("api", "gateway", "consumer", "worker"):
            assert house.stop(room) == 0, house.log(room)
    finally:
        house.stop_all()
    stored = [frame for entry in await entries(house) for frame in entry.frames if frame[4] != Topic.HEARTBEAT]
    searched += shown + files(data_dir)
    searched += [(f"stream entry {number}", frame[9]) for number, frame in enumerate(stored)]
    async with open_store(house) as store:
        for table in store._tables:
            page = await store.scan(table)
            searched += [(f"{table.name} row", repr((item.pk, item.sk, item.data)).encode()) for item in page.items]
            searched += [(f"{table.name} row", part) for item in page.items for part in raw_parts(item.data)]
        await the_vault_opens(house, store, vins)
    faults = [
        (name, spelling)
        for name, content in searched
        for vin in (*vins, stranger)
        for spelling in spellings(vin)
        if spelling in content
    ]
    assert not faults
    whose_it_is(stored, owned, sent)
    proof("vin-canary", count=len(searched), result=f"0 of {CARS + 1} VINs in files, rows, records, answers or metrics")


def raw_parts(data: Any) -> Iterator[bytes]:
    """Binary values of a row as they are."""
    return (value for value in data.values() if isinstance(value, bytes))


def whose_it_is(stored: list[Frame], owned: set[str], sent: dict[str, int]) -> None:
    """Each car's records are its own, whatever they said."""
    kept: dict[str, list[Frame]] = {}
    for frame in stored:
        kept.setdefault(id_text(frame[1]), []).append(frame)
    assert set(kept) == owned
    for vehicle, frames in kept.items():
        own = [frame for frame in frames if not frame[5] & Flag.SERVER_MADE]
        assert len(own) == sent[vehicle]
        assert {frame[4] for frame in own} == set(Topic) - {Topic.HEARTBEAT}
        lies = [frame for frame in own if frame[5] & Flag.IDENTITY_MISMATCH]
        assert len(lies) == len(own) // 2, "half of them named another car in the payload"


async def the_vault_opens(house: House, store: Any, vins: list[str]) -> None:
    """The VINs are not lost either: the vault gives them back to whoever holds the key."""
    claims = ClaimsRepository(SystemScope("test"), store, FileKeys(house.folder / "root.key"), SystemClock())
    for vin in vins:
        claim = await claims.resolve(vin)
        assert claim is not None
        assert await claims.vin(claim) == vin


@pytest.mark.parametrize("spelling", range(6))
def test_the_search_would_find_a_vin(spelling: int) -> None:
    vin = make_vin(b"canary", "planted")
    content = (
        vin.encode(),
        f"x{vin.lower()}y".encode(),
        vin.encode("utf-16-le"),
        base64.b64encode(f"{{{vin}}}".encode()),
        base64.b64encode(f'{{"{vin}"}}'.encode()),
        vin.encode().hex().encode(),
    )[spelling]
    assert any(known in content for known in spellings(vin))


async def test_asking_the_command_line_for_a_vin_leaves_none_in_the_files(data_dir: Path) -> None:
    house = House(data_dir)
    await house.claim([])
    vin = make_vin(b"canary", "typed")
    done = await asyncio.to_thread(house.command, "claim", vin)
    assert done.returncode == 0, done.stderr
    again = await asyncio.to_thread(house.command, "claim", vin)
    assert again.returncode == 1
    for name, content in (*files(data_dir), ("answer", (done.stdout + again.stdout + again.stderr).encode())):
        assert not any(spelling in content for spelling in spellings(vin)), name
