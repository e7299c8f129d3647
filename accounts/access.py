"""The only getters of a team's own rows: strangers get 404, a role that may not gets 403 (style.md item 3)."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import roles, viewing
from accounts.actors import Actor
from accounts.authority import require as require
from accounts.authority import still as still
from accounts.models import ApiKey, Delivery, Invitation, Membership, TeamStatus, User, WebhookEndpoint
from accounts.teams import ensure_own_team
from project import ids
from project.errors import FieldError, Forbidden, NotFound

SESSION_TEAM = "team"


def actor_of_session(request: HttpRequest) -> Actor:
    """The signed-in member acting for the team chosen in this session (the first one without a choice).

    A person without a team gets one of their own, staff do not (design section 10): Forbidden. Raises NotFound for a
    stranger; the caller has already asked for sign-in. One query: it brings the other teams of the person too."""
    actor = actor_if_any(request)
    if actor is None:
        if not request.user.is_authenticated:
            raise NotFound
        if request.user.is_staff:
            raise Forbidden("Staff belong to no team. Your pages are at /admin/.", code="staff")
        ensure_own_team(request.user)
        forget(request)
        actor = actor_if_any(request)
    if actor is None:
        raise NotFound
    return actor


def actor_if_any(request: HttpRequest) -> Actor | None:
    """The same, and None for a stranger or a person who belongs to no team: makes nothing. Staff who look at a team's
    pages are an actor who reads."""
    view = viewing.of(request)
    if view is not None:
        return view.actor
    memberships = memberships_of(request)
    if not memberships:
        return None
    chosen = request.session.get(SESSION_TEAM)
    membership = next((row for row in memberships if row.team_id == chosen), memberships[0])
    return Actor(team=membership.team, permissions=roles.of_role(membership.role), membership=membership)


def memberships_of(request: HttpRequest) -> list[Membership]:
    """The places of the signed-in person in teams that are not closed, the first one first. Asked once a request."""
    user = request.user
    if not user.is_authenticated:
        return []
    known: tuple[int, list[Membership]] | None = getattr(request, "_memberships", None)
    if known is None or known[0] != user.pk:
        current = Membership.current.select_related("team", "user").filter(user=user)
        known = (user.pk, list(current.exclude(team__status=TeamStatus.CLOSED).order_by("id")))
        request._memberships = known  # type: ignore[attr-defined]
    return known[1]


def forget(request: HttpRequest) -> None:
    """After this request has changed who belongs where: the next question is asked anew."""
    request._memberships = None  # type: ignore[attr-defined]


def choose_team(request: HttpRequest, public_id: object) -> Membership:
    """Lets this session act for another team of the person. NotFound for a team that is not theirs, or closed."""
    membership = place(request, public_id)
    request.session[SESSION_TEAM] = membership.team_id
    return membership


def place(request: HttpRequest, public_id: object) -> Membership:
    """The signed-in person's place in a team. NotFound for a team that is not theirs, or closed."""
    uuid = ids.parse("team", public_id)
    membership = next((row for row in memberships_of(request) if row.team.uuid == uuid), None)
    if membership is None:
        raise NotFound("There is no such team.")
    return membership


def membership(actor: Actor, public_id: object) -> Membership:
    """Somebody who belongs to the actor's team now."""
    uuid = ids.parse("mem", public_id)
    people = Membership.current.select_related("team", "user").filter(team=actor.team)
    found = people.filter(uuid=uuid).first() if uuid else None
    if found is None:
        raise NotFound("There is no such member.")
    return found


def invitation(actor: Actor, public_id: object) -> Invitation:
    """An invitation of the actor's team, whatever its status."""
    uuid = ids.parse("inv", public_id)
    found = Invitation.objects.select_related("team").filter(team=actor.team, uuid=uuid).first() if uuid else None
    if found is None:
        raise NotFound("There is no such invitation.")
    return found


def person(request: HttpRequest) -> User:
    """The signed-in person. Raises NotFound for a stranger; the caller has already asked for sign-in."""
    if not isinstance(request.user, User):
        raise NotFound
    return request.user


def require_model(actor: Actor, slug: str) -> Actor:
    """The actor again, or Forbidden `model_not_allowed` when their key is held to other models."""
    allowed = actor.api_key.allowed_models if actor.api_key else []
    if allowed and slug not in allowed:
        raise Forbidden(
            f"This API key may not use the model “{slug}”.",
            code="model_not_allowed",
            errors=[FieldError("model", f"this key may use {', '.join(allowed)}", "not_allowed")],
        )
    return actor


def api_keys(actor: Actor) -> QuerySet[ApiKey]:
    """All keys of the actor's team, for who may manage them."""
    require(actor, roles.MANAGE)
    return ApiKey.objects.filter(team=actor.team)


def api_key(actor: Actor, public_id: str) -> ApiKey:
    """One key of the actor's team by its public id. Raises NotFound."""
    wanted = ids.parse("key", public_id)
    found = api_keys(actor).select_related("created_by", "team").filter(uuid=wanted).first() if wanted else None
    if found is None:
        raise NotFound("There is no such API key.")
    return found


def webhook_endpoints(actor: Actor) -> QuerySet[WebhookEndpoint]:
    """The webhook endpoints of the actor's team that are not deleted, for who may manage them."""
    require(actor, roles.MANAGE)
    return WebhookEndpoint.objects.filter(team=actor.team, deleted_at=None)


def webhook_endpoint(actor: Actor, public_id: str) -> WebhookEndpoint:
    """One webhook endpoint of the actor's team by its public id. Raises NotFound."""
    wanted = ids.parse("whe", public_id)
    found = webhook_endpoints(actor).select_related("team").filter(uuid=wanted).first() if wanted else None
    if found is None:
        raise NotFound("There is no such webhook endpoint.")
    return found


def delivery(actor: Actor, public_id: str, endpoint: WebhookEndpoint) -> Delivery:
    """One delivery of an endpoint that the actor was given by `webhook_endpoint`. Raises NotFound."""
    require(actor, roles.MANAGE)
    return _delivery(Delivery.objects.filter(team=actor.team, endpoint=endpoint), public_id)


def own_deliveries(actor: Actor, subject: str) -> QuerySet[Delivery]:
    """What a request's own `webhook_url` was told of `subject`, the public id of a thing of the actor's team."""
    require(actor, roles.SEE)
    return Delivery.objects.filter(team=actor.team, endpoint=None, event__subject=subject)


def own_delivery(actor: Actor, public_id: str, subject: str) -> Delivery:
    """One of them. Raises NotFound."""
    return _delivery(own_deliveries(actor, subject), public_id)


def _delivery(rows: QuerySet[Delivery], public_id: str) -> Delivery:
    wanted = ids.parse("dlv", public_id)
    found = rows.select_related("event", "endpoint", "team").filter(uuid=wanted).first() if wanted else None
    if found is None:
        raise NotFound("There is no such delivery.")
    return found
