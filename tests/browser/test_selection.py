"""Many at once: selected in the history, fetched as a zip, tagged, and their outputs deleted."""

from __future__ import annotations

import re
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.people import Person
from tests.browser.test_history_journeys import found

with_and_without_script = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


@with_and_without_script
def test_a_selection_is_fetched_as_a_zip(person: Callable[..., Person], script: bool) -> None:
    olive = person("olive", script=script)
    page = olive.page
    olive.goes_to("/history?status=succeeded&model=veo-3.1-fast")
    for at in (0, 1):
        found(page).nth(at).get_by_role("checkbox", name=re.compile("Select")).check()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    with zipfile.ZipFile(Path(waiting.value.path())) as archive:
        films = [name for name in archive.namelist() if name.endswith(".mp4")]
        assert len(films) == 2, archive.namelist()
        assert archive.testzip() is None
        assert archive.read(films[0])[4:8] == b"ftyp"


@with_and_without_script
def test_a_selection_is_tagged_and_its_outputs_deleted(person: Callable[..., Person], script: bool) -> None:
    """What stays is the history: prompt, charge and receipt."""
    olive = person("olive", script=script)
    page, house, tag = olive.page, olive.house, f"old {uuid.uuid4().hex[:6]}"
    prompt = f"a paper crane {uuid.uuid4().hex[:6]}"
    body = {"model": "flux-kontext-pro", "input": {"prompt": prompt}}
    made = house.api("POST", "/generations", key=house.seeded.key, json=body).raise_for_status().json()
    assert house.ended(made["id"], key=house.seeded.key)["status"] == "succeeded"

    olive.goes_to(f"/history?q={prompt.rsplit(' ', 1)[-1]}")
    found(page).get_by_role("checkbox", name=re.compile("Select")).check()
    page.locator("#selection").get_by_role("combobox", name="Tag").fill(tag)
    page.get_by_role("button", name="Add tag").click()
    expect(found(page)).to_contain_text(tag)

    found(page).get_by_role("checkbox", name=re.compile("Select")).check()
    page.get_by_role("button", name=re.compile("Delete outputs")).click()
    expect(page.get_by_role("main")).to_contain_text("Delete the outputs of 1 generation?")
    page.get_by_role("button", name="Delete the outputs").click()
    page.wait_for_url("**/history?q=*")
    found(page).get_by_role("link", name=prompt).click()
    expect(page.get_by_role("main")).to_contain_text("deleted by Olive Ortega")
    expect(page.get_by_role("main").locator("img[src*='/media/']")).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile("Receipt", re.IGNORECASE)).first).to_be_visible()


def test_the_star_needs_no_other_page(person: Callable[..., Person]) -> None:
    olive = person("olive")
    page = olive.page
    olive.goes_to("/history?favourite=1")
    before = found(page).count()
    assert before
    olive.goes_to(f"/generations/{olive.house.seeded.ids['image']}")
    star = page.get_by_role("button", name=re.compile("avourite")).first
    there, pressed = page.url, star.get_attribute("aria-pressed")
    star.click()
    expect(page.get_by_role("button", name=re.compile("avourite")).first).not_to_have_attribute(
        "aria-pressed", str(pressed)
    )
    page.get_by_role("button", name=re.compile("avourite")).first.click()
    assert page.url == there
