"""The delivery log: filtered, paged and live; each try told in words; what receivers answer is only ever text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Delivery, WebhookEndpoint
from project import db
from tests.accounts.webhooks_pages.conftest import tried
from tests.pages.parsing import Page, read
from tests.pages.test_policy import whole
from tests.world import World


def types_of(page: Page) -> list[str]:
    """The lines of the log: what their links say."""
    return [e.text for e in page.all("a") if "/deliveries/" in e.attrs.get("href", "")]


def links_of(page: Page) -> list[str]:
    return [e.attrs["href"] for e in page.all("a") if "/deliveries/" in e.attrs.get("href", "")]


def test_the_log_is_filtered_by_the_address_alone(world: World, alice: Client, endpoint_of: Any, told: Any) -> None:
    row = endpoint_of()
    told(row, 2)
    told(row, type="payment.paid", status="failed")
    told(endpoint_of("https://hooks.example.com/other"))
    address = f"/webhooks/{row.public_id}"
    page = whole(alice.get(address))
    assert types_of(page) == ["payment.paid", "wallet.low", "wallet.low"]
    assert types_of(whole(alice.get(f"{address}?status=delivered"))) == ["wallet.low", "wallet.low"]
    assert types_of(whole(alice.get(f"{address}?type=payment.paid&status="))) == ["payment.paid"]
    none = whole(alice.get(f"{address}?type=payment.paid&status=delivered"))
    assert "Nothing matches these filters." in none.words
    assert none.one("option", value="delivered", selected="").text == "delivered"
    wrong = whole(alice.get(f"{address}?status=lost"), 422)
    assert "There is no such status." in wrong.one("div", id="id_status_error").text
    assert whole(alice.get(f"{address}?colour=red"), 422)


def test_pages_stay_as_they_are_while_lines_are_added(world: World, alice: Client, endpoint_of: Any, told: Any) -> None:
    row = endpoint_of()
    rows = told(row, 45)
    told(row, 1, status="failed")
    address = f"/webhooks/{row.public_id}?status=delivered"
    seen, first = [], read(alice.get(address))
    page = first
    while True:
        seen += links_of(page)
        older = page.all("a", rel="next")
        if not older:
            break
        told(row, 3)
        page = read(alice.get(older[0].attrs["href"].partition("#")[0]))
    assert [link.rpartition("/")[2] for link in seen] == [item.public_id for item in reversed(rows)]
    back = page.one("a", rel="prev").attrs["href"].partition("#")[0]
    assert links_of(read(alice.get(back))) == seen[20:40]
    beyond = read(alice.get(f"/webhooks/{row.public_id}?older=1"))
    assert "Nothing lies beyond this place." in beyond.words
    for cursor in ("x", "-1", "9" * 19, "1.5", "\u0661"):
        assert alice.get(f"/webhooks/{row.public_id}?older={cursor}").status_code == 422


def test_as_many_queries_for_1_line_as_for_20(
    world: World, alice: Client, endpoint_of: Any, told: Any, count_queries: Any
) -> None:
    row = endpoint_of()
    told(row)
    address = f"/webhooks/{row.public_id}"
    alice.get(address)
    few = count_queries(lambda: read(alice.get(address)))
    told(row, 29)
    assert count_queries(lambda: read(alice.get(address))) == few


def test_the_log_asks_again_while_something_waits_and_no_longer(
    world: World, alice: Client, endpoint_of: Any, told: Any
) -> None:
    row = endpoint_of()
    told(row)
    (waits,) = told(row, status="pending")
    page = whole(alice.get(f"/webhooks/{row.public_id}"))
    live = page.one("div", id="log-live").attrs
    assert live["hx-trigger"] == "every 3s"
    assert waits.public_id in live["hx-get"]
    same = read(alice.get(live["hx-get"]))
    assert same.all("tr") == []
    assert same.one("div", id="log-live").attrs["hx-get"] == live["hx-get"]
    tried(waits, outcome="refused")
    Delivery.objects.filter(pk=waits.pk).update(next_action_at=db.now() + db.now().resolution * 10**9)
    moved = read(alice.get(live["hx-get"]))
    assert moved.one("tr", id=f"row-{waits.public_id}").attrs["hx-swap-oob"] == "true"
    assert moved.one("div", id="log-live").attrs["hx-trigger"] == "every 30s"
    assert "next try in" in moved.words
    Delivery.objects.filter(pk=waits.pk).update(status="delivered", next_action_at=None, ended_at=Now())
    over = read(alice.get(moved.one("div", id="log-live").attrs["hx-get"]))
    assert "hx-get" not in over.one("div", id="log-live").attrs
    assert over.texts("span", klass="badge") == ["delivered"]
    assert "wallet.low: delivered." in over.one("p", id="said").text
    for rows in ("", "x", "dlv_x:1", f"{waits.public_id}", "a:b:c,,,:"):
        assert read(alice.get(f"/webhooks/{row.public_id}/live", {"rows": rows})).all("tr") == []


def test_the_log_of_another_endpoint_is_not_told_live(world: World, alice: Client, endpoint_of: Any, told: Any) -> None:
    mine, foreign = endpoint_of(), endpoint_of(team=world.other_team)
    (waits,) = told(foreign, status="pending")
    page = read(alice.get(f"/webhooks/{mine.public_id}/live", {"rows": f"{waits.public_id}:x"}))
    assert page.all("tr") == []


@pytest.mark.parametrize(
    ("outcome", "status", "words"),
    [
        ("refused", 503, "It answered 503, and only 2xx counts as heard"),
        ("redirected", 302, "It answered with a redirect, which is not followed"),
        ("gone", 410, "It answered 410 Gone"),
        ("timed_out", None, "It did not answer in time"),
        ("unreachable", None, "It cannot be reached"),
        ("forbidden", None, "The address is not one that we call"),
        ("broken", None, "The connection broke, or the answer was no HTTP"),
        ("lost", None, "Our sender stopped in the middle"),
    ],
)
def test_each_outcome_in_words(
    world: World, alice: Client, endpoint_of: Any, told: Any, outcome: str, status: int | None, words: str
) -> None:
    row = endpoint_of()
    (delivery,) = told(row, status="pending")
    answer: dict[str, Any] = {} if status else {"response_headers": {}, "response_body": ""}
    tried(delivery, outcome=outcome, status=status or 0, **answer)
    page = whole(alice.get(f"/webhooks/{row.public_id}/deliveries/{delivery.public_id}"))
    assert f"Try 1: {words}" in page.texts("h3")
    assert "took 1.3 s" in page.words
    assert ("no thanks" in page.words) is bool(status)


def test_a_delivery_with_its_tries(world: World, alice: Client, endpoint_of: Any, told: Any) -> None:
    row = endpoint_of()
    (delivery,) = told(row, status="pending")
    tried(delivery, outcome="refused", status=500, response_body='{"error":{"code":7}}', truncated=True)
    tried(delivery, outcome="delivered", status=204, response_body="", by=f"user:{world.alice.pk}")
    Delivery.objects.filter(pk=delivery.pk).update(status="delivered", next_action_at=None, ended_at=Now())
    page = whole(alice.get(f"/webhooks/{row.public_id}/deliveries/{delivery.public_id}"))
    assert page.texts("h3") == ["Try 2: Heard", "Try 1: It answered 500, and only 2xx counts as heard"]
    assert "2 tries" in page.words
    assert "asked for by hand" in page.words
    assert "The answer had no body." in page.words
    assert "only the first 64 KiB are read" in page.words
    assert page.one("pre", aria_label="Answer to try 1").text == '{"error":{"code":7}}'
    assert delivery.event.public_id in page.one("pre", aria_label="Headers sent by try 1").text
    assert "Content-Type: text/plain" in page.one("pre", aria_label="Headers answered to try 1").text
    body = page.one("pre", aria_label="Body of the message").text
    assert f'"id": "{delivery.event.public_id}"' in body
    assert '"credits": "250"' in body
    assert "hx-get" not in page.one("div", id="delivery").attrs
    assert page.texts("button", klass="quiet") == ["Sign out", "Redeliver"]
    for box in page.all("pre", klass="box"):  # reached and scrolled by keyboard
        assert box.attrs["tabindex"] == "0"
        assert box.attrs["aria-label"]


def test_what_a_receiver_answers_is_only_text(world: World, alice: Client, endpoint_of: Any, told: Any) -> None:
    hostile = "<script>alert(1)</script></pre><img src=x onerror=alert(2)><a href='javascript:alert(3)'>x</a>"
    row = endpoint_of()
    (delivery,) = told(row, response_body=hostile, response_headers={"X-<b>": "<script>alert(4)</script>"})
    page = whole(alice.get(f"/webhooks/{row.public_id}/deliveries/{delivery.public_id}"))
    assert page.one("pre", aria_label="Answer to try 1").text == hostile
    assert "<script>alert" not in page.html
    assert "<img src=x" not in page.html
    assert "<b>" not in page.html
    assert not any("javascript:" in e.attrs.get("href", "") for e in page.elements)


@pytest.mark.parametrize("body", ["[" * 100_000, "9" * 5000, "NaN", "{", '"\\ud800"', "\ufffd\ufffd", " " * 65_536])
def test_an_answer_that_is_odd_breaks_no_page(
    world: World, alice: Client, endpoint_of: Any, told: Any, body: str
) -> None:
    row = endpoint_of()
    (delivery,) = told(row, response_body=body)
    whole(alice.get(f"/webhooks/{row.public_id}/deliveries/{delivery.public_id}"))


def test_a_page_of_one_is_live_until_its_end(world: World, alice: Client, endpoint_of: Any, told: Any) -> None:
    row = endpoint_of()
    (delivery,) = told(row, status="pending")
    address = f"/webhooks/{row.public_id}/deliveries/{delivery.public_id}"
    page = whole(alice.get(address))
    assert "Not tried yet." in page.words
    assert page.texts("button", klass="button") == ["Sign out", "Try it now"]
    live = page.one("div", id="delivery").attrs["hx-get"]
    assert alice.get(live).status_code == 204
    tried(delivery, outcome="delivered")
    Delivery.objects.filter(pk=delivery.pk).update(status="delivered", next_action_at=None, ended_at=Now())
    over = read(alice.get(live))
    assert "hx-get" not in over.one("div", id="delivery").attrs
    assert "wallet.low: delivered, 1 try." in over.one("p", id="said").text
    assert alice.get(f"{address}/live").status_code == 200


def test_redelivery_asks_for_a_try_and_says_why_not(world: World, alice: Client, endpoint_of: Any, told: Any) -> None:
    row = endpoint_of()
    (delivery,) = told(row, status="failed")
    address = f"/webhooks/{row.public_id}/deliveries/{delivery.public_id}"
    response = alice.post(f"{address}/redeliver")
    assert (response.status_code, response["Location"]) == (302, address)
    delivery.refresh_from_db()
    assert delivery.status == "pending"
    assert "pending" in whole(alice.get(address)).texts("span", klass="badge")
    Delivery.objects.filter(pk=delivery.pk).update(status="failed", next_action_at=None, ended_at=Now())
    WebhookEndpoint.objects.filter(pk=row.pk).update(status="disabled", disabled_reason="gone")
    page = whole(alice.get(address))
    assert page.all("form", action=f"{address}/redeliver") == []
    assert "The endpoint is off" in page.words
    alice.post(f"{address}/redeliver")
    assert "This endpoint is disabled: enable it first." in whole(alice.get(address)).words
    delivery.refresh_from_db()
    assert delivery.status == "failed"


def test_a_test_leads_to_its_delivery(world: World, alice: Client, endpoint_of: Any) -> None:
    row = endpoint_of(events=["payment.paid"])
    address = f"/webhooks/{row.public_id}"
    response = alice.post(f"{address}/test", {"type": "generation.failed"})
    delivery = Delivery.objects.select_related("event").get(endpoint=row)
    assert response["Location"] == f"{address}/deliveries/{delivery.public_id}"
    assert delivery.event.type == "generation.failed"
    page = whole(alice.get(response["Location"]))
    assert "an example, sent to try the endpoint" in page.words
    assert "a test" in whole(alice.get(address)).words
    assert alice.post(f"{address}/test", {"type": "nothing"})["Location"] == address
    assert "There is no such message" in read(alice.get(address)).words
    for _ in range(10):
        alice.post(f"{address}/test", {"type": "webhook.test"})
    assert "An endpoint may be tried 10 times a minute." in read(alice.get(address)).words


@pytest.mark.parametrize("page", ["", "/live", "/redeliver"])
def test_a_delivery_of_others_is_not_there(
    world: World, alice: Client, fresh: Any, endpoint_of: Any, told: Any, page: str
) -> None:
    mine, second, foreign = endpoint_of(), endpoint_of("https://x.example.com/"), endpoint_of(team=world.other_team)
    (told_mine,), (told_second,), (told_foreign,) = told(mine), told(second), told(foreign)
    for owner, delivery in ((foreign, told_foreign), (mine, told_foreign), (foreign, told_mine), (mine, told_second)):
        address = f"/webhooks/{owner.public_id}/deliveries/{delivery.public_id}{page}"
        assert {alice.get(address).status_code, alice.post(address).status_code} <= {404, 405}
    for text in ("dlv_" + "0" * 32, "x", "evt_" + "0" * 32):
        address = f"/webhooks/{mine.public_id}/deliveries/{text}{page}"
        assert {alice.get(address).status_code, alice.post(address).status_code} <= {404, 405}
    address = f"/webhooks/{mine.public_id}/deliveries/{told_mine.public_id}{page}"
    for user in (world.bob, world.carol):
        assert {fresh(user).get(address).status_code, fresh(user).post(address).status_code} <= {403, 405}
    assert not re.search("pending", str(list(Delivery.objects.values_list("status", flat=True))))
