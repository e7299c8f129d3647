"""The delivery log of an endpoint: what changed in it, one delivery with its tries, trying anew and trying out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts import access, roles
from accounts.forms_webhooks import TestForm
from accounts.models import EndpointStatus
from accounts.pages import MemberRequest, member_page
from accounts.webhooks import deliveries, page_queries
from project.errors import Conflict, RateLimited


@member_page(roles.MANAGE)
@require_safe
def live(request: MemberRequest, public_id: str) -> HttpResponse:
    """The lines among `rows` (ids with the version shown, `dlv_...:pending.1.500`) that have changed, and what to ask
    for next."""
    endpoint = access.webhook_endpoint(request.actor, public_id)
    shown = dict(part.split(":", 1) for part in request.GET.get("rows", "").split(",") if ":" in part)
    rows = page_queries.shown_again(endpoint, shown)
    changed = [row for row in rows if shown[row.public_id] != page_queries.version(row)]
    poll, every = page_queries.poll(rows)
    context = {"endpoint": endpoint, "changed": changed, "poll": poll, "every": every}
    return render(request, "webhooks/_log_live.html", context)


@member_page(roles.MANAGE)
@require_POST
def test(request: MemberRequest, public_id: str) -> HttpResponse:
    """Sends a message to try the endpoint with, and shows what becomes of it."""
    endpoint = access.webhook_endpoint(request.actor, public_id)
    form = TestForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "There is no such message. Choose one of the list.")
        return redirect("webhook", endpoint.public_id)
    try:
        delivery = deliveries.test(by=request.actor, endpoint=endpoint, type=form.cleaned_data["type"])
    except (Conflict, RateLimited) as problem:
        messages.warning(request, problem.detail)
        return redirect("webhook", endpoint.public_id)
    return redirect("webhook_delivery", endpoint.public_id, delivery.public_id)


@member_page(roles.MANAGE)
@require_safe
def one_delivery(request: MemberRequest, public_id: str, delivery_id: str) -> HttpResponse:
    """What was sent, and each try."""
    return render(request, "webhooks/delivery.html", _context(request, public_id, delivery_id))


@member_page(roles.MANAGE)
@require_safe
def delivery_live(request: MemberRequest, public_id: str, delivery_id: str) -> HttpResponse:
    """The same without the page around it; nothing (204) while the version that is shown still holds."""
    context = _context(request, public_id, delivery_id)
    if request.GET.get("version") == context["version"] and context["every"]:
        return HttpResponse(status=204)
    return render(request, "webhooks/_delivery.html", {**context, "live": True})


@member_page(roles.MANAGE)
@require_POST
def redeliver(request: MemberRequest, public_id: str, delivery_id: str) -> HttpResponse:
    """Sends it again; why it cannot be is said on the page itself."""
    endpoint = access.webhook_endpoint(request.actor, public_id)
    delivery = access.delivery(request.actor, delivery_id, endpoint)
    try:
        deliveries.redeliver(by=request.actor, delivery=delivery)
    except (Conflict, RateLimited) as problem:
        messages.warning(request, problem.detail)
    return redirect("webhook_delivery", endpoint.public_id, delivery.public_id)


def _context(request: MemberRequest, public_id: str, delivery_id: str) -> dict[str, Any]:
    endpoint = access.webhook_endpoint(request.actor, public_id)
    delivery = access.delivery(request.actor, delivery_id, endpoint)
    return {
        **page_queries.shown(delivery),
        "endpoint": endpoint,
        "live_url": reverse("webhook_delivery_live", args=[endpoint.public_id, delivery.public_id]),
        "again_url": reverse("webhook_redeliver", args=[endpoint.public_id, delivery.public_id]),
        "may_redeliver": endpoint.status == EndpointStatus.ENABLED,
    }
