"""The studio: choose a model, fill its form, see the exact price, make it. Only translates; see intake.py."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access as team_access
from accounts import roles
from accounts.pages import MemberRequest, member_page
from generations import access, catalog, forms, idempotency, intake, offers, page_queries, studio_price, uploads
from generations.catalog import Entry
from generations.models import Generation, PriceVersion
from project.errors import Conflict, FieldError, Invalid, NotFound, Problem, TooLargeBody, Unavailable

_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,16}", re.ASCII)


@dataclass
class Desk:
    """A model's form in one request: its rules, the price in force, what is in it and what is wrong with it."""

    entry: Entry
    version: PriceVersion
    schema: dict[str, Any]
    data: dict[str, Any] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)
    problem: Mapping[str, Any] | None = None  # as problem details, for what belongs to no field


@member_page(roles.SEE)
@require_safe
def studio(request: MemberRequest) -> HttpResponse:
    """All models to choose from."""
    return render(request, "generations/studio.html", {"cards": page_queries.cards()})


@member_page(roles.SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def model(request: MemberRequest, slug: str) -> HttpResponse:
    """One model's form; a POST makes a generation or shows the form again with everything typed still in it."""
    desk = _desk(slug)
    if request.method != "POST":
        desk.data = _start(request, desk)
        return _form(request, desk)
    team_access.require(request.actor, roles.MAKE)
    keeper = _Keeper(request)
    desk.data = forms.read(desk.schema, request.POST, pick=keeper)
    desk.errors = keeper.errors
    if request.POST.get("do") == "price" or desk.errors:
        return _form(request, desk, status=422 if desk.errors else 200)
    return _make(request, desk)


@member_page(roles.SEE)
@require_POST
def price(request: MemberRequest, slug: str) -> HttpResponse:
    """The price box for the form as it stands. Files are not sent here: only that one is chosen counts."""
    desk = _desk(slug)
    post = request.POST

    def pick(name: str) -> str:
        return studio_price.CHOSEN if post.get(f"{name}.file") else post.get(name, "").strip()

    desk.data = forms.read(desk.schema, post, pick=pick)
    return render(request, "generations/model.html#price", {"desk": desk, "box": _box(request, desk)})


def _desk(slug: str) -> Desk:
    if slug not in catalog.ENTRIES:
        raise NotFound("There is no such model.")
    entry, version = catalog.get(slug), offers.current_price(slug)
    return Desk(entry=entry, version=version, schema=entry.json_schema(rates=version.rates))


def _start(request: MemberRequest, desk: Desk) -> dict[str, Any]:
    """What stands in a fresh form: nothing, or the input of a generation to use again."""
    again = request.GET.get("from", "")
    if not again:
        return {}
    generation = access.generation(request.actor, again)
    return {name: value for name, value in generation.input.items() if name in desk.schema["properties"]}


def _form(request: MemberRequest, desk: Desk, *, status: int = 200) -> HttpResponse:
    upload_ids = forms.image_ids(desk.schema, desk.data)
    previews = page_queries.upload_previews(actor=request.actor, public_ids=upload_ids)
    may_make = request.actor.may(roles.MAKE)
    context = {
        "desk": desk,
        "controls": forms.controls(desk.schema, desk.data, errors=desk.errors, previews=previews),
        "unplaced": forms.unplaced(desk.errors, desk.schema),
        "box": _box(request, desk),
        "key": secrets.token_hex(16),
        "may_make": may_make,
        "closed": _closed(desk.entry.slug),
    }
    return render(request, "generations/model.html", context, status=status)


def _box(request: MemberRequest, desk: Desk) -> studio_price.PriceBox:
    return studio_price.price_box(
        actor=request.actor, entry=desk.entry, version=desk.version, schema=desk.schema, data=desk.data
    )


def _closed(slug: str) -> str:
    """Why a model cannot be used now; nothing when it can."""
    try:
        offers.require_available(slug)
    except Conflict as problem:
        return problem.detail
    return ""


def _make(request: MemberRequest, desk: Desk) -> HttpResponse:
    wanted = intake.Request(
        model=desk.entry.slug,
        input=desk.data,
        max_price=_agreed(request.POST.get("agreed", "")),
        idempotency=_idempotency(request, desk),
    )
    try:
        generation, answer = intake.accept(actor=request.actor, request=wanted, render=_accepted)
    except Invalid as problem:
        desk.errors = forms.relative(problem.errors)
        desk.problem = None if problem.errors else problem.as_json()
        return _form(request, desk, status=problem.status)
    except Problem as problem:  # too late, switched off, suspended, busy: said above the form
        desk.problem = problem.as_json()
        return _form(request, desk, status=problem.status)
    if answer.status != 201:
        desk.problem = answer.body
        return _form(request, desk, status=answer.status)
    if generation is None:
        messages.info(request, "This was sent before: here it is. To make another, use it again.")
    return redirect("generation", answer.body["id"])


def _accepted(generation: Generation) -> idempotency.Answer:
    return idempotency.Answer(201, {"id": generation.public_id}, {})


def _agreed(text: str) -> int | None:
    """The most that the page said this may cost, in micro-dollars: what is dearer now is asked about again."""
    return int(text) if _AMOUNT.fullmatch(text) else None


def _idempotency(request: MemberRequest, desk: Desk) -> tuple[str, str] | None:
    """One key for one press of the button with one content: a double click makes one generation, and the same page
    with another content makes another. A file counts by what is in it, because each press stores it anew."""
    key = request.POST.get("key", "")
    if not _KEY.fullmatch(key):
        return None
    prints = page_queries.upload_prints(actor=request.actor, public_ids=forms.image_ids(desk.schema, desk.data))
    content = desk.entry.with_images(desk.data, lambda text: prints.get(text, text))
    print_of_request = idempotency.fingerprint(method="POST", path=request.path, body=content)
    return f"page-{key}-{print_of_request[:32]}", print_of_request


class _Keeper:
    """Gives each image slot's value; a file in it is stored and becomes an upload id, or leaves an error."""

    def __init__(self, request: MemberRequest) -> None:
        self._request = request
        self.errors: list[FieldError] = []

    def __call__(self, name: str) -> str:
        text = self._request.POST.get(name, "").strip()
        file = self._request.FILES.get(f"{name}.file")
        if not isinstance(file, UploadedFile):
            return text
        try:
            return uploads.keep(actor=self._request.actor, chunks=file.chunks()).public_id
        except (Conflict, Invalid, TooLargeBody, Unavailable) as problem:
            why = problem.errors[0].message if problem.errors else problem.detail
            field_name = name.partition(".")[0]
            self.errors.append(FieldError(field_name, f"“{file.name}” cannot be used: {why}", "image_refused"))
            return text
