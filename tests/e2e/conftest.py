"""One running installation and one browser for all browser tests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.conditions import ARTEFACTS, ROOT, needs, unavailable
from tests.e2e.installation import Installation
from tests.e2e.map_page import MapPage
from tests.e2e.watch import Watch

# The software renderer is named because a machine without a graphics card has no other; the rest keeps the browser
# from asking the network for anything on its own.
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP, PHONE, NARROWEST = (1440, 900), (390, 844), (320, 640)
ANSWER_WITHIN_MS = 15_000
"""A page answers at once; beside other work on two cores it may take its time. Less than the driver's own 30 s."""
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const moved = (entry.sources ?? []).map(({ node }) => node?.outerHTML?.slice(0, 160) ?? "gone");
    window.shifts.push({ by: entry.value, moved });
  }
}).observe({ type: "layout-shift", buffered: true });
"""
PICTURES = ARTEFACTS / "e2e"
OpenPage = Callable[..., MapPage]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last and together.

    A fleet that drives meanwhile would spoil what other tests measure, and the browser's driver keeps an event loop
    in this thread, beside which asynchronous tests cannot run.
    """
    here = Path(__file__).parent
    items.sort(key=lambda item: here in item.path.parents)


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """A running Motorcade with 200 simulated cars."""
    needs("chromium")
    if not (ROOT / "web" / "dist" / "index.html").exists():
        unavailable("the web application is not built (`make web`)")
    running = Installation()
    try:
        running.start()
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def few_cars() -> Iterator[Installation]:
    """A small installation of a module's own, for tests that change what others rely on."""
    needs("chromium")
    running = Installation(cars=12)
    try:
        running.start()
        yield running
    finally:
        running.end()


@pytest.fixture(scope="session")
def cookies(installation: Installation) -> list[dict[str, Any]]:
    """The cookie of a person who has signed in, for tests that are about something else."""
    with installation.client() as client:
        return [{"name": one.name, "value": one.value, "url": installation.base_url} for one in client.cookies.jar]


@pytest.fixture
def api(installation: Installation, cookies: list[dict[str, Any]]) -> Iterator[httpx.Client]:
    """The HTTP API, signed in: what the page should show."""
    jar = {one["name"]: one["value"] for one in cookies}
    with httpx.Client(base_url=installation.base_url, cookies=jar) as client:
        yield client


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """The program that drives browsers."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(driver: Playwright) -> Iterator[Browser]:
    """Debian's own Chromium."""
    chromium = driver.chromium.launch(executable_path=needs("chromium"), args=list(CHROMIUM_OPTIONS))
    yield chromium
    chromium.close()


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    """An empty page, where a script may do anything."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def open_page(
    browser: Browser, installation: Installation, cookies: list[dict[str, Any]], request: pytest.FixtureRequest
) -> Iterator[OpenPage]:
    """Opens pages; when the test ends, each must have been quiet and have asked nobody but us."""
    opened: list[MapPage] = []

    def make(
        size: tuple[int, int] = DESKTOP,
        *,
        dark: bool = False,
        still: bool = False,
        signed_in: bool = True,
        base_url: str = installation.base_url,
    ) -> MapPage:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
            locale="en-GB",
            timezone_id="Europe/Stockholm",
            has_touch=size[0] <= PHONE[0],
        )
        context.set_default_timeout(ANSWER_WITHIN_MS)
        if signed_in:
            context.add_cookies(cookies)  # type: ignore[arg-type] # the keys are the documented ones
        context.add_init_script(SHIFTS)
        page = MapPage(context.new_page(), base_url, Watch(base_url))
        page.watch.attach(page.page)
        opened.append(page)
        return page

    yield make
    _keep_pictures(request.node.name, opened)
    contexts: set[BrowserContext] = {one.page.context for one in opened}
    for context in contexts:
        context.close()
    for one in opened:
        one.watch.assert_quiet()


@pytest.fixture
def live(open_page: OpenPage) -> MapPage:
    """The live map on a desktop, signed in."""
    return open_page().open()


@pytest.fixture
def update_pictures() -> bool:
    """Whether the pictures in docs/ shall be made anew."""
    return os.environ.get("MOTORCADE_UPDATE_PICTURES") == "1"  # noqa: TID251 - a switch of the tests


def _keep_pictures(name: str, opened: list[MapPage]) -> None:
    """The last sight of every test, for whoever asks why it failed."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(opened):
        if not one.page.is_closed():
            one.page.screenshot(path=PICTURES / f"{name.replace('/', '-')}-{number}.png")
