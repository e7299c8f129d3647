"""Pages about webhook endpoints. A secret's text stands on the page that answers the POST and nowhere else: not in the
session, not behind a redirect, in no cache. Sending the form again makes nothing more: an address stands once, and a
rotation knows which secret it was asked about."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access, roles
from accounts.forms_teams import sent
from accounts.forms_webhooks import EndpointForm, FilterForm, RotateForm, TestForm, endpoint_form, tell
from accounts.models import WebhookEndpoint
from accounts.pages import MemberRequest, member_page, require_fresh
from accounts.webhooks import endpoints, page_queries, queries, secrets
from project import params
from project.errors import Conflict, Invalid
from project.paging import Side, Window

GET_AND_POST = ["GET", "HEAD", "POST"]
PLACES = frozenset({"older", "newer"})


@member_page(roles.MANAGE)
@require_safe
def endpoints_of_team(request: MemberRequest) -> HttpResponse:
    """The table of endpoints and the team's own secret; without an endpoint, what one is for."""
    lines = page_queries.lines(request.actor)
    context = {
        "lines": lines,
        "most": endpoints.MOST,
        "room": page_queries.room(len(lines)),
        "secret": page_queries.secret_of(request.actor.team),
    }
    return render(request, "webhooks/endpoints.html", context)


