"""The history: every generation of the team, newest first, with one live request for all that are still open."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import roles
from accounts.pages import MemberRequest, member_page
from generations import history_choices, history_queries
from generations.forms_history import VIEWS, HistoryForm
from project import params
from project.errors import NotFound

PLACES = frozenset({"before", "after"})
PARAMETERS = frozenset(HistoryForm.field_order) | PLACES


@member_page(roles.SEE)
@require_safe
def history(request: MemberRequest) -> HttpResponse:
    """A page of cards or lines; the address holds the filters, the view, and `before` or `after`, a place in the
    list. A wrong filter is said beside its field, and nothing is listed."""
    params.check(request.GET, PARAMETERS)
    form = HistoryForm(request.GET, choices=history_choices.of(request.actor))
    context: dict[str, Any] = {"form": form, "view": form.layout, "views": _views(form), "place": _place(request)}
    if not form.is_valid():
        return render(request, "generations/history.html", context, status=422)
    if batch := form.cleaned_data["batch"]:
        try:
            context["head"] = history_queries.batch_head(actor=request.actor, public_id=batch)
        except NotFound as problem:
            form.add_error("batch", problem.detail)
            return render(request, "generations/history.html", context, status=422)
    place = context["place"]
    page = history_queries.page(actor=request.actor, wanted=form.wanted, **place)
    context |= {
        "page": page,
        "here": _address(form.query(**place)),
        "newer": _address(form.query(after=page.newer)) if page.newer else "",
        "older": _address(form.query(before=page.older)) if page.older else "",
        "live": urlencode({name: value for name, value in (("view", form.layout), ("batch", batch)) if value}),
        "under_way": any(not row.generation.ended for row in page.rows),
    }
    return render(request, "generations/history.html", context)


@member_page(roles.SEE)
@require_safe
def live(request: MemberRequest) -> HttpResponse:
    """What has changed of `rows` (ids with the version that is shown, `gen_...:3`; at most 100) since, in place; and
    of the `batch` whose page it is."""
    named = (text.partition(":") for text in request.GET.getlist("rows"))
    shown = {public_id: version for public_id, _, version in named}
    rows = history_queries.live_rows(actor=request.actor, public_ids=shown)
    changed = [row for row in rows if shown[row.generation.public_id] != str(row.generation.status_version)]
    context: dict[str, Any] = {"changed": changed}
    if changed and request.GET.get("batch"):
        context["head"] = history_queries.batch_head(actor=request.actor, public_id=request.GET["batch"])
    return render(request, "generations/_history_live.html", context)


def _place(request: MemberRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in sorted(PLACES) if request.GET.get(name)}


def _address(query: str) -> str:
    return f"/history?{query}" if query else "/history"


def _views(form: HistoryForm) -> list[dict[str, Any]]:
    """The ways to look at the same list. The place in it is kept by neither: what is seen begins at its newest."""
    return [
        {
            "name": name,
            "words": words,
            "address": _address(form.query(view=name if name != "gallery" else "")),
            "here": name == form.layout,
        }
        for name, words in VIEWS.items()
    ]
