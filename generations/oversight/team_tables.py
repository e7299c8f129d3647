"""The tables about one team for the operator's people, in the order of its page: those of its money (team_money), and
here its people and keys, what it made and what it spent.

Nothing here opens a door: of keys their public start alone, of generations no prompt. Money in micro-dollars.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db.models import QuerySet, Sum

from accounts import key_format
from accounts.models import ApiKey, Membership, Team
from generations.models import Generation, TeamDay, TeamDiscount
from generations.oversight import team_money
from generations.oversight.team_cells import Cell, Doer, Line, Money, Sight, Table, columns, listed, newest
from generations.pricing import percent
from project import db
from project.times import instant

DAYS = 30  # of the spend


def members(team: Team, sight: Sight) -> Table:
    """Who belongs to the team."""

    def lines() -> list[Line]:
        rows = Membership.current.select_related("user").filter(team=team).order_by("role", "user__email")
        return [
            (row.user.email, row.user.name, row.role, row.created_at, row.user.last_login, row.public_id)
            for row in rows
        ]

    return Table(
        name="members",
        title="Members",
        columns=columns("Address", "Name", "Role", "Joined", "Last sign-in", "Id"),
        none="Nobody belongs to this team any more.",
        read=listed(lines),
    )


def keys(team: Team, sight: Sight) -> Table:
    """API keys: their public start, never more."""
    moment = db.now()

    def cells(row: ApiKey) -> Line:
        state = "revoked" if row.revoked_at else "expired" if row.expires_at <= moment else "active"
        start, scopes = key_format.start_of(row.lookup), ", ".join(row.scopes)
        return (row.name, start, scopes, state, row.last_used_at, row.expires_at, row.public_id)

    return Table(
        name="keys",
        title="API keys",
        columns=columns("Name", "Start", "Scopes", "State", "Last used", "Expires", "Id"),
        none="This team has no API keys.",
        read=newest(ApiKey.objects.filter(team=team), cells),
    )


def discounts(team: Team, sight: Sight) -> Table:
    """Discounts of the team, the last to begin first; a row of nothing ends the one before."""

    def cells(row: TeamDiscount) -> Line:
        return (row.model or "all models", percent(row.ppm), row.effective_from, Doer(row.created_by), row.reason)

    return Table(
        name="discounts",
        title="Discounts",
        columns=columns("Model", "Discount", "From", "By", "Why"),
        none="No discounts: this team pays the list price.",
        read=newest(TeamDiscount.objects.filter(team=team), cells, keys={"effective_from": instant, "id": int}),
    )


def made(team: Team, sight: Sight) -> Table:
    """Generations, the newest first."""
    rows = (
        Generation.objects.filter(team=team)
        .select_related("membership__user", "api_key")
        .defer("input", "lines", "receipt", "sources", "provider_urls", "metadata", "text")
    )

    def cells(row: Generation) -> Line:
        charged = Money(row.charged) if row.charged is not None else None
        link = Cell(row.public_id, team_money.of_generation(row.public_id))
        by = team_money.who(row.membership, row.api_key)
        return (link, row.model, row.status, Money(row.hold_amount), charged, by, row.created_at)

    return Table(
        name="generations",
        title="Generations",
        columns=columns("Generation", "Model", "State", "Held", "Charged", "By", "When", money=("Held", "Charged")),
        none="This team has made nothing yet.",
        read=newest(rows, cells, keys={"created_at": instant, "id": uuid.UUID}),
    )


def spend(team: Team, sight: Sight) -> Table:
    """The last 30 days: what was charged, and for those who see costs what it cost us and what remained."""
    money = ("Charged", "Cost", "Margin") if sight.costs else ("Charged",)
    counts = ("Succeeded", "Failed")

    def lines() -> list[Line]:
        rows = days_of(team).values("day").order_by("-day")
        sums = rows.annotate(*(Sum(name) for name in ("succeeded", "failed", "revenue", "cost")))
        found = sums.values_list("day", "succeeded__sum", "failed__sum", "revenue__sum", "cost__sum")
        return [
            (
                *(day.isoformat(), succeeded, failed),
                *(Money(amount) for amount in (revenue, cost, revenue - cost)[: len(money)]),
            )
            for day, succeeded, failed, revenue, cost in found
        ]

    return Table(
        name="spend",
        title=f"The last {DAYS} days",
        columns=columns("Day", *counts, *money, money=money, numbers=counts),
        none=f"Nothing ended in the last {DAYS} days.",
        read=listed(lines),
    )


def days_of(team: Team) -> QuerySet[TeamDay]:
    """The sums of the last 30 days."""
    return TeamDay.objects.filter(team=team, day__gte=db.now().date() - timedelta(days=DAYS - 1))


def sums_of(team: Team) -> tuple[int, int]:
    """What was charged and what it cost us in the last 30 days."""
    found = days_of(team).aggregate(revenue=Sum("revenue", default=0), cost=Sum("cost", default=0))
    return found["revenue"], found["cost"]


TABLES: Mapping[str, Callable[[Team, Sight], Table]] = {
    "lots": team_money.credit_lots,
    "holds": team_money.open_holds,
    "limits": team_money.limits,
    "members": members,
    "keys": keys,
    "discounts": discounts,
    "restrictions": team_money.restrictions,
    "freezes": team_money.freezes,
    "adjustments": team_money.adjustments,
    "payments": team_money.payments,
    "refunds": team_money.refunds,
    "generations": made,
    "spend": spend,
}
