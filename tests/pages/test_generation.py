"""A generation's page: results, inputs, timeline, receipt, live until the end, honest when it is unclear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Role
from billing import ledger
from generations import outcomes, reasons
from generations.models import Generation, GenerationEvent, Reason
from generations.states import record
from tests.pages.conftest import delivered, doubted, started
from tests.pages.parsing import Page, read
from tests.world import World

Make = Callable[..., Generation]
HOSTILE = "</textarea><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7 }} \" ' &amp;"


def page_of(client: Client, row: Generation, status: int = 200) -> Page:
    return read(client.get(f"/generations/{row.public_id}"), status)


def poll(page: Page) -> str | None:
    return page.one("div", id="progress").attrs.get("hx-get")


def test_a_video_plays_and_can_be_kept(alice: Client, make: Make) -> None:
    row = delivered(make())
    page = page_of(alice, row)
    video = page.one("video")
    assert video.attrs["src"].startswith(f"/media/teams/{row.team_id}/{row.pk}/0.mp4?")
    assert video.attrs["poster"].startswith(f"/media/teams/{row.team_id}/{row.pk}/0.preview.webp?")
    assert "controls" in video.attrs
    (download,) = [e.attrs["href"] for e in page.all("a") if e.text == "Download"]
    assert f"filename=veo-3.1-fast-{row.public_id[-8:]}-1.mp4" in download
    assert "1280 × 720, 5 s, 4.0 KB" in page.words
    assert "by bob@example.com" in page.words
    assert poll(page) is None


def test_the_receipt_tells_what_was_held_charged_and_released(alice: Client, make: Make) -> None:
    row = delivered(make("seedream-v4-edit", image_urls=["https://img.example/a.png"], max_images=4), outputs=3)
    page = page_of(alice, row)
    assert len(page.all("figure")) == 3
    (receipt,) = [text for text in page.texts("section") if text.startswith("Receipt")]
    assert receipt.startswith(
        "Receipt 4 images · 4 × $0.0175$0.07 Held14 credits $0.07"
        " Released3.5 credits $0.0175 Charged10.5 credits $0.0525"
    )
    assert row.receipt is not None
    assert row.receipt["formula"] in receipt
    assert "3 of 4 delivered. Price version 1." in receipt


def test_the_timeline_says_in_words_what_happened(alice: Client, make: Make) -> None:
    row = delivered(make())
    events = [text.rsplit(" ", 1)[0] for text in page_of(alice, row).texts("li")]
    assert events[-5:] == [
        "Accepted: 60 credits ($0.30) held in the wallet.",
        "Handed to the provider.",
        "The provider took it.",
        "The provider is done: 1 result.",
        "Done: 60 credits ($0.30) charged.",
    ]


def test_an_event_that_nobody_wrote_words_for_is_still_shown(alice: Client, make: Make) -> None:
    row = make()
    record(row, "moved_house", data={"why": "provider said: secret"})
    record(row, "failed", data={"detail": "provider said: secret"})
    page = page_of(alice, row)
    assert "Moved house." in page.words
    assert "secret" not in page.html


def test_a_text_is_shown_and_escaped(alice: Client, make: Make) -> None:
    row = delivered(make("prompt-expansion-text", model="google/gemini-2.5-flash"), text=HOSTILE)
    assert page_of(alice, row).one("div", klass="text-output").text == HOSTILE


def test_hostile_prompts_do_nothing_anywhere(alice: Client, make: Make) -> None:
    row = make("nano-banana-pro", prompt=HOSTILE)
    page = page_of(alice, row)
    assert HOSTILE in page.text
    assert page.all("img") == []
    assert HOSTILE in read(alice.get("/history")).text
    form = read(alice.get(f"/studio/nano-banana-pro?from={row.public_id}"))
    assert form.one("textarea", name="prompt").text.strip() == HOSTILE
    live = read(alice.get(f"/generations/{row.public_id}/live?version=-1"))
    assert HOSTILE in live.text


def test_progress_goes_on_until_something_happens_then_everything_comes(alice: Client, make: Make) -> None:
    row = make()
    address = poll(page_of(alice, row))
    assert address == f"/generations/{row.public_id}/live?version=0"
    response = alice.get(address)
    assert poll(read(response)) == address
    assert "HX-Retarget" not in response.headers
    assert "so far; usually about 2 min" in read(response).words
    started(row)
    response = alice.get(address)
    page = read(response)
    assert (response.headers["HX-Retarget"], response.headers["HX-Reswap"]) == ("#generation", "outerHTML")
    assert page.one("div", id="generation")
    assert poll(page) == f"/generations/{row.public_id}/live?version={row.status_version}"
    assert page.one("span", id="wallet-chip").attrs["hx-swap-oob"] == "true"
    assert page.one("p", id="said").text == "Veo 3.1 Fast: running."
    outcomes.fail(generation_id=row.pk, reason=Reason.CONTENT_REFUSED)
    assert poll(read(alice.get(address))) is None


def test_unknown_says_what_is_known_and_what_comes_next(alice: Client, make: Make) -> None:
    row = doubted(make())
    page = page_of(alice, row)
    assert "We sent this and got no clear answer." in page.words
    assert f"If nothing is heard by {row.deadline_at:%Y-%m-%d %H:%M} UTC, it fails then" in page.words
    assert "all 60 credits are released" in page.words
    assert page.all("progress") == []


@pytest.mark.parametrize("reason", Reason.values)
def test_every_failure_is_told_and_costs_nothing(alice: Client, make: Make, reason: str) -> None:
    row = make()
    outcomes.fail(generation_id=row.pk, reason=Reason(reason), detail="provider said: secret")
    page = page_of(alice, row)
    assert reasons.SENTENCES[reason] in page.words
    assert "Charged0 credits" in page.words
    assert "secret" not in page.html


def test_cancel_while_it_is_queued(alice: Client, world: World, make: Make) -> None:
    row = make()
    form = page_of(alice, row).one("form", action=f"/generations/{row.public_id}/cancel")
    assert form.attrs["method"] == "post"
    assert alice.get(form.attrs["action"]).status_code == 405
    response = alice.post(form.attrs["action"])
    assert response.headers["Location"] == f"/generations/{row.public_id}"
    page = page_of(alice, row)
    assert "Canceled before anything was sent." in page.words
    assert ledger.wallet(world.team.pk).available.balance == 10_000_000


def test_too_late_to_cancel_is_said_on_the_page(alice: Client, make: Make) -> None:
    row = started(make())
    assert page_of(alice, row).all("form", action=f"/generations/{row.public_id}/cancel") == []
    alice.post(f"/generations/{row.public_id}/cancel")
    page = page_of(alice, row)
    assert page.texts("p", klass="notice") == ["It is running: only a queued generation can be canceled."]


def test_a_viewer_sees_it_and_cannot_touch_it(world: World, browser: Any, make: Make) -> None:
    row = make()
    carol = browser(world.carol)
    page = page_of(carol, row)
    assert "Use again" not in page.words
    assert "Cancel" not in page.words
    read(carol.post(f"/generations/{row.public_id}/cancel"), 403)
    row.refresh_from_db()
    assert row.status == "queued"


def test_strangers_find_nothing(world: World, browser: Any, client: Client, make: Make) -> None:
    row = make()
    mallory = browser(world.mallory)
    for path in ("", "/live"):
        page = read(mallory.get(f"/generations/{row.public_id}{path}"), 404)
        assert "There is no such generation." in page.words
        assert "a dog in a park" not in page.html
        response = client.get(f"/generations/{row.public_id}{path}")
        assert response.headers["Location"] == f"/accounts/login/?next=/generations/{row.public_id}{path}"
    assert mallory.post(f"/generations/{row.public_id}/cancel").status_code == 404
    for odd in ("gen_", "gen_0", row.public_id.upper(), "x" * 300, "upl_" + row.id.hex):
        read(mallory.get(f"/generations/{odd}"), 404)


def test_queries_do_not_depend_on_outputs_and_events(
    alice: Client, make: Make, count_queries: Callable[..., int]
) -> None:
    edit: dict[str, Any] = {"image_urls": ["https://img.example/a.png"], "max_images": 6}
    one, six = (
        delivered(make("seedream-v4-edit", **edit), outputs=1),
        delivered(make("seedream-v4-edit", **edit), outputs=6),
    )
    for _ in range(30):
        GenerationEvent.objects.create(generation=six, team_id=six.team_id, kind="stored", data={})
    page_of(alice, one)  # the first request of a session stamps it
    counts = [count_queries(lambda row=row: page_of(alice, row)) for row in (one, six)]
    assert counts[0] == counts[1]
    assert counts[0] <= 9


def test_pages_are_private_to_the_browser(alice: Client, make: Make) -> None:
    response = alice.get(f"/generations/{make().public_id}")
    assert "private" in response.headers["Cache-Control"]


def test_a_billing_member_sees_history_and_wallet_and_makes_nothing(world: World, browser: Any, make: Make) -> None:
    row = make()
    Membership.objects.filter(user=world.carol).update(role=Role.BILLING)
    carol = browser(world.carol)
    page_of(carol, row)
    read(carol.get("/wallet"))
    assert "disabled" in read(carol.get("/studio/veo-3.1-fast")).one("button", value="make").attrs
