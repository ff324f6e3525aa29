"""The live map with the verbs of a person in front of it."""

import re
from dataclasses import dataclass
from math import asinh, pi, radians, tan
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.e2e.installation import until
from tests.e2e.watch import Watch

FIRST_LOOK_WITHIN_S = 60.0
"""It takes a second; a machine that draws without a graphics card beside other work may take many times that."""
CITY = "57.70400,11.96000,13.00"
"""Middle and zoom of a view in which every moving car is a shape of its own and a minute's drive stays in sight."""
TILE_PX = 512
EDGE_PX, CONTROLS_PX = 24, 60

_CARS = """
() => {
  const { store } = window.__motorcade;
  const now = performance.now();
  return store.vehicles.map(({ id, name, status }, slot) => {
    const [x, y] = store.columns.at(slot, now);
    const [located, stale] = [store.columns.located[slot] === 1, store.columns.stale[slot] === 1];
    return { id, name, status, world_x: x, world_y: y, located, stale };
  });
}
"""
_LOADED = "() => window.__motorcade?.store.loaded === true && window.__motorcade.store.vehicles.length > 0"
_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class Car:
    """A car as the page draws it; `world_*` run from 0 to 1 over the whole world."""

    id: str
    name: str
    status: str
    world_x: float
    world_y: float
    located: bool
    stale: bool


@dataclass(frozen=True)
class View:
    """A still map: its size in pixels, its middle from 0 to 1, and how many pixels wide the world would be."""

    width: float
    height: float
    middle_x: float
    middle_y: float
    world_px: float

    def point(self, car: Car) -> tuple[float, float]:
        """Where a car is drawn, in pixels from the map's left and upper edge."""
        return (
            self.width / 2 + (car.world_x - self.middle_x) * self.world_px,
            self.height / 2 + (car.world_y - self.middle_y) * self.world_px,
        )

    def holds(self, car: Car) -> bool:
        """Whether a car is drawn well inside, clear of the edges and of the controls at the left."""
        x, y = self.point(car)
        return car.located and CONTROLS_PX < x < self.width - EDGE_PX and EDGE_PX < y < self.height - EDGE_PX


@dataclass
class MapPage:
    """One browser page with the application in it."""

    page: Page
    base_url: str
    watch: Watch

    # -- going places

    def open_link(self, link: str) -> None:
        """Open a one-time link."""
        self.page.goto(link)

    def open(self, path: str = f"/live?at={CITY}") -> "MapPage":
        """Open an address of the application and wait until the fleet is on the map."""
        self.page.goto(self.base_url + path)
        return self.until_live()

    def until_live(self) -> "MapPage":
        """Wait until the link is live, the fleet is known and the map is drawn."""
        expect(self.link_sign).to_have_attribute("data-phase", "live", timeout=FIRST_LOOK_WITHIN_S * 1000)
        until("the fleet on the page", lambda: bool(self.page.evaluate(_LOADED)), FIRST_LOOK_WITHIN_S)
        expect(self.map.locator("canvas").first).to_be_visible()
        return self

    def reload(self) -> "MapPage":
        """Load the same address anew."""
        self.page.reload()
        return self.until_live()

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    # -- what is on it

    @property
    def map(self) -> Locator:
        """The map."""
        return self.page.get_by_test_id("map")

    @property
    def link_sign(self) -> Locator:
        """The sign that tells whether the page is live."""
        return self.page.get_by_test_id("link").first

    @property
    def banner(self) -> Locator:
        """The line that tells what has become of the live link."""
        return self.page.get_by_role("status")

    @property
    def panel(self) -> Locator:
        """The open vehicle."""
        return self.page.get_by_test_id("vehicle-panel")

    @property
    def search_box(self) -> Locator:
        """Where names are typed."""
        return self.page.get_by_test_id("search")

    @property
    def rows(self) -> Locator:
        """The rows of the list that are drawn."""
        return self.page.get_by_test_id("vehicle-list").locator("[data-vehicle]")

    @property
    def trouble(self) -> Locator:
        """What went wrong while signing in."""
        return self.page.get_by_test_id("sign-in-trouble")

    def row(self, name: str) -> Locator:
        """The row of one vehicle."""
        return self.rows.filter(has=self.page.get_by_text(name, exact=True))

    def status_filter(self, status: str) -> Locator:
        """The counter of a state, which is its filter as well."""
        return self.page.locator(f"button[data-status={status}]")

    def counted(self, status: str) -> int:
        """How many vehicles the counter of a state tells."""
        label = self.status_filter(status).get_attribute("aria-label") or ""
        return int(label.rsplit(" ", 1)[1])

    @property
    def found(self) -> int:
        """How many vehicles the list holds after search and filter."""
        return int(re.sub(r"\D", "", self.page.get_by_test_id("found").inner_text()))

    @property
    def open_vehicle(self) -> str | None:
        """The vehicle that the address names."""
        return parse_qs(urlsplit(self.page.url).query).get("vehicle", [None])[0]

    # -- search and sign-in

    def search(self, words: str) -> None:
        """Type into the search."""
        self.search_box.fill(words)

    def sign_in_with(self, passphrase: str) -> None:
        """Fill the sign-in form and send it."""
        self.page.get_by_label("Passphrase", exact=True).fill(passphrase)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def choose_in_profile(self, entry: str) -> None:
        """Open the person's menu and take an entry."""
        self.page.get_by_test_id("profile").click()
        self.page.get_by_role("menuitem", name=entry).click()

    def set_passphrase(self, first: str, second: str) -> None:
        """Fill the dialog that sets a passphrase and send it."""
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("New passphrase").fill(first)
        dialog.get_by_label("The same once more").fill(second)
        dialog.get_by_role("button", name="Set passphrase").click()

    # -- cars

    def cars(self) -> list[Car]:
        """Every car as the map draws it at this moment."""
        found: list[dict[str, Any]] = self.page.evaluate(_CARS)
        return [Car(**one) for one in found]

    def view(self) -> "View":
        """Which part of the world the map shows, as the address tells it."""
        box = self.map.bounding_box()
        at = parse_qs(urlsplit(self.page.url).query)["at"][0]
        latitude, longitude, zoom = (float(part) for part in at.split(","))
        assert box is not None
        return View(box["width"], box["height"], *world_place(latitude, longitude), TILE_PX * 2**zoom)

    def picture(self) -> bytes:
        """The map as it is seen now, as PNG."""
        return self.map.screenshot()

    def assert_steady(self, at_most: float) -> None:
        """Fail when content has jumped since the page was opened, and name what did.

        Args:
            at_most: cumulative layout shift, as browsers count it.
        """
        shifts: list[dict[str, Any]] = self.page.evaluate("() => window.shifts")
        # The label of the open car changes sides where the car nears an edge: it moves with the map, not with the page.
        shifts = [one for one in shifts if not all('class="car-label"' in node for node in one["moved"])]
        total = sum(one["by"] for one in shifts)
        assert total <= at_most, f"content jumped by {total:.3f}: {shifts}"

    @property
    def sideways_px(self) -> int:
        """By how much the page is wider than the window."""
        wider: int = self.page.evaluate(_SIDEWAYS)
        return wider


def world_place(latitude: float, longitude: float) -> tuple[float, float]:
    """Web Mercator from 0 to 1, written here once more: the page's own sum is under test."""
    return (longitude + 180) / 360, 0.5 - asinh(tan(radians(latitude))) / (2 * pi)
