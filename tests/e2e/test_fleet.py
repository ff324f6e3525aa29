"""The list and the vehicle panel: they show what the API tells, by pointer, by keyboard and by address."""

import re
from typing import Any

import httpx
from playwright.sync_api import Locator, expect

from tests.e2e.installation import until
from tests.e2e.map_page import MapPage

AGE = re.compile(r"\b\d+\s?(s|min|h|d)\b")
SOON_S = 10.0


def fleet(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = api.get("/v1/vehicles", params={"limit": 100, **({"cursor": cursor} if cursor else {})}).json()
        found += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def one_that_drives(api: httpx.Client) -> dict[str, Any]:
    return next(one for one in fleet(api) if one["status"] == "driving" and one["speed_kmh"])


def has_focus(place: Locator) -> bool:
    return bool(place.evaluate("(element) => element === document.activeElement"))


def test_the_list_holds_every_vehicle_of_the_fleet_once(live: MapPage, api: httpx.Client) -> None:
    told = {one["id"]: one["name"] for one in fleet(api)}
    assert len(told) == 200
    assert live.found == 200
    assert {car.id: car.name for car in live.cars()} == told
    states = ("driving", "charging", "parked", "asleep", "offline")
    until("counters that add up", lambda: sum(live.counted(state) for state in states) == 200, SOON_S)


def test_a_search_narrows_the_list_and_clears_again(live: MapPage, api: httpx.Client) -> None:
    name = fleet(api)[0]["name"]
    live.search(name.lower())
    expect(live.row(name)).to_be_visible()
    assert live.found < 200
    live.search("no car is called this")
    expect(live.page.get_by_text("No car fits")).to_be_visible()
    live.page.get_by_role("button", name="Show all cars").click()
    until("the whole list", lambda: live.found == 200, SOON_S)


def test_a_state_filters_list_and_address(live: MapPage) -> None:
    live.status_filter("driving").click()
    live.page.wait_for_url("**status=driving**")
    until("as many rows as the counter says", lambda: live.found == live.counted("driving"), SOON_S)
    assert 0 < live.found < 200
    live.status_filter("charging").click()
    live.page.wait_for_url("**status=driving,charging**")
    live.reload()
    expect(live.status_filter("charging")).to_have_attribute("aria-pressed", "true")
    expect(live.status_filter("parked")).to_have_attribute("aria-pressed", "false")


def test_the_panel_shows_values_with_units_and_ages(live: MapPage, api: httpx.Client) -> None:
    vehicle = one_that_drives(api)
    live.search(vehicle["name"])
    live.row(vehicle["name"]).click()
    expect(live.panel.get_by_role("heading", name=vehicle["name"], exact=True)).to_be_visible()
    told = live.panel.inner_text()
    assert re.search(r"Speed\s+\d+\s?km/h\s+·\s+\d+\s?s", told), told[:400]
    battery = re.search(r"Battery\s+(\d+)\s?%\s+·\s+\d+\s?(s|min)", told)
    assert battery, told[:400]
    assert abs(int(battery[1]) - vehicle["battery_pct"]["value"]) < 2
    signals = live.page.get_by_test_id("signals").locator("[data-signal]")
    expect(signals.nth(10)).to_be_attached()
    answer = api.get(f"/v1/vehicles/{vehicle['id']}").json()["signals"]
    assert signals.count() == len(answer)
    ages = signals.locator("td:last-child").all_inner_texts()
    assert all(AGE.search(age) for age in ages), ages


def test_an_open_vehicle_keeps_getting_news(live: MapPage, api: httpx.Client) -> None:
    vehicle = one_that_drives(api)
    live.open(f"/live?vehicle={vehicle['id']}")
    values = live.page.locator("[data-signal] td:first-of-type")
    expect(values.nth(10)).to_be_attached()
    before = values.all_inner_texts()
    # Whatever it does, a car that is awake tells something anew within half a minute.
    until("another value", lambda: values.all_inner_texts() != before, 40.0)


def test_a_copied_address_shows_the_same_screen_and_back_closes_it(live: MapPage, api: httpx.Client) -> None:
    name = one_that_drives(api)["name"]
    live.search(name)
    live.page.wait_for_url("**q=**")
    live.row(name).click()
    expect(live.panel).to_be_visible()
    address, view = live.page.url, live.view()
    live.reload()
    expect(live.panel.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect(live.search_box).to_have_value(name)
    assert live.page.url == address
    assert live.view() == view
    live.page.go_back()
    expect(live.panel).to_be_hidden()
    assert live.open_vehicle is None


def test_a_vehicle_that_does_not_exist_is_said_in_words(live: MapPage) -> None:
    live.watch.expect(r"status of 404")
    live.page.goto(f"{live.base_url}/live?vehicle={'a' * 26}")
    expect(live.panel).to_contain_text("No such vehicle")


def test_the_keyboard_alone_finds_opens_steps_and_closes(live: MapPage, api: httpx.Client) -> None:
    name = fleet(api)[0]["name"]
    live.press("/")
    expect(live.search_box).to_be_focused()
    live.page.keyboard.type(name)
    expect(live.row(name)).to_be_visible()
    live.press("Enter")
    expect(live.panel).to_be_visible()
    # One step back at a time: the words, the search box, the panel.
    live.press("Escape")
    expect(live.search_box).to_have_value("")
    live.press("Escape", "Escape")
    expect(live.panel).to_be_hidden()

    live.press("j")
    first = live.rows.and_(live.page.locator(":focus"))
    expect(first).to_be_visible()
    live.press("Enter")
    expect(live.panel).to_be_visible()
    opened = live.open_vehicle
    live.press("j")
    until("the next vehicle", lambda: live.open_vehicle not in {opened, None}, SOON_S)
    live.press("k")
    until("the one before", lambda: live.open_vehicle is not None, SOON_S)
    live.press("Escape")
    expect(live.panel).to_be_hidden()
    live.press("?")
    expect(live.page.get_by_role("dialog", name="Keys")).to_be_visible()
    live.press("Escape")
    expect(live.page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_tab_reaches_the_list_by_the_first_link(live: MapPage) -> None:
    live.press("Tab")
    skip = live.page.get_by_role("link", name="To the list of cars")
    expect(skip).to_be_focused()
    live.press("Enter")
    until("focus in the list", lambda: has_focus(live.page.locator("#fleet")), SOON_S)
