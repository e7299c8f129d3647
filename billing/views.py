"""The wallet: what the team has, what it is made of, what is held for which generation, and the latest lines of the
statement."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import roles
from accounts.pages import MemberRequest, member_page
from billing import ledger, queries, wallet_queries
from project.paging import Side, Window

LINES = 25


@member_page(roles.BILLING)
@require_safe
def wallet(request: MemberRequest) -> HttpResponse:
    """Balance, lots, open holds and a page of the statement; `older` and `newer` in the address are places in it."""
    team = request.actor.team
    side: Side = "newer" if "newer" in request.GET else "older"
    place = request.GET.get(side)
    key = tuple(place.split(".")) if place else None
    page = queries.statement(team, Window(LINES, side, key))
    holds, hold_count = queries.open_holds(team)
    lots, lot_count = wallet_queries.open_lots(team)
    context: dict[str, Any] = {
        "purse": ledger.wallet(team.pk),
        "lines": [{"line": line, "after": line.available.after + line.held.after} for line in page.rows],
        "newer": urlencode({"newer": ".".join(page.newer)}) if page.newer else "",
        "older": urlencode({"older": ".".join(page.older)}) if page.older else "",
        "holds": holds,
        "hold_count": hold_count,
        "lots": lots,
        "lot_count": lot_count,
        "buying": bool(settings.STRIPE.key),
    }
    return render(request, "billing/wallet.html", context)
