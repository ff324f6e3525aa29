"""From the printed link to a map on which cars move, looked at as pixels."""

import time
from math import dist

import pytest
from playwright.sync_api import Page, expect

from tests.conditions import Proof
from tests.e2e.conftest import OpenPage
from tests.e2e.installation import Installation, until
from tests.e2e.map_page import CITY, Car, MapPage
from tests.e2e.pixels import Sum, compare

BETWEEN_PICTURES_S = 5.0
"""At 50 km/h a car is then 14 pixels from where it was: more than its own size."""
MOVED_PX = 12.0
STILL_SHARE = 0.03
"""Share of the picture that 200 small shapes can change; a map that slides changes a third."""
LEAST_BLUE_PIXELS = 20
"""An arrowhead of 13 px fills about 60; part of it may lie under another car or a label."""


def test_the_printed_link_leads_to_a_map_with_moving_cars(
    installation: Installation, open_page: OpenPage, blank: Page, proof: Proof
) -> None:
    page = open_page(signed_in=False)
    page.watch.expect(r"status of 401")  # the page asks who is signed in: nobody yet
    began = time.perf_counter()
    page.open_link(installation.link)
    page.page.wait_for_url("**/live**")
    page.until_live()
    first_light_s = time.perf_counter() - began
    expect(page.page.get_by_test_id("total")).to_have_text("200 vehicles")
    page.open(f"/live?at={CITY}")
    moved, whole, at_cars = look_twice(page, blank)
    assert len(moved) >= 5, "hardly any car drives through this view"
    seen = sum(1 for one in at_cars if one.blue_after >= LEAST_BLUE_PIXELS)
    changed = sum(1 for one in at_cars if one.changed >= LEAST_BLUE_PIXELS)
    assert seen >= 0.8 * len(moved), f"only {seen} of {len(moved)} moving cars are blue where they should be"
    assert changed >= 0.8 * len(moved), f"only {changed} of {len(moved)} moving cars changed what is seen"
    assert whole.changed < STILL_SHARE * whole.seen, "the map itself moved, not the cars"
    print(f"\nstart to link {installation.started_in_s:.1f} s, link to first live map {first_light_s:.2f} s")
    proof(
        "first-light",
        count=len(moved),
        result=f"link {installation.started_in_s:.1f} s after the start, live map {first_light_s:.2f} s after the link,"
        f" {seen} of {len(moved)} moving cars seen as blue pixels that moved",
    )


@pytest.mark.parametrize("dark", [False, True])
def test_driving_cars_are_blue_in_both_themes(open_page: OpenPage, blank: Page, *, dark: bool) -> None:
    page = open_page(dark=dark).open()
    picture = page.picture()
    whole, _ = compare(blank, picture, picture, [])
    view = page.view()
    driving = [car for car in page.cars() if car.status == "driving" and view.holds(car)]
    assert driving
    assert whole.blue_after >= LEAST_BLUE_PIXELS * len(driving) / 2


def test_stillness_stops_the_glide_and_not_the_news(open_page: OpenPage) -> None:
    page = open_page(still=True).open()
    before = {car.id: car for car in page.cars()}

    def some_car_moved() -> bool:
        return any(
            (car.world_x, car.world_y) != (before[car.id].world_x, before[car.id].world_y) for car in page.cars()
        )

    until("a car at a new place", some_car_moved, 10.0)
    assert page.page.evaluate("() => window.__motorcade.store.columns.glide") is False


def look_twice(page: MapPage, blank: Page) -> tuple[list[Car], Sum, list[Sum]]:
    """Take two pictures of a still map and count at the cars that moved between them."""
    until_still(page, blank)
    view = page.view()
    earlier = {car.id: view.point(car) for car in page.cars()}
    before = page.picture()
    time.sleep(BETWEEN_PICTURES_S)
    now = page.cars()
    after = page.picture()
    assert page.view() == view
    moved = [
        car
        for car in now
        if car.status == "driving" and view.holds(car) and dist(view.point(car), earlier[car.id]) > MOVED_PX
    ]
    whole, at_cars = compare(blank, before, after, [view.point(car) for car in moved])
    return moved, whole, at_cars


def until_still(page: MapPage, blank: Page) -> None:
    """Wait until roads and names have come: then only cars differ between two pictures."""

    def still() -> bool:
        earlier = page.picture()
        time.sleep(0.5)
        whole, _ = compare(blank, earlier, page.picture(), [])
        return whole.changed < STILL_SHARE * whole.seen

    until("a drawn map", still, 60.0)
