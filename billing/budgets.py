"""Budgets: a cap per member and per API key, per day and per month (UTC), kept in the accept transaction.

The counter row of the period is changed by one conditional UPDATE; a trigger refuses what would exceed the cap, so
1,000 parallel submits of $0.10 against $5.00 accept exactly 50 (design section 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.models import F, QuerySet

from accounts.models import ApiKey, Membership, Team
from billing.models import Budget, BudgetHold, BudgetUsage, Hold, Period
from project import db
from project.errors import PaymentRequired
from project.money import dollars, to_json
from project.times import stamp


def set_limit(
    *,
    team: Team,
    period: Period,
    limit: int,
    membership: Membership | None = None,
    api_key: ApiKey | None = None,
) -> Budget:
    """Sets the cap of a member or a key, in micro-dollars; what is already used or held stays counted."""
    budget, _ = Budget.objects.update_or_create(
        team=team, membership=membership, api_key=api_key, period=period, defaults={"limit": limit}
    )
    return budget


def take(*, membership: Membership | None, api_key: ApiKey | None, amount: int) -> list[BudgetUsage]:
    """Counts `amount` as held in every budget that applies, in id order. Raises PaymentRequired at the first that
    does not allow it: then the caller's transaction must end without effect."""
    # The caps are locked first: a cap lowered while this waits for its counter must not surprise the trigger.
    found = list(_applying(membership, api_key).select_for_update(no_key=True))
    if not found:
        return []
    moment = db.now()
    usages = []
    for budget in found:
        start = period_start(budget.period, moment)
        usage, _ = BudgetUsage.objects.get_or_create(budget=budget, period_start=start)
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE billing_budgetusage u SET held = held + %s FROM billing_budget b
                   WHERE u.id = %s AND b.id = u.budget_id AND u.used + u.held + %s <= b."limit" """,
                [amount, usage.pk, amount],
            )
            if cursor.rowcount == 0:
                usage.refresh_from_db()
                raise exceeded(budget=budget, usage=usage, needed=amount, moment=moment)
        usages.append(usage)
    return usages


def bind(*, hold: Hold, usages: Sequence[BudgetUsage], amount: int) -> None:
    """Remembers which periods a hold counts against."""
    BudgetHold.objects.bulk_create(BudgetHold(hold=hold, usage=usage, amount=amount) for usage in usages)


def lock_of(hold: Hold) -> None:
    """Locks the counters that a hold counts against, in id order, before the accounts are locked."""
    ids = BudgetHold.objects.filter(hold=hold).values("usage_id")
    list(BudgetUsage.objects.filter(pk__in=ids).order_by("budget_id", "id").select_for_update(no_key=True))


def settle(*, hold: Hold, used: int) -> None:
    """Turns what a hold counted into `used` micro-dollars, once; the rest is free again in its own period."""
    for row in BudgetHold.objects.filter(hold=hold, settled=False).order_by("usage__budget_id"):
        BudgetUsage.objects.filter(pk=row.usage_id).update(held=F("held") - row.amount, used=F("used") + used)
    BudgetHold.objects.filter(hold=hold).update(settled=True)


def period_start(period: str, moment: datetime) -> date:
    """The first UTC day of the day or month that contains the moment."""
    day = moment.astimezone(UTC).date()
    return day if period == Period.DAY else day.replace(day=1)


def resets_at(period: str, moment: datetime) -> datetime:
    """When the next period begins (UTC)."""
    start = period_start(period, moment)
    after = start + timedelta(days=1) if period == Period.DAY else (start + timedelta(days=32)).replace(day=1)
    return datetime(after.year, after.month, after.day, tzinfo=UTC)


def state_of(*, membership: Membership | None, api_key: ApiKey | None) -> list[tuple[Budget, BudgetUsage, datetime]]:
    """Each budget that applies, its counter in this period (unsaved zeros when none), and when it resets."""
    moment = db.now()
    states = []
    for budget in _applying(membership, api_key):
        start = period_start(budget.period, moment)
        usage = BudgetUsage.objects.filter(budget=budget, period_start=start).first()
        states.append(
            (
                budget,
                usage or BudgetUsage(budget=budget, period_start=start),
                resets_at(budget.period, moment),
            )
        )
    return states


def exceeded(*, budget: Budget, usage: BudgetUsage, needed: int, moment: datetime) -> PaymentRequired:
    """The 402 of a budget: which limit, used, held, left, when it resets, who can raise it."""
    whose = "key" if budget.api_key_id else "member"
    left = max(budget.limit - usage.used - usage.held, 0)
    reset = resets_at(budget.period, moment)
    span = "day" if budget.period == Period.DAY else "month"
    return PaymentRequired(
        f"This needs {dollars(needed)}; the {whose}'s budget of {dollars(budget.limit)} a {span}"
        f" has {dollars(left)} left ({dollars(usage.used)} used, {dollars(usage.held)} held)."
        f" It resets at {reset:%Y-%m-%d %H:%M} UTC.",
        code="budget_exceeded",
        room=left,
        extra={
            "limit_kind": f"{whose}_{budget.period}",
            "needed": to_json(needed),
            "available": to_json(left),
            "used": to_json(usage.used),
            "held": to_json(usage.held),
            "limit": to_json(budget.limit),
            "missing": to_json(needed - left),
            "resets_at": stamp(reset),
            "raised_by": ["owner", "admin"],
        },
    )


def _applying(membership: Membership | None, api_key: ApiKey | None) -> QuerySet[Budget]:
    """A member's budgets when a member acts, a key's when a key does: keys belong to the team, not to their maker."""
    if api_key is not None:
        return Budget.objects.filter(api_key=api_key).order_by("id")
    if membership is not None:
        return Budget.objects.filter(membership=membership).order_by("id")
    return Budget.objects.none()
