"""The history: every generation of the team, newest first, with one live request for all that are still open."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import roles
from accounts.pages import MemberRequest, member_page
from generations import page_queries
from generations.catalog import ENTRIES

KEPT = ("status", "model")  # the filters, as they stand in the address


@member_page(roles.SEE)
@require_safe
def history(request: MemberRequest) -> HttpResponse:
    """A page of lines; `status`, `model`, `before` and `after` in the address."""
    chosen = {name: request.GET.get(name, "") for name in KEPT}
    page = page_queries.history(
        actor=request.actor,
        status=chosen["status"],
        model=chosen["model"],
        before=request.GET.get("before", ""),
        after=request.GET.get("after", ""),
    )
    filters = {name: value for name, value in chosen.items() if value}
    context = {
        "page": page,
        "filters": filters,
        "statuses": page_queries.FILTERS,
        "models": ENTRIES.values(),
        "newer": urlencode({**filters, "after": page.newer}) if page.newer else "",
        "older": urlencode({**filters, "before": page.older}) if page.older else "",
        "poll": _poll(page.rows),
    }
    return render(request, "generations/history.html", context)


@member_page(roles.SEE)
@require_safe
def live(request: MemberRequest) -> HttpResponse:
    """The lines among `rows` (ids with the version shown, `gen_...:3`) that have changed, and what to ask for next."""
    shown = dict(part.split(":", 1) for part in request.GET.get("rows", "").split(",") if ":" in part)
    rows = page_queries.live_rows(actor=request.actor, public_ids=shown)
    changed = [row for row in rows if shown[row.generation.public_id] != str(row.generation.status_version)]
    return render(request, "generations/history.html#live", {"changed": changed, "poll": _poll(rows)})


def _poll(rows: Sequence[page_queries.Row]) -> str:
    """The open lines with the version that is shown; nothing when all have ended, which ends the polling."""
    return ",".join(
        f"{row.generation.public_id}:{row.generation.status_version}" for row in rows if not row.generation.ended
    )
