"""Browsers with a fresh proof of identity, endpoints to look at, and what they were told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Delivery, DeliveryAttempt, Membership, OutgoingEvent, Role, User, WebhookEndpoint
from accounts.webhooks import secrets
from project import db
from tests.accounts.keys.conftest import fresh  # noqa: F401  (fixture)
from tests.accounts.webhooks.conftest import receiver  # noqa: F401  (fixture)
from tests.world import World, person

ADDRESS = "https://hooks.example.com/framehouse"


@pytest.fixture
def alice(world: World, fresh: Callable[[User], Client]) -> Client:  # noqa: F811
    return fresh(world.alice)


@pytest.fixture
def dora(world: World) -> User:
    """An admin of Studio: may manage webhooks."""
    user = person("dora")
    Membership.objects.create(team=world.team, user=user, role=Role.ADMIN)
    return user


@pytest.fixture
def endpoint_of(world: World) -> Callable[..., WebhookEndpoint]:
    """endpoint_of(url=..., **terms): an endpoint of Studio with a secret."""

    def make(url: str = ADDRESS, **terms: Any) -> WebhookEndpoint:
        row = WebhookEndpoint.objects.create(
            **{"team": world.team, "url": url, "created_by": f"user:{world.alice.pk}", **terms}
        )
        secrets.make(team=row.team, endpoint=row)
        row.refresh_from_db()
        return row

    return make


@pytest.fixture
def told() -> Callable[..., list[Delivery]]:
    """told(endpoint, count, type=..., status=..., **answer): deliveries of it, one try each when they have ended."""

    def make(
        endpoint: WebhookEndpoint, count: int = 1, *, type: str = "wallet.low", status: str = "delivered", **answer: Any
    ) -> list[Delivery]:
        ended = status != "pending"
        rows = []
        for _ in range(count):
            event = OutgoingEvent.objects.create(
                team=endpoint.team,
                type=type,
                subject=endpoint.team.public_id,
                sequence=OutgoingEvent.objects.filter(team=endpoint.team).count() + 1,
                payload={"balance": {"usd": "1.25", "credits": "250"}},
            )
            moment = {"next_action_at": None, "ended_at": db.now()} if ended else {}
            row = Delivery.objects.create(
                team=endpoint.team, event=event, endpoint=endpoint, url=endpoint.url, status=status, **moment
            )
            if ended and status != "canceled":
                tried(row, outcome="delivered" if status == "delivered" else "refused", **answer)
            row.refresh_from_db()
            rows.append(row)
        return rows

    return make


def tried(row: Delivery, *, outcome: str = "refused", status: int | None = None, **answer: Any) -> DeliveryAttempt:
    """A try of a delivery that is over."""
    code = status if status is not None else 200 if outcome == "delivered" else 500
    number = row.attempts.count() + 1
    Delivery.objects.filter(pk=row.pk).update(tries=number, last_status=code)
    attempt: DeliveryAttempt = DeliveryAttempt.objects.create(
        **{
            "delivery": row,
            "number": number,
            "url": row.url,
            "headers": {"webhook-id": row.event.public_id, "webhook-signature": "v1,c2lnbmF0dXJl"},
            "duration_ms": 1340,
            "outcome": outcome,
            "status": code,
            "response_headers": {"Content-Type": "text/plain"},
            "response_body": "no thanks",
            **answer,
        }
    )
    return attempt
