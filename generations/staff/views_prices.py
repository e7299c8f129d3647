"""The desk of prices: what every model costs and brings, its versions, and a new one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.forms_teams import sent, tell
from generations.oversight import losses, price_desk, scopes
from generations.staff.desk import StaffRequest, require, show, staff_page
from generations.staff.exports import csv_of, money
from generations.staff.forms_prices import Change, Moment, PriceForm, read_asked
from project import db, params
from project.csv_safe import Value
from project.errors import Conflict, Invalid, Problem
from project.times import stamp


@staff_page("see_prices")
@require_safe
def prices(request: StaffRequest) -> HttpResponseBase:
    """Every model: rate, price in force, expected cost and margin of each unit, and what is scheduled."""
    params.check(request.GET, frozenset())
    found = price_desk.models()
    since, until = scopes.presets(db.now().astimezone(UTC).date())["30 days"]
    context = {
        "models": found,
        "sold": losses.sold_at_a_loss(since, until),
        "losing": sum(model.losing for model in found),
    }
    return show(request, "staff/prices.html", context, desk="prices")


@staff_page("see_prices", "export_costs")
@require_GET
def prices_csv(request: StaffRequest) -> HttpResponseBase:
    """The same as a file."""
    params.check(request.GET, frozenset())
    header = [
        *("model", "rate", "variant", "version", "per", "rate_micro", "margin_ppm", "fixed_micro"),
        *("price_micro", "price_usd", "cost_micro", "cost_usd", "stays_micro", "stays_usd"),
    ]
    lines: list[Sequence[Value]] = [
        [
            *(model.entry.slug, unit.key, unit.variant, model.version.number, unit.per, unit.rate),
            *(None if unit.fixed is not None else unit.margin_ppm, unit.fixed),
            *money(unit.price),
            *money(unit.cost),
            *money(unit.margin),
        ]
        for model in price_desk.models()
        for unit in model.units
    ]
    return csv_of(request, name="prices", header=header, batches=[lines], about="prices in force")


@staff_page("see_prices")
@require_http_methods(["GET", "HEAD", "POST"])
def price_model(request: StaffRequest, slug: str) -> HttpResponseBase:
    """One model's versions, and the form for a new one: `do` is preview (what it would have brought) or publish."""
    params.check(request.GET, frozenset({"from", "change"}))
    model = price_desk.model(slug)
    versions = price_desk.history(slug)
    last = versions[0].row
    form = PriceForm(sent(request), entry=model.entry, last=last, moment=read_asked(Moment, request.GET, "from"))
    if request.method != "POST":
        change = read_asked(Change, request.GET, "change")
        if change is not None:  # who comes from the what-if
            form.fill(price_desk.dearer(last, change))
        return _page(request, model, versions, form)
    if not form.is_valid():
        return _page(request, model, versions, form, status=422)
    if request.POST.get("do") != "publish":
        return _preview(request, model, versions, form)
    require(request, "publish_prices")
    kept = form.cleaned_data
    try:
        row = price_desk.publish(
            slug=slug,
            draft=form.draft,
            made_from=kept["made_from"],
            reason=kept["reason"],
            by=request.staff,
            effective_from=kept["effective_from"],
            sell_below_cost=kept["sell_below_cost"],
        )
    except Problem as problem:
        status = tell(form, form.named(problem))
        return _page(request, model, versions, form, status=status)
    messages.success(request, f"Version {row.number} of {model.entry.name} is published.")
    return redirect("price_model", slug)


@staff_page("see_prices", "export_costs")
@require_GET
def price_model_csv(request: StaffRequest, slug: str) -> HttpResponseBase:
    """The versions of a model as a file."""
    params.check(request.GET, frozenset())
    model = price_desk.model(slug)
    header = ["version", "standing", "from", "until", "price", "changed", "by", "published", "reason"]
    lines: list[Sequence[Value]] = [
        [
            *(each.row.number, each.standing, stamp(each.row.effective_from), stamp(each.ends) if each.ends else None),
            *(price_desk.described(price_desk.draft_of(each.row)), each.words),
            *(each.row.created_by, stamp(each.row.created_at), each.row.reason),
        ]
        for each in price_desk.history(slug)
    ]
    return csv_of(request, name=f"prices-of-{slug}", header=header, batches=[lines], about=model.entry.name)


def _preview(
    request: StaffRequest, model: price_desk.Model, versions: Sequence[price_desk.Version], form: PriceForm
) -> HttpResponse:
    starts = form.cleaned_data["effective_from"]
    try:
        found = price_desk.preview(model.entry.slug, form.draft, effective_from=starts)
    except Invalid as problem:
        return _page(request, model, versions, form, status=tell(form, form.named(problem)))
    return _page(request, model, versions, form, preview=found)


def _page(
    request: StaffRequest,
    model: price_desk.Model,
    versions: Sequence[price_desk.Version],
    form: PriceForm,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    plain = [form[name] for name in ("effective_from", "reason", "sell_below_cost")]
    context = {
        "model": model,
        "versions": versions,
        "form": form,
        "plain": plain,
        "rows": form.rows(model.units),
        "conflict": status == Conflict.status,
    }
    return show(request, "staff/price_model.html", {**context, **more}, desk="prices", status=status)
