"""JavaScript off: every form that matters is a form."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.people import Person
from tests.browser.test_first_video import tops_up


@pytest.fixture
def plain(person: Callable[..., Person]) -> Callable[..., Person]:
    """Somebody whose browser runs no scripts."""

    def enter(name: str = "", **more: object) -> Person:
        return person(name, script=False, **more)

    return enter


def picture() -> dict[str, object]:
    """A png to choose in a field for files."""
    held = io.BytesIO()
    Image.new("RGB", (512, 512), "teal").save(held, "PNG")
    return {"name": "teal.png", "mimeType": "image/png", "buffer": held.getvalue()}


def test_signing_in_and_out(plain: Callable[..., Person]) -> None:
    somebody = plain(expected=(422,))
    page = somebody.page
    somebody.signs_in("max@example.com", "not the password")
    expect(page.get_by_role("main")).to_contain_text("not correct")
    somebody.signs_in("max@example.com", somebody.house.seeded.password)
    page.wait_for_url("**/studio")
    page.get_by_role("banner").locator("summary", has_text="Northlight Studio").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{somebody.house.site}/")


def test_a_picture_is_uploaded_and_made_into_another(plain: Callable[..., Person]) -> None:
    olive = plain("olive", expected=(422,))
    page = olive.page
    olive.goes_to("/studio/seedream-v4-edit")
    page.get_by_label("Prompt", exact=True).fill("the same in autumn colors")
    with page.expect_navigation():  # the file is for the page that comes
        page.get_by_role("button", name="Show the price").last.click()
    expect(page.get_by_label("Price")).to_contain_text("$")
    page.locator("input[type=file]").first.set_input_files(picture())  # type: ignore[arg-type]
    page.get_by_role("button", name="Generate", exact=True).click()
    page.wait_for_url(re.compile("/generations/gen_"))
    made = olive.house.ended(page.url.rsplit("/", 1)[-1], key=olive.house.seeded.key)
    assert made["status"] == "succeeded", made
    page.reload()
    expect(page.get_by_role("main").locator("img").first).to_be_visible()


def test_a_form_with_mistakes_keeps_what_was_typed(plain: Callable[..., Person]) -> None:
    olive = plain("olive", expected=(422,))
    page = olive.page
    olive.goes_to("/studio/seedream-v4-edit")
    page.get_by_label("Prompt", exact=True).fill("without any picture")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("without any picture")


def test_topping_up(plain: Callable[..., Person]) -> None:
    olive = plain("olive")
    olive.watch.beyond = (olive.house.standin.removeprefix("http://"),)
    olive.goes_to("/wallet/top-up")
    tops_up(olive, "10")


def test_a_key_and_its_end(plain: Callable[..., Person]) -> None:
    olive = plain("olive")
    page, name = olive.page, f"Short {uuid.uuid4().hex[:6]}"
    olive.goes_to("/team/keys/new")
    page.get_by_label("Name", exact=True).fill(name)
    with page.expect_navigation():
        page.get_by_role("button", name="Make the key").click()
    key = re.search(r"fh_live_\w+", page.get_by_role("main").inner_text())
    assert key is not None
    assert olive.house.api("GET", "/wallet", key=key[0]).status_code == 200
    olive.goes_to("/team/keys")
    page.get_by_role("link", name=re.compile(name)).first.click()
    page.get_by_role("link", name=re.compile("Revoke")).click()
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name=re.compile("Revoke")).click()
    assert olive.house.api("GET", "/wallet", key=key[0]).status_code == 401


def test_an_invitation_is_sent_and_withdrawn(plain: Callable[..., Person]) -> None:
    olive = plain("olive")
    page, email = olive.page, f"kim-{uuid.uuid4().hex[:8]}@example.com"
    olive.goes_to("/team")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send the invitation").click()
    link = olive.house.link_to(email, "/invitations/")
    page.get_by_role("button", name=f"Withdraw the invitation to {email}").click()
    expect(page.get_by_role("cell", name=email, exact=True)).to_have_count(0)
    guest = plain(expected=(410,))
    answer = guest.page.goto(link)
    assert answer is not None
    assert answer.status == 410


def test_a_webhook(plain: Callable[..., Person]) -> None:
    olive = plain("olive")
    page, mark = olive.page, uuid.uuid4().hex[:8]
    olive.goes_to("/webhooks/new")
    page.get_by_label("Address", exact=True).fill(f"https://1.1.1.1/{mark}")
    page.get_by_role("main").get_by_role("checkbox").first.check()
    page.get_by_role("main").get_by_role("button", name=re.compile("Add|Make|Save")).click()
    expect(page.get_by_role("main")).to_contain_text("whsec_")
    olive.goes_to("/webhooks")
    expect(page.get_by_role("main")).to_contain_text(mark)
