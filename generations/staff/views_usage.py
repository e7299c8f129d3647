"""Bills of providers: a file is handed in, looked at, and then taken whole or not at all."""

from __future__ import annotations

import secrets
from dataclasses import replace

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.forms_teams import tell
from generations.oversight import balance_pages, usage, usage_files, usage_settle
from generations.oversight.usage import Bill
from generations.staff.desk import StaffRequest, show, staff_page
from generations.staff.exports import csv_of, money, money_heads
from generations.staff.forms_reconciliation import ImportForm, SureForm
from generations.staff.views_reconciliation import DESK
from project import paging, params
from project.errors import Invalid, Problem
from project.times import stamp

SHOWN = 100
DRAFT_SECONDS = 1_800  # between looking at a file and taking it


@staff_page("see_costs")
@require_safe
def imports(request: StaffRequest) -> HttpResponseBase:
    """The bills that were taken, and the form for another."""
    params.check(request.GET, frozenset())
    return _page(request, ImportForm(), status=200)


@staff_page("see_costs", "export_costs")
@require_GET
def imports_csv(request: StaffRequest) -> HttpResponseBase:
    """The list as a file."""
    params.check(request.GET, frozenset())
    header = ["import", "provider", "file", "covers_from", "covers_until", "rows", *money_heads("amount")]
    header += ["ours", "theirs_only", *money_heads("theirs_only"), "imported_by", "imported_at"]
    batches = (
        [
            (
                *(found.row.pk, found.row.provider, found.row.file_name),
                *(stamp(found.row.covers_from), stamp(found.row.covers_until), found.row.row_count),
                *(*money(found.row.amount), found.ours, found.theirs, *money(found.theirs_amount)),
                *(found.row.imported_by, stamp(found.row.imported_at)),
            )
            for found in batch
        ]
        for batch in paging.every(balance_pages.imports)
    )
    return csv_of(request, name="usage-imports", header=header, batches=batches)


@staff_page("import_usage")
@require_POST
def preview(request: StaffRequest) -> HttpResponseBase:
    """Reads a file and shows what taking it would find and change. Changes nothing."""
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    since, until = form.covered
    file = form.cleaned_data["file"]
    try:
        raw = file.read(usage_files.MOST_BYTES + 1)
        rows = usage_files.parse(raw, since=since, until=until)
        bill = usage.bill_of(
            provider=form.cleaned_data["provider"], name=file.name, raw=raw, since=since, until=until, rows=rows
        )
    except Problem as problem:
        return _page(request, form, status=tell(form, problem))
    token = secrets.token_urlsafe(24)
    cache.set(_draft(request, token), {"bill": replace(bill, rows=()), "raw": raw}, DRAFT_SECONDS)
    return _looked_at(request, bill, token, SureForm(), status=200)


@staff_page("import_usage")
@require_POST
def take(request: StaffRequest) -> HttpResponseBase:
    """Takes the file that was looked at."""
    key = _draft(request, request.POST.get("token", ""))
    draft = cache.get(key)
    if draft is None:
        form = ImportForm()
        form.errors.setdefault("__all__", form.error_class(["The preview is too old. Choose the file again."]))
        return _page(request, form, status=422)
    kept: Bill = draft["bill"]
    sure = SureForm(request.POST)
    sure.full_clean()
    bill = replace(kept, rows=usage_files.parse(draft["raw"], since=kept.since, until=kept.until))
    try:
        made = usage.take(bill, by=request.staff, sure=sure.cleaned_data["sure"])
    except Invalid as problem:
        return _looked_at(request, bill, request.POST["token"], sure, status=tell(sure, problem))
    except Problem as problem:
        messages.warning(request, problem.detail)
        return redirect("reconciliation_imports")
    cache.delete(key)
    messages.success(request, f"{made.file_name} was taken: {made.row_count} rows.")
    return redirect("reconciliation_import", number=made.pk)


@staff_page("see_costs")
@require_safe
def one(request: StaffRequest, number: int) -> HttpResponseBase:
    """A bill that was taken, and what of it did not match."""
    params.check(request.GET, frozenset())
    bill = balance_pages.import_of(number)
    missing, count = balance_pages.missing_in(bill, most=SHOWN)
    context = {"bill": bill, "rows": balance_pages.rows_of(bill)[:SHOWN], "missing": missing, "missing_count": count}
    context |= dict(zip(("settled", "named"), usage_settle.progress(bill), strict=True))
    return show(request, "staff/reconciliation_import.html", {**context, "limit": SHOWN}, desk=DESK)


@staff_page("see_costs", "export_costs")
@require_GET
def one_csv(request: StaffRequest, number: int) -> HttpResponseBase:
    """All rows that a bill brought, as a file."""
    params.check(request.GET, frozenset())
    bill = balance_pages.import_of(number)
    header = ["provider", "task_id", "model", "charged_at", *money_heads("amount")]
    header += ["generation", "team", "status", *money_heads("charged")]
    batches = (
        [
            (
                *(row.provider, row.task_id, row.model, stamp(row.charged_at), *money(row.amount)),
                *(
                    (row.generation.public_id, row.generation.team.name, row.generation.status)
                    if row.generation
                    else ("", "", "theirs only")
                ),
                *money(row.generation.charged if row.generation else None),
            )
            for row in batch
        ]
        for batch in balance_pages.batches_of(bill)
    )
    return csv_of(request, name=f"usage-import-{bill.pk}", header=header, batches=batches, about=bill.file_name)


def _page(request: StaffRequest, form: ImportForm, *, status: int) -> HttpResponseBase:
    found = balance_pages.imports(paging.Window(SHOWN)).rows
    context = {"import_form": form, "imports": found, "limit": SHOWN}
    return show(request, "staff/reconciliation_imports.html", context, desk=DESK, status=status)


def _looked_at(request: StaffRequest, bill: Bill, token: str, form: SureForm, *, status: int) -> HttpResponseBase:
    context = {"bill": bill, "judged": usage.preview(bill), "token": token, "sure_form": form}
    context |= {"limit": f":{SHOWN}", "many": usage.MANY}
    return show(request, "staff/reconciliation_preview.html", context, desk=DESK, status=status)


def _draft(request: StaffRequest, token: str) -> str:
    """Where a file waits for its second press: for the same person only."""
    return f"usage-draft:{request.user.pk}:{token if token.isascii() and token.isprintable() else ''}"[:120]
