"""The landing page: what this is and what it costs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from generations import page_queries


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Signed out: the price list in force. Signed in: on to the studio."""
    if request.user.is_authenticated:
        return redirect("studio")
    return render(request, "generations/landing.html", {"cards": page_queries.cards()})
