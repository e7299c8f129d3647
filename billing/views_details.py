"""The page of a team's billing details."""

from __future__ import annotations

import dataclasses

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from accounts import roles
from accounts.forms_teams import tell
from accounts.pages import MemberRequest, member_page
from billing import details
from billing.forms_payments import DetailsForm
from project import db
from project.errors import Problem


@member_page(roles.BILLING)
@require_http_methods(["GET", "HEAD", "POST"])
def billing_details(request: MemberRequest) -> HttpResponse:
    """Who receipts are made out to. `?next=` is the page of ours to come back to."""
    actor, status = request.actor, 200
    back = _path(request.POST.get("next") or request.GET.get("next") or "")
    form = DetailsForm(initial=dataclasses.asdict(details.of(actor.team)))
    if request.method == "POST":
        form = DetailsForm(request.POST)
        status = 422
        if form.is_valid():
            typed = form.details
            try:
                db.in_transaction(lambda: details.change(by=actor, details=typed))
            except Problem as problem:
                status = tell(form, problem)
            else:
                messages.success(request, "The billing details are saved. Receipts of new payments carry them.")
                return redirect(back or "billing_details")
    return render(request, "billing/details.html", {"form": form, "next": back}, status=status)


def _path(text: str) -> str:
    """A path of ours, or nothing."""
    ours = text.startswith("/") and url_has_allowed_host_and_scheme(text, allowed_hosts=None)
    return text if ours else ""