@member_page(roles.MANAGE, fresh=True)
@require_http_methods(GET_AND_POST)
def new_endpoint(request: MemberRequest) -> HttpResponse:
    """A form; the answer to its POST shows the new endpoint's secret, once."""
    form, status = EndpointForm(sent(request)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                endpoint, text = endpoints.add(by=request.actor, **form.cleaned_data)
            except (Invalid, Conflict) as problem:
                status = tell(form, problem)
            else:
                return _shown_once(request, endpoint, text, "made")
    return render(request, "webhooks/endpoint_new.html", {"form": form}, status=status)


@member_page(roles.MANAGE)
@require_http_methods(GET_AND_POST)
def one_endpoint(request: MemberRequest, public_id: str) -> HttpResponse:
    """Everything about an endpoint, its log, and a form that changes it; the change asks for a fresh proof."""
    endpoint = queries.endpoint(request.actor, public_id)
    if request.method != "POST":
        return _page(request, endpoint, endpoint_form(endpoint))
    require_fresh(request)
    form = endpoint_form(endpoint, request.POST)
    if not form.is_valid():
        return _page(request, endpoint, form, status=422)
    try:
        endpoints.change(by=request.actor, endpoint=endpoint, **form.cleaned_data)
    except (Invalid, Conflict) as problem:
        return _page(request, queries.endpoint(request.actor, public_id), form, status=tell(form, problem))
    messages.success(request, "The endpoint is as you set it from now on.")
    return redirect("webhook", endpoint.public_id)


@member_page(roles.MANAGE)
@require_POST
def enable(request: MemberRequest, public_id: str) -> HttpResponse:
    """Turns it on again."""
    endpoint = access.webhook_endpoint(request.actor, public_id)
    endpoints.enable(by=request.actor, endpoint=endpoint)
    messages.success(request, "The endpoint is on: it hears of what happens from now on.")
    return redirect("webhook", endpoint.public_id)


@member_page(roles.MANAGE)
@require_http_methods(GET_AND_POST)
def disable(request: MemberRequest, public_id: str) -> HttpResponse:
    """Turns it off, after asking: what waits is canceled."""
    endpoint = access.webhook_endpoint(request.actor, public_id)
    if request.method == "POST":
        endpoints.disable(by=request.actor, endpoint=endpoint)
        messages.success(request, "The endpoint is off: nothing is sent there.")
        return redirect("webhook", endpoint.public_id)
    context = {"endpoint": endpoint, "waiting": page_queries.waiting(endpoint)}
    return render(request, "webhooks/endpoint_disable.html", context)


@member_page(roles.MANAGE, fresh=True)
@require_http_methods(GET_AND_POST)
def delete(request: MemberRequest, public_id: str) -> HttpResponse:
    """Ends it for good, after asking."""
    endpoint = access.webhook_endpoint(request.actor, public_id)
    if request.method == "POST":
        endpoints.delete(by=request.actor, endpoint=endpoint)
        messages.success(request, f"The endpoint at {endpoint.url_shown} is deleted. Nothing is sent there any more.")
        return redirect("webhooks")
    context = {"endpoint": endpoint, "waiting": page_queries.waiting(endpoint)}
    return render(request, "webhooks/endpoint_delete.html", context)


@member_page(roles.MANAGE, fresh=True)
@require_http_methods(GET_AND_POST)
def rotate(request: MemberRequest, public_id: str) -> HttpResponse:
    """What rotation does to an endpoint's secret; the answer to the POST shows the new one, once."""
    return _rotate(request, access.webhook_endpoint(request.actor, public_id))


@member_page(roles.MANAGE, fresh=True)
@require_http_methods(GET_AND_POST)
def rotate_of_team(request: MemberRequest) -> HttpResponse:
    """The same for the team's own secret, which signs what a request's `webhook_url` is told."""
    return _rotate(request, None)


def _rotate(request: MemberRequest, endpoint: WebhookEndpoint | None) -> HttpResponse:
    secret = page_queries.secret_of(endpoint or request.actor.team)
    form, status = RotateForm(sent(request), first=secret.made_at is None, initial={"seen": secret.mark}), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            if form.cleaned_data["seen"] not in ("", secret.mark):
                return render(request, "webhooks/secret_shown_before.html", {"endpoint": endpoint}, status=409)
            try:
                text = _rotated(request, endpoint, form.cleaned_data["overlap_hours"])
            except (Invalid, Conflict) as problem:
                status = tell(form, problem)
            else:
                return _shown_once(request, endpoint, text, "rotated")
    context = {"endpoint": endpoint, "form": form, "secret": secret}
    return render(request, "webhooks/secret_rotate.html", context, status=status)


def _rotated(request: MemberRequest, endpoint: WebhookEndpoint | None, overlap_hours: int) -> str:
    if endpoint is None:
        return secrets.team_rotate(by=request.actor, overlap_hours=overlap_hours)
    return secrets.rotate(by=request.actor, endpoint=endpoint, overlap_hours=overlap_hours)


def _page(request: MemberRequest, endpoint: WebhookEndpoint, form: EndpointForm, *, status: int = 200) -> HttpResponse:
    params.check(request.GET, frozenset(FilterForm.base_fields) | PLACES)
    filters = FilterForm(request.GET)
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "form": form,
        "test_form": TestForm(auto_id="id_test_%s"),
        "filters": filters,
        "secret": page_queries.secret_of(endpoint),
        "maker": page_queries.maker(endpoint),
        "heard_at": queries.last_heard_at(endpoint),
    }
    if not filters.is_valid():
        return render(request, "webhooks/endpoint.html", context, status=422)
    side: Side = "newer" if request.GET.get("newer") else "older"
    place = request.GET.get(side)
    window = Window(page_queries.LINES, side, (place,) if place else None)
    page = page_queries.log(endpoint, window=window, **filters.cleaned_data)
    poll, every = page_queries.poll(page.rows)
    context |= {
        "rows": page.rows,
        "start": place is None,
        "poll": poll,
        "every": every,
        "newer": urlencode({**filters.kept, "newer": page.newer[0]}) if page.newer else "",
        "older": urlencode({**filters.kept, "older": page.older[0]}) if page.older else "",
    }
    return render(request, "webhooks/endpoint.html", context, status=status)


def _shown_once(request: MemberRequest, endpoint: WebhookEndpoint | None, text: str, done: str) -> HttpResponse:
    """The one page with a secret's text; `done` is made or rotated."""
    response = render(request, "webhooks/secret_shown.html", {"endpoint": endpoint, "text": text, "done": done})
    response["Cache-Control"] = "no-store"
    return response
