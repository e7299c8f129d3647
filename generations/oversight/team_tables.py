"""The tables about one team for the operator's people: each once, for the page (its first rows) and for the CSV.

Nothing here opens a door: of keys their public start alone, of generations no prompt. Money in micro-dollars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts import key_format
from accounts.models import ApiKey, Membership, Team
from billing import budget_queries, lots, words
from billing.models import Adjustment, Hold, HoldState, Lot, Payment, Refund, Restriction, WalletFreeze
from generations.models import Generation, TeamDay, TeamDiscount
from generations.pricing import percent
from project import csv_safe, db
from project.money import dollars, usd
from project.times import stamp

MOST = 25  # rows of a table on the page
MOST_CSV = 10_000
DAYS = 30  # of the spend


@dataclass(frozen=True)
class Money:
    """An amount in a cell."""

    micro: int

    @property
    def text(self) -> str:
        """`$0.30`, `-$0.30`."""
        return dollars(self.micro) if self.micro >= 0 else f"\N{MINUS SIGN}{dollars(-self.micro)}"


Value = str | int | datetime | Money | None


@dataclass(frozen=True)
class Cell:
    """A value of a table; `href` leads on."""

    value: Value
    href: str = ""

    @property
    def is_money(self) -> bool:
        return isinstance(self.value, Money)

    @property
    def is_moment(self) -> bool:
        return isinstance(self.value, datetime)


@dataclass(frozen=True)
class Table:
    """A table with headings (`>` before those of amounts), its rows, and what is said where there are none. `more`:
    there are rows beyond those shown; the CSV has them."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: list[list[Cell]]
    none: str
    more: bool = False

    @property
    def shown_heads(self) -> list[tuple[str, bool]]:
        """Each heading, and whether it is one of numbers."""
        return [(head.lstrip(">$"), head.startswith(">")) for head in self.heads]


def csv_of(table: Table) -> tuple[list[str], list[list[csv_safe.Value]]]:
    """Header and rows of a file: money as whole micro-dollars and as exact dollars beside."""
    money = [head.startswith(">$") for head in table.heads]
    header: list[str] = []
    for head, is_money in zip(table.heads, money, strict=True):
        name = head.lstrip(">$").strip().lower().replace(" ", "_")
        header += [f"{name}_micro", f"{name}_usd"] if is_money else [name]
    return header, [_line(row, money) for row in table.rows]


def _line(row: Sequence[Cell], money: Sequence[bool]) -> list[csv_safe.Value]:
    out: list[csv_safe.Value] = []
    for cell, is_money in zip(row, money, strict=True):
        value = cell.value
        if is_money:
            out += [value.micro, usd(value.micro)] if isinstance(value, Money) else [None, None]
        elif isinstance(value, datetime):
            out.append(stamp(value))
        else:
            out.append(value.micro if isinstance(value, Money) else value)
    return out


def of_generation(public_id: str) -> str:
    """Where staff look at a generation."""
    return f"/admin/costs/generations/{public_id}"


def of_payment(row: Payment) -> str:
    """Where staff look at a payment, and refund it."""
    return f"/admin/billing/payment/{row.pk}/change/"


def _table(name: str, title: str, heads: str, rows: Iterable[Sequence[Value | Cell]], none: str, most: int) -> Table:
    cells = [[value if isinstance(value, Cell) else Cell(value) for value in row] for row in rows]
    return Table(name, title, tuple(heads.split("|")), cells[:most], none, len(cells) > most)


def credit_lots(team: Team, most: int = MOST) -> Table:
    """Credit that came in, what of it is left and until when."""
    rows = Lot.objects.filter(team=team).select_related("transfer")
    if most == MOST:
        rows = rows.filter(amount__gt=0).exclude(unspent=0, held=0, frozen=0)
    heads = "Credit|>$Amount|>$Unspent|>$Held|>$Spent|>$Frozen|>$Taken back|>$Expired|Expires"
    told = (
        (
            lots.label(row),
            *(
                Money(getattr(row, part))
                for part in ("amount", "unspent", "held", "spent", "frozen", "taken", "expired")
            ),
            row.expires_at,
        )
        for row in rows.order_by("kind", "expires_at", "id")[: most + 1]
    )
    return _table("lots", "Lots of credit", heads, told, "No credit is left: nothing unspent, held or frozen.", most)


