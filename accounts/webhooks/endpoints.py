"""Webhook endpoints: add, change, turn off and on, delete (design section 6, faults.md rows 61 to 64).

An address is looked at through the guard before it is kept, outside of any transaction, and again at each call. Whoever
changes endpoints locks the team's row first, then the endpoint, then its deliveries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models.functions import Now

from accounts import audit, roles, teams
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import (
    Action,
    Delivery,
    DeliveryStatus,
    DisabledReason,
    EndpointStatus,
    EventType,
    Team,
    WebhookEndpoint,
)
from accounts.webhooks import secrets
from project import db, net
from project.errors import Conflict, FieldError, Invalid, NotFound
from project.text import clean_name

MOST = 20  # endpoints of one team
LONGEST_URL, LONGEST_DESCRIPTION = 2048, 200
# What an endpoint may listen to: `webhook.test` comes by the button alone, whatever it listens to.
LISTENABLE = tuple(kind for kind in EventType if kind != EventType.TEST)


def add(*, by: Actor, url: str, events: Sequence[str] = (), description: str = "") -> tuple[WebhookEndpoint, str]:
    """A new endpoint of the actor's team and its secret, not to be had again. Empty `events` are all of them.

    Raises Invalid by field (`url`, `events.N`, `description`), Conflict `too_many_endpoints`, Forbidden."""
    fields = _fields(url, events, description)
    return db.in_transaction(lambda: _add(by, fields))


def change(
    *,
    by: Actor,
    endpoint: WebhookEndpoint,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
) -> WebhookEndpoint:
    """Changes what is given. What waits goes to the new address. Raises as add does, NotFound for a deleted one."""
    fields = _fields(url, events, description)
    return db.in_transaction(lambda: _change(by, endpoint, fields))


def enable(*, by: Actor, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Turns it on again, with a clean record. What happened meanwhile is not told. Raises NotFound, Forbidden."""
    return db.in_transaction(lambda: _enable(by, endpoint))


