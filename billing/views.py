"""The wallet: what the team has, how long it lasts, what it is made of, what is held for which generation, and the
latest lines of the statement."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import roles
from accounts.pages import MemberRequest, member_page
from billing import budget_queries, ledger, lots, pace, queries, recharge_queries
from project import db
from project.paging import Window

LINES = 10  # the statement has its own page


@member_page(roles.BILLING)
@require_safe
def wallet(request: MemberRequest) -> HttpResponse:
    """Balance, pace, one's own budgets, lots, open holds and the latest lines."""
    team, membership = request.actor.team, request.actor.membership
    purse = ledger.wallet(team.pk)
    today = db.now().astimezone(UTC).date()
    rate = pace.of(team, today)
    page = queries.statement(team, Window(LINES))
    holds, hold_count = queries.open_holds(team)
    open_lots, lot_count = lots.open_lots(team)
    context: dict[str, Any] = {
        "purse": purse,
        "recharging": recharge_queries.state(team),
        "pace": rate,
        "lasts": rate.lasts_in_words(purse.available.balance),
        "month": today.replace(day=1),
        "today": today,
        "budgets": budget_queries.states_of(membership=membership, api_key=None),
        "lines": [{"line": line, "after": line.available.after + line.held.after} for line in page.rows],
        "holds": holds,
        "hold_count": hold_count,
        "lots": open_lots,
        "lot_count": lot_count,
        "buying": bool(settings.STRIPE.key),
    }
    return render(request, "billing/wallet.html", context)
