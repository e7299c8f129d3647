"""Budgets: a cap per member and per API key, per day and per month (UTC), kept in the accept transaction.

The counter row of the period is changed by one conditional UPDATE; a trigger refuses what would exceed the cap, so
1,000 parallel submits of $0.10 against $5.00 accept exactly 50 (design section 5). The cap is the limit plus the
raises in force: billing_budget_cap() says it to both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts import audit
from accounts.models import Action, ApiKey, Membership, Team
from billing import budget_queries, budget_rights, budget_warnings, ledger, periods, shortages
from billing.budget_queries import State
from billing.budget_rights import By
from billing.budget_warnings import Taken
from billing.models import Budget, BudgetHold, BudgetRaise, BudgetRequest, BudgetUsage, Hold, Period, RequestStatus
from project import db
from project.errors import FieldError, Invalid, NotFound, PaymentRequired
from project.money import CEILING


def set_limit(
    *,
    by: By,
    team: Team,
    period: Period,
    limit: int,
    membership: Membership | None = None,
    api_key: ApiKey | None = None,
) -> Budget:
    """Sets the cap of a member or a key, in micro-dollars; what is already used or held stays counted.

    A cap below that is allowed: nothing new fits until it has fallen, and what is held may still be used. `by` is a
    program of ours as text, or who acts. Raises Forbidden (budget_rights), NotFound and Invalid."""
    if type(limit) is not int or not 0 <= limit < CEILING:
        raise Invalid("The limit is out of range.", errors=[FieldError("limit", "must be from $0 to below $1 billion")])
    _require_of_team(team, membership, api_key)
    with transaction.atomic():
        budget_rights.require(by=by, membership=membership, api_key=api_key)
        found, made = Budget.objects.get_or_create(
            team=team, membership=membership, api_key=api_key, period=period, defaults={"limit": limit}
        )
        before = lock(found)
        if not made and before.limit == limit and before.ended_at is None:
            return before
        Budget.objects.filter(pk=before.pk).update(limit=limit, ended_at=None)
        if not made and limit > before.limit:
            budget_warnings.rearm(before)
        had = None if made or before.ended_at else before.limit
        _record(Action.BUDGET_SET, by, before, {"before": had, "after": limit})
        before.refresh_from_db()
        return before


def remove_limit(
    *,
    by: By,
    team: Team,
    period: Period,
    membership: Membership | None = None,
    api_key: ApiKey | None = None,
) -> None:
    """Ends a cap, its raises and an open request for more; nothing happens when there is none. What was counted stays
    on record: a cap set again in the same period goes on from it. While there is none, nothing is counted.

    Raises Forbidden and NotFound as set_limit does."""
    _require_of_team(team, membership, api_key)
    with transaction.atomic():
        budget_rights.require(by=by, membership=membership, api_key=api_key)
        found = Budget.objects.filter(team=team, membership=membership, api_key=api_key, period=period).first()
        budget = lock(found) if found else None
        if budget is None or budget.ended_at is not None:
            return
        BudgetRaise.objects.filter(budget=budget, until__gt=Now()).update(until=Now())
        BudgetRequest.objects.filter(budget=budget, status=RequestStatus.OPEN).update(
            status=RequestStatus.WITHDRAWN, decided_at=Now()
        )
        Budget.objects.filter(pk=budget.pk).update(ended_at=Now())
        _record(Action.BUDGET_REMOVED, by, budget, {"before": budget.limit, "after": None})


def lock(budget: Budget) -> Budget:
    """The row as it is now, locked, with whose it is: before its counters, requests and the wallet
    (invariants.md section 3)."""
    rows = Budget.objects.select_related("membership__user", "api_key")
    return rows.select_for_update(no_key=True, of=("self",)).get(pk=budget.pk)


def take(*, team: Team, membership: Membership | None, api_key: ApiKey | None, amount: int) -> list[Taken]:
    """Counts `amount` as held in every budget that applies, in id order. Raises PaymentRequired, which names every
    limit that does not allow it, the wallet too: then the caller's transaction must end without effect."""
    found = _locked(membership, api_key)
    if not found:
        return []
    moment = db.now()
    taken: list[Taken] = []
    for budget in found:
        counted = _count(_usage(budget, moment), amount)
        if counted is None:
            raise _refusal(team, found, taken, amount)
        taken.append(counted)
    return taken