def disable(*, by: Actor, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """Turns it off: what waits is canceled, nothing new is told. Raises NotFound, Forbidden."""
    return db.in_transaction(lambda: _disable(by, endpoint))


def delete(*, by: Actor, endpoint: WebhookEndpoint) -> None:
    """Ends it for good: what waits is canceled, its secrets sign no more. Raises NotFound, Forbidden."""
    db.in_transaction(lambda: _delete(by, endpoint))


def turn_off(endpoint: WebhookEndpoint, *, reason: DisabledReason, by: audit.Doer) -> int:
    """enabled -> disabled for a reason, and what waits is canceled: how many. The caller holds the endpoint's lock."""
    endpoint.status, endpoint.disabled_reason = EndpointStatus.DISABLED, reason
    endpoint.save(update_fields=["status", "disabled_reason"])
    canceled = cancel_waiting(endpoint)
    data = {"reason": str(reason), "canceled": canceled}
    _record(Action.WEBHOOK_ENDPOINT_DISABLED, endpoint, by, data)
    return canceled


def cancel_waiting(endpoint: WebhookEndpoint) -> int:
    """Cancels every pending delivery of an endpoint whose lock the caller holds. A try that is under way ends, and
    changes nothing any more."""
    rows = Delivery.objects.select_for_update(no_key=True).filter(endpoint=endpoint, status=DeliveryStatus.PENDING)
    waiting = [row.pk for row in rows.order_by("id").only("pk")]
    Delivery.objects.filter(pk__in=waiting).update(status=DeliveryStatus.CANCELED, next_action_at=None, ended_at=Now())
    return len(waiting)


def locked(endpoint_id: int) -> WebhookEndpoint | None:
    """The endpoint, locked for this transaction; None for one that is deleted."""
    rows = WebhookEndpoint.objects.select_for_update(no_key=True, of=("self",)).select_related("team")
    return rows.filter(pk=endpoint_id, deleted_at=None).first()


def _add(by: Actor, fields: dict[str, Any]) -> tuple[WebhookEndpoint, str]:
    team, actor = _as_manager(by)
    teams.require_active(team)
    if WebhookEndpoint.objects.filter(team=team, deleted_at=None).count() >= MOST:
        raise Conflict(f"A team has at most {MOST} webhook endpoints.", code="too_many_endpoints")
    _refuse_a_second(team, fields["url"])
    endpoint = WebhookEndpoint.objects.create(team=team, created_by=actor.name, **fields)
    endpoint.refresh_from_db()
    secret = secrets.make(team=team, endpoint=endpoint)
    _record(Action.WEBHOOK_ENDPOINT_ADDED, endpoint, actor, {"events": endpoint.events or ["all"]})
    return endpoint, secret


def _change(by: Actor, endpoint: WebhookEndpoint, fields: dict[str, Any]) -> WebhookEndpoint:
    row, actor = _mine(by, endpoint)
    moved = {name: value for name, value in fields.items() if getattr(row, name) != value}
    if not moved:
        return row
    if "url" in moved:
        _refuse_a_second(row.team, moved["url"])
    before = _shown(row, moved)
    for name, value in moved.items():
        setattr(row, name, value)
    row.save(update_fields=list(moved))
    if "url" in moved:
        Delivery.objects.filter(endpoint=row, status=DeliveryStatus.PENDING).update(url=row.url)
    _record(Action.WEBHOOK_ENDPOINT_CHANGED, row, actor, {"before": before, "after": _shown(row, moved)})
    return row


def _enable(by: Actor, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    row, actor = _mine(by, endpoint)
    if row.status == EndpointStatus.ENABLED:
        return row
    row.status, row.disabled_reason = EndpointStatus.ENABLED, ""
    row.failing_since = row.warned_at = None
    row.save(update_fields=["status", "disabled_reason", "failing_since", "warned_at"])
    data = {"before": {"status": "disabled"}, "after": {"status": "enabled"}}
    _record(Action.WEBHOOK_ENDPOINT_CHANGED, row, actor, data)
    return row


def _disable(by: Actor, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    row, actor = _mine(by, endpoint)
    if row.status == EndpointStatus.ENABLED:
        turn_off(row, reason=DisabledReason.BY_MEMBER, by=actor)
    return row


def _delete(by: Actor, endpoint: WebhookEndpoint) -> None:
    row, actor = _mine(by, endpoint)
    canceled = cancel_waiting(row)
    secrets.end_all(row)
    WebhookEndpoint.objects.filter(pk=row.pk).update(deleted_at=Now())
    _record(Action.WEBHOOK_ENDPOINT_DELETED, row, actor, {"canceled": canceled})


def _as_manager(by: Actor) -> tuple[Team, Actor]:
    """The actor's team, locked, and the actor, who still manages it. A key is held before its team: lock order."""
    still(by, roles.MANAGE)
    team = teams.lock(by.team)
    return team, still(by, roles.MANAGE)


def _mine(by: Actor, endpoint: WebhookEndpoint) -> tuple[WebhookEndpoint, Actor]:
    team, actor = _as_manager(by)
    row = locked(endpoint.pk)
    if row is None or row.team_id != team.pk:
        raise NotFound("There is no such webhook endpoint.")
    return row, actor


def _refuse_a_second(team: Team, url: str) -> None:
    if WebhookEndpoint.objects.filter(team=team, url=url, deleted_at=None).exists():
        raise _wrong([FieldError("url", "is an endpoint of this team already", "taken")])


def _fields(url: str | None, events: Sequence[str] | None, description: str | None) -> dict[str, Any]:
    """What was given, as it is kept. Asks DNS: never inside a transaction. Raises Invalid with every fault."""
    faults: list[FieldError] = []
    fields: dict[str, Any] = {}

    def read(name: str, value: Any, reader: Callable[[Any], Any]) -> None:
        if value is not None:
            try:
                fields[name] = reader(value)
            except ValueError as error:
                faults.append(FieldError(name, str(error), "not_allowed"))

    read("description", description, lambda text: clean_name(text, longest=LONGEST_DESCRIPTION) if text else "")
    if events is not None:
        known = {str(kind) for kind in LISTENABLE}
        message = f"must be one of {', '.join(sorted(known))}"
        faults += [
            FieldError(f"events.{at}", message, "not_allowed") for at, kind in enumerate(events) if kind not in known
        ]
        fields["events"] = [str(kind) for kind in LISTENABLE if kind in set(events)]
    if url is not None:
        fault = _fault_of(url)
        if fault:
            faults.append(fault)
        fields["url"] = url
    if faults:
        raise _wrong(faults)
    return fields


def _fault_of(url: str) -> FieldError | None:
    if len(url) > LONGEST_URL:
        return FieldError("url", f"must have at most {LONGEST_URL} characters", "not_allowed")
    try:
        net.check_url(url)
    except net.Unresolvable:
        return None  # names may come and go; each call looks again, and the log tells
    except net.Refused as error:
        return FieldError("url", error.reason, "address_refused")
    return None


def _wrong(faults: list[FieldError]) -> Invalid:
    return Invalid("The webhook endpoint cannot be kept like this.", errors=faults)


def _shown(row: WebhookEndpoint, names: dict[str, Any]) -> dict[str, Any]:
    """What the audit log keeps: of an address only the host, its path may be a secret."""
    return {name: row.url_shown if name == "url" else getattr(row, name) for name in names}


def _record(action: Action, row: WebhookEndpoint, by: audit.Doer, data: dict[str, Any]) -> None:
    audit.record(action, by=by, team=row.team, target=row.public_id, target_name=row.url_shown, data=data)
