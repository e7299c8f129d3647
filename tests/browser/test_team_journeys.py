"""Two people, and a program: an invitation is accepted, a key is made and used."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.people import Person

PASSWORD = "a violin on the northern stairs"


def test_somebody_is_invited_and_joins(person: Callable[..., Person]) -> None:
    olive, guest = person("olive"), person()
    email = f"gus-{uuid.uuid4().hex[:8]}@example.com"
    olive.goes_to("/team")
    olive.page.get_by_label("E-mail address").fill(email)
    olive.page.get_by_role("button", name="Send the invitation").click()
    expect(olive.page.get_by_role("cell", name=email, exact=True)).to_be_visible()

    guest.page.goto(olive.house.link_to(email, "/invitations/"))
    expect(guest.page.get_by_text("Northlight Studio").first).to_be_visible()
    guest.page.get_by_role("main").get_by_role("link", name=re.compile("Sign up")).first.click()
    guest.fills_sign_up(email, PASSWORD)
    guest.page.get_by_role("button", name="Join Northlight Studio").click()  # the invitation proved the address
    expect(guest.page.get_by_role("banner").get_by_text("Northlight Studio").first).to_be_attached()

    olive.page.reload()
    olive.page.get_by_text(f"Manage {email}").click()
    expect(olive.page.get_by_label(f"Role of {email}")).to_be_visible()


def test_a_key_is_made_and_used_and_what_it_made_is_found(person: Callable[..., Person]) -> None:
    olive = person("olive")
    page, name = olive.page, f"Nightly {uuid.uuid4().hex[:6]}"
    olive.goes_to("/team/keys/new")
    page.get_by_label("Name", exact=True).fill(name)
    with page.expect_navigation():
        page.get_by_role("button", name="Make the key").click()
    key = re.search(r"fh_live_\w+", page.get_by_role("main").inner_text())
    assert key is not None, "the key is shown"
    prompt = f"a lantern on a pier {uuid.uuid4().hex[:6]}"
    body = {"model": "veo-3.1-fast", "input": {"prompt": prompt}}
    made = olive.house.api("POST", "/generations", key=key[0], json=body)
    assert made.status_code in (201, 202), made.text
    olive.goes_to("/history")
    expect(page.get_by_role("link", name=prompt)).to_be_visible()
    olive.goes_to("/team/keys")
    expect(page.get_by_role("main").get_by_text(name).first).to_be_visible()
    page.reload()
    assert key[0] not in page.content(), "it is shown once"
