"""Warnings by mail at 80 % and 100 % of a cap, once a period and threshold.

A warning is a row: budgets.take learns from the database which thresholds are reached and have none. A jump over both
mails only the higher. Hysteresis: a threshold is armed again within its period only by a higher cap that brought what
is used and held to 10 points below it; holds that come and go never do (issue of budgets).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models.functions import Now

from accounts import managers
from accounts.models import User
from accounts.notify import mail
from billing import budget_queries, facts, periods
from billing.models import Budget, BudgetUsage, BudgetWarning
from project import db

THRESHOLDS = (80, 100)  # percent of the cap
HYSTERESIS = 10  # points below a threshold that arm it again
FULL = THRESHOLDS[-1]


@dataclass(frozen=True)
class Taken:
    """What a hold was counted in, and the thresholds that it reached there and that are armed, in percent."""

    usage: BudgetUsage
    reached: Sequence[int]


def send(taken: Sequence[Taken]) -> None:
    """Writes, mails and tells webhooks what was reached by a hold that is accepted. The caller holds the transaction;
    where nothing was reached nothing is asked of the database."""
    for row in taken:
        if not row.reached:
            continue
        highest = max(row.reached)
        for threshold in row.reached:
            _, new = BudgetWarning.objects.get_or_create(
                usage=row.usage, threshold=threshold, rearmed_at=None, defaults={"mailed": threshold == highest}
            )
            if new and threshold == highest:
                state = budget_queries.state(row.usage.budget)
                _mail(state, threshold)
                facts.budget_reached(state, threshold=threshold)


def rearm(budget: Budget) -> None:
    """Arms what the present cap leaves 10 points below. The caller has raised the cap and holds the budget's lock."""
    state = budget_queries.state(budget)
    low = [each for each in THRESHOLDS if state.spent * 100 <= (each - HYSTERESIS) * state.cap]
    BudgetWarning.objects.filter(
        usage__budget=budget,
        usage__period_start=periods.start_of(budget.period, db.now()),
        threshold__in=low,
        rearmed_at=None,
    ).update(rearmed_at=Now())


def _mail(state: budget_queries.State, threshold: int) -> None:
    """To the member whose budget it is; to owners and admins too when it is used up, or when it is a key's."""
    row = state.budget
    readers: dict[int, User] = {}
    if row.membership is not None:
        readers[row.membership.user_id] = row.membership.user
    if row.membership is None or threshold == FULL:
        readers |= {user.pk: user for user in managers.of(row.team)}
    for user in readers.values():
        own = row.membership is not None and row.membership.user_id == user.pk
        context = {
            "team": row.team,
            "state": state,
            "threshold": threshold,
            "own": own,
            "whose": _whose(row, own=own),
            "period": row.get_period_display().lower(),
        }
        mail(to=user.email, template="budget_warning", context=context)


def _whose(row: Budget, *, own: bool) -> str:
    if row.api_key is not None:
        return f"The budget of the API key {row.api_key.name}"
    assert row.membership is not None
    return "Your budget" if own else f"The budget of {row.membership.user.name or row.membership.user.email}"
