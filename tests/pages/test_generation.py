"""A generation's page: who sees it, its receipt, its history in words, what stands beside it, how little it asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Role
from billing import ledger
from generations import batch_requests, batches, idempotency, outcomes, reasons
from generations.models import Generation, GenerationEvent, Reason
from generations.states import record
from tests.pages.conftest import Browser, delivered, started
from tests.pages.generation_pages import HOSTILE, Make, page_of
from tests.pages.parsing import read
from tests.world import World


def test_the_receipt_tells_what_was_held_charged_and_released(alice: Client, make: Make) -> None:
    row = delivered(make("seedream-v4-edit", image_urls=["https://img.example/a.png"], max_images=4), outputs=3)
    page = page_of(alice, row)
    (receipt,) = page.texts("section", id="receipt")
    assert receipt.startswith(
        "Receipt 4 images · 4 × $0.0175$0.07 Held14 credits $0.07"
        " Released3.5 credits $0.0175 Charged10.5 credits $0.0525"
    )
    assert row.receipt is not None
    assert row.receipt["formula"] in receipt
    assert "3 of 4 delivered. Price version 1." in receipt
    assert page.one("a", href=f"/generations/{row.public_id}/receipt").text == "Whole receipt"


def test_the_timeline_says_in_words_what_happened_and_how_long_after(alice: Client, make: Make) -> None:
    row = delivered(make())
    event = GenerationEvent.objects.filter(generation=row).order_by("id").first()
    assert event is not None
    page = page_of(alice, row)
    moments = page.all("ol", klass="timeline")[0].text
    assert [" ".join(line.split()) for line in moments.strip().split("UTC") if line.strip()]
    words = [e.text.rpartition(" ")[0].strip() for e in page.all("li") if e.classes[0:1] in (["plain"], ["good"])]
    assert words[-5:] == [
        "Accepted: 60 credits ($0.30) held in the wallet.",
        "Handed to the provider.",
        "The provider took it.",
        "The provider is done: 1 result.",
        "Done: 60 credits ($0.30) charged.",
    ]
    (first, *_) = [e for e in page.all("time") if "title" in e.attrs and e.text.startswith(f"{event.at:%H:%M:%S}")]
    assert first.attrs["title"] == f"{event.at:%Y-%m-%d %H:%M:%S} UTC"


def test_an_event_that_nobody_wrote_words_for_is_still_shown(alice: Client, make: Make) -> None:
    row = make()
    record(row, "moved_house", data={"why": "provider said: secret"})
    record(row, "failed", data={"detail": "provider said: secret"})
    page = page_of(alice, row)
    assert "Moved house." in page.words
    assert "secret" not in page.html


def test_hostile_prompts_do_nothing_anywhere(alice: Client, make: Make) -> None:
    row = make("nano-banana-pro", prompt=HOSTILE)
    page = page_of(alice, row)
    assert page.one("span", id="prompt").text == HOSTILE
    assert page.all("img") == []
    assert HOSTILE in read(alice.get("/history")).text
    form = read(alice.get(f"/studio/nano-banana-pro?from={row.public_id}"))
    assert form.one("textarea", name="prompt").text.strip() == HOSTILE


def test_prompt_and_id_can_be_copied(alice: Client, make: Make) -> None:
    row = make()
    page = page_of(alice, row)
    assert {e.attrs["data-copy"] for e in page.all("button") if "data-copy" in e.attrs} == {"prompt", "generation-id"}
    assert page.one("span", id="prompt").text == "a dog in a park"
    assert page.one("code", id="generation-id").text == row.public_id


@pytest.mark.parametrize("reason", Reason.values)
def test_every_failure_is_told_and_costs_nothing(alice: Client, make: Make, reason: str) -> None:
    row = make()
    outcomes.fail(generation_id=row.pk, reason=Reason(reason), detail="provider said: secret")
    page = page_of(alice, row)
    assert "It failed, and nothing was charged" in page.words
    assert reasons.SENTENCES[reason] in page.words
    assert "All 60 credits that were held are released." in page.words
    assert "Charged0 credits" in page.words
    assert "secret" not in page.html


def test_cancel_while_it_is_queued(alice: Client, world: World, make: Make) -> None:
    row = make()
    form = page_of(alice, row).one("form", action=f"/generations/{row.public_id}/cancel")
    assert form.attrs["method"] == "post"
    assert alice.get(form.attrs["action"]).status_code == 405
    response = alice.post(form.attrs["action"])
    assert response.headers["Location"] == f"/generations/{row.public_id}"
    assert "Canceled before anything was sent." in page_of(alice, row).words
    assert ledger.wallet(world.team.pk).available.balance == 10_000_000


def test_too_late_to_cancel_is_said_on_the_page(alice: Client, make: Make) -> None:
    row = started(make())
    assert page_of(alice, row).all("form", action=f"/generations/{row.public_id}/cancel") == []
    alice.post(f"/generations/{row.public_id}/cancel")
    page = page_of(alice, row)
    assert page.texts("p", klass="notice") == ["It is running: only a queued generation can be canceled."]


def test_a_viewer_sees_it_and_cannot_touch_it(world: World, browser: Browser, make: Make) -> None:
    row = make()
    carol = browser(world.carol)
    page = page_of(carol, row)
    for words in ("Use again", "use again", "Make again", "Cancel"):
        assert words not in page.words
    for act in ("cancel", "again"):
        read(carol.post(f"/generations/{row.public_id}/{act}"), 403)
    row.refresh_from_db()
    assert row.status == "queued"
    assert Generation.objects.count() == 1


def test_strangers_find_nothing(world: World, browser: Browser, client: Client, make: Make) -> None:
    row = make()
    mallory = browser(world.mallory)
    for path in ("", "/live", "/webhook"):
        page = read(mallory.get(f"/generations/{row.public_id}{path}"), 404)
        assert "There is no such generation." in page.words
        assert "a dog in a park" not in page.html
        response = client.get(f"/generations/{row.public_id}{path}")
        assert response.headers["Location"] == f"/accounts/login/?next=/generations/{row.public_id}{path}"
    for act in ("cancel", "again"):
        assert mallory.post(f"/generations/{row.public_id}/{act}").status_code == 404
    for odd in ("gen_", "gen_0", row.public_id.upper(), "x" * 300, "upl_" + row.id.hex):
        read(mallory.get(f"/generations/{odd}"), 404)


def test_its_neighbours_in_the_teams_history(alice: Client, world: World, browser: Browser, make: Make) -> None:
    oldest, middle, newest = make(), make(), make()
    Generation.objects.filter(pk=newest.pk).update(created_at=middle.created_at)  # the same moment: the id decides
    newest.refresh_from_db()
    first, second = sorted((middle, newest), key=lambda row: row.id)

    def beside(row: Generation) -> list[str]:
        page = page_of(alice, row)
        return [e.attrs["href"] for rel in ("prev", "next") for e in page.all("a", rel=rel)]

    assert beside(second) == [f"/generations/{first.public_id}"]
    assert beside(first) == [f"/generations/{second.public_id}", f"/generations/{oldest.public_id}"]
    assert beside(oldest) == [f"/generations/{first.public_id}"]


def test_its_set(alice: Client, world: World) -> None:
    item = {"model": "veo-3.1-fast", "input": {"prompt": "a dog in a park"}}
    order = batch_requests.batch({"mode": "all", "requests": [item, item, item]}, idempotency=None)
    batch, _ = batches.accept(
        actor=world.actor(world.bob), order=order, render=lambda made, rows: idempotency.Answer(201, {}, {})
    )
    assert batch is not None
    page = page_of(alice, batch.generations.get(batch_index=1))
    assert page.one("a", href=f"/history?batch={batch.public_id}").text == "2 of 3 in this set"


def test_pages_are_private_to_the_browser(alice: Client, make: Make) -> None:
    response = alice.get(f"/generations/{make().public_id}")
    assert "private" in response.headers["Cache-Control"]


def test_a_billing_member_sees_history_and_wallet_and_makes_nothing(world: World, browser: Browser, make: Make) -> None:
    row = make()
    Membership.objects.filter(user=world.carol).update(role=Role.BILLING)
    carol = browser(world.carol)
    page_of(carol, row)
    read(carol.get("/wallet"))
    assert "disabled" in read(carol.get("/studio/veo-3.1-fast")).one("button", value="make").attrs


def test_queries_do_not_depend_on_outputs_events_and_the_history(
    alice: Client, world: World, make: Make, count_queries: Callable[..., int]
) -> None:
    edit: dict[str, Any] = {"image_urls": ["https://img.example/a.png"], "max_images": 6}
    one = delivered(make("seedream-v4-edit", **edit), outputs=1)
    page_of(alice, one)  # the first request of a session stamps it
    counts = [count_queries(lambda: page_of(alice, one))]
    six = delivered(make("seedream-v4-edit", **edit), outputs=6)
    for _ in range(30):
        GenerationEvent.objects.create(generation=six, team_id=six.team_id, kind="stored", data={})
    for _ in range(3):
        make()
    counts.append(count_queries(lambda: page_of(alice, six)))
    assert counts[0] == counts[1]
    assert counts[0] <= 16
    live = f"/generations/{make().public_id}/live?version=0"
    assert count_queries(lambda: alice.get(live)) <= 8
