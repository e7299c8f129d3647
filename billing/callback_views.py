"""The address that Stripe sends its events to. Only translates; see stripe_events.py."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import stripe_events, stripe_gateway
from billing.stripe_seen import Refused
from project.errors import BadRequest, NotFound, TooLargeBody

BODY_BYTES = 1024 * 1024


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """200 as soon as a signed event is stored, or was before; 400, and no row, for anything else."""
    if not stripe_gateway.is_on():
        raise NotFound("There is no such callback address.")
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > BODY_BYTES:
        raise TooLargeBody("A callback has at most 1 MiB.")
    raw = request.read(BODY_BYTES + 1)
    if len(raw) > BODY_BYTES:
        raise TooLargeBody("A callback has at most 1 MiB.")
    try:
        seen = stripe_gateway.read_event(raw, request.headers.get("Stripe-Signature", ""))
    except Refused as error:
        raise BadRequest("The signature is missing, wrong or too old, or this is no event.", code=error.code) from error
    stripe_events.receive(seen, "webhook")
    return JsonResponse({"received": True})
