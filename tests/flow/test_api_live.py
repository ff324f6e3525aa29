"""The live stream over a real server, a real live bus and a real store."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from motorcade.adapters.embedded.live_unix import UnixLivePublisher
from motorcade.api import fleet_live, live_clients, server
from motorcade.domain.status import GRACE_NS
from tests.conditions import Scale
from tests.unit.api.rig import Event, Person, Rig, driving_fields, events, running, summary, until

MEBIBYTE = 1024 * 1024
SOON_S = 20.0  # far longer than anything here takes, on a machine that others use too


@pytest.fixture
async def rig(data_dir: Path) -> AsyncIterator[Rig]:
    """The room on loopback."""
    async with running(data_dir) as started:
        yield started


@asynccontextmanager
async def watching(
    rig: Rig, person: Person, params: dict[str, str] | None = None, **headers: str
) -> AsyncIterator[AsyncIterator[Event]]:
    """A person's open stream."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    async with rig.browser(person, **headers) as browser, browser.stream("GET", "/v1/live", params=params) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"] == "text/event-stream"
        yield events(response)


async def fleet(rig: Rig, count: int) -> tuple[Person, list[str]]:
    """An owner with vehicles that the API knows."""
    owner = await rig.owner()
    ids = await rig.add(owner.org_id, [f"Car {number}" for number in range(count)])
    await rig.listed(owner, count)
    return owner, ids


async def test_a_snapshot_comes_first_and_then_each_change(rig: Rig) -> None:
    owner, ids = await fleet(rig, 3)
    async with watching(rig, owner) as stream:
        snapshot = await until(stream, "snapshot")
        rig.publish(owner.org_id, {ids[1]: summary(rig.now_ns, 88.0)})
        change = await until(stream, "change")
    assert sorted(vehicle["id"] for vehicle in snapshot["data"]["vehicles"]) == sorted(ids)
    assert [(vehicle["id"], vehicle["speed_kmh"]["value"]) for vehicle in change["data"]["vehicles"]] == [
        (ids[1], 88.0)
    ]
    assert change["data"]["at"].endswith("Z")
    assert snapshot["id"].split(".")[0] == change["id"].split(".")[0]


async def test_nobody_sees_another_organisations_changes(rig: Rig) -> None:
    owner, [mine] = await fleet(rig, 1)
    stranger = await rig.stranger()
    [theirs] = await rig.add(stranger.org_id, ["Foreign"])
    await rig.listed(stranger, 1)
    async with watching(rig, owner) as stream:
        first = await until(stream, "snapshot")
        rig.publish(stranger.org_id, {theirs: summary(rig.now_ns)})
        rig.publish(stranger.org_id, {mine: summary(rig.now_ns, 1.0)})  # another organisation naming our vehicle
        await asyncio.sleep(0.4)
        rig.publish(owner.org_id, {mine: summary(rig.now_ns, 2.0)})
        change = await until(stream, "change")
    assert [vehicle["id"] for vehicle in first["data"]["vehicles"]] == [mine]
    assert [(vehicle["id"], vehicle["speed_kmh"]["value"]) for vehicle in change["data"]["vehicles"]] == [(mine, 2.0)]


async def test_any_rate_of_changes_becomes_at_most_one_frame_a_tick(rig: Rig) -> None:
    owner, [vehicle_id] = await fleet(rig, 1)
    frames: list[Event] = []
    async with watching(rig, owner) as stream:
        await until(stream, "snapshot")

        async def collect() -> None:
            async for event in stream:
                frames.append(event)  # noqa: PERF401 - a comprehension would lose what came before the cancelling

        collecting = asyncio.create_task(collect())
        began = asyncio.get_running_loop().time()
        for speed in range(200):
            rig.publish(owner.org_id, {vehicle_id: summary(rig.now_ns, float(speed))})
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.4)
        took_s = asyncio.get_running_loop().time() - began
        collecting.cancel()
    changes = [event for event in frames if event.get("event") == "change"]
    assert 3 <= len(changes) <= took_s / live_clients.TICK_S + 1
    assert changes[-1]["data"]["vehicles"][0]["speed_kmh"]["value"] == 199.0  # the last value is never lost


async def test_a_stream_resumes_with_what_changed_meanwhile_and_nothing_else(rig: Rig) -> None:
    owner, ids = await fleet(rig, 5)
    async with watching(rig, owner) as stream:
        seen = (await until(stream, "snapshot"))["id"]
    rig.publish(owner.org_id, {ids[0]: summary(rig.now_ns, 10.0), ids[4]: summary(rig.now_ns, 20.0)})
    await asyncio.sleep(0.3)
    async with watching(rig, owner, Last_Event_ID=seen) as stream:
        change = await until(stream, "change")
    async with watching(rig, owner, {"last_event_id": seen}) as stream:
        again = await until(stream, "change")
    assert {vehicle["id"] for vehicle in change["data"]["vehicles"]} == {ids[0], ids[4]}
    assert again["data"]["vehicles"] == change["data"]["vehicles"]


