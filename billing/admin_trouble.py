"""Refunds, disputes and restrictions for staff: to look at, to ask Stripe again, to lift."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from accounts import duties
from accounts.forms_teams import tell
from accounts.staff_log import ReadOnly, staff_of
from billing import refunds, restrictions
from billing.forms_refunds import LiftForm
from billing.models import Dispute, Refund, Restriction
from project.errors import Forbidden, NotFound, Problem
from project.money import dollars

MAY_LIFT = "restrict_teams"


@admin.register(Refund)
class RefundAdmin(ReadOnly):
    """Pending ones wait for Stripe: they are asked for again by themselves, or now."""

    list_display = ("public_id", "team", "sum", "status", "source", "actor", "created_at", "next_action_at", "ended_at")
    list_filter = ("status", "source", "created_at")
    list_select_related = ("team",)
    ordering = ("-id",)
    search_fields = ("stripe_id", "payment__payment_intent")
    show_full_result_count = False
    actions = ("ask_again",)

    @admin.display(description="amount", ordering="amount")
    def sum(self, row: Refund) -> str:
        return dollars(row.amount)

    def has_ask_permission(self, request: HttpRequest) -> bool:
        """Whether this person may have Stripe asked again."""
        return duties.may(request.user, "refund_payments")

    @admin.action(description="Ask Stripe again", permissions=["ask"])
    def ask_again(self, request: HttpRequest, queryset: QuerySet[Refund]) -> None:
        for row in queryset:
            try:
                refunds.ask_again(refund=row, by=staff_of(request))
            except Problem as problem:
                self.message_user(request, f"Not asked about {row.public_id}: {problem.detail}", messages.ERROR)
            else:
                self.message_user(request, f"Stripe is asked again about {row.public_id}.", messages.SUCCESS)


@admin.register(Dispute)
class DisputeAdmin(ReadOnly):
    """What card holders contest. It is answered at Stripe; here is what it did."""

    list_display = ("stripe_id", "team", "payment", "sum", "status", "opened_at", "ended_at")
    list_filter = ("status", "opened_at")
    list_select_related = ("team", "payment")
    ordering = ("-id",)
    search_fields = ("stripe_id", "payment__payment_intent")
    show_full_result_count = False

    @admin.display(description="amount", ordering="amount")
    def sum(self, row: Dispute) -> str:
        return dollars(row.amount)


@admin.register(Restriction)
class RestrictionAdmin(ReadOnly):
    """Teams that may neither make nor buy, and those that might not for a while."""

    list_display = ("team", "sum", "reason", "payment", "created_at", "lifted_at", "lifted_by")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("team", "payment")
    ordering = ("-id",)
    search_fields = ("team__name",)
    show_full_result_count = False
    change_form_template = "admin/billing/restriction/change_form.html"

    @admin.display(description="owed", ordering="owed")
    def sum(self, row: Restriction) -> str:
        return dollars(row.owed)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        """Whether this person may lift restrictions."""
        return duties.may(request.user, MAY_LIFT)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.lift)
        return [path("<path:object_id>/lift/", page, name="billing_restriction_lift"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context["may_lift"] = self.has_lift_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A form with the reason; POST lifts. Forbidden without the permission to."""
        if not self.has_lift_permission(request):
            raise Forbidden("Restrictions are lifted by staff who may change them.")
        row = self.get_object(request, object_id)
        if row is None:
            raise NotFound("There is no such restriction.")
        form, status = LiftForm(request.POST or None), 200
        if request.method == "POST":
            status = 422
            if form.is_valid():
                try:
                    restrictions.lift(team=row.team, by=staff_of(request), reason=form.cleaned_data["reason"])
                except Problem as problem:
                    status = tell(form, problem)
                else:
                    self.message_user(request, f"Lifted: {row.team.name} may make and buy again.", messages.SUCCESS)
                    return HttpResponseRedirect(reverse("admin:billing_restriction_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Lift the restriction of {row.team.name}",
            "row": row,
            "form": form,
        }
        return render(request, "admin/billing/restriction/lift.html", context, status=status)
