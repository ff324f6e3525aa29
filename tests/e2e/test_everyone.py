"""Pages work for everyone: assistive technology, both themes, a narrow window, no jumping content."""

from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP, NARROWEST, PHONE, OpenPage
from tests.e2e.installation import until
from tests.e2e.map_page import MapPage
from tests.e2e.test_fleet import one_that_drives

RULES: dict[str, Any] = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
MOST_SHIFT = 0.02
AT_REST = "() => document.getAnimations().every((one) => one.playState !== 'running')"


def assert_accessible(page: MapPage, what: str) -> None:
    # Half-way through a change of colour nothing has the contrast that it has before and after.
    until("colours at rest", lambda: bool(page.page.evaluate(AT_REST)), 5.0)
    results = Axe().run(page.page, options=RULES)
    results.response["violations"] = [one for one in results.response["violations"] if not _only_marks(one)]
    assert results.violations_count == 0, f"{what}:\n{results.generate_report()}"


def _only_marks(violation: dict[str, Any]) -> bool:
    """Whether it is about the size of marks on the map only.

    Their place is where the cars are, be it half under the search; the list holds the same cars at full size, which is
    the exception that WCAG 2.5.8 makes for an equivalent control.
    """
    return violation["id"] == "target-size" and all('class="pill"' in node["html"] for node in violation["nodes"])


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_page_breaks_a_rule_of_accessibility(
    open_page: OpenPage, api: httpx.Client, size: tuple[int, int], *, dark: bool
) -> None:
    page = open_page(size, dark=dark).open()
    assert_accessible(page, "live map")
    page.assert_steady(MOST_SHIFT)
    page.open(f"/live?vehicle={one_that_drives(api)['id']}")
    expect(page.page.get_by_test_id("signals")).to_be_attached()
    assert_accessible(page, "vehicle panel")
    page.assert_steady(MOST_SHIFT)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_way_in_breaks_no_rule_of_accessibility(open_page: OpenPage, *, dark: bool) -> None:
    page = open_page(dark=dark, signed_in=False)
    page.watch.expect(r"status of 401")
    page.page.goto(page.base_url)
    expect(page.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert_accessible(page, "sign-in")
    page.sign_in_with("not the right passphrase")
    expect(page.trouble).to_be_visible()
    assert_accessible(page, "sign-in with an error")
    page.assert_steady(MOST_SHIFT)


def test_nothing_scrolls_sideways_in_the_narrowest_window(open_page: OpenPage, api: httpx.Client) -> None:
    page = open_page(NARROWEST).open()
    assert page.sideways_px <= 0, "live map"
    page.open(f"/live?vehicle={one_that_drives(api)['id']}")
    expect(page.panel).to_be_visible()
    assert page.sideways_px <= 0, "vehicle panel"
    visitor = open_page(NARROWEST, signed_in=False)
    visitor.watch.expect(r"status of 401")
    visitor.page.goto(visitor.base_url)
    expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert visitor.sideways_px <= 0, "sign-in"