@pytest.mark.parametrize("wrong", ["other.5", "{epoch}.999999999", "nonsense", "{epoch}.-1", "é.1", "x" * 5_000])
async def test_an_event_id_that_is_not_known_gets_a_reset_and_everything(rig: Rig, wrong: str) -> None:
    owner, ids = await fleet(rig, 2)
    async with watching(rig, owner) as stream:
        epoch = (await until(stream, "snapshot"))["id"].split(".")[0]
    async with watching(rig, owner, {"last_event_id": wrong.replace("{epoch}", epoch)}) as stream:
        reset = await anext(stream)
        snapshot = await anext(stream)
    assert (reset["event"], reset["data"]) == ("reset", {"reason": "unknown_event_id"})
    assert len(snapshot["data"]["vehicles"]) == len(ids)


async def test_an_event_id_of_another_organisation_is_not_known(rig: Rig) -> None:
    owner, _ = await fleet(rig, 1)
    async with watching(rig, owner) as stream:
        seen = (await until(stream, "snapshot"))["id"]
    async with watching(rig, await rig.stranger(), Last_Event_ID=seen) as stream:
        assert (await anext(stream))["event"] == "reset"


async def test_an_event_id_of_before_a_restart_gets_a_reset(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        owner, _ = await fleet(rig, 1)
        async with watching(rig, owner) as stream:
            seen = (await until(stream, "snapshot"))["id"]
    async with running(data_dir) as rig, watching(rig, owner, Last_Event_ID=seen) as stream:
        assert (await anext(stream))["event"] == "reset"


async def test_after_a_restart_the_store_fills_the_fleet(data_dir: Path) -> None:
    async with running(data_dir) as rig:
        owner, [vehicle_id] = await fleet(rig, 1)
        await rig.keep(owner.org_id, vehicle_id, driving_fields(rig.now_ns))
    async with running(data_dir) as rig, watching(rig, owner) as stream:
        [vehicle] = (await until(stream, "snapshot"))["data"]["vehicles"]
    assert (vehicle["status"], vehicle["speed_kmh"]["value"]) == ("driving", 50.0)


async def test_a_new_publisher_goes_on_without_a_reset(rig: Rig, data_dir: Path) -> None:
    owner, ids = await fleet(rig, 2)
    rig.publish(owner.org_id, {ids[0]: summary(rig.now_ns, 10.0)})
    async with watching(rig, owner) as stream:
        await until(stream, "snapshot")
        await rig.publisher.close()
        rig.publisher = UnixLivePublisher(data_dir / "live.sock")
        await rig.publisher.start()
        try:
            rig.publish(owner.org_id, {ids[1]: summary(rig.now_ns, 30.0)})
            kinds = []
            async with asyncio.timeout(SOON_S):
                async for event in stream:
                    kinds.append(event.get("event"))
                    if event.get("event") == "change" and event["data"]["vehicles"][0]["id"] == ids[1]:
                        break
        finally:
            await rig.publisher.close()
    assert "reset" not in kinds


async def test_a_vehicle_that_leaves_makes_streams_start_over(rig: Rig) -> None:
    owner, [first, second] = await fleet(rig, 2)
    async with watching(rig, owner) as stream:
        await until(stream, "snapshot")
        await rig.remove(owner.org_id, first)
        reset = await until(stream, "reset")
        snapshot = await until(stream, "snapshot")
    assert reset["data"] == {"reason": "fleet_changed"}
    assert [vehicle["id"] for vehicle in snapshot["data"]["vehicles"]] == [second]


async def test_time_alone_changes_a_status(rig: Rig) -> None:
    owner, [vehicle_id] = await fleet(rig, 1)
    gone = rig.deps.clock.now_ns() - GRACE_NS + 3_000_000_000  # the grace ends in three seconds
    parked = summary(rig.now_ns, 0.0, gear=(gone, "P"), open_connections=0, online_changed_at_ns=gone)
    async with watching(rig, owner) as stream:
        await until(stream, "snapshot")
        rig.publish(owner.org_id, {vehicle_id: parked})
        before = await until(stream, "change")
        after = await until(stream, "change")
    assert [event["data"]["vehicles"][0]["status"] for event in (before, after)] == ["parked", "asleep"]


async def test_a_quiet_stream_beats(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motorcade.api.live_frames.BEAT_S", 0.3)
    monkeypatch.setattr("motorcade.api.live_clients.BEAT_S", 0.3)
    owner, _ = await fleet(rig, 1)
    async with watching(rig, owner) as stream:
        await until(stream, "snapshot")
        began = asyncio.get_running_loop().time()
        beats = [await anext(stream) for _ in range(3)]
        took_s = asyncio.get_running_loop().time() - began
    assert [beat["comment"] for beat in beats] == ["beat"] * 3
    assert took_s > 0.8


async def test_an_opened_vehicles_signals_come_whole_and_then_as_they_change(rig: Rig) -> None:
    owner, [vehicle_id] = await fleet(rig, 1)
    await rig.keep(owner.org_id, vehicle_id, driving_fields(rig.now_ns))
    async with watching(rig, owner, {"vehicle": vehicle_id}) as stream:
        first = await until(stream, "signals")
        await rig.keep(owner.org_id, vehicle_id, {**driving_fields(rig.now_ns), 4: (rig.now_ns + 1, 1, 61.0)})
        second = await until(stream, "signals")
    assert len(first["data"]["signals"]) == len(driving_fields(0))
    assert [(signal["name"], signal["value"]) for signal in second["data"]["signals"]] == [("speed_kmh", 61.0)]
    assert second["data"]["vehicle_id"] == vehicle_id


async def test_a_revoked_session_ends_its_stream_within_five_seconds(rig: Rig) -> None:
    owner, _ = await fleet(rig, 1)
    async with watching(rig, owner) as stream:
        await until(stream, "snapshot")
        await rig.identity.sign_out(owner.token)
        async with asyncio.timeout(SOON_S):
            async for _ in stream:
                pass
    assert fleet_live.RECHECK_S < 5, "what remains is for asking the store"
    async with rig.browser(owner) as browser:
        assert (await browser.get("/v1/live")).status_code == 401


async def test_streams_of_a_person_are_limited(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_clients, "MAX_STREAMS_PER_USER", 2)
    owner, _ = await fleet(rig, 1)
    async with watching(rig, owner) as one, watching(rig, owner) as two, rig.browser(owner) as browser:
        await until(one, "snapshot")
        await until(two, "snapshot")
        refused = await browser.get("/v1/live")
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-streams")
    assert int(refused.headers["retry-after"]) > 0
    async with asyncio.timeout(SOON_S):
        while True:  # a place is free again once the server has noticed who left
            async with rig.browser(owner) as browser, browser.stream("GET", "/v1/live") as response:
                if response.status_code == 200:
                    break
            await asyncio.sleep(0.05)


async def test_the_server_does_not_wait_for_open_streams_when_it_stops(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GRACE_S", 300)
    loop = asyncio.get_running_loop()
    async with running(data_dir) as rig:
        owner, _ = await fleet(rig, 1)
        async with watching(rig, owner) as stream:
            await until(stream, "snapshot")
            began = loop.time()
            rig.stop.set()
            with contextlib.suppress(httpx.HTTPError):  # in order or not: what counts is that it ends
                async for _ in stream:
                    pass
            took_s = loop.time() - began
    assert took_s < SOON_S


async def test_a_reader_that_never_reads_costs_no_memory_and_is_cut(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, scale: Scale
) -> None:
    monkeypatch.setattr(live_clients, "STALLED_S", 2.0)
    owner, ids = await fleet(rig, 400)
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", rig.deps.settings.port))
    reader.sendall(
        f"GET /v1/live HTTP/1.1\r\nhost: localhost\r\ncookie: motorcade_session={owner.token}\r\n\r\n".encode()
    )
    process = psutil.Process()
    grown = 0
    before = process.memory_info().rss
    for speed in range(scale.n(60, 300)):
        rig.publish(owner.org_id, {vehicle_id: summary(rig.now_ns, float(speed)) for vehicle_id in ids})
        await asyncio.sleep(0.1)
        grown = max(grown, process.memory_info().rss - before)
    cut = await asyncio.to_thread(ends, reader)
    assert cut, "the connection of a reader that takes nothing stayed open"
    assert grown < 24 * MEBIBYTE  # a hundred frames of 200 kB would be 20 MiB by themselves, beside the fleet's own


def ends(reader: socket.socket) -> bool:
    """Whether the other side has closed, once everything that it had sent is read."""
    reader.settimeout(SOON_S)
    try:
        while reader.recv(1_048_576):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    finally:
        reader.close()
    return True


async def test_a_large_snapshot_does_not_hold_the_loop(rig: Rig, scale: Scale) -> None:
    count = scale.n(4_000, 10_000)
    owner = await rig.owner()
    ids = await rig.add(owner.org_id, [f"Car {number}" for number in range(count)])
    async with asyncio.timeout(60):  # names come a thousand a second
        while await listed(rig, owner) < count:  # noqa: ASYNC110 - plain polling
            await asyncio.sleep(0.5)
    rig.publish(owner.org_id, {vehicle_id: summary(rig.now_ns, 10.0) for vehicle_id in ids})
    held_s: list[float] = []

    async def beat() -> None:
        while True:
            began = time.thread_time()  # of the processor, because other programs share the machine
            await asyncio.sleep(0.005)
            held_s.append(time.thread_time() - began)

    measuring = asyncio.create_task(beat())
    async with rig.browser(owner) as browser, browser.stream("GET", "/v1/live") as response:
        size = 0
        async for piece in response.aiter_raw():
            size += len(piece)
            if b'],"at":' in piece:
                break
    measuring.cancel()
    assert size > count * 400
    assert sorted(held_s)[int(len(held_s) * 0.99)] < 0.1  # this process also decodes what it reads


async def listed(rig: Rig, owner: Person) -> int:
    """How many vehicles the list has by now."""
    found, cursor = 0, None
    async with rig.browser(owner) as browser:
        while True:
            params = {"limit": "500"} | ({"cursor": cursor} if cursor else {})
            page: dict[str, Any] = (await browser.get("/v1/vehicles", params=params)).json()
            found += len(page["data"])
            cursor = page["next_cursor"]
            if not cursor:
                return found
