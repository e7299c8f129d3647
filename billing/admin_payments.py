"""Payments and lots for staff: to look at, with all that moved because of a payment; and refunding one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts import duties
from accounts.forms_teams import tell
from accounts.staff_log import ReadOnly, staff_of
from billing import payment_queries, refunds
from billing.forms_refunds import StaffRefundForm
from billing.models import Dispute, Lot, Payment, Refund, Transfer
from project import ids
from project.errors import Forbidden, NotFound, Problem
from project.money import dollars

MAY_REFUND = "refund_payments"
AMOUNTS = ("amount", "unspent", "held", "spent", "frozen", "taken", "expired")  # of a lot


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> SafeString | str:
    """A small table of texts; a dash where there is nothing."""
    body = [(format_html_join("", "<td>{}</td>", (("" if cell is None else cell,) for cell in row)),) for row in rows]
    if not body:
        return "-"
    head = format_html_join("", '<th scope="col">{}</th>', ((head,) for head in heads))
    return format_html("<table><tr>{}</tr>{}</table>", head, format_html_join("", "<tr>{}</tr>", body))


def _of_transfer(row: Transfer) -> Sequence[object]:
    legs = (row.kind, row.debit.kind, row.credit.kind, dollars(row.amount))
    return (row.created_at, *legs, row.lot_id, row.key, row.actor, row.reason)


def _of_lot(row: Lot) -> Sequence[object]:
    return (row.pk, row.kind, *(dollars(getattr(row, name)) for name in AMOUNTS), row.expires_at)


def _of_refund(row: Refund) -> Sequence[object]:
    told = (row.public_id, dollars(row.amount), row.status, row.source, row.actor, row.reason)
    return (*told, row.stripe_id, row.created_at, row.ended_at)


def _of_dispute(row: Dispute) -> Sequence[object]:
    return (row.stripe_id, dollars(row.amount), row.status, row.opened_at, row.ended_at)


@admin.register(Payment)
class PaymentAdmin(ReadOnly):
    """Every payment, and why it is as it is."""

    list_display = ("public_id", "team", "sum", "status", "origin", "card", "failure", "created_at", "paid_at")
    list_filter = ("status", "origin", "failure", "credited_by", "created_at")
    list_select_related = ("team",)
    ordering = ("-id",)
    search_fields = ("payment_intent", "checkout_session", "customer")  # and public ids: see get_search_results
    search_help_text = "pay_… or team_…, or an id of Stripe's: pi_…, cs_…, cus_…"
    show_full_result_count = False
    change_form_template = "admin/billing/payment/change_form.html"
    fields = (
        *("public_id", "team", "membership", "origin", "status", "failure", "sum", "bonus_sum", "refundable", "card"),
        *("customer", "checkout_session", "payment_intent", "credited_by", "created_at", "paid_at", "ended_at"),
        *("expires_at", "next_action_at", "invoice", "transfers", "lots", "refunded", "disputed"),
    )
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        word = search_term.strip()
        payment, team = ids.parse("pay", word), ids.parse("team", word)
        if payment or team:
            return (queryset.filter(uuid=payment) if payment else queryset.filter(team__uuid=team)), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="amount", ordering="amount")
    def sum(self, row: Payment) -> str:
        return dollars(row.amount)

    @admin.display(description="bonus")
    def bonus_sum(self, row: Payment) -> str:
        return dollars(row.bonus)

    @admin.display(description="refundable now")
    def refundable(self, row: Payment) -> str:
        return dollars(refunds.refundable(row))

    @admin.display(description="transfers")
    def transfers(self, row: Payment) -> SafeString | str:
        heads = ("when", "kind", "from", "to", "amount", "lot", "key", "by", "reason")
        return table(heads, map(_of_transfer, payment_queries.transfers(row)))

    @admin.display(description="where its credit is")
    def lots(self, row: Payment) -> SafeString | str:
        return table(("lot", "kind", *AMOUNTS, "expires"), map(_of_lot, payment_queries.lots(row)))

    @admin.display(description="refunds")
    def refunded(self, row: Payment) -> SafeString | str:
        heads = ("refund", "amount", "status", "source", "by", "reason", "at Stripe", "asked", "ended")
        return table(heads, map(_of_refund, payment_queries.refunds_of(row)))

    @admin.display(description="disputes")
    def disputed(self, row: Payment) -> SafeString | str:
        return table(
            ("dispute", "amount", "status", "opened", "ended"), map(_of_dispute, payment_queries.disputes_of(row))
        )

    # refunding

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Who refunds sees what there is to refund."""
        return super().has_view_permission(request) or self.has_refund_permission(request)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        """Whether this person may refund."""
        return duties.may(request.user, MAY_REFUND)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.refund)
        return [path("<path:object_id>/refund/", page, name="billing_payment_refund"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context["may_refund"] = self.has_refund_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A form with amount and reason; POST refunds. Forbidden without the permission to."""
        if not self.has_refund_permission(request):
            raise Forbidden("Refunds are for staff who may add them.")
        row = self.get_object(request, object_id)
        if row is None:
            raise NotFound("There is no such payment.")
        form = StaffRefundForm(request.POST or None, most=refunds.refundable(row))
        status = 200
        if request.method == "POST":
            status = 422
            if form.is_valid():
                amount, reason = form.cleaned_data["amount"], form.cleaned_data["reason"]
                try:
                    refunds.ask(payment=row, amount=amount, actor=staff_of(request), reason=reason, source="admin")
                except Problem as problem:
                    status = tell(form, problem)
                else:
                    self.message_user(request, f"Refunded: {dollars(amount)} of {row.public_id}", messages.SUCCESS)
                    return HttpResponseRedirect(reverse("admin:billing_payment_change", args=[row.pk]))
        bonus, withheld = refunds.bonus_taken_by(row)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Refund {row.public_id}",
            "row": row,
            "form": form,
            "most": refunds.refundable(row),
            "bonus": bonus,
            "withheld": withheld,
        }
        return render(request, "admin/billing/payment/refund.html", context, status=status)


@admin.register(Lot)
class LotAdmin(ReadOnly):
    """Credit that came in at once, and where all of it is now. Micro-dollars."""

    list_display = ("id", "team", "kind", "amount", "unspent", "held", "spent", "frozen", "taken", "expired")
    list_filter = ("kind", "expires_at")
    list_select_related = ("team",)
    ordering = ("-id",)
    search_fields = ("transfer__key",)
    show_full_result_count = False
