"""What a generation's webhook address was told, on its page: live while something is on its way."""

from __future__ import annotations

from urllib.parse import quote

from django.test import Client

from accounts.models import Delivery, DeliveryStatus, Team
from accounts.models.webhooks import EventType
from accounts.webhooks import events
from generations import idempotency, intake
from generations.models import Generation
from project import db
from tests.pages.generation_pages import Make, page_of
from tests.pages.parsing import read
from tests.world import World


def told(world: World) -> Generation:
    """A queued generation whose webhook address has one message on its way."""
    request = intake.Request(model="veo-3.1-fast", input={"prompt": "a dog"})
    row, _ = intake.accept(
        actor=world.actor(world.bob), request=request, render=lambda made: idempotency.Answer(201, {}, {})
    )
    assert row is not None
    Generation.objects.filter(pk=row.pk).update(webhook_url="https://hooks.example/in")
    tell(world.team, row)
    row.refresh_from_db()
    return row


def tell(team: Team, row: Generation) -> None:
    events.publish(
        team=team,
        type=EventType.GENERATION_RUNNING,
        subject=row.public_id,
        payload={"id": row.public_id},
        url="https://hooks.example/in",
    )


def test_it_is_live_while_something_is_on_its_way(alice: Client, world: World) -> None:
    row = told(world)
    section = page_of(alice, row).one("section", id="webhook")
    address = section.attrs["hx-get"]
    delivery = Delivery.objects.get()
    assert address == f"/generations/{row.public_id}/webhook?version={quote('pending.0.0')}"
    assert section.attrs["hx-trigger"] == "every 3s"
    assert alice.get(address).status_code == 204
    moment = db.now()
    Delivery.objects.filter(pk=delivery.pk).update(
        status=DeliveryStatus.DELIVERED, tries=1, last_status=200, ended_at=moment, next_action_at=None
    )
    page = read(alice.get(address))
    assert "hx-get" not in page.one("section", id="webhook").attrs
    assert "delivered" in page.words
    assert "1 try" in page.words
    assert page.one("a", href=f"/generations/{row.public_id}/deliveries/{delivery.public_id}")


def test_without_an_address_there_is_an_empty_place(alice: Client, make: Make) -> None:
    section = page_of(alice, make()).one("section", id="webhook")
    assert ("hidden" in section.attrs, section.text.strip(), "hx-get" in section.attrs) == (True, "", False)
