"""Finding again what was made: search, filters, older pages; with the keyboard's and without the script's help."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import Person

with_and_without_script = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


def found(page: Page) -> Locator:
    """The generations that the page lists."""
    return page.locator("#rows > *")


@with_and_without_script
def test_search_and_filters(person: Callable[..., Person], script: bool) -> None:
    olive = person("olive", script=script)
    page = olive.page
    olive.goes_to("/history")
    page.get_by_role("main").get_by_role("searchbox").fill("lighthouse storm")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**q=lighthouse*")
    expect(found(page).first).to_contain_text("lighthouse")
    assert all("lighthouse" in text for text in found(page).all_inner_texts())

    olive.goes_to("/history")
    page.locator("summary", has_text="Filters").click()
    page.get_by_label("Status", exact=True).select_option("failed")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**status=failed*")
    expect(found(page)).to_have_count(1)
    expect(found(page)).to_contain_text("burning stage")
    page.get_by_role("link", name=re.compile("failed.*remove", re.IGNORECASE | re.DOTALL)).click()
    expect(found(page).nth(1)).to_be_visible()

    olive.goes_to("/history?q=nothingofthekind")
    expect(page.get_by_role("main")).to_contain_text("Nothing matches")
    page.get_by_role("main").get_by_role("link", name="Show all").first.click()
    expect(found(page).nth(1)).to_be_visible()


@with_and_without_script
def test_the_whole_history_can_be_walked(person: Callable[..., Person], script: bool) -> None:
    """Every generation once, by the link that leads to older ones."""
    olive = person("olive", script=script)
    page = olive.page
    olive.goes_to("/history?status=succeeded&model=veo-3.1-fast&to=2999-01-01")
    seen: list[str] = []
    older = page.locator("#older a")
    while True:
        if not script:
            seen += ids(page)
        if not older.count():
            break
        if script:
            before = found(page).count()
            older.click()
            expect(found(page).nth(before)).to_be_attached()
        else:
            with page.expect_navigation():  # whole, or only the first of its rows would be seen
                older.click()
    seen = seen or ids(page)
    assert len(seen) == len(set(seen)) >= 10


def ids(page: Page) -> list[str]:
    return [str(one.get_attribute("id")) for one in found(page).all()]


@with_and_without_script
def test_table_and_gallery(person: Callable[..., Person], script: bool) -> None:
    olive = person("olive", script=script)
    page = olive.page
    olive.goes_to("/history?q=lighthouse")  # however much others made meanwhile
    page.get_by_role("navigation", name="View").get_by_role("link", name="Table").click()
    page.wait_for_url("**view=table*")
    expect(page.get_by_role("table").get_by_role("row").nth(2)).to_be_visible()
    page.get_by_role("table").get_by_role("link", name=re.compile("lighthouse")).first.click()
    page.wait_for_url(re.compile("/generations/gen_"))
