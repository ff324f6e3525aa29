"""Who gets in: a link once, a passphrase as often as it is right."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage
from tests.e2e.installation import Installation
from tests.e2e.map_page import MapPage

PASSPHRASE = "ferry anchor bicycle lantern"
NOBODY_YET = r"status of 401"
"""The browser tells every refusal in its console; here it is what the test asks for."""


def visitor(open_page: OpenPage, house: Installation) -> MapPage:
    page = open_page(signed_in=False, base_url=house.base_url)
    page.watch.expect(NOBODY_YET)
    return page


def enter(page: MapPage, link: str) -> None:
    page.open_link(link)
    page.page.wait_for_url("**/live**")
    page.until_live()


def test_a_link_works_once_and_then_says_when_it_was_used(few_cars: Installation, open_page: OpenPage) -> None:
    link = few_cars.fresh_link()
    first = visitor(open_page, few_cars)
    enter(first, link)
    assert "#" not in first.page.url, "the token stays in the address"
    second = visitor(open_page, few_cars)
    second.open_link(link)
    expect(second.trouble).to_contain_text("This link is spent")
    expect(second.trouble).to_contain_text(
        re.compile(r"This link was used at \d\d:\d\d\. Make a new one where Motorcade runs\.")
    )
    enter(second, few_cars.fresh_link())


def test_a_link_that_nobody_made_is_refused_in_words(few_cars: Installation, open_page: OpenPage) -> None:
    page = visitor(open_page, few_cars)
    page.open_link(f"{few_cars.base_url}/sign-in#{'A' * 43}")
    expect(page.trouble).to_contain_text("This link does not work")


def test_a_passphrase_set_on_the_page_signs_in_and_a_wrong_one_does_not(
    few_cars: Installation, open_page: OpenPage
) -> None:
    elsewhere = visitor(open_page, few_cars)
    enter(elsewhere, few_cars.fresh_link())
    page = visitor(open_page, few_cars)
    enter(page, few_cars.fresh_link())
    page.choose_in_profile("Set a passphrase")
    page.set_passphrase("too short", "too short")
    expect(page.page.get_by_role("dialog")).to_contain_text("At least 15 characters. 6 more to go.")
    page.set_passphrase(PASSPHRASE, PASSPHRASE + "s")
    expect(page.page.get_by_role("dialog")).to_contain_text("The two differ")
    page.set_passphrase(PASSPHRASE, PASSPHRASE)
    expect(page.page.get_by_text("Passphrase set")).to_be_visible()
    # Whoever was signed in elsewhere may be the reason for the passphrase.
    elsewhere.page.reload()
    elsewhere.page.wait_for_url("**/sign-in**")

    vehicle = page.cars()[0].id
    page.choose_in_profile("Sign out")
    page.page.wait_for_url("**/sign-in**")
    page.page.goto(f"{few_cars.base_url}/live?vehicle={vehicle}")
    page.page.wait_for_url("**/sign-in**")
    page.sign_in_with(PASSPHRASE.upper())
    expect(page.trouble).to_contain_text("That is not the passphrase")
    page.sign_in_with(PASSPHRASE)
    page.page.wait_for_url(f"**/live?vehicle={vehicle}**")
    page.until_live()
    expect(page.panel).to_be_visible()
