"""Calls about webhook endpoints and their secrets (design section 6)."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, roles
from accounts.models import EndpointStatus
from accounts.webhooks import endpoints, present, queries, requests, schemas, secrets
from project import bodies, paging
from project.api import ApiView
from project.openapi import documented, named

PATH = {"id": named("whe", "The endpoint.")}


class WebhookEndpointsView(ApiView):
    """GET lists the team's, POST adds one."""

    permission = roles.MANAGE
    parameters = paging.PARAMETERS

    @documented(
        id="list_webhook_endpoints",
        tag="Webhooks",
        summary="List the endpoints",
        description="The team's webhook endpoints, newest first.",
        answers={200: schemas.WebhookEndpointPage},
    )
    def get(self, request: Request) -> Response:
        page = queries.page_of_endpoints(self.actor, paging.window_of(request))
        return Response(paging.answer(request, page, [present.endpoint(row) for row in page.rows]))

    @documented(
        id="add_webhook_endpoint",
        tag="Webhooks",
        summary="Add an endpoint",
        description="The answer holds the signing secret, which is never shown again. At most 20 a team.",
        request=requests.WebhookEndpointBody,
        answers={201: schemas.WebhookEndpointWithSecret},
        errors={409: ("too_many_endpoints",)},
        headers=("Location",),
        example={"url": "https://example.com/hooks", "events": ["generation.succeeded", "generation.failed"]},
    )
    def post(self, request: Request) -> Response:
        actor = self.actor
        wanted = requests.endpoint(request.data)
        row, secret = endpoints.add(by=actor, url=wanted.url, events=wanted.events, description=wanted.description)
        location = request.build_absolute_uri(f"/api/v1/webhook-endpoints/{row.public_id}")
        return Response(present.endpoint(row, secret=secret), 201, headers={"Location": location})


class WebhookEndpointView(ApiView):
    """One endpoint."""

    permission = roles.MANAGE

    @documented(
        id="get_webhook_endpoint",
        tag="Webhooks",
        summary="Look at an endpoint",
        answers={200: schemas.WebhookEndpoint},
        path=PATH,
    )
    def get(self, request: Request, public_id: str) -> Response:
        return Response(present.endpoint(queries.endpoint(self.actor, public_id)))

    @documented(
        id="change_webhook_endpoint",
        tag="Webhooks",
        summary="Change an endpoint",
        description="Deliveries that wait go to the new address. Disabling cancels them; enabling begins a new record.",
        request=requests.WebhookEndpointChange,
        answers={200: schemas.WebhookEndpoint},
        path=PATH,
        example={"description": "Our studio", "status": "enabled"},
    )
    def patch(self, request: Request, public_id: str) -> Response:
        actor = self.actor
        row = access.webhook_endpoint(actor, public_id)
        fields = requests.change(request.data)
        status = fields.pop("status", None)
        if fields:
            endpoints.change(by=actor, endpoint=row, **fields)
        if status == EndpointStatus.ENABLED:
            endpoints.enable(by=actor, endpoint=row)
        elif status == EndpointStatus.DISABLED:
            endpoints.disable(by=actor, endpoint=row)
        return Response(present.endpoint(queries.endpoint(actor, public_id)))

    @documented(
        id="delete_webhook_endpoint",
        tag="Webhooks",
        summary="Delete an endpoint",
        description="Deliveries that wait are canceled.",
        answers={204: None},
        path=PATH,
    )
    def delete(self, request: Request, public_id: str) -> Response:
        actor = self.actor
        endpoints.delete(by=actor, endpoint=access.webhook_endpoint(actor, public_id))
        return Response(status=204)


class RotateView(ApiView):
    """A new secret for an endpoint."""

    permission = roles.MANAGE

    @documented(
        id="rotate_webhook_secret",
        tag="Webhooks",
        summary="Rotate an endpoint's secret",
        description="Shows the new secret once. Until the overlap ends, messages carry a signature by each of the two.",
        request=requests.SecretRotation,
        body_required=False,
        answers={200: schemas.WebhookEndpointWithSecret},
        errors={409: ("too_many_secrets",)},
        path=PATH,
        example={"overlap_hours": 24},
    )
    def post(self, request: Request, public_id: str) -> Response:
        actor = self.actor
        row = access.webhook_endpoint(actor, public_id)
        secret = secrets.rotate(by=actor, endpoint=row, overlap_hours=requests.rotation(bodies.optional(request)))
        return Response(present.endpoint(queries.endpoint(actor, public_id), secret=secret))


class TeamSecretView(ApiView):
    """The team's own secret."""

    permission = roles.MANAGE

    @documented(
        id="get_team_webhook_secret",
        tag="Webhooks",
        summary="Look at the team's own secret",
        description="It signs what a request's own `webhook_url` is told. Rotate it to see one.",
        answers={200: schemas.TeamSecret},
    )
    def get(self, request: Request) -> Response:
        return Response(present.team_secret(self.actor.team))


class RotateTeamSecretView(ApiView):
    """A new one."""

    permission = roles.MANAGE

    @documented(
        id="rotate_team_webhook_secret",
        tag="Webhooks",
        summary="Rotate the team's own secret",
        description="Shows the new secret once. Until the overlap ends, messages carry a signature by each of the two.",
        request=requests.SecretRotation,
        body_required=False,
        answers={200: schemas.NewTeamSecret},
        errors={409: ("too_many_secrets",)},
        example={"overlap_hours": 24},
    )
    def post(self, request: Request) -> Response:
        actor = self.actor
        secret = secrets.team_rotate(by=actor, overlap_hours=requests.rotation(bodies.optional(request)))
        return Response(present.team_secret(actor.team, secret=secret))
