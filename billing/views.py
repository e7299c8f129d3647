"""The wallet: what the team has, what is held for which generation, and the statement."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import roles
from accounts.pages import MemberRequest, member_page
from billing import ledger, queries
from billing.models import TransferKind
from project.paging import Side, Window

LINES = 25
WORDS = {
    TransferKind.TOPUP: "Bought",
    TransferKind.GRANT: "Granted",
    TransferKind.HOLD: "Held",
    TransferKind.CAPTURE: "Charged",
    TransferKind.RELEASE: "Released",
    TransferKind.REVERSAL: "Taken back",
}


@member_page(roles.BILLING)
@require_safe
def wallet(request: MemberRequest) -> HttpResponse:
    """Balance, open holds and a page of the statement; `older` and `newer` in the address are places in it."""
    team = request.actor.team
    side: Side = "newer" if "newer" in request.GET else "older"
    place = request.GET.get(side)
    key = tuple(place.split(".")) if place else None
    page = queries.statement(team, Window(LINES, side, key))
    holds, count = queries.open_holds(team)
    context: dict[str, Any] = {
        "purse": ledger.wallet(team.pk),
        "lines": [_shown(line) for line in page.rows],
        "newer": urlencode({"newer": ".".join(page.newer)}) if page.newer else "",
        "older": urlencode({"older": ".".join(page.older)}) if page.older else "",
        "holds": holds,
        "hold_count": count,
    }
    return render(request, "billing/wallet.html", context)


def _shown(line: queries.Line) -> dict[str, Any]:
    words = WORDS[TransferKind(line.transfer.kind)]
    return {"line": line, "words": words, "after": line.available.after + line.held.after}
