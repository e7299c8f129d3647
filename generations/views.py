"""The first page and the price list: what this is and what it costs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts import access
from generations import price_list


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Signed out: what this is, and the price list in force. Signed in: on to the studio, or for staff without a team
    to their pages."""
    if request.user.is_authenticated:
        of_house = request.user.is_staff and access.actor_if_any(request) is None
        return redirect("admin:index" if of_house else "studio")
    groups = price_list.groups()
    context = {"groups": groups, "kinds": price_list.KINDS, "sample": price_list.sample(groups)}
    return render(request, "generations/landing.html", context)


@require_safe
def prices(request: HttpRequest) -> HttpResponse:
    """The price list alone, for everybody; `kind` shows one kind."""
    asked = request.GET.get("kind", "")
    kind = asked if asked in price_list.KINDS else ""
    context = {"groups": price_list.groups(kind=kind), "kinds": price_list.KINDS, "kind": kind}
    return render(request, "generations/prices.html", context)
