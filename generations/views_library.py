"""Favourites and tags of one generation, what is done to many selected ones, and the team's tags."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from accounts import access as team_access
from accounts import roles
from accounts.pages import MemberRequest, member_page
from generations import access, archive, labels, removals
from generations.models import Generation
from project.errors import Conflict, Forbidden, Invalid, NotFound

MOST = 100  # generations that one act is about
HISTORY = "/history"


@member_page(roles.SEE)
@require_POST
def selected(request: MemberRequest) -> HttpResponseBase:
    """`do` with the generations named by `row`: zip, delete (asks first), favourite, unfavourite, tag, untag."""
    rows = _selected(request)
    if rows is None:
        return redirect(_back(request))
    do, actor, many = request.POST.get("do", ""), request.actor, _many(len(rows))
    if do == "zip":
        return _zip(request, rows)
    if do == "delete":
        team_access.require(actor, roles.MAKE)
        return _ask(request, rows)
    if do in ("tag", "untag"):
        return _tag_many(request, rows, do)
    if do == "favourite":
        labels.favour(actor=actor, generations=rows)
        messages.success(request, f"{many} marked as your favourite{'s' if len(rows) > 1 else ''}.")
    elif do == "unfavourite":
        labels.unfavour(actor=actor, generations=rows)
        messages.success(request, f"{many} no longer among your favourites.")
    else:
        messages.warning(request, "Choose what to do with the selection.")
    return redirect(_back(request))


@member_page(roles.SEE)
@require_POST
def delete(request: MemberRequest) -> HttpResponse:
    """The second step: of the selection, what this member may delete. What began meanwhile is said and left."""
    team_access.require(request.actor, roles.MAKE)
    rows = _selected(request)
    if rows is None:
        return redirect(_back(request))
    judged = removals.judge(actor=request.actor, generations=rows)
    try:
        count = removals.remove(actor=request.actor, generations=judged.go)
    except (Conflict, Forbidden) as problem:
        return _ask(request, rows, problem=problem)
    if count:
        messages.success(request, f"Outputs of {_many(count)} deleted. Receipts and charges stay.")
    else:
        messages.warning(request, "Nothing was deleted: there were no outputs that you can delete.")
    return redirect(_back(request))


@member_page(roles.SEE)
@require_POST
def favourite(request: MemberRequest, public_id: str) -> HttpResponse:
    """Marks a generation as the member's favourite (`on` is yes), or takes the mark away."""
    row = access.generation(request.actor, public_id)
    on = request.POST.get("on") == "yes"
    (labels.favour if on else labels.unfavour)(actor=request.actor, generations=[row])
    if request.htmx:
        context = {"generation": row, "labels": labels.Labels(favourite=on)}
        return render(request, "generations/_star.html", context)
    return redirect(_back(request))


@member_page(roles.SEE)
@require_POST
def tags(request: MemberRequest, public_id: str) -> HttpResponse:
    """Puts the tag `tag` on a generation (`do` is tag) or takes it off (untag). A name that is none is said beside the
    field: to a script in the piece of the page, else on a page of its own."""
    row = access.generation(request.actor, public_id)
    name, do = request.POST.get("tag", ""), request.POST.get("do", "")
    team_access.require(request.actor, roles.MAKE)
    wrong: dict[str, str] = {}
    try:
        if do == "untag":
            labels.untag(actor=request.actor, generations=[row], name=name)
        else:
            labels.tag(actor=request.actor, generations=[row], name=name)
    except Invalid as problem:
        if not request.htmx:
            return _tag_page(request, [row], problem)
        wrong = {"tag_error": problem.detail, "tag_typed": name}
    if request.htmx:
        found = labels.shown(actor=request.actor, generations=[row])[row.pk]
        context = {"generation": row, "labels": found, "actor": request.actor, "edit": True, "fresh": True, **wrong}
        return render(request, "generations/_labels.html", context)
    return redirect(_back(request))