def require_room(*, team: Team, membership: Membership | None, api_key: ApiKey | None, amount: int) -> None:
    """Raises what `take` would raise for `amount`, and counts nothing; budgets and counters stay locked."""
    found = _locked(membership, api_key)
    if not found:
        return
    moment = db.now()
    for budget in found:
        _usage(budget, moment)
    if any(state.left < amount for state in _states(found)):
        raise _refusal(team, found, (), amount)


def _locked(membership: Membership | None, api_key: ApiKey | None) -> list[Budget]:
    """The budgets that apply. Caps before counters: one that is lowered while this waits for its counter must not
    surprise the trigger."""
    return list(budget_queries.applying(membership=membership, api_key=api_key).select_for_update(no_key=True))


def _usage(budget: Budget, moment: datetime) -> BudgetUsage:
    """The counter of the period, locked: what comes back to it meanwhile must not make a refusal that would say that
    there is enough."""
    usage, _ = BudgetUsage.objects.select_for_update(no_key=True).get_or_create(
        budget=budget, period_start=periods.start_of(budget.period, moment)
    )
    return usage


def _count(usage: BudgetUsage, amount: int) -> Taken | None:
    """Adds to what a period holds, if that fits; the database compares with the cap and with the thresholds. One
    statement, warnings included: what every accept pays."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE billing_budgetusage u SET held = held + %(amount)s FROM billing_budget_cap(%(budget)s) AS c(cap)
               WHERE u.id = %(usage)s AND u.used + u.held + %(amount)s <= c.cap
               RETURNING array(
                 SELECT t FROM unnest(%(thresholds)s::int[]) t
                 WHERE (u.used + u.held) * 100 >= t * c.cap AND NOT EXISTS (
                   SELECT FROM billing_budgetwarning w
                   WHERE w.usage_id = u.id AND w.threshold = t AND w.rearmed_at IS NULL)
                 ORDER BY t)""",
            {
                "amount": amount,
                "budget": usage.budget_id,
                "usage": usage.pk,
                "thresholds": list(budget_warnings.THRESHOLDS),
            },
        )
        row = cursor.fetchone()
    return None if row is None else Taken(usage, reached=row[0])


def _refusal(team: Team, found: Sequence[Budget], taken: Sequence[Taken], amount: int) -> PaymentRequired:
    """Every limit as it was before this asked: what was counted on the way is not a reason."""
    on_the_way = {row.usage.budget_id for row in taken}
    states = _states(found)
    before = [replace(state, held=state.held - amount) if state.budget.pk in on_the_way else state for state in states]
    limits = [shortages.of_budget(state) for state in before]
    return shortages.refusal([*limits, shortages.of_wallet(team, ledger.wallet(team.pk))], needed=amount)


def _states(found: Sequence[Budget]) -> list[State]:
    return budget_queries.states(Budget.objects.filter(pk__in=[budget.pk for budget in found]).order_by("id"))


def bind(*, hold: Hold, taken: Sequence[Taken], amount: int) -> None:
    """Remembers which periods a hold counts against."""
    BudgetHold.objects.bulk_create(BudgetHold(hold=hold, usage=row.usage, amount=amount) for row in taken)


def lock_of(hold: Hold) -> None:
    """Locks the counters that a hold counts against, in id order, before the accounts are locked."""
    ids = BudgetHold.objects.filter(hold=hold).values("usage_id")
    list(BudgetUsage.objects.filter(pk__in=ids).order_by("budget_id", "id").select_for_update(no_key=True))


def settle(*, hold: Hold, used: int) -> None:
    """Turns what a hold counted into `used` micro-dollars, once; the rest is free again in its own period."""
    for row in BudgetHold.objects.filter(hold=hold, settled=False).order_by("usage__budget_id"):
        BudgetUsage.objects.filter(pk=row.usage_id).update(held=F("held") - row.amount, used=F("used") + used)
    BudgetHold.objects.filter(hold=hold).update(settled=True)


def _require_of_team(team: Team, membership: Membership | None, api_key: ApiKey | None) -> None:
    whose = [row for row in (membership, api_key) if row is not None]
    if len(whose) != 1:
        raise ValueError("a budget is of one member or of one key")
    if whose[0].team_id != team.pk:
        raise NotFound


def _record(action: Action, by: By, budget: Budget, change: dict[str, int | None]) -> None:
    target, name = named(budget)
    audit.record(
        action, by=by, team=budget.team, target=target, target_name=name, data={"period": budget.period, **change}
    )


def named(budget: Budget) -> tuple[str, str]:
    """Public id and name of whose budget it is, for the audit log."""
    if budget.api_key is not None:
        return budget.api_key.public_id, budget.api_key.name
    assert budget.membership is not None
    return budget.membership.public_id, budget.membership.user.email
