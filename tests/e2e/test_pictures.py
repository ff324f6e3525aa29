"""The pictures that the documentation shows are taken by a test, so that they show the product as it is.

`MOTORCADE_UPDATE_PICTURES=1` writes them to docs/pictures; without it they go to test-artefacts only.
"""

from collections.abc import Callable
from math import dist
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.conditions import ROOT
from tests.e2e.conftest import PHONE, PICTURES, OpenPage
from tests.e2e.installation import until
from tests.e2e.map_page import MapPage
from tests.e2e.pixels import compact
from tests.e2e.test_first_light import until_still
from tests.e2e.test_fleet import fleet

DOCS = ROOT / "docs" / "pictures"
MOST_BYTES = 400_000
"""A picture in the repository stays with every clone for ever."""
LEAST_BYTES = 20_000
"""A page without map or text is smaller."""
SMALLER = (1280, 800)
"""The least window in which list, map and panel stand side by side; a larger one is a larger file."""
CITY_CENTRE = (57.7000, 11.9600)
SHOWN_ZOOM = "12.40"
Keep = Callable[[MapPage, str], None]


@pytest.fixture
def keep(blank: Page, *, update_pictures: bool) -> Keep:
    """Takes a picture of the whole window and puts it where it belongs."""

    def take(page: MapPage, name: str) -> None:
        if update_pictures and page.status_filter("asleep").count():
            # A car counts as asleep a minute after its last word: earlier the fleet looks livelier than it is.
            until("cars that sleep", lambda: page.counted("asleep") > 0, 100.0, every_s=0.5)
        folder = DOCS if update_pictures else PICTURES
        folder.mkdir(parents=True, exist_ok=True)
        file: Path = folder / f"{name}.png"
        file.write_bytes(compact(blank, page.page.screenshot()))
        assert LEAST_BYTES < file.stat().st_size < MOST_BYTES, f"{name}: {file.stat().st_size} bytes"

    return take


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_live_map_with_an_open_vehicle(
    open_page: OpenPage, api: httpx.Client, blank: Page, keep: Keep, theme: str
) -> None:
    page = open_page(SMALLER, dark=theme == "dark").open(address_of_one(api, shifted=1))
    expect(page.page.get_by_test_id("signals")).to_be_attached()
    until_still(page, blank)
    keep(page, f"live-{theme}")


def test_the_whole_fleet(open_page: OpenPage, blank: Page, keep: Keep) -> None:
    page = open_page(SMALLER).open("/live")
    until_still(page, blank)
    keep(page, "fleet-light")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_open_vehicle_on_a_phone(
    open_page: OpenPage, api: httpx.Client, blank: Page, keep: Keep, theme: str
) -> None:
    page = open_page(PHONE, dark=theme == "dark").open(address_of_one(api, shifted=0))
    expect(page.page.get_by_test_id("signals")).to_be_attached()
    until_still(page, blank)
    keep(page, f"phone-{theme}")


def test_the_way_in(open_page: OpenPage, keep: Keep) -> None:
    page = open_page(SMALLER, signed_in=False)
    page.watch.expect(r"status of 401")
    page.page.goto(page.base_url)
    expect(page.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.page.locator("canvas").first).to_be_visible()
    page.page.wait_for_timeout(1_500)  # the map behind it fades in; nothing tells when it has
    keep(page, "sign-in-light")


def address_of_one(api: httpx.Client, *, shifted: int) -> str:
    """A vehicle that drives in the city, in the part of the map that no panel covers.

    Args:
        api: to find one.
        shifted: 1 looks somewhat to the right of the car, where a desktop's panel floats; 0 somewhat below it.
    """
    driving = [one for one in fleet(api) if one["status"] == "driving" and one["location"]]
    one = min(driving, key=lambda each: dist(place_of(each), CITY_CENTRE))
    latitude, longitude = place_of(one)
    east, south = (0.02, 0.0) if shifted else (0.0, 0.008)
    return f"/live?sort=name&vehicle={one['id']}&at={latitude - south:.5f},{longitude + east:.5f},{SHOWN_ZOOM}"


def place_of(vehicle: dict[str, Any]) -> tuple[float, float]:
    return vehicle["location"]["latitude"], vehicle["location"]["longitude"]
