"""Raises: more for a budget until an instant, and its early end."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from accounts import audit
from accounts.actors import Actor
from accounts.models import Action
from billing import budget_queries, budget_rights, budget_warnings, budgets
from billing.budget_rights import By
from billing.models import Budget, BudgetRaise
from project import db
from project.errors import Conflict, FieldError, Invalid
from project.money import CEILING

LONGEST = timedelta(days=366)


def grant(*, by: By, budget: Budget, amount: int, until: datetime) -> BudgetRaise:
    """Lets a budget take `amount` micro-dollars more until that instant, beside the raises in force.

    Raises Invalid (fields `amount`, `until`), Forbidden and NotFound (budget_rights), Conflict for a budget that was
    removed."""
    with transaction.atomic():
        budget_rights.require(by=by, membership=budget.membership, api_key=budget.api_key)
        return write(by=by, budget=budgets.lock(budget), amount=amount, until=until)


def write(*, by: By, budget: Budget, amount: int, until: datetime) -> BudgetRaise:
    """The raise of a budget that is locked, by somebody who may."""
    if budget.ended_at is not None:
        raise Conflict("This budget was removed: nothing limits any more.", code="budget_removed")
    _check(budget, amount, until)
    before = budget_queries.state(budget).cap
    row = BudgetRaise.objects.create(
        team_id=budget.team_id,
        budget=budget,
        amount=amount,
        until=until,
        granted_by=by.membership if isinstance(by, Actor) else None,
    )
    budget_warnings.rearm(budget)
    _record(Action.BUDGET_RAISED, by, budget, {"before": before, "after": before + amount, "until": until.isoformat()})
    return row


def take_back(*, by: By, raised: BudgetRaise) -> BudgetRaise:
    """Ends a raise now: a mistake is put right. What is held by it may still be used. Of one that has ended nothing
    changes. Raises as `grant` does."""
    with transaction.atomic():
        budget_rights.require(by=by, membership=raised.budget.membership, api_key=raised.budget.api_key)
        budget = budgets.lock(raised.budget)
        before = budget_queries.state(budget).cap
        if BudgetRaise.objects.filter(pk=raised.pk, until__gt=Now()).update(until=Now()):
            after = budget_queries.state(budget).cap
            _record(
                Action.BUDGET_RAISE_ENDED, by, budget, {"before": before, "after": after, "raise": raised.public_id}
            )
        raised.refresh_from_db()
        return raised


def _check(budget: Budget, amount: int, until: datetime) -> None:
    moment = db.now()
    errors = []
    if type(amount) is not int or not 0 < amount < CEILING:
        errors.append(FieldError("amount", "must be more than nothing and below $1 billion"))
    if until <= moment:
        errors.append(FieldError("until", "must lie in the future"))
    elif until > moment + LONGEST:
        errors.append(FieldError("until", "must lie within a year; for longer, change the budget itself"))
    if errors:
        raise Invalid("This raise is not possible.", errors=errors)


def _record(action: Action, by: By, budget: Budget, data: dict[str, object]) -> None:
    target, name = budgets.named(budget)
    audit.record(
        action, by=by, team=budget.team, target=target, target_name=name, data={"period": budget.period, **data}
    )
