"""Requests: a member asks for more of a budget of theirs; somebody who may grants it until a date, or declines."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from accounts import audit, managers, roles
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import Action, Membership, User
from accounts.notify import mail
from billing import budget_queries, budget_raises, budget_rights, budgets
from billing.models import Budget, BudgetRaise, BudgetRequest, RequestStatus
from project import db
from project.errors import Conflict, FieldError, Forbidden, Invalid, RateLimited
from project.money import CEILING
from project.text import clean_name

LONGEST_TEXT = 300
MOST_A_DAY = 5  # each mails every owner and admin; withdrawing and asking again must not be a way to flood them


def ask(*, by: Actor, budget: Budget, amount: int, reason: str) -> BudgetRequest:
    """A member asks for `amount` micro-dollars more of a budget of their own; who can grant it gets a mail.

    Raises Invalid (`amount`, `reason`), Forbidden, RateLimited, Conflict while another is open, for a removed budget
    and for owners, who need nobody."""
    with transaction.atomic():
        member = by.membership
        if member is None or member.pk != budget.membership_id:
            raise Forbidden("A member asks for their own budget.")
        list(Membership.objects.filter(pk=member.pk).select_for_update(no_key=True))
        if still(by, roles.MAKE).may(roles.OWN):
            raise Conflict("You are an owner: change the budget itself.", code="owner")
        row = budgets.lock(budget)
        if row.ended_at is not None:
            raise Conflict("This budget was removed: nothing limits you any more.", code="budget_removed")
        reason = _text("reason", reason)
        if type(amount) is not int or not 0 < amount < CEILING:
            raise Invalid("No such amount.", errors=[FieldError("amount", "must be more than nothing")])
        mine = BudgetRequest.objects.filter(budget=row)
        if mine.filter(status=RequestStatus.OPEN).exists():
            raise Conflict("You have asked already; nobody has answered yet.", code="already_asked")
        if mine.filter(created_at__gt=db.now() - timedelta(days=1)).count() >= MOST_A_DAY:
            raise RateLimited(f"You have asked {MOST_A_DAY} times within a day. Speak to an owner or admin.")
        request = BudgetRequest.objects.create(
            team_id=row.team_id, budget=row, asked_by=member, amount=amount, reason=reason
        )
        _record(Action.BUDGET_ASKED, by, request, {"amount": amount})
        for user in deciders(request):
            mail(to=user.email, template="budget_asked", context=_context(request))
        return request


def deciders(request: BudgetRequest) -> list[User]:
    """Who may grant it: owners and admins but the one who asks."""
    return [user for user in managers.of(request.budget.team) if user.pk != request.asked_by.user_id]


def grant(*, by: Actor, request: BudgetRequest, amount: int, until: datetime) -> BudgetRaise:
    """Raises the budget by `amount`, which may be another one than was asked, until that instant, and tells the
    member. Raises as budget_raises.grant, and Conflict for a request that somebody decided before."""
    with transaction.atomic():
        row = _lock_open(by, request)
        raised = budget_raises.write(by=by, budget=row.budget, amount=amount, until=until)
        _end(row, RequestStatus.GRANTED, by=by, raised=raised)
        mail(to=row.asked_by.user.email, template="budget_raised", context={**_context(row), "raised": raised})
        return raised


def decline(*, by: Actor, request: BudgetRequest, answer: str) -> BudgetRequest:
    """Declines, with a sentence that the member gets. Raises Invalid (`answer`), and as grant does."""
    with transaction.atomic():
        row = _lock_open(by, request)
        _end(row, RequestStatus.DECLINED, by=by, answer=_text("answer", answer))
        _record(Action.BUDGET_DECLINED, by, row, {"amount": row.amount})
        mail(to=row.asked_by.user.email, template="budget_declined", context=_context(row))
        return row


def withdraw(*, by: Actor, request: BudgetRequest) -> BudgetRequest:
    """Takes a request back, by who asked. Raises Forbidden, and Conflict for one that has ended."""
    with transaction.atomic():
        if by.membership is None or by.membership.pk != request.asked_by_id:
            raise Forbidden("Only who asked withdraws it.")
        still(by, roles.SEE)
        row = _lock(request)
        _end(row, RequestStatus.WITHDRAWN, by=by)
        _record(Action.BUDGET_ASK_WITHDRAWN, by, row, {"amount": row.amount})
        return row


def _lock_open(by: Actor, request: BudgetRequest) -> BudgetRequest:
    """After who acts and the budget, so that two who decide at once come one after the other."""
    budget_rights.require(by=by, membership=request.asked_by)
    return _lock(request)


def _lock(request: BudgetRequest) -> BudgetRequest:
    budget = budgets.lock(request.budget)
    rows = BudgetRequest.objects.select_related("asked_by__user", "decided_by__user")
    row = rows.select_for_update(no_key=True, of=("self",)).get(pk=request.pk)
    row.budget = budget
    if row.status != RequestStatus.OPEN:
        who = f" by {row.decided_by.user.name or row.decided_by.role}" if row.decided_by else ""
        raise Conflict(f"This request was {row.get_status_display().lower()} already{who}.", code="already_decided")
    return row


def _end(
    row: BudgetRequest, status: RequestStatus, *, by: Actor, raised: BudgetRaise | None = None, answer: str = ""
) -> None:
    BudgetRequest.objects.filter(pk=row.pk).update(
        status=status, decided_by=by.membership, decided_at=Now(), raised=raised, answer=answer
    )
    row.refresh_from_db(fields=["status", "decided_by", "decided_at", "raised", "answer"])


def _text(name: str, text: str) -> str:
    try:
        return clean_name(text, longest=LONGEST_TEXT)
    except ValueError as error:
        raise Invalid(f"The {name} {error}.", errors=[FieldError(name, str(error))]) from error


def _context(request: BudgetRequest) -> dict[str, object]:
    state = budget_queries.state(request.budget)
    return {
        "team": request.budget.team,
        "request": request,
        "member": request.asked_by.user,
        "state": state,
        "period": request.budget.get_period_display().lower(),
    }


def _record(action: Action, by: Actor, request: BudgetRequest, data: dict[str, object]) -> None:
    target, name = budgets.named(request.budget)
    audit.record(
        action,
        by=by,
        team=request.budget.team,
        target=target,
        target_name=name,
        data={"period": request.budget.period, "request": request.public_id, **data},
    )
