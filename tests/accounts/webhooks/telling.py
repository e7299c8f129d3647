"""Short words for tests about deliveries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import Delivery, DeliveryAttempt, EventType
from accounts.webhooks import endpoints, events, sending
from tests.accounts.webhooks.receiver import Receiver
from tests.world import World


def added(world: World, receiver: Receiver, path: str = "/hook", **fields: Any) -> Any:
    """An endpoint at the receiver, and its secret."""
    return endpoints.add(by=world.actor(world.alice), url=receiver.url(path), **fields)


def publish(world: World, *, url: str = "", **more: Any) -> Delivery:
    """The one delivery of an event."""
    fields: dict[str, Any] = {
        "type": EventType.WALLET_LOW,
        "subject": world.team.public_id,
        "payload": {"available": "1"},
        **more,
    }
    with transaction.atomic():
        event = events.publish(team=world.team, url=url, **fields)
    assert event is not None
    return Delivery.objects.get(event=event)


def attempt(delivery: Delivery, **more: Any) -> DeliveryAttempt:
    """Makes the try that is due, now: its delivery is due whenever that was to be. Returns what is written of it."""
    Delivery.objects.filter(pk=delivery.pk, status="pending").update(next_action_at=Now())
    sending.deliver(delivery.pk, **more)
    delivery.refresh_from_db()
    last = delivery.attempts.order_by("-number").first()
    assert last is not None
    return last


def wait_of(delivery: Delivery) -> float:
    """Seconds until the next try."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select extract(epoch from next_action_at - clock_timestamp()) from accounts_delivery where id = %s",
            [delivery.pk],
        )
        (seconds,) = cursor.fetchone() or (0,)
    return float(seconds)


def age(delivery: Delivery, by: timedelta) -> None:
    """Its event happened so long ago."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(
            "update accounts_outgoingevent set created_at = created_at - %s * interval '1 second' where id = %s",
            [by.total_seconds(), delivery.event_id],
        )
        cursor.execute("set local session_replication_role = origin")
