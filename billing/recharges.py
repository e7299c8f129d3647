"""Automatic recharge as a team sets it, and why it stops (issue 4, point 4). What it does is in recharge_attempts.

Lock order: payment, team, recharge; nothing of the wallet is locked here, so whoever holds the accounts may stop it.
Every act of a person is theirs by role `billing`; the pages ask for a fresh proof besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models.functions import Now

from accounts import audit, managers, roles, teams
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import Action, Team, TeamStatus
from accounts.notify import mail
from billing import packs
from billing.models import CENT, AutoRecharge, CardRemoval, Failure, Payment, StopReason
from project.errors import Conflict, FieldError, Invalid
from project.money import USD, cents, dollars, usd

LEAST_STEP = packs.LEAST  # between threshold and target: what can be bought at all
LEAST_THRESHOLD = 1 * USD
MOST_TARGET = packs.MOST  # an empty wallet is filled up by one purchase
MOST_CEILING = 100_000 * USD
# What the form holds before anybody chose.
THRESHOLD, TARGET, CEILING = 10 * USD, 50 * USD, 200 * USD
AMOUNTS = ("threshold", "target", "monthly_ceiling")

# A failure that stops it; after any other it tries again (recharge_attempts).
STOPS: Mapping[Failure, StopReason] = {
    Failure.DECLINED: StopReason.DECLINED,
    Failure.AUTHENTICATION_REQUIRED: StopReason.AUTHENTICATION_REQUIRED,
    Failure.CARD_UNUSABLE: StopReason.CARD_UNUSABLE,
    Failure.MISMATCH: StopReason.MISMATCH,
}

# What to do about a stop.
ADVICE: dict[str, str] = {
    StopReason.DECLINED: "Ask the bank why, or save another card. Then turn recharge on again.",
    StopReason.AUTHENTICATION_REQUIRED: (
        "Top up once by hand and confirm it with your bank, with “Save this card” ticked. Then turn recharge on again."
    ),
    StopReason.CARD_UNUSABLE: "Save another card. Then turn recharge on again.",
    StopReason.TOO_OFTEN: (
        "See on the spend page what used the credit. A higher target needs fewer recharges. Then turn it on again."
    ),
    StopReason.DISPUTED: "Speak to whose card it is. Nothing is charged until you turn recharge on again.",
    StopReason.MISMATCH: "We look into it. Nothing is charged until you turn recharge on again.",
}


def set_up(*, actor: Actor, threshold: int, target: int, monthly_ceiling: int) -> AutoRecharge:
    """Turns it on, or changes its amounts (micro-dollars, whole cents). What has stopped stays so: see `resume`.
    The caller holds the transaction.

    Raises Invalid with the fields that cannot be, Conflict (`no_card`) without a saved card, Forbidden for who may
    not any more or whose team is not active."""
    wanted = {"threshold": threshold, "target": target, "monthly_ceiling": monthly_ceiling}
    errors = list(_faults(**wanted))
    if errors:
        raise Invalid("Automatic recharge cannot be set like this.", errors=errors)
    team, acting = _acting(actor)
    teams.require_active(team)
    row = _locked(team)
    if row is None or not row.payment_method:
        raise Conflict("Save a card first: automatic recharge pays with it.", code="no_card")
    before = _amounts(row) if row.enabled else {}
    if before == wanted:
        return row
    _change(row, enabled=True, ceiling_mailed_on=None, changed_by=acting.membership, **wanted)
    _record(Action.RECHARGE_SET, actor, team, {"before": before, "after": wanted})
    return row


def turn_off(*, actor: Actor) -> None:
    """No recharge any more. One that is under way goes on. The card is kept. The caller holds the transaction.
    Raises Forbidden."""
    team, acting = _acting(actor)
    row = _locked(team)
    if row is None or not row.enabled:
        return
    _change(row, enabled=False, stopped_at=None, stopped_reason="", changed_by=acting.membership)
    _record(Action.RECHARGE_STOPPED, actor, team, {"reason": "turned off"})


def resume(*, actor: Actor) -> None:
    """Somebody looked at why it stopped, and turns it on again. The caller holds the transaction. Raises Forbidden."""
    team, acting = _acting(actor)
    teams.require_active(team)
    row = _locked(team)
    if row is None or row.stopped_at is None:
        return
    reason = row.get_stopped_reason_display()
    _change(row, stopped_at=None, stopped_reason="", changed_by=acting.membership)
    _record(Action.RECHARGE_SET, actor, team, {"turned_on_again_after": reason})


def remove_card(*, actor: Actor) -> None:
    """Forgets the saved card, here now and at Stripe soon, and turns recharge off. The caller holds the transaction.
    Raises Forbidden."""
    team, acting = _acting(actor)
    row = _locked(team)
    if row is None or not row.payment_method:
        return
    _forget(team, row.payment_method)
    off: dict[str, Any] = {"enabled": False, "stopped_at": None, "stopped_reason": ""}
    _change(row, payment_method="", card="", changed_by=acting.membership, **off)
    _record(Action.RECHARGE_STOPPED, actor, team, {"reason": "card removed"})


def end(*, team: Team) -> None:
    """The team is closed: nothing is charged any more, and Stripe forgets the card. In the transaction that closes it,
    under the team's lock."""
    row = _locked(team)
    if row is not None and row.payment_method:
        _forget(team, row.payment_method)
        _change(row, enabled=False, stopped_at=None, stopped_reason="", payment_method="", card="")


