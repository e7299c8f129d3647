"""What a request's own address was told stands on its generation's page: for who sees, sent again by who makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Delivery
from generations import idempotency, intake
from generations.models import Generation
from tests.accounts.webhooks.receiver import Receiver
from tests.accounts.webhooks_pages.conftest import tried
from tests.pages.parsing import read
from tests.pages.test_policy import whole
from tests.world import World


@pytest.fixture
def asked(world: World, receiver: Receiver) -> Callable[..., Generation]:
    """asked(webhook_url): a generation that was canceled, and whose address hears of it."""

    def make(url: str | None = None) -> Generation:
        from generations import outcomes

        row, _ = intake.accept(
            actor=world.actor(world.bob),
            request=intake.Request(
                model="veo-3.1-fast",
                input={"prompt": "a dog"},
                webhook_url=receiver.url() if url is None else url,
            ),
            render=lambda row: idempotency.Answer(201, {"id": row.public_id}, {}),
        )
        assert row is not None
        outcomes.cancel(generation_id=row.pk, actor=world.actor(world.bob).name)
        row.refresh_from_db()
        return row

    return make


def delivery_of(generation: Generation) -> Delivery:
    return Delivery.objects.select_related("event").get(event__subject=generation.public_id, endpoint=None)


def test_the_page_tells_what_its_address_was_told(world: World, fresh: Any, asked: Any) -> None:
    row = asked()
    delivery = delivery_of(row)
    tried(delivery, outcome="refused")
    for user in (world.alice, world.bob, world.carol):
        client = fresh(user)
        page = whole(client.get(f"/generations/{row.public_id}"))
        link = f"/generations/{row.public_id}/deliveries/{delivery.public_id}"
        assert page.one("a", href=link).text == "generation.canceled"
        assert "pending 1 try" in page.words
        shown = whole(client.get(link))
        assert "Try 1: It answered 500, and only 2xx counts as heard" in shown.texts("h3")
        assert row.public_id in shown.one("pre", aria_label="Body of the message").text
        assert bool(shown.all("form", action=f"{link}/redeliver")) is (user != world.carol)


def test_without_an_address_nothing_is_said(world: World, alice: Client, asked: Any) -> None:
    page = whole(alice.get(f"/generations/{asked('').public_id}"))
    assert "Webhook" not in page.texts("h2")


def test_it_is_live_until_its_end(world: World, alice: Client, asked: Any) -> None:
    row = asked()
    delivery = delivery_of(row)
    page = whole(alice.get(f"/generations/{row.public_id}/deliveries/{delivery.public_id}"))
    live = page.one("div", id="delivery").attrs["hx-get"]
    assert alice.get(live).status_code == 204
    tried(delivery, outcome="delivered")
    Delivery.objects.filter(pk=delivery.pk).update(status="delivered", next_action_at=None, ended_at=Now())
    assert "hx-get" not in read(alice.get(live)).one("div", id="delivery").attrs


def test_who_makes_sends_it_again_and_who_sees_does_not(world: World, fresh: Any, asked: Any) -> None:
    row = asked()
    delivery = delivery_of(row)
    Delivery.objects.filter(pk=delivery.pk).update(status="failed", next_action_at=None, ended_at=Now())
    address = f"/generations/{row.public_id}/deliveries/{delivery.public_id}"
    assert fresh(world.carol).post(f"{address}/redeliver").status_code == 403
    delivery.refresh_from_db()
    assert delivery.status == "failed"
    assert fresh(world.bob).post(f"{address}/redeliver")["Location"] == address
    delivery.refresh_from_db()
    assert delivery.status == "pending"


def test_a_strangers_and_another_generations_delivery_is_not_there(world: World, fresh: Any, asked: Any) -> None:
    first, second = asked(), asked()
    delivery = delivery_of(first)
    for end in ("", "/live", "/redeliver"):
        for client, generation in ((fresh(world.mallory), first), (fresh(world.alice), second)):
            address = f"/generations/{generation.public_id}/deliveries/{delivery.public_id}{end}"
            assert {client.get(address).status_code, client.post(address).status_code} <= {404, 405}
    endpoints_own = fresh(world.alice).get(f"/webhooks/whe_{'0' * 32}/deliveries/{delivery.public_id}")
    assert endpoints_own.status_code == 404
