"""Making the same again: the price on the button is what is agreed to, one press makes one, refusals say what to do."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.test import Client

from billing import holds, ledger
from generations import again, offers, uploads
from generations.models import Generation, Listing, Upload
from project import db
from tests.pages.conftest import Browser, delivered, picture, started
from tests.pages.generation_pages import Make, page_of
from tests.pages.parsing import Page, read
from tests.world import World


def form_of(client: Client, row: Generation) -> dict[str, str]:
    """The fields of the button's form, as a browser sends them."""
    return fields(page_of(client, row), row)


def fields(page: Page, row: Generation) -> dict[str, str]:
    assert page.one("form", action=f"/generations/{row.public_id}/again").attrs["method"] == "post"
    (agreed,) = page.all("input", name="agreed")
    presses = [e.attrs["value"] for e in page.all("input", name="press")]
    return {"agreed": agreed.attrs["value"], "press": presses[0]}


def press(client: Client, row: Generation, **sent: str) -> Any:
    return client.post(f"/generations/{row.public_id}/again", sent)


def newest() -> Generation:
    return Generation.objects.latest("created_at")


def test_the_same_again_at_the_price_of_the_button(alice: Client, world: World, make: Make) -> None:
    row = delivered(make(prompt="a boat", aspectRatio="9:16"))
    page = page_of(alice, row)
    assert "Make again for 60 credits $0.30" in page.words
    assert page.one("a", href=f"/studio/veo-3.1-fast?from={row.public_id}").text.strip() == "Edit and use again"
    response = press(alice, row, **fields(page, row))
    made = newest()
    assert response.headers["Location"] == f"/generations/{made.public_id}"
    assert (made.input, made.model, made.hold_amount) == (row.input, row.model, 300_000)
    assert made.membership is not None
    assert made.membership.user == world.alice
    assert (made.webhook_url, made.metadata, made.batch) == ("", {}, None)
    assert ledger.wallet(world.team.pk).held.balance == 300_000


def test_a_double_click_makes_one(alice: Client, make: Make) -> None:
    row = delivered(make())
    sent = form_of(alice, row)
    first = press(alice, row, **sent)
    second = press(alice, row, **sent)
    assert second.headers["Location"] == first.headers["Location"]
    assert Generation.objects.count() == 2
    assert "This was sent before: here it is." in read(alice.get(second.headers["Location"])).words
    press(alice, row, **form_of(alice, row))
    assert Generation.objects.count() == 3


def test_a_price_that_changed_is_asked_about_again(alice: Client, make: Make) -> None:
    row = delivered(make())
    sent = form_of(alice, row)
    version = offers.current_price("veo-3.1-fast")
    offers.publish(
        slug="veo-3.1-fast",
        rates={key: rate * 2 for key, rate in version.rates.items()},
        margin_ppm=0,
        by="test",
        reason="dearer",
    )
    page = read(press(alice, row, **sent), 409)
    assert "changed since the button was shown: 120 credits $0.60 instead of 60 credits $0.30." in page.words
    assert "60 credits $0.30" in page.one("div", role="alert").text
    assert "max_price" not in page.words
    assert "nothing was charged" in page.words
    assert "Make again for 120 credits" in page.words
    assert "data-focus" in page.one("div", role="alert").attrs
    assert Generation.objects.count() == 1
    assert press(alice, row, **fields(page, row)).status_code == 302
    assert newest().hold_amount == 600_000


def test_nothing_is_made_without_an_agreed_price(alice: Client, make: Make) -> None:
    row = delivered(make())
    for agreed in ("", "-1", "1e9", "9" * 30, "299999"):
        read(press(alice, row, press=uuid.uuid4().hex, agreed=agreed), 409)
    assert Generation.objects.count() == 1


def test_too_little_credit_says_who_can_help(alice: Client, world: World, browser: Browser, make: Make) -> None:
    row = delivered(make())
    spend(world)
    page = read(press(alice, row, **form_of(alice, row)), 402)
    assert page.one("a", href="/wallet/top-up").text == "Buy credit"
    assert "nothing was charged" in page.words
    bob = browser(world.bob)
    page = read(press(bob, row, **form_of(bob, row)), 402)
    assert page.all("a", href="/wallet/top-up") == []
    assert "Somebody who looks after the wallet of Studio can buy credit." in page.words


@transaction.atomic
def spend(world: World) -> None:
    """Leaves $0.10 in the wallet."""
    left = ledger.wallet(world.team.pk).available.balance
    holds.hold(
        team=world.team,
        reference=f"test_{uuid.uuid4().hex}",
        amount=left - 100_000,
        expires_at=db.now() + timedelta(hours=1),
        actor="test",
    )


def test_an_upload_that_is_gone_leads_to_the_studio(alice: Client, world: World, make: Make) -> None:
    upload = uploads.keep(actor=world.actor(world.bob), chunks=picture().chunks())
    row = started(make("nano-banana-edit", image_urls=[upload.public_id]))
    sent = form_of(alice, row)
    Upload.objects.filter(pk=upload.pk).update(expires_at=db.now())
    page = read(press(alice, row, **sent), 422)
    assert "send the image again" in page.words
    assert page.all("a", href=f"/studio/nano-banana-edit?from={row.public_id}")
    assert Generation.objects.count() == 1


def test_a_model_that_is_switched_off_says_so_before_and_after(alice: Client, make: Make) -> None:
    row = delivered(make())
    sent = form_of(alice, row)
    Listing.objects.filter(slug="veo-3.1-fast").update(available=False, note="Back on Monday.")
    page = page_of(alice, row)
    assert page.all("input", name="agreed") == []
    assert "It cannot be made again as it stands: Back on Monday." in page.words
    page = read(press(alice, row, **sent), 409)
    assert "Choose another model" in page.words
    assert Generation.objects.count() == 1


def test_a_model_that_is_no_more_has_no_buttons(alice: Client, make: Make) -> None:
    row = delivered(make())
    row.model = "gone-model"
    offer = again.offer(row)
    assert (offer.hold, offer.editable) == (None, False)


def test_rules_that_changed_lead_to_the_form(make: Make) -> None:
    row = make()
    row.input = {**row.input, "aspectRatio": "7:3"}
    offer = again.offer(row)
    assert offer.hold is None
    assert "rules have changed" in offer.why
