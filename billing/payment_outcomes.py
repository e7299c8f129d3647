"""What was seen at Stripe becomes ours: one transaction under the payment's lock.

Monotone: what is credited stays so, what is known is not done again, and an older sight applied after a newer one
changes nothing. So every order and number of events ends in the same ledger.
"""

from __future__ import annotations

import logging
import uuid

from django.conf import settings
from django.db.models.functions import Now

from accounts import audit, managers
from accounts.models import Action
from accounts.notify import mail
from billing import balance_watch, credits, details, disputes, facts, ledger, payment_states, recharges, refunds
from billing.models import CREDITED, AccountKind, Failure, Origin, Payment, PaymentStatus, TransferKind
from billing.stripe_seen import IntentStatus, PaymentSeen
from project import db
from project.money import dollars

log = logging.getLogger(__name__)

ACTOR = "stripe"  # who moves the money, in the ledger


class OtherIntent(Exception):
    """The payment is paid by another intent than the one it had: nothing is believed, staff look."""


def apply(payment_id: int, seen: PaymentSeen, by: str) -> Payment:
    """Does what follows from `seen`. `by` is webhook, return, sweep or charge. The caller holds the transaction.

    Credit is given once, when the intent has succeeded and brought our amount in our currency; with another amount or
    currency the payment fails as `mismatch`, for staff to look at."""
    row = payment_states.lock(payment_id)
    if row.payment_intent and seen.intent and row.payment_intent != seen.intent:
        raise OtherIntent(f"{row.public_id} has {row.payment_intent}, and {seen.intent} was seen")
    if row.status not in CREDITED and seen.status == IntentStatus.SUCCEEDED:
        if (seen.received, seen.currency) == (row.amount, row.currency):
            _credit(row, seen, by)
        else:
            log.error("%s: %s %s came in, not %s", row.public_id, seen.received, seen.currency, row.amount)
            fail(row, Failure.MISMATCH, intent=seen.intent or "", card=seen.card)
    elif row.status == PaymentStatus.PENDING:
        failure = _ended(row, seen)
        if failure:
            fail(row, failure, intent=seen.intent or "", card=seen.card)
        else:
            row.payment_intent = row.payment_intent or seen.intent
            row.processing = seen.status == IntentStatus.PROCESSING
            row.next_action_at = payment_states.next_look(row, db.now())
            row.save(update_fields=["payment_intent", "processing", "next_action_at"])
    if row.status in CREDITED:
        refunds.apply(payment=row, seen=seen)
        disputes.apply(payment=row, seen=seen)
        payment_states.restate(row)
    return row


def _ended(row: Payment, seen: PaymentSeen) -> Failure | None:
    """Why nobody will pay it any more; None while somebody may, or money is on its way."""
    if not seen.session_over or seen.status not in (IntentStatus.OPEN, IntentStatus.CANCELED):
        return None
    if seen.failure and seen.failure != Failure.UNKNOWN_TO_STRIPE:
        return Failure(seen.failure)
    if db.now() < row.expires_at:  # a request of ours may still be on its way
        return None
    return Failure(seen.failure or Failure.EXPIRED)


def _credit(row: Payment, seen: PaymentSeen, by: str) -> None:
    assert seen.intent is not None
    ledger.open_wallet(row.team)
    wallet = ledger.lock_wallet(row.team_id)
    ledger.post(
        key=f"stripe:{seen.intent}",
        kind=TransferKind.TOPUP,
        debit=ledger.house(AccountKind.STRIPE),
        credit=wallet.available,
        amount=row.amount,
        payment=row,
        actor=ACTOR,
        reason="bought",
    )
    if row.bonus:
        credits.grant(
            team=row.team,
            amount=row.bonus,
            actor=ACTOR,
            reason="bonus of a purchase",
            grant_id=uuid.uuid5(row.uuid, "bonus"),
            payment=row,
        )
    paid = {"status": PaymentStatus.PAID, "failure": "", "paid_at": Now(), "credited_by": by}
    _end(row, seen.intent, seen.card, **paid)
    user = row.membership.user if row.membership else None
    data: dict[str, object] = {"amount": row.amount, "payment": row.public_id}
    if row.bonus:
        data["bonus"] = dollars(row.bonus)
    audit.record(
        Action.CREDIT_BOUGHT,
        by=user or audit.SYSTEM,
        team=row.team,
        target=row.team.public_id,
        target_name=row.team.name,
        data=data,
    )
    balance_watch.bought(team=row.team)
    if row.save_card and seen.payment_method:
        recharges.card_saved(team=row.team, payment_method=seen.payment_method, card=seen.card)
    _tell(row, "payment_received")
    facts.payment_paid(row)


def fail(row: Payment, failure: Failure, *, intent: str = "", card: str = "") -> None:
    """Ends a payment that was not paid. The caller holds its lock, and has seen that it is pending or fails anew.
    Should the money come all the same, it is credited."""
    if row.status == PaymentStatus.FAILED and row.failure == failure:
        return
    _end(row, intent, card, status=PaymentStatus.FAILED, failure=failure)
    if row.origin == Origin.AUTO:
        recharges.declined(payment=row, reason=failure)
    elif failure in (Failure.DECLINED, Failure.MISMATCH):  # after the buyer had left, who believes it is paid
        _tell(row, "payment_failed")


def _end(row: Payment, intent: str | None, card: str, **changes: object) -> None:
    changes |= {"payment_intent": row.payment_intent or intent or None, "card": card or row.card}
    Payment.objects.filter(pk=row.pk).update(next_action_at=None, ended_at=Now(), **changes)
    row.refresh_from_db(fields=["next_action_at", "ended_at", *changes])


def _tell(row: Payment, template: str) -> None:
    """Mails who looks after the team's money, and the address on its receipts."""
    context = {
        "team": row.team,
        "payment": row,
        "amount": row.amount,
        "bonus": row.bonus,
        "card": row.card,
        "why": row.get_failure_display() if row.failure else "",
        "url": f"{settings.SITE_URL}/teams/{row.team.public_id}/go?to=/wallet/payments/{row.public_id}",
    }
    addresses = [user.email for user in managers.of_money(row.team)]
    receipts = details.of(row.team).email
    if receipts and receipts.lower() not in {address.lower() for address in addresses}:
        addresses.append(receipts)
    for address in addresses:
        mail(to=address, template=template, context=context)
