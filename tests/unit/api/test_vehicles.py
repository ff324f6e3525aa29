"""The list of vehicles and one vehicle."""

import re

import httpx
import pytest

from motorcade.domain.ids import new_id
from tests.unit.api.rig import Rig, driving_fields, summary

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def anonymous(answer: httpx.Response) -> tuple[int, str, list[str]]:
    """An answer without the request's id, which differs by nature."""
    kept = [name for name in answer.headers if name not in {"date", "x-request-id"}]
    return answer.status_code, UUID.sub("", answer.text), kept


@pytest.mark.parametrize("path", ["/v1/vehicles", f"/v1/vehicles/{new_id()}", "/v1/live", "/v1/session"])
async def test_without_a_session_nothing_is_told(rig: Rig, path: str) -> None:
    async with rig.browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/not-signed-in"


@pytest.mark.parametrize("path", ["/v1/vehicles", f"/v1/vehicles/{new_id()}", "/v1/live"])
async def test_a_role_without_the_permission_is_refused(rig: Rig, path: str) -> None:
    async with rig.browser(await rig.stranger("driver")) as browser:
        answer = await browser.get(path)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


async def test_a_foreign_id_answers_exactly_like_an_unknown_one(rig: Rig) -> None:
    owner, stranger = await rig.owner(), await rig.stranger()
    [vehicle_id] = await rig.add(owner.org_id, ["Volvo"])
    await rig.keep(owner.org_id, vehicle_id, driving_fields(rig.now_ns))
    await rig.listed(owner, 1)
    async with rig.browser(stranger) as browser:
        foreign = await browser.get(f"/v1/vehicles/{vehicle_id}")
        foreign_live = await browser.get("/v1/live", params={"vehicle": vehicle_id})
        unknown = await browser.get(f"/v1/vehicles/{new_id()}")
        malformed = await browser.get("/v1/vehicles/none")
        listed = (await browser.get("/v1/vehicles")).json()
    assert anonymous(foreign) == anonymous(unknown) == anonymous(malformed) == anonymous(foreign_live)
    assert foreign.status_code == 404
    assert listed == {"data": [], "next_cursor": None}


async def test_pages_hold_every_vehicle_once_and_end(rig: Rig) -> None:
    owner = await rig.owner()
    ids = await rig.add(owner.org_id, [f"Car {number}" for number in range(25)])
    await rig.listed(owner, 25)
    seen: list[str] = []
    cursor: str | None = None
    async with rig.browser(owner) as browser:
        for _ in range(3):
            params = {"limit": "10", **({"cursor": cursor} if cursor else {})}
            page = (await browser.get("/v1/vehicles", params=params)).json()
            seen += [vehicle["id"] for vehicle in page["data"]]
            cursor = page["next_cursor"]
    assert seen == sorted(ids)
    assert cursor is None


@pytest.mark.parametrize("limit", ["0", "501", "1000000000", "-1", "many"])
async def test_a_limit_out_of_range_is_refused(rig: Rig, limit: str) -> None:
    async with rig.browser(await rig.owner()) as browser:
        answer = await browser.get("/v1/vehicles", params={"limit": limit})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")


async def test_a_cursor_is_of_no_use_to_others_and_cannot_be_made(rig: Rig) -> None:
    owner, stranger = await rig.owner(), await rig.stranger()
    await rig.add(owner.org_id, ["One", "Two"])
    await rig.add(stranger.org_id, ["Three", "Four"])
    await rig.listed(owner, 2)
    async with rig.browser(owner) as browser:
        cursor = (await browser.get("/v1/vehicles", params={"limit": 1})).json()["next_cursor"]
        changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
        for wrong in (changed, "", "x", "é", "A" * 5_000):
            assert (await browser.get("/v1/vehicles", params={"cursor": wrong})).status_code == 422
    async with rig.browser(stranger) as browser:
        assert (await browser.get("/v1/vehicles", params={"cursor": cursor})).status_code == 422


async def test_one_vehicle_has_all_its_signals_with_their_age(rig: Rig) -> None:
    owner = await rig.owner()
    [vehicle_id] = await rig.add(owner.org_id, ["Volvo"])
    await rig.keep(owner.org_id, vehicle_id, driving_fields(rig.now_ns))
    await rig.listed(owner, 1)
    async with rig.browser(owner) as browser:
        shown = (await browser.get(f"/v1/vehicles/{vehicle_id}")).json()
    signals = {signal["name"]: signal for signal in shown["signals"]}
    assert (shown["name"], shown["status"], shown["gear"], shown["online"]) == ("Volvo", "driving", "D", True)
    assert signals["location"]["value"] == {"latitude": 57.7, "longitude": 11.97}
    assert signals["speed_kmh"]["unit"] == "km/h"
    assert 0 <= signals["speed_kmh"]["age_s"] < 60
    assert signals["locked"]["value"] is True
    [invalid] = [signal for signal in shown["signals"] if signal["invalid"]]
    assert invalid["value"] is None


async def test_a_live_change_shows_in_the_list(rig: Rig) -> None:
    owner = await rig.owner()
    [vehicle_id] = await rig.add(owner.org_id, ["Volvo"])
    [before] = await rig.listed(owner, 1)
    rig.publish(owner.org_id, {vehicle_id: summary(rig.now_ns, 51.5, battery_pct=(rig.now_ns, None))})
    after = before
    for _ in range(100):
        if not after["speed_kmh"]:
            [after] = await rig.listed(owner, 1)
    assert (before["status"], before["speed_kmh"], before["location"]) == ("offline", None, None)
    assert (after["status"], after["speed_kmh"]["value"]) == ("driving", 51.5)
    assert after["battery_pct"]["value"] is None
    assert after["battery_pct"]["observed_at"].endswith("Z")


async def test_a_released_vehicle_leaves_the_list(rig: Rig) -> None:
    owner = await rig.owner()
    first, second = await rig.add(owner.org_id, ["One", "Two"])
    await rig.listed(owner, 2)
    await rig.remove(owner.org_id, first)
    [left] = await rig.listed(owner, 1)
    assert left["id"] == second
