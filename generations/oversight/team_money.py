"""The tables about a team's money for the operator's people: each once, for the page and for the file."""

from __future__ import annotations

import uuid

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.urls import reverse

from accounts.models import ApiKey, Membership, Team
from billing import budget_queries, lots, words
from billing.models import Adjustment, Hold, HoldState, Lot, Payment, Refund, Restriction, WalletFreeze
from generations.oversight.team_cells import Cell, Doer, Line, Money, Sight, Table, columns, listed, newest
from project.times import instant

PARTS = ("amount", "unspent", "held", "spent", "frozen", "taken", "expired")  # of a lot
SHORT = 12  # characters of an adjustment's id on the page


def of_generation(public_id: str) -> str:
    """Where whoever sees a team looks at one of its generations."""
    return reverse("staff_generation", args=[public_id])


def of_adjustment(public_id: str) -> str:
    """Where a second person decides it."""
    return reverse("staff_adjustment", args=[public_id])


def of_payment(row: Payment | None, sight: Sight) -> Cell:
    """A payment, and for those who refund the page of it."""
    if row is None:
        return Cell(None)
    return Cell(row.public_id, reverse("admin:billing_payment_change", args=[row.pk]) if sight.payments else "")


def who(membership: Membership | None, api_key: ApiKey | None) -> str:
    """By whom something of a team was made."""
    if api_key is not None:
        return f"key {api_key.name}"
    return membership.user.email if membership is not None else ""


def credit_lots(team: Team, sight: Sight) -> Table:
    """Credit that came in, what of it is left and until when: on the page what has something left comes first."""
    live = ExpressionWrapper(Q(unspent__gt=0) | Q(held__gt=0) | Q(frozen__gt=0), output_field=BooleanField())
    rows = Lot.objects.filter(team=team).select_related("transfer").annotate(live=live)

    def cells(row: Lot) -> Line:
        return (lots.label(row), *(Money(getattr(row, part)) for part in PARTS), row.expires_at)

    money = ("Amount", "Unspent", "Held", "Spent", "Frozen", "Taken back", "Expired")
    return Table(
        name="lots",
        title="Lots of credit",
        columns=columns("Credit", *money, "Expires", money=money),
        none="No credit has come in.",
        read=newest(rows, cells, keys={"live": lambda text: text == "True", "id": int}),
        filed=newest(rows, cells),
    )


def open_holds(team: Team, sight: Sight) -> Table:
    """What is held for what is under way."""
    rows = Hold.objects.filter(team=team, state=HoldState.OPEN).select_related("membership__user", "api_key")

    def cells(row: Hold) -> Line:
        made = Cell(row.reference, of_generation(row.reference))
        by = who(row.membership, row.api_key)
        return (made, row.subject, Money(row.amount), by, row.created_at, row.expires_at)

    return Table(
        name="holds",
        title="Open holds",
        columns=columns("Generation", "Model", "Held", "By", "Since", "Ends by", money=("Held",)),
        none="Nothing is held: no generation is under way.",
        read=newest(rows, cells, keys={"created_at": instant, "id": uuid.UUID}),
    )


def limits(team: Team, sight: Sight) -> Table:
    """Budgets of members and keys with what is used and held of them. A budget of nobody is no limit."""

    def lines() -> list[Line]:
        found = [*budget_queries.of_members(team).values(), *budget_queries.of_keys(team).values()]
        return [
            (
                who(state.budget.membership, state.budget.api_key),
                "a day" if state.budget.period == "day" else "a month",
                *(Money(part) for part in (state.cap, state.used, state.held, state.left)),
                state.resets_at,
            )
            for states in found
            for state in states
        ]

    money = ("Limit", "Used", "Held", "Left")
    return Table(
        name="limits",
        title="Budgets",
        columns=columns("Of", "Per", *money, "Resets", money=money),
        none="No budgets: only the wallet limits what members and keys may spend.",
        read=listed(lines),
    )


def restrictions(team: Team, sight: Sight) -> Table:
    """Restrictions, by money that went back or by staff."""
    rows = Restriction.objects.filter(team=team).select_related("payment")

    def cells(row: Restriction) -> Line:
        paid, by = of_payment(row.payment, sight), Doer(row.placed_by)
        return (row.reason, paid, Money(row.owed), by, row.created_at, row.lifted_at, Doer(row.lifted_by))

    return Table(
        name="restrictions",
        title="Restrictions",
        columns=columns("Why", "Payment", "Owed", "By", "Since", "Lifted", "Lifted by", money=("Owed",)),
        none="This team was never restricted.",
        read=newest(rows, cells),
    )


def freezes(team: Team, sight: Sight) -> Table:
    """Freezes of the wallet."""

    def cells(row: WalletFreeze) -> Line:
        return (row.reason, Doer(row.frozen_by), row.frozen_at, row.lifted_at, Doer(row.lifted_by), row.note)

    return Table(
        name="freezes",
        title="Freezes",
        columns=columns("Why", "By", "Since", "Lifted", "Lifted by", "Note"),
        none="Its wallet was never frozen.",
        read=newest(WalletFreeze.objects.filter(team=team), cells),
    )


def adjustments(team: Team, sight: Sight) -> Table:
    """What staff added and took, and what waits for a second person."""
    rows = Adjustment.objects.filter(team=team).select_related("proposed_by", "decided_by")

    def cells(row: Adjustment) -> Line:
        return (
            Cell(row.public_id, of_adjustment(row.public_id), short=f"{row.public_id[:SHORT]}…"),
            Money(row.amount),
            row.state,
            row.reason,
            row.proposed_by.email,
            row.proposed_at,
            row.decided_by.email if row.decided_by else None,
            row.note,
        )

    names = ("Adjustment", "Amount", "State", "Why", "Proposed by", "When", "Decided by", "Note")
    return Table(
        name="adjustments",
        title="Adjustments",
        columns=columns(*names, money=("Amount",)),
        none="Nothing was adjusted.",
        read=newest(rows, cells),
    )


def payments(team: Team, sight: Sight) -> Table:
    """Payments, the newest first."""

    def cells(row: Payment) -> Line:
        paid, state = of_payment(row, sight), words.STATUSES[row.status]
        return (paid, state, Money(row.amount), Money(row.bonus), row.origin, row.payment_intent, row.created_at)

    names = ("Payment", "State", "Amount", "Bonus", "By", "At Stripe", "When")
    return Table(
        name="payments",
        title="Payments",
        columns=columns(*names, money=("Amount", "Bonus")),
        none="This team has bought nothing.",
        read=newest(Payment.objects.filter(team=team), cells),
    )


def refunds(team: Team, sight: Sight) -> Table:
    """Refunds, the newest first."""
    rows = Refund.objects.filter(team=team).select_related("payment")

    def cells(row: Refund) -> Line:
        paid, state, by = of_payment(row.payment, sight), words.REFUNDS[row.status], Doer(row.actor)
        return (row.public_id, paid, state, Money(row.amount), by, row.reason, row.created_at)

    return Table(
        name="refunds",
        title="Refunds",
        columns=columns("Refund", "Payment", "State", "Amount", "By", "Why", "When", money=("Amount",)),
        none="Nothing was refunded.",
        read=newest(rows, cells),
    )
