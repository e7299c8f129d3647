"""Who of the staff may do what: for superusers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts import duties
from accounts.forms_teams import sent, tell
from generations.oversight import staff_list
from generations.staff.desk import StaffRequest, show, staff_page
from generations.staff.exports import csv_of
from generations.staff.forms_teams import DutiesForm
from project.errors import Problem


@staff_page(superusers=True)
@require_safe
def people(request: StaffRequest) -> HttpResponse:
    """Everybody of the staff with their duties, and the bundles."""
    context = {"people": staff_list.people(), "bundles": duties.bundles()}
    return show(request, "staff/duties.html", context, desk="duties")


@staff_page(superusers=True)
@require_safe
def people_csv(request: StaffRequest) -> HttpResponseBase:
    """The same as a file: a line a person and act."""
    names = duties.acts()
    rows = [
        (row.user.email, "yes" if row.user.is_superuser else "no", act, names.get(act, ""))
        for row in staff_list.people()
        for act in row.acts or [""]
    ]
    return csv_of(request, name="duties", header=["address", "superuser", "act", "what"], batches=[rows])


@staff_page(superusers=True)
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: StaffRequest, pk: int) -> HttpResponse:
    """What one of them may do; `bundle` in the address ticks a bundle's acts. POST sets it."""
    row = staff_list.person(pk)
    user = row.user
    form = DutiesForm(
        sent(request), acts=duties.acts(), held=row.acts, superuser=user.is_superuser, staff=user.is_staff
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            typed = form.cleaned_data
            try:
                duties.change(
                    user=user,
                    wanted=typed["acts"],
                    superuser=typed["superuser"],
                    staff=typed["staff"],
                    by=request.staff,
                    reason=typed["reason"],
                )
            except Problem as problem:
                status = tell(form, problem)
            else:
                messages.success(request, f"The duties of {user.email} are set. They hold at once.")
                return redirect("staff_duties")
    else:
        for bundle in duties.bundles():
            if bundle.name in request.GET.getlist("bundle"):
                form.with_bundle(bundle)
    context = {"row": row, "form": form, "bundles": duties.bundles(), "own": user.pk == request.user.pk}
    return show(request, "staff/duties_person.html", context, desk="duties", status=status)
