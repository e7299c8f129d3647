"""What the database keeps of webhooks: statements that it must refuse (accounts/migrations/0010, 0011, the models)."""

from __future__ import annotations

import uuid
from typing import Any

from accounts.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    EventType,
    OutgoingEvent,
    WebhookEndpoint,
    WebhookSecret,
)
from project import db
from tests.invariants.refusals import Statement
from tests.invariants.scene import HOUR, Scene


def sets(assignments: str) -> Any:
    """UPDATE of the row that was made before."""
    return lambda scene, row: scene.sql(f"update {row._meta.db_table} set {assignments} where id = %s", row.pk)


def endpoint(scene: Scene) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(
        team=scene.team, url=f"https://example.com/{uuid.uuid4().hex}", created_by="test"
    )


def deleted(scene: Scene) -> WebhookEndpoint:
    row = endpoint(scene)
    WebhookEndpoint.objects.filter(pk=row.pk).update(deleted_at=db.now())
    return row


def secret(scene: Scene) -> WebhookSecret:
    return WebhookSecret.objects.create(team=scene.team, endpoint=endpoint(scene), sealed=b"x")


def team_secret(scene: Scene) -> WebhookSecret:
    return WebhookSecret.objects.create(team=scene.team, sealed=b"x")


def ended_secret(scene: Scene) -> WebhookSecret:
    row = secret(scene)
    WebhookSecret.objects.filter(pk=row.pk).update(ends_at=db.now() + HOUR)
    return row


def event(scene: Scene) -> OutgoingEvent:
    return OutgoingEvent.objects.create(
        team=scene.team, type=EventType.TEST, subject=uuid.uuid4().hex, sequence=1, payload={}
    )


def delivery(scene: Scene) -> Delivery:
    to = endpoint(scene)
    return Delivery.objects.create(team=scene.team, event=event(scene), endpoint=to, url=to.url)


def own_delivery(scene: Scene) -> Delivery:
    return Delivery.objects.create(team=scene.team, event=event(scene), url="https://example.com/own")


def heard(scene: Scene) -> Delivery:
    row = delivery(scene)
    Delivery.objects.filter(pk=row.pk).update(status=DeliveryStatus.DELIVERED, next_action_at=None, ended_at=db.now())
    return row


def attempt(scene: Scene) -> DeliveryAttempt:
    row = delivery(scene)
    return DeliveryAttempt.objects.create(delivery=row, number=1, url=row.url)


def over(scene: Scene) -> DeliveryAttempt:
    row = attempt(scene)
    DeliveryAttempt.objects.filter(pk=row.pk).update(outcome="delivered", status=204, duration_ms=5)
    return row


def again(*fields: str, **fixed: Any) -> Any:
    """Another row with the same values of these fields."""
    return lambda scene, row: type(row).objects.create(**{name: getattr(row, name) for name in fields}, **fixed)


_EVENT = {"type": EventType.TEST, "payload": {}}
STATEMENTS = [
    Statement("off for no reason", "webhook_endpoint_disabled_for_a_reason", sets("status = 'disabled'"), endpoint),
    Statement("on for a reason", "webhook_endpoint_disabled_for_a_reason", sets("disabled_reason = 'gone'"), endpoint),
    Statement("endpoint of another team", "endpoint identity is fixed", sets("team_id = team_id + 1"), endpoint),
    Statement("deleted endpoint changed", "a deleted endpoint stays as it was", sets("deleted_at = null"), deleted),
    Statement(
        "endpoint deleted",
        "is append-only",
        lambda scene, _: scene.sql("delete from accounts_webhookendpoint"),
        endpoint,
    ),
    Statement(
        "two present webhook secrets",
        "webhook_endpoint_one_current_secret",
        again("team", "endpoint", sealed=b"y"),
        secret,
    ),
    Statement(
        "two present secrets of a team", "webhook_team_one_current_secret", again("team", sealed=b"y"), team_secret
    ),
    Statement("webhook secret changed", "a secret is fixed", sets("sealed = 'z'"), secret),
    Statement("its end taken away", "the end of a secret only comes nearer", sets("ends_at = null"), ended_secret),
    Statement("event changed", "an event is append-only", sets("payload = '{}'"), event),
    Statement(
        "young event deleted",
        "an event is append-only",
        lambda scene, row: scene.sql("delete from accounts_outgoingevent where id = %s", row.pk),
        event,
    ),
    Statement(
        "two events in one place", "outgoing_event_in_order", again("team", "subject", "sequence", **_EVENT), event
    ),
    Statement("counted from zero", "outgoing_event_counted_from_one", again("team", sequence=0, **_EVENT), event),
    Statement(
        "unknown event",
        "outgoing_event_type_known",
        again("team", "subject", sequence=2, type="generation.dreamt", payload={}),
        event,
    ),
    Statement("told twice", "delivery_once_an_endpoint", again("team", "event", "endpoint", "url"), delivery),
    Statement("request told twice", "delivery_once_a_request", again("team", "event", "url"), own_delivery),
    Statement("pending and never due", "delivery_due_while_pending", sets("next_action_at = null"), delivery),
    Statement("ended and due", "delivery_due_while_pending", sets("next_action_at = now()"), heard),
    Statement(
        "unknown status of a delivery",
        "delivery_status_known",
        sets("status = 'lost', next_action_at = null, ended_at = now()"),
        delivery,
    ),
    Statement("delivery of another event", "a delivery keeps its event", sets("event_id = event_id + 1"), delivery),
    Statement("ended one moved", "only a pending delivery", sets("url = 'https://example.com/other'"), heard),
    Statement("request's own moved", "only a pending delivery", sets("url = 'https://example.com/x'"), own_delivery),
    Statement("two tries of one number", "delivery_attempt_numbered", again("delivery", "number", "url"), attempt),
    Statement("try number zero", "delivery_attempt_from_one", again("delivery", "url", number=0), attempt),
    Statement(
        "over in no time", "delivery_attempt_timed_when_over", sets("outcome = 'broken', duration_ms = null"), attempt
    ),
    Statement(
        "heard by an error",
        "delivery_attempt_heard_by_2xx",
        sets("outcome = 'delivered', status = 500, duration_ms = 5"),
        attempt,
    ),
    Statement("what was tried is another", "what was tried is fixed", sets("headers = '{\"a\": 1}'"), attempt),
    Statement("an ended try ends again", "what was tried is fixed", sets("outcome = 'broken'"), over),
]
