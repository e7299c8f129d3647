"""A restricted team makes and buys nothing: credit that it spent was paid with money that went back.

It still reads, downloads and sees its statement. It is lifted when what is owed is covered (takings.settle), when the
dispute ends in the team's favor, or by staff. Staff restrict a team too (no payment): such a one only staff lift.
Amounts in micro-dollars.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, Q

from accounts import audit, duties, managers
from accounts.audit import STAFF, SYSTEM, Doer, Staff
from accounts.models import Action, Team
from accounts.notify import mail
from billing import ledger
from billing.models import Payment, Restriction
from project import db
from project.errors import Conflict, Forbidden

RULE = "hold_of_unrestricted_team"  # the trigger that refuses a hold
CODE = "team_restricted"
ACT = "restrict_teams"  # the duty of staff who restrict and lift


def open_of(team: Team) -> Restriction | None:
    """The restriction of a team that nobody has lifted."""
    return Restriction.objects.select_related("payment").filter(team=team, lifted_at=None).first()


def refusal() -> Forbidden:
    """What whoever wants to make or buy is told."""
    return Forbidden(
        "Your team is restricted: nothing new can be made and no credit be bought; what was made stays yours. Your"
        " wallet page says why. Ask the people who run this Framehouse to settle it.",
        code=CODE,
    )


def require_none(team: Team) -> None:
    """Raises Forbidden (`team_restricted`) while a restriction is open."""
    if open_of(team) is not None:
        raise refusal()


def lifted_by_staff_at(team: Team) -> datetime | None:
    """When staff last lifted one that was about money: what was written off until then is forgiven."""
    of_money = Q(payment__isnull=False) | Q(owed__gt=0)
    rows = Restriction.objects.filter(of_money, team=team, lifted_by__startswith=f"{STAFF}:")
    moment: datetime | None = rows.aggregate(last=Max("lifted_at"))["last"]
    return moment


def follow(*, team: Team, payment: Payment | None, owed: int, reason: str) -> None:
    """Makes the team's restriction say what is `owed` now; nothing owed lifts it, unless staff placed it. `payment` and
    `reason` say why a new one is made. The caller holds the transaction and the wallet's lock."""
    row = Restriction.objects.select_for_update(no_key=True).filter(team=team, lifted_at=None).first()
    if row is None:
        if owed:
            assert payment is not None, "somebody's payment is short"
            restrict(payment=payment, owed=owed, reason=reason)
    elif not owed and row.payment_id is not None:
        _lift(row, by=SYSTEM, data={"owed": row.owed})
    elif row.owed != owed:
        row.owed = owed
        row.save(update_fields=["owed"])


def restrict(*, payment: Payment, owed: int, reason: str) -> Restriction:
    """Restricts a payment's team, and tells it. The caller holds the wallet's lock: no hold slips in between."""
    team = payment.team
    row = Restriction.objects.create(team=team, payment=payment, owed=owed, reason=reason)
    _record(Action.TEAM_RESTRICTED, team, SYSTEM, {"owed": owed, "payment": payment.public_id, "reason": reason})
    for user in managers.of_money(team):
        mail(to=user.email, template="team_restricted", context={"team": team, "owed": owed, "why": reason})
    return row


def restrict_by_staff(*, team: Team, by: Staff, reason: str) -> Restriction:
    """Restricts a team for a reason of ours, and tells it with the reason. Its own transaction. Raises Forbidden,
    Invalid without a reason, Conflict for a team that is restricted already."""
    return db.in_transaction(lambda: _restrict_by_staff(team, by, reason))


def _restrict_by_staff(team: Team, by: Staff, reason: str) -> Restriction:
    duties.require(by, ACT)
    reason = duties.reason_of(reason)
    ledger.open_and_lock(team)
    if open_of(team) is not None:
        raise Conflict("This team is restricted already.", code="restricted_already")
    row = Restriction.objects.create(team=team, owed=0, reason=reason, placed_by=audit.actor_of(by))
    _record(Action.TEAM_RESTRICTED, team, by, {"reason": reason})
    for person in managers.of_money(team):
        mail(to=person.email, template="team_restricted", context={"team": team, "owed": 0, "why": reason})
    return row


def lift(*, team: Team, by: Staff, reason: str) -> Restriction:
    """Ends a team's restriction by a member of the staff; what was written off so far is forgiven. `reason` is kept in
    the team's log. Its own transaction. Raises Forbidden, Conflict without a restriction, Invalid without a reason."""
    return db.in_transaction(lambda: _lift_by_staff(team, by, reason))


def _lift_by_staff(team: Team, by: Staff, reason: str) -> Restriction:
    duties.require(by, ACT)
    reason = duties.reason_of(reason)
    ledger.open_and_lock(team)
    row = Restriction.objects.select_for_update(no_key=True).filter(team=team, lifted_at=None).first()
    if row is None:
        raise Conflict("This team is not restricted any more.", code="not_restricted")
    return _lift(row, by=by, data={"owed": row.owed, "reason": reason})


def _lift(row: Restriction, *, by: Doer, data: dict[str, object]) -> Restriction:
    row.lifted_at, row.lifted_by = db.now(), audit.actor_of(by)
    row.save(update_fields=["lifted_at", "lifted_by"])
    _record(Action.RESTRICTION_LIFTED, row.team, by, data)
    for user in managers.of_money(row.team):
        mail(to=user.email, template="restriction_lifted", context={"team": row.team})
    return row


def _record(action: Action, team: Team, by: Doer, data: dict[str, object]) -> None:
    audit.record(action, by=by, team=team, target=team.public_id, target_name=team.name, data=data)
