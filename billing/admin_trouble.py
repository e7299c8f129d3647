"""Refunds, disputes and restrictions for staff: to look at, and to ask Stripe again. The desk of teams lifts."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import duties
from accounts.staff_log import ReadOnly, staff_of
from billing import refunds
from billing.models import Dispute, Refund, Restriction
from project.errors import Problem
from project.money import dollars


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

    @admin.display(description="owed", ordering="owed")
    def sum(self, row: Restriction) -> str:
        return dollars(row.owed)
