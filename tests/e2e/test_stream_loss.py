"""The live stream dies: the page says so, goes on, and comes back by itself without losing or doubling a car."""

import re

from playwright.sync_api import expect

from tests.conditions import Proof
from tests.e2e.installation import Installation, until
from tests.e2e.map_page import MapPage

REFUSED = r"ERR_|status of 50\d|Failed to load"
"""What the browser writes into its console while nobody answers."""
BANNER_WITHIN_MS = 20_000
BACK_WITHIN_S = 60.0
"""Both far longer than it takes, on a machine that others use too; how long it took is in the proof."""


def moved_since(page: MapPage, places: dict[str, tuple[float, float]]) -> bool:
    return any((car.world_x, car.world_y) != places[car.id] for car in page.cars())


def test_the_page_survives_the_death_of_the_api(installation: Installation, live: MapPage, proof: Proof) -> None:
    live.watch.expect(REFUSED)
    before = sorted(car.id for car in live.cars())
    live.page.evaluate("() => { window.neverReloaded = true; }")
    installation.rooms()["api"].kill()
    expect(live.banner).to_contain_text("Live link lost. Asking every 5 s.", timeout=BANNER_WITHIN_MS)
    away_s = until(
        "the link to be live again", lambda: live.link_sign.get_attribute("data-phase") == "live", BACK_WITHIN_S
    )
    expect(live.banner).to_be_hidden()
    assert live.page.evaluate("() => window.neverReloaded") is True
    after = [car.id for car in live.cars()]
    assert sorted(after) == before, "a car was lost or doubled"
    places = {car.id: (car.world_x, car.world_y) for car in live.cars()}
    until("a car that moves on", lambda: moved_since(live, places), BACK_WITHIN_S)
    assert live.found == 200
    proof("stream-loss", count=1, result=f"banner seen, live again {away_s:.1f} s later, 200 of 200 cars, no reload")


def test_a_long_silence_fades_what_is_shown_and_ends_by_itself(installation: Installation, live: MapPage) -> None:
    live.watch.expect(REFUSED)
    live.page.route("**/v1/**", lambda route: route.abort())
    installation.rooms()["api"].kill()
    expect(live.banner).to_contain_text(
        re.compile(r"Offline since \d\d:\d\d\. Showing what was known then\."), timeout=BACK_WITHIN_S * 1000
    )
    expect(live.map).to_have_attribute("data-faded", "true")
    assert len(live.cars()) == 200, "what was known is gone"
    live.page.unroute("**/v1/**")
    live.banner.get_by_role("button", name="Retry").click()
    expect(live.link_sign).to_have_attribute("data-phase", "live", timeout=BACK_WITHIN_S * 1000)
    assert len({car.id for car in live.cars()}) == len(live.cars()) == 200
