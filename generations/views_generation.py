"""One generation: its outputs, inputs, timeline and receipt, live until its end."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import access as team_access
from accounts import roles
from accounts.pages import MemberRequest, member_page
from accounts.webhooks import page_queries as hooks
from generations import access, outcomes, page_queries, timeline
from generations.catalog import ENTRIES
from generations.models import Generation, Output, Status
from project.errors import Conflict


@member_page(roles.SEE)
@require_safe
def generation(request: MemberRequest, public_id: str) -> HttpResponse:
    """The page."""
    row = access.generation(request.actor, public_id)
    return render(request, "generations/generation.html", _context(request, row))


@member_page(roles.SEE)
@require_safe
def live(request: MemberRequest, public_id: str) -> HttpResponse:
    """Only the progress while the version that is shown still holds; the whole of it when something happened."""
    row = access.generation(request.actor, public_id)
    if request.GET.get("version") == str(row.status_version) and not row.ended:
        return render(request, "generations/generation.html#progress", {"row": row, **_progress(row)})
    response = render(request, "generations/generation.html#body", {**_context(request, row), "live": True})
    response["HX-Retarget"] = "#generation"
    response["HX-Reswap"] = "outerHTML"
    return response


@member_page(roles.SEE)
@require_POST
def cancel(request: MemberRequest, public_id: str) -> HttpResponse:
    """Cancels while it is queued; too late is said on the page itself."""
    row = access.generation(request.actor, public_id)
    team_access.require(request.actor, roles.MAKE)
    try:
        outcomes.cancel(generation_id=row.pk, actor=request.actor.name)
    except Conflict as problem:
        messages.warning(request, problem.detail)
    return redirect("generation", row.public_id)


def _context(request: MemberRequest, row: Generation) -> dict[str, Any]:
    entry = ENTRIES.get(row.model)
    schema = entry.json_schema(rates=row.price_version.rates) if entry else {"properties": {}}
    outputs = sorted(row.outputs.all(), key=lambda output: output.index) if row.status == Status.SUCCEEDED else []
    return {
        "row": row,
        "name": entry.name if entry else row.model,
        "again": entry is not None,
        "outputs": [_shown(row, output) for output in outputs],
        "inputs": page_queries.shown_inputs(actor=request.actor, generation=row, schema=schema),
        "timeline": timeline.timeline(row),
        "by": _by(row),
        "deliveries": hooks.own_deliveries(request.actor, row.public_id) if row.webhook_url else [],
        "cancelable": row.status == Status.QUEUED and request.actor.may(roles.MAKE),
        **_progress(row),
    }


def _progress(row: Generation) -> dict[str, Any]:
    """What the status means, and how long it has taken beside how long it usually takes."""
    entry = ENTRIES.get(row.model)
    end = row.finished_at or timezone.now()
    return {
        "sentence": timeline.sentence(row),
        "elapsed": int((end - row.created_at).total_seconds()),
        "typical": entry.typical_seconds if entry else 0,
    }


def _shown(row: Generation, output: Output) -> dict[str, Any]:
    """One output with the addresses to see, to keep and to show before it plays."""
    extension = output.name.rpartition(".")[2]
    filename = f"{row.model}-{row.public_id[-8:]}-{output.index + 1}.{extension}"
    return {
        "output": output,
        "url": page_queries.link(output.name),
        "download": page_queries.link(output.name, filename=filename),
        "preview": page_queries.preview_of(output),
        "seconds": output.duration_ms / 1000 if output.duration_ms else None,
    }


def _by(row: Generation) -> str:
    """Who asked for it, as the team knows them."""
    if row.api_key:
        return f"API key “{row.api_key.name}”"
    return row.membership.user.email if row.membership else ""