@member_page(roles.SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def team_tags(request: MemberRequest) -> HttpResponse:
    """The team's tags with their numbers; POST gives the tag `tag` the name `to`."""
    context: dict[str, Any] = {}
    if request.method == "POST":
        team_access.require(request.actor, roles.MAKE)
        name, to = request.POST.get("tag", ""), request.POST.get("to", "")
        try:
            messages.success(request, f"The tag is now “{labels.rename_tag(actor=request.actor, name=name, to=to)}”.")
            return redirect("history-tags")
        except Invalid as problem:
            context = {"wrong": name, "error": problem.detail, "typed": to}
    context |= {"tags": labels.counted(request.actor), "may_make": request.actor.may(roles.MAKE)}
    return render(request, "generations/tags.html", context, status=422 if "error" in context else 200)


@member_page(roles.MAKE)
@require_http_methods(["GET", "HEAD", "POST"])
def delete_tag(request: MemberRequest) -> HttpResponse:
    """Asks before the tag `tag` is deleted, then deletes it. One that is gone already leads back to the list."""
    post = request.method == "POST"
    name = (request.POST if post else request.GET).get("tag", "")
    try:
        if not post:
            return render(request, "generations/tag_delete.html", {"tag": labels.of_name(request.actor, name)})
        taken = labels.delete_tag(actor=request.actor, name=name)
    except NotFound as problem:
        messages.warning(request, problem.detail)
    else:
        messages.success(request, f"The tag “{name}” is deleted. It stood on {_many(taken)}.")
    return redirect("history-tags")


def _selected(request: MemberRequest) -> list[Generation] | None:
    """The selection; None, with a message, when it is empty or too large. Raises NotFound."""
    names = list(dict.fromkeys(request.POST.getlist("row")))
    if not names:
        messages.warning(request, "Select something first.")
        return None
    if len(names) > MOST:
        messages.warning(request, f"At most {MOST} generations at once: {len(names)} are selected.")
        return None
    return access.selected(request.actor, names)


def _zip(request: MemberRequest, rows: list[Generation]) -> HttpResponseBase:
    try:
        made = archive.of(rows)
    except Invalid as problem:
        messages.warning(request, problem.detail)
        return redirect(_back(request))
    response = StreamingHttpResponse(made.pieces, content_type="application/zip")
    response["Content-Length"] = str(made.length)
    response["Content-Disposition"] = content_disposition_header(True, made.name) or "attachment"  # noqa: FBT003
    return response


def _ask(request: MemberRequest, rows: list[Generation], problem: Exception | None = None) -> HttpResponse:
    judged = removals.judge(actor=request.actor, generations=rows)
    outputs = [each for row in judged.go for each in row.outputs.all()]
    context = {
        "judged": judged,
        "problem": problem,
        "files": len(outputs),
        "bytes": sum(each.bytes for each in outputs),
        "texts": sum(row.kind == "text" for row in judged.go),
        "charged": sum(row.charged or 0 for row in judged.go),
        "back": _back(request),
    }
    return render(request, "generations/delete_outputs.html", context, status=getattr(problem, "status", 200))


def _tag_many(request: MemberRequest, rows: list[Generation], do: str) -> HttpResponse:
    name, many = request.POST.get("tag", ""), _many(len(rows))
    if do == "untag":
        labels.untag(actor=request.actor, generations=rows, name=name)
        messages.success(request, f"{many} without the tag “{name.strip()}” now.")
        return redirect(_back(request))
    try:
        name = labels.tag(actor=request.actor, generations=rows, name=name)
    except Invalid as problem:
        return _tag_page(request, rows, problem)
    messages.success(request, f"{many} tagged “{name}”.")
    return redirect(_back(request))


def _tag_page(request: MemberRequest, rows: list[Generation], problem: Invalid) -> HttpResponse:
    """The same question once more, with what was typed and what is wrong with it."""
    typed = request.POST.get("tag", "")
    context = {"rows": rows, "typed": typed, "error": problem.detail, "back": _back(request)}
    return render(request, "generations/tag_again.html", context, status=422)


def _many(count: int) -> str:
    return f"{count:,} generation{'' if count == 1 else 's'}"


def _back(request: MemberRequest) -> str:
    """Where the act was asked for: `back`, or the page before; an address of ours, the history else."""
    given = request.POST.get("back", "")
    if not given:
        before = urlsplit(request.headers.get("Referer", ""))
        if before.netloc == request.get_host():
            given = f"{before.path}?{before.query}" if before.query else before.path
    ours = given.startswith("/") and url_has_allowed_host_and_scheme(given, allowed_hosts=None)
    return given if ours else HISTORY
