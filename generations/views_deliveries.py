"""What a generation's own `webhook_url` was told: one delivery with its tries, live, and sending it again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts import access as team_access
from accounts import roles
from accounts.pages import MemberRequest, member_page
from accounts.webhooks import deliveries, page_queries
from generations import access
from generations.catalog import ENTRIES
from project.errors import Conflict, RateLimited


@member_page(roles.SEE)
@require_safe
def delivery(request: MemberRequest, public_id: str, delivery_id: str) -> HttpResponse:
    """What was sent, and each try."""
    return render(request, "generations/delivery.html", _context(request, public_id, delivery_id))


@member_page(roles.SEE)
@require_safe
def live(request: MemberRequest, public_id: str, delivery_id: str) -> HttpResponse:
    """The same without the page around it; nothing (204) while the version that is shown still holds."""
    context = _context(request, public_id, delivery_id)
    if request.GET.get("version") == context["version"] and context["every"]:
        return HttpResponse(status=204)
    return render(request, "webhooks/_delivery.html", {**context, "live": True})


@member_page(roles.SEE)
@require_POST
def redeliver(request: MemberRequest, public_id: str, delivery_id: str) -> HttpResponse:
    """Sends it again; why it cannot be is said on the page itself."""
    generation = access.generation(request.actor, public_id)
    row = team_access.own_delivery(request.actor, delivery_id, generation.public_id)
    team_access.require(request.actor, roles.MAKE)
    try:
        deliveries.redeliver(by=request.actor, delivery=row)
    except (Conflict, RateLimited) as problem:
        messages.warning(request, problem.detail)
    return redirect("generation-delivery", generation.public_id, row.public_id)


def _context(request: MemberRequest, public_id: str, delivery_id: str) -> dict[str, Any]:
    generation = access.generation(request.actor, public_id)
    row = team_access.own_delivery(request.actor, delivery_id, generation.public_id)
    entry = ENTRIES.get(generation.model)
    place = [generation.public_id, row.public_id]
    return {
        **page_queries.shown(row),
        "generation": generation,
        "name": entry.name if entry else generation.model,
        "live_url": reverse("generation-delivery-live", args=place),
        "again_url": reverse("generation-redeliver", args=place),
        "may_redeliver": request.actor.may(roles.MAKE),
    }
