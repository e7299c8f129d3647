"""The landing page: what this is and what it costs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts import access
from generations import page_queries


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Signed out: the price list in force. Signed in: on to the studio, or for staff without a team to their pages."""
    if request.user.is_authenticated:
        of_house = request.user.is_staff and access.actor_if_any(request) is None
        return redirect("admin:index" if of_house else "studio")
    return render(request, "generations/landing.html", {"cards": page_queries.cards()})
