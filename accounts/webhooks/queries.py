"""What pages and the API show of webhooks. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from accounts import access
from accounts.actors import Actor
from accounts.models import Delivery, DeliveryAttempt, DeliveryStatus, EventType, WebhookEndpoint
from project.paging import Page, Window, page_of_rows, read_key
from project.params import wrong

M = TypeVar("M", WebhookEndpoint, Delivery)
FILTERS = frozenset({"status", "type"})


def endpoints(actor: Actor) -> QuerySet[WebhookEndpoint]:
    """The endpoints of the actor's team, newest first, each with `previous_expires_at`: until when an earlier secret
    signs too, or None."""
    return with_secrets(access.webhook_endpoints(actor)).order_by("-id")


def endpoint(actor: Actor, public_id: str) -> WebhookEndpoint:
    """One of them. Raises NotFound, Forbidden."""
    return with_secrets(access.webhook_endpoints(actor)).get(pk=access.webhook_endpoint(actor, public_id).pk)


def page_of_endpoints(actor: Actor, window: Window) -> Page[WebhookEndpoint]:
    """A page of `endpoints`. Raises Invalid for a cursor of another list."""
    return _page(with_secrets(access.webhook_endpoints(actor)), window)


def deliveries(endpoint: WebhookEndpoint, *, status: str | None = None, type: str | None = None) -> QuerySet[Delivery]:  # noqa: A002
    """The deliveries of an endpoint, newest first, of one status or type when given. Raises Invalid by parameter."""
    return _filtered(Delivery.objects.filter(endpoint=endpoint, team=endpoint.team_id), status, type)


def deliveries_of(
    actor: Actor, subject: str, *, status: str | None = None, type: str | None = None
) -> QuerySet[Delivery]:  # noqa: A002
    """What the `webhook_url` of a request was told: `subject` is its public id, which the caller has got by access."""
    return _filtered(access.own_deliveries(actor, subject), status, type)


def page_of_deliveries(rows: QuerySet[Delivery], window: Window) -> Page[Delivery]:
    """A page of either, newest first. Raises Invalid for a cursor of another list."""
    return _page(rows, window)


def attempts(delivery: Delivery) -> list[DeliveryAttempt]:
    """The tries of a delivery, oldest first."""
    return list(delivery.attempts.order_by("number"))


def last_heard_at(endpoint: WebhookEndpoint) -> datetime | None:
    """When the endpoint last answered 2xx, as far as deliveries are kept (30 days)."""
    found: datetime | None = Delivery.objects.filter(endpoint=endpoint, status=DeliveryStatus.DELIVERED).aggregate(
        last=Max("ended_at")
    )["last"]
    return found


def with_secrets(rows: QuerySet[WebhookEndpoint]) -> QuerySet[WebhookEndpoint]:
    """With `previous_expires_at`."""
    return rows.annotate(previous_expires_at=Max("secrets__ends_at", filter=Q(secrets__ends_at__gt=Now())))


def _filtered(rows: QuerySet[Delivery], status: str | None, type: str | None) -> QuerySet[Delivery]:  # noqa: A002
    _check("status", status, DeliveryStatus.values)
    _check("type", type, EventType.values)
    if status:
        rows = rows.filter(status=status)
    if type:
        rows = rows.filter(event__type=type)
    return rows.select_related("event", "endpoint").order_by("-id")


def _check(name: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        raise wrong(name, f"must be one of {', '.join(known)}")


def _page(rows: QuerySet[M], window: Window) -> Page[M]:
    return page_of_rows(
        rows,
        window,
        fields=("id",),
        values=read_key(window, _number),
        newest_first=True,
        key_of=lambda row: (str(row.pk),),
    )


def _number(text: str) -> int:
    """The id of a row; ValueError for what no id can be."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise ValueError("is not the number of a row")
    return int(text)
