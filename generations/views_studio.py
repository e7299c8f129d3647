"""The studio: choose a model, fill its form, see the exact price, make it. Only translates; see variations.py."""

from __future__ import annotations

import re
import secrets

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access as team_access
from accounts import roles
from accounts.pages import MemberRequest, member_page
from generations import (
    access,
    catalog,
    forms,
    idempotency,
    intake,
    offers,
    page_queries,
    studio_cards,
    studio_carry,
    studio_desk,
    studio_expansions,
    studio_price,
    studio_rules,
    studio_settings,
    studio_uploads,
    uploads,
    variations,
)
from generations.studio_desk import Desk
from project.errors import Conflict, FieldError, Invalid, Problem

_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,16}", re.ASCII)


@member_page(roles.SEE)
@require_safe
def studio(request: MemberRequest) -> HttpResponse:
    """All models to choose from, or those of one kind."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in studio_cards.KINDS else ""
    context = {
        "choices": studio_cards.choices(actor=request.actor, kind=kind),
        "kinds": studio_cards.KINDS.items(),
        "kind": kind,
    }
    return render(request, "generations/studio.html", context)


@member_page(roles.SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def model(request: MemberRequest, slug: str) -> HttpResponse:
    """One model's form; a POST makes generations or shows the form again with everything typed still in it."""
    desk = studio_desk.of(slug, request.actor.team)
    if request.method != "POST":
        _start(request, desk)
        return form_page(request, desk)
    team_access.require(request.actor, roles.MAKE)
    do, keeper = request.POST.get("do", ""), Keeper(request)
    if do == "switch":
        _switch(request, desk, keeper)
        return form_page(request, desk)
    desk.data = forms.read(desk.schema, request.POST, pick=keeper)
    desk.errors = [*keeper.errors, *count_into(request, desk)]
    if do == "fit" and not desk.errors:
        _fit(request, desk)
    if do in ("price", "fit") or desk.errors:
        return form_page(request, desk, status=422 if desk.errors else 200)
    return _make(request, desk)


@member_page(roles.SEE)
@require_POST
def price(request: MemberRequest, slug: str) -> HttpResponse:
    """The price box for the form as it stands, and what is wrong beside each field. Files are not sent here: only that
    one is chosen counts."""
    desk, post = studio_desk.of(slug, request.actor.team), request.POST

    def pick(name: str) -> str:
        return studio_price.CHOSEN if post.get(f"{name}.file") else post.get(name, "").strip()

    desk.data = forms.read(desk.schema, post, pick=pick)
    desk.errors = count_into(request, desk)
    box = desk.box(request.actor)
    context = {
        "desk": desk,
        "box": box,
        "live": True,
        "controls": forms.controls(desk.schema, desk.data, errors=box.errors),
        "count_errors": forms.unplaced(desk.errors, desk.schema),
    }
    return render(request, "generations/_price.html", context)


@member_page(roles.SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: MemberRequest) -> HttpResponse:
    """POST keeps one image as it is chosen (part `file`) and answers with what its slot shows, or a problem with its
    sentence; GET is the strip of the team's last uploads."""
    if request.method != "POST":
        return render(request, "generations/_recent.html", {"recent": studio_uploads.recent(actor=request.actor)})
    file = request.FILES.get("file")
    try:
        team_access.require(request.actor, roles.MAKE)
        if not isinstance(file, UploadedFile):
            raise Invalid("Choose an image first.", errors=[FieldError("file", "is required", "missing")])
        kept = studio_uploads.keep(actor=request.actor, file=file)
    except Problem as problem:
        body = problem.as_json()
        if isinstance(file, UploadedFile):
            body["detail"] = studio_uploads.sentence(problem, file)
        return JsonResponse(body, status=problem.status, content_type="application/problem+json")
    return JsonResponse(studio_uploads.shown(kept), status=201)