def open_holds(team: Team, most: int = MOST) -> Table:
    """What is held for what is under way."""
    rows = Hold.objects.filter(team=team, state=HoldState.OPEN).select_related("membership__user", "api_key")
    told = (
        (
            Cell(row.reference, of_generation(row.reference)),
            row.subject,
            Money(row.amount),
            _who(row.membership, row.api_key),
            row.created_at,
            row.expires_at,
        )
        for row in rows.order_by("-created_at")[: most + 1]
    )
    heads = "Generation|Model|>$Held|By|Since|Ends by"
    return _table("holds", "Open holds", heads, told, "Nothing is held: no generation is under way.", most)


def limits(team: Team, most: int = MOST) -> Table:
    """Budgets of members and keys with what is used and held of them. A budget of nobody is no limit."""
    rows: list[Sequence[Value | Cell]] = []
    for states in (*budget_queries.of_members(team).values(), *budget_queries.of_keys(team).values()):
        for state in states:
            row = state.budget
            rows.append(
                (
                    _who(row.membership, row.api_key),
                    "a day" if row.period == "day" else "a month",
                    *(Money(part) for part in (state.cap, state.used, state.held, state.left)),
                    state.resets_at,
                )
            )
    heads = "Of|Per|>$Limit|>$Used|>$Held|>$Left|Resets"
    none = "No budgets: only the wallet limits what members and keys may spend."
    return _table("limits", "Budgets", heads, rows[: most + 1], none, most)


def members(team: Team, most: int = MOST) -> Table:
    """Who belongs to the team."""
    rows = Membership.current.select_related("user").filter(team=team).order_by("role", "user__email")
    told = (
        (row.user.email, row.user.name, row.role, row.created_at, row.user.last_login, row.public_id)
        for row in rows[: most + 1]
    )
    heads = "Address|Name|Role|Joined|Last sign-in|Id"
    return _table("members", "Members", heads, told, "Nobody belongs to this team any more.", most)


def keys(team: Team, most: int = MOST) -> Table:
    """API keys: their public start, never more."""
    rows = ApiKey.objects.filter(team=team).order_by("-created_at", "-id")
    moment = db.now()
    told = (
        (
            row.name,
            key_format.start_of(row.lookup),
            ", ".join(row.scopes),
            "revoked" if row.revoked_at else "expired" if row.expires_at <= moment else "active",
            row.last_used_at,
            row.expires_at,
            row.public_id,
        )
        for row in rows[: most + 1]
    )
    heads = "Name|Start|Scopes|State|Last used|Expires|Id"
    return _table("keys", "API keys", heads, told, "This team has no API keys.", most)


def discounts(team: Team, most: int = MOST) -> Table:
    """Discounts of the team, the newest first; a row of nothing ends the one before."""
    rows = TeamDiscount.objects.filter(team=team).order_by("-effective_from", "-number")
    told = (
        (row.model or "all models", percent(row.ppm), row.effective_from, row.created_by, row.reason)
        for row in rows[: most + 1]
    )
    heads = "Model|Discount|From|By|Why"
    return _table("discounts", "Discounts", heads, told, "No discounts: this team pays the list price.", most)


def restrictions(team: Team, most: int = MOST) -> Table:
    """Restrictions, by money that went back or by staff."""
    rows = Restriction.objects.filter(team=team).select_related("payment").order_by("-id")
    told = (
        (
            row.reason,
            Cell(row.payment.public_id, of_payment(row.payment)) if row.payment else None,
            Money(row.owed),
            row.placed_by,
            row.created_at,
            row.lifted_at,
            row.lifted_by,
        )
        for row in rows[: most + 1]
    )
    heads = "Why|Payment|>$Owed|By|Since|Lifted|Lifted by"
    return _table("restrictions", "Restrictions", heads, told, "This team was never restricted.", most)


def freezes(team: Team, most: int = MOST) -> Table:
    """Freezes of the wallet."""
    rows = WalletFreeze.objects.filter(team=team).order_by("-id")
    told = (
        (row.reason, row.frozen_by, row.frozen_at, row.lifted_at, row.lifted_by, row.note) for row in rows[: most + 1]
    )
    return _table(
        "freezes", "Freezes", "Why|By|Since|Lifted|Lifted by|Note", told, "Its wallet was never frozen.", most
    )


