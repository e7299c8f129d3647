"""What somebody does with a delivery: send it again, or try an endpoint with a message made for that.

Locks: key, endpoint, delivery.
"""

from __future__ import annotations

from accounts import roles, teams
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import Delivery, DeliveryStatus, EndpointStatus, EventType, WebhookEndpoint
from accounts.webhooks import endpoints, events, examples
from project import db, limits, queue
from project.errors import Conflict, FieldError, Invalid, NotFound, RateLimited
from project.limit_settings import Policy

TESTS = Policy("webhook-test", quota=10, seconds=60)  # of one endpoint
AGAIN = Policy("webhook-redelivery", quota=60, seconds=60)  # of one team


def redeliver(*, by: Actor, delivery: Delivery) -> Delivery:
    """Sends it again under the same webhook-id: an ended one is pending anew, with the schedule from its start and to
    the endpoint's present address; a pending one is due now; one that is under way stays as it is.

    Needs MANAGE, or MAKE for what a request's own `webhook_url` is told. Raises Conflict `endpoint_disabled`, NotFound
    when the endpoint is deleted, RateLimited, Forbidden."""
    _take(AGAIN, by.team.public_id, f"A team may ask for {AGAIN.quota} redeliveries a minute.")
    return db.in_transaction(lambda: _redeliver(by, delivery))


def test(*, by: Actor, endpoint: WebhookEndpoint, type: str = EventType.TEST) -> Delivery:  # noqa: A002, PT028
    """Sends this endpoint alone, once, a message to try it with: `webhook.test`, or an example of another type, marked
    with `"test": true`. Whatever it listens to.

    Raises Invalid (field `type`), Conflict `endpoint_disabled`, RateLimited above 10 a minute, NotFound, Forbidden."""
    if type not in EventType.values:
        message = f"must be one of {', '.join(EventType.values)}"
        raise Invalid("There is no such event.", errors=[FieldError("type", message, "not_allowed")])
    _take(TESTS, endpoint.public_id, f"An endpoint may be tried {TESTS.quota} times a minute.")
    return db.in_transaction(lambda: _test(by, endpoint, EventType(type)))


def _redeliver(by: Actor, delivery: Delivery) -> Delivery:
    still(by, roles.MAKE if delivery.endpoint_id is None else roles.MANAGE)
    endpoint = None if delivery.endpoint_id is None else _enabled(delivery.endpoint_id)
    rows = Delivery.objects.select_for_update(no_key=True, of=("self",)).select_related("event", "endpoint")
    row = rows.filter(pk=delivery.pk, team=by.team).first()
    if row is None:
        raise NotFound("There is no such delivery.")
    moment = db.now()
    if row.leased_until is not None and row.leased_until > moment and row.status == DeliveryStatus.PENDING:
        return row
    fields = {"next_action_at": moment, "rung_at": moment, "asked_by": by.name}
    if row.status != DeliveryStatus.PENDING:
        fields |= {"status": DeliveryStatus.PENDING, "tries": 0, "ended_at": None}
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))
    if endpoint is not None and row.url != endpoint.url:
        row.url = endpoint.url  # only a pending one may get another address
        row.save(update_fields=["url"])
    queue.enqueue(events.JOB, row.pk, lane=events.LANE)
    return row


def _test(by: Actor, endpoint: WebhookEndpoint, kind: EventType) -> Delivery:
    actor = still(by, roles.MANAGE)
    teams.require_active(actor.team)
    row = _enabled(endpoint.pk)
    if row.team_id != actor.team.pk:
        raise NotFound("There is no such webhook endpoint.")
    return events.publish_by_hand(endpoint=row, type=kind, payload=examples.of(kind), by=actor.name)


def _enabled(endpoint_id: int) -> WebhookEndpoint:
    endpoint = endpoints.locked(endpoint_id)
    if endpoint is None:
        raise NotFound("There is no such webhook endpoint.")
    if endpoint.status != EndpointStatus.ENABLED:
        raise Conflict("This endpoint is disabled: enable it first.", code="endpoint_disabled")
    return endpoint


def _take(policy: Policy, subject: str, sentence: str) -> None:
    taken = limits.take(policy=policy, subject=subject)
    if not taken.allowed:
        raise RateLimited(
            sentence,
            headers={"Retry-After": str(taken.retry_after_seconds)},
            extra={"rate_limit": {"policy": policy.name, "requests": policy.quota, "seconds": policy.seconds}},
        )