def _start(request: MemberRequest, desk: Desk) -> None:
    """Fills a fresh form: with the input of a generation to use again, or this member's last settings."""
    again = request.GET.get("from", "")
    if again:
        generation = access.generation(request.actor, again)
        if text := studio_expansions.as_prompt(generation, desk.entry):
            desk.data, desk.start = {"prompt": text}, "text"
            return
        source = catalog.ENTRIES.get(generation.model, desk.entry)
        desk.data = studio_carry.carried(generation.input, source=source.json_schema(), target=desk.schema)
        desk.start = "again"
    elif "fresh" not in request.GET:
        rates = desk.version.rates
        desk.data, desk.count = studio_settings.remembered(actor=request.actor, slug=desk.entry.slug, rates=rates)
        desk.start = "settings" if desk.differs else ""


def _switch(request: MemberRequest, desk: Desk, keeper: Keeper) -> None:
    """Fills the form with what was in another model's, whose slug is the field `model.slug`."""
    source = catalog.ENTRIES.get(request.POST.get("model.slug", ""), desk.entry)
    schema = source.json_schema(rates=offers.current_price(source.slug).rates)
    data = forms.read(schema, request.POST, pick=keeper)
    desk.data = studio_carry.carried(data, source=schema, target=desk.schema)
    desk.start = "switch"
    count_into(request, desk)


def _fit(request: MemberRequest, desk: Desk) -> None:
    """Changes the form to the dearest that wallet and budgets still pay."""
    changes = dict(desk.box(request.actor).changes)
    desk.count = changes.pop("count", desk.count)
    desk.data |= changes


def count_into(request: MemberRequest, desk: Desk) -> list[FieldError]:
    """Reads how many are wanted at once into the desk; returns what is wrong with it."""
    try:
        desk.count = variations.count_of(request.POST.get("count", "").strip())
    except Invalid as problem:
        return list(problem.errors)
    return []


def form_page(request: MemberRequest, desk: Desk, *, status: int = 200) -> HttpResponse:
    """The page of a model's form as it stands."""
    upload_ids = forms.image_ids(desk.schema, desk.data)
    previews = page_queries.upload_previews(actor=request.actor, public_ids=upload_ids)
    found = studio_cards.choices(actor=request.actor, kind=desk.entry.kind)
    box = desk.box(request.actor)
    if desk.entry.kind != "text" and desk.expand is None:
        desk.expand = studio_expansions.idle(entry=desk.entry, data=desk.data)
    shown = desk.errors or (box.errors if desk.start == "switch" else [])
    context = {
        "desk": desk,
        "controls": forms.controls(desk.schema, desk.data, errors=shown, previews=previews),
        "unplaced": forms.unplaced(desk.errors, desk.schema),
        "count": desk.count,
        "rules": studio_rules.as_data(desk.entry, desk.schema),
        "box": box,
        "key": secrets.token_hex(16),
        "may_make": request.actor.may(roles.MAKE),
        "closed": _closed(desk.entry.slug),
        "others": [each for each in found if each.card.available and each.card.entry.slug != desk.entry.slug],
        "most_bytes": uploads.MOST_BYTES,
        "most_megabytes": uploads.MOST_BYTES // 1024**2,
    }
    return render(request, "generations/model.html", context, status=status)


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
        new, answer = variations.accept(actor=request.actor, request=wanted, count=desk.count)
    except Invalid as problem:
        desk.errors = studio_rules.told(forms.relative(problem.errors), desk.entry, desk.schema)
        desk.problem = None if problem.errors else problem.as_json()
        return form_page(request, desk, status=problem.status)
    except Problem as problem:  # too late, switched off, suspended, busy: said above the form
        desk.problem = problem.as_json()
        return form_page(request, desk, status=problem.status)
    if answer.status != 201:
        desk.problem = answer.body
        return form_page(request, desk, status=answer.status)
    studio_settings.remember(
        actor=request.actor, slug=desk.entry.slug, input=desk.data, count=desk.count, rates=desk.version.rates
    )
    if not new:
        messages.info(request, "This was sent before: here it is. To make another, use it again.")
    return redirect(variations.page_of(answer.body["id"]))


def _agreed(text: str) -> int | None:
    """The most that the page said this may cost, in micro-dollars: what is dearer now is asked about again. A page
    that could show no price yet says 0."""
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


class Keeper:
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
            return studio_uploads.keep(actor=self._request.actor, file=file).public_id
        except studio_uploads.REFUSALS as problem:
            sentence = studio_uploads.sentence(problem, file)
            self.errors.append(FieldError(name.partition(".")[0], sentence, "image_refused"))
            return text