def adjustments(team: Team, most: int = MOST) -> Table:
    """What staff added and took, and what waits for a second person."""
    rows = Adjustment.objects.filter(team=team).select_related("proposed_by", "decided_by").order_by("-id")
    told = (
        (
            Cell(row.public_id[:12] + "…" if most == MOST else row.public_id, of_adjustment(row)),
            Money(row.amount),
            row.state,
            row.reason,
            row.proposed_by.email,
            row.proposed_at,
            row.decided_by.email if row.decided_by else None,
            row.note,
        )
        for row in rows[: most + 1]
    )
    heads = "Adjustment|>$Amount|State|Why|Proposed by|When|Decided by|Note"
    return _table("adjustments", "Adjustments", heads, told, "Nothing was adjusted.", most)


def of_adjustment(row: Adjustment) -> str:
    """Where a second person decides it."""
    return f"/admin/teams/adjustments/{row.public_id}"


def payments(team: Team, most: int = MOST) -> Table:
    """Payments, the newest first."""
    rows = Payment.objects.filter(team=team).order_by("-id")
    told = (
        (
            Cell(row.public_id, of_payment(row)),
            words.STATUSES[row.status],
            Money(row.amount),
            Money(row.bonus),
            row.origin,
            row.payment_intent,
            row.created_at,
        )
        for row in rows[: most + 1]
    )
    heads = "Payment|State|>$Amount|>$Bonus|By|At Stripe|When"
    return _table("payments", "Payments", heads, told, "This team has bought nothing.", most)


def refunds(team: Team, most: int = MOST) -> Table:
    """Refunds, the newest first."""
    rows = Refund.objects.filter(team=team).select_related("payment").order_by("-id")
    told = (
        (
            row.public_id,
            Cell(row.payment.public_id, of_payment(row.payment)),
            words.REFUNDS[row.status],
            Money(row.amount),
            row.actor,
            row.reason,
            row.created_at,
        )
        for row in rows[: most + 1]
    )
    heads = "Refund|Payment|State|>$Amount|By|Why|When"
    return _table("refunds", "Refunds", heads, told, "Nothing was refunded.", most)


def made(team: Team, most: int = MOST) -> Table:
    """Generations, the newest first."""
    rows = Generation.objects.filter(team=team).select_related("membership__user", "api_key").order_by("-created_at")
    told = (
        (
            Cell(row.public_id, of_generation(row.public_id)),
            row.model,
            row.status,
            Money(row.hold_amount),
            Money(row.charged) if row.charged is not None else None,
            _who(row.membership, row.api_key),
            row.created_at,
        )
        for row in rows[: most + 1]
    )
    heads = "Generation|Model|State|>$Held|>$Charged|By|When"
    return _table("generations", "Generations", heads, told, "This team has made nothing yet.", most)


def spend(team: Team, most: int = DAYS) -> Table:
    """The last 30 days: what was charged, what it cost us and what remained."""
    first = db.now().date() - timedelta(days=DAYS - 1)
    days: dict[str, list[int]] = {}
    rows = TeamDay.objects.filter(team=team, day__gte=first).order_by("-day")
    for day, *sums in rows.values_list("day", "succeeded", "failed", "revenue", "cost"):
        before = days.setdefault(day.isoformat(), [0, 0, 0, 0])
        days[day.isoformat()] = [one + two for one, two in zip(before, sums, strict=True)]
    told = (
        (day, succeeded, failed, Money(revenue), Money(cost), Money(revenue - cost))
        for day, (succeeded, failed, revenue, cost) in days.items()
    )
    heads = "Day|>Succeeded|>Failed|>$Charged|>$Cost|>$Margin"
    return _table("spend", f"The last {DAYS} days", heads, told, f"Nothing ended in the last {DAYS} days.", most)


TABLES: dict[str, Callable[..., Table]] = {
    "lots": credit_lots,
    "holds": open_holds,
    "limits": limits,
    "members": members,
    "keys": keys,
    "discounts": discounts,
    "restrictions": restrictions,
    "freezes": freezes,
    "adjustments": adjustments,
    "payments": payments,
    "refunds": refunds,
    "generations": made,
    "spend": spend,
}


def _who(membership: Membership | None, api_key: ApiKey | None) -> str:
    if api_key is not None:
        return f"key {api_key.name}"
    return membership.user.email if membership is not None else ""
