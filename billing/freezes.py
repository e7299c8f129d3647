"""A frozen wallet: while a freeze by staff is open nothing new is held of the team's credit.

What runs ends as it would, is charged and released; granted credit expires as it would; credit can be bought by hand,
but no card is charged by itself. The team is told, with the reason.
"""

from __future__ import annotations

from accounts import audit, duties, managers
from accounts.audit import Staff
from accounts.models import Action, Team
from accounts.notify import mail
from billing import ledger
from billing.models import WalletFreeze
from project import db
from project.errors import Conflict, Forbidden

RULE = "hold_of_unfrozen_wallet"  # the trigger that refuses a hold
CODE = "wallet_frozen"
ACT = "freeze_wallets"


def open_of(team: Team) -> WalletFreeze | None:
    """The freeze of a team's wallet that nobody has lifted."""
    return WalletFreeze.objects.filter(team=team, lifted_at=None).first()


def refusal() -> Forbidden:
    """What whoever wants to make something is told."""
    return Forbidden(
        "Your team's wallet is frozen: nothing new can be made for now. What is under way ends as usual, and your"
        " credit stays yours. Your wallet page says why; ask the people who run this Framehouse.",
        code=CODE,
    )


def require_none(team: Team) -> None:
    """Raises Forbidden (`wallet_frozen`) while a freeze is open."""
    if open_of(team) is not None:
        raise refusal()


def freeze(*, team: Team, by: Staff, reason: str) -> WalletFreeze:
    """Freezes a wallet, and tells the team. Its own transaction. Who freezes locks the wallet first, and so does who
    holds: no hold slips in between. Raises Forbidden, Invalid without a reason, Conflict when it is frozen already."""
    return db.in_transaction(lambda: _freeze(team, by, reason))


def unfreeze(*, team: Team, by: Staff, reason: str) -> WalletFreeze:
    """Ends the freeze. Its own transaction. Raises as freeze does."""
    return db.in_transaction(lambda: _unfreeze(team, by, reason))


def _freeze(team: Team, by: Staff, reason: str) -> WalletFreeze:
    duties.require(by, ACT)
    reason = duties.reason_of(reason)
    ledger.open_and_lock(team)
    if open_of(team) is not None:
        raise Conflict("This wallet is frozen already.", code="frozen_already")
    row = WalletFreeze.objects.create(team=team, reason=reason, frozen_by=audit.actor_of(by))
    _tell(Action.WALLET_FROZEN, "wallet_frozen", team, by, reason)
    return row


def _unfreeze(team: Team, by: Staff, reason: str) -> WalletFreeze:
    duties.require(by, ACT)
    reason = duties.reason_of(reason)
    ledger.open_and_lock(team)
    row = WalletFreeze.objects.select_for_update(no_key=True).filter(team=team, lifted_at=None).first()
    if row is None:
        raise Conflict("This wallet is not frozen any more.", code="not_frozen")
    row.lifted_at, row.lifted_by, row.note = db.now(), audit.actor_of(by), reason
    row.save(update_fields=["lifted_at", "lifted_by", "note"])
    _tell(Action.WALLET_UNFROZEN, "wallet_unfrozen", team, by, reason)
    return row


def _tell(action: Action, template: str, team: Team, by: Staff, reason: str) -> None:
    audit.record(action, by=by, team=team, target=team.public_id, target_name=team.name, data={"reason": reason})
    for person in managers.of_money(team):
        mail(to=person.email, template=template, context={"team": team, "why": reason})