def card_saved(*, team: Team, payment_method: str, card: str) -> None:
    """Keeps the card of a payment whose buyer asked for it (`Payment.save_card`); the one before is forgotten. It turns
    nothing on. Called where the payment is credited, in its transaction; again changes nothing."""
    if team.status == TeamStatus.CLOSED:  # paid after its end
        _forget(team, payment_method)
        return
    defaults = {"threshold": THRESHOLD, "target": TARGET, "monthly_ceiling": CEILING}
    AutoRecharge.objects.get_or_create(team=team, defaults=defaults)
    row = _locked(team)
    assert row is not None
    if row.payment_method == payment_method or CardRemoval.objects.filter(payment_method=payment_method).exists():
        return
    if row.payment_method:
        _forget(team, row.payment_method)
    what = "replaced" if row.payment_method else "saved"
    _change(row, payment_method=payment_method, card=card)
    _record(Action.RECHARGE_SET, audit.SYSTEM, team, {"card": what})


def declined(*, payment: Payment, reason: str) -> None:
    """An automatic payment was just marked failed for `reason` (of Failure), in the caller's transaction, under its
    lock. A decline stops recharge until somebody looks; other failures do not."""
    if reason in STOPS:
        stop(team=payment.team, reason=STOPS[Failure(reason)], payment=payment)


def stop(*, team: Team, reason: StopReason, payment: Payment | None = None) -> bool:
    """Stops it until somebody looks, and mails who looks after the money. Returns False where it is off or has stopped
    already: then nobody is mailed again. In the caller's transaction; locks no account."""
    row = _locked(team)
    if row is None or not row.enabled or row.stopped_at is not None:
        return False
    _change(row, stopped_at=Now(), stopped_reason=reason)
    data = {"reason": str(reason.label)} | ({"amount": payment.amount} if payment else {})
    _record(Action.RECHARGE_STOPPED, audit.SYSTEM, team, data)
    confirm = reason == StopReason.AUTHENTICATION_REQUIRED and payment is not None
    context = {
        "recharge": row,
        "stopped": str(reason.value),
        "why": str(reason.label),
        "advice": ADVICE[reason],
        "payment": payment,
        "typed": typed(payment.amount) if payment else "",
    }
    tell(team, "recharge_confirm" if confirm else "recharge_stopped", context)
    return True


def tell(team: Team, template: str, context: Mapping[str, Any]) -> None:
    """Mails everybody who looks after the team's money."""
    for user in managers.of_money(team):
        mail(to=user.email, template=template, context={"team": team, **context})


def typed(amount: int) -> str:
    """An amount as the top-up page's address takes it: 25,500,000 -> "25.50"."""
    return cents(usd(amount)).replace(",", "")


def _acting(actor: Actor) -> tuple[Team, Actor]:
    team = teams.lock(actor.team)
    return team, still(actor, roles.BILLING)


def _locked(team: Team) -> AutoRecharge | None:
    return AutoRecharge.objects.select_for_update(no_key=True).filter(team=team).first()


def _change(row: AutoRecharge, **values: Any) -> None:
    """Whatever changes makes it look again at once."""
    AutoRecharge.objects.filter(pk=row.pk).update(**values, not_before=None, rung_at=None, updated_at=Now())
    row.refresh_from_db()


def _forget(team: Team, payment_method: str) -> None:
    CardRemoval.objects.get_or_create(payment_method=payment_method, defaults={"team": team})


def _amounts(row: AutoRecharge) -> dict[str, int]:
    return {name: getattr(row, name) for name in AMOUNTS}


def _record(action: Action, by: Actor | str, team: Team, data: Mapping[str, Any]) -> None:
    audit.record(action, by=by, team=team, target=team.public_id, target_name=team.name, data=data)


def _faults(*, threshold: int, target: int, monthly_ceiling: int) -> Iterator[FieldError]:
    most = {"threshold": MOST_TARGET, "target": MOST_TARGET, "monthly_ceiling": MOST_CEILING}
    given = {"threshold": threshold, "target": target, "monthly_ceiling": monthly_ceiling}
    wrong = set()
    for name, amount in given.items():
        if type(amount) is not int or amount % CENT:
            wrong.add(name)
            yield FieldError(name, "Write whole cents: two decimals at most.", "cents")
        elif not LEAST_THRESHOLD <= amount <= most[name]:
            wrong.add(name)
            words = f"From {dollars(LEAST_THRESHOLD)} to {dollars(most[name])}."
            yield FieldError(name, words, "range")
    if not wrong & {"threshold", "target"} and target - threshold < LEAST_STEP:
        wrong.add("target")
        words = f"At least {dollars(LEAST_STEP)} above the threshold: {dollars(threshold + LEAST_STEP)} or more."
        yield FieldError("target", words, "step")
    if not wrong & {"target", "monthly_ceiling"} and monthly_ceiling < target:
        words = f"At least {dollars(target)}: an empty wallet is filled up to that at once."
        yield FieldError("monthly_ceiling", words, "below_target")
