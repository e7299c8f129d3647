"""Automatic recharge at work: who needs one, and one attempt.

The payment's row is committed before the card is charged; the database allows one that is not decided yet, three in
ten minutes and the month's ceiling. Whoever is killed on the way leaves a pending payment, which its sweep looks up at
Stripe by the payment's id. Only who made the row charges, and only at once: a repeat of the job finds it pending.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from accounts import teams
from accounts.models import TeamStatus
from billing import freezes, ledger, packs, payments, periods, recharges, stripe_gateway
from billing.models import (
    CENT,
    AutoRecharge,
    Customer,
    Failure,
    Origin,
    Payment,
    PaymentStatus,
    Period,
    StopReason,
)
from billing.stripe_seen import Declined, IntentStatus, PaymentSeen, Refused, StripeFailed
from project import db, queue
from project.errors import Forbidden
from project.failpoints import failpoint

log = logging.getLogger(__name__)

ROUND = 100  # teams that one call rings for
RING_AGAIN = 120  # seconds; by then a job that was rung for is lost
CHARGE_WITHIN = timedelta(seconds=15)  # of the row; later somebody else looks after the payment
LOOK_UP_AFTER = timedelta(seconds=90)  # longer than CHARGE_WITHIN and the longest answer of Stripe
GIVE_UP_AFTER = timedelta(minutes=15)  # what Stripe has no trace of by then never reached it
PAUSE = timedelta(minutes=5)  # after a failure that is no decline; keeps such ones from being three in ten minutes
BLOCKED = timedelta(hours=1)  # until it looks again where the ceiling or a restriction is in the way

# The whole comparison first: with a LIMIT inside, the planner would look accounts up one by one.
_NEEDED = """WITH needy AS MATERIALIZED (
    SELECT r.id FROM billing_autorecharge r
    JOIN billing_account a ON a.team_id = r.team_id AND a.kind = 'available'
    JOIN accounts_team t ON t.id = r.team_id
    WHERE r.enabled AND r.stopped_at IS NULL AND a.balance < r.threshold AND t.status = 'active'
      AND (r.not_before IS NULL OR r.not_before <= clock_timestamp())
      AND NOT EXISTS (SELECT FROM billing_payment p
                      WHERE p.team_id = r.team_id AND p.origin = 'auto' AND p.status = 'pending'))
  SELECT r.id FROM billing_autorecharge r JOIN needy USING (id)
  WHERE r.rung_at IS NULL OR r.rung_at <= clock_timestamp() - %s * interval '1 second'
  ORDER BY r.id LIMIT %s"""
_LOCKED = " FOR NO KEY UPDATE OF r SKIP LOCKED"


def ring() -> int:
    """Enqueues a job for each team that needs a recharge and may have one. Returns how many. For the clock: one cheap
    query when nobody does, and safe beside itself."""
    if not stripe_gateway.is_on() or not _needed(_NEEDED):
        return 0
    with transaction.atomic(durable=True):
        due = _needed(_NEEDED + _LOCKED)
        for pk in due:
            queue.enqueue("billing.tasks.recharge", pk)
        AutoRecharge.objects.filter(pk__in=due).update(rung_at=Now())
    return len(due)


def attempt(pk: int) -> None:
    """Charges the saved card for what is missing to the target, if it is still needed and allowed. The job behind
    `ring`: twice, late or beside itself, one charge is made."""
    if not stripe_gateway.is_on():
        return
    made = db.in_transaction(lambda: _start(pk))
    if made is not None:
        payment, payment_method = made
        _charge(payment, payment_method)


def _start(pk: int) -> tuple[Payment, str] | None:
    """The pending payment and the card to charge for it, or nothing where none is needed or allowed. Team before
    recharge: as the payment's trigger locks them."""
    found = AutoRecharge.objects.filter(pk=pk).select_related("team").first()
    if found is None:
        return None
    team = teams.lock(found.team)
    row = AutoRecharge.objects.select_for_update(no_key=True).get(pk=pk)
    row.team = team
    AutoRecharge.objects.filter(pk=pk).update(rung_at=None)  # this job is not lost
    if not row.enabled or row.stopped_at is not None or team.status != TeamStatus.ACTIVE:
        return None
    # First whether one is under way, then the balance: one that ends in between is in the balance by then.
    last = Payment.objects.filter(team=team, origin=Origin.AUTO).order_by("-id").first()
    if last is not None and last.status == PaymentStatus.PENDING:
        return None
    moment = db.now()
    if last is not None and _was_no_decline(last) and moment < last.created_at + PAUSE:
        _wait(row, last.created_at + PAUSE)
        return None
    available = ledger.wallet(team.pk).available.balance
    if available >= row.threshold:
        return None
    try:
        freezes.require_none(team)
        with transaction.atomic():
            return _pending(row, amount_for(row, available), moment), row.payment_method
    except Forbidden:  # restricted, or frozen
        _wait(row, moment + BLOCKED)
    except IntegrityError as error:
        _refused(row, db.broken_rule(error), moment, error)
    return None


def amount_for(row: AutoRecharge, available: int) -> int:
    """What is missing to the target in micro-dollars: whole cents, rounded up, and no less than LEAST_STEP."""
    missing = row.target - available
    return max(-(-missing // CENT) * CENT, recharges.LEAST_STEP)


def _pending(row: AutoRecharge, amount: int, moment: datetime) -> Payment:
    payment = payments.create(
        team=row.team,
        membership=None,
        origin=Origin.AUTO,
        amount=amount,
        bonus=packs.bonus_for(amount),
        lifetime=GIVE_UP_AFTER,
        customer=Customer.objects.get(team=row.team).stripe_id,
    )
    payment.card, payment.next_action_at = row.card, moment + LOOK_UP_AFTER
    payment.save(update_fields=["card", "next_action_at"])
    return payment


def _refused(row: AutoRecharge, rule: str | None, moment: datetime, error: IntegrityError) -> None:
    """What the database did not allow. Raises what it was where no limit of ours explains it."""
    match rule:
        case "auto_recharge_three_in_ten_minutes":
            recharges.stop(team=row.team, reason=StopReason.TOO_OFTEN)
        case "auto_recharge_ceiling":
            _at_ceiling(row, moment)
        case _:
            raise error


def _at_ceiling(row: AutoRecharge, moment: datetime) -> None:
    """One mail a month. It looks again in the meantime: after a top-up by hand less may be missing."""
    _wait(row, min(moment + BLOCKED, periods.reset_of(Period.MONTH, moment)))
    month = periods.start_of(Period.MONTH, moment)
    if row.ceiling_mailed_on != month:
        AutoRecharge.objects.filter(pk=row.pk).update(ceiling_mailed_on=month)
        context = {"recharge": row, "resets_at": periods.reset_of(Period.MONTH, moment)}
        recharges.tell(row.team, "recharge_ceiling", context)


def _wait(row: AutoRecharge, until: datetime) -> None:
    AutoRecharge.objects.filter(pk=row.pk).update(not_before=until)


def _was_no_decline(last: Payment) -> bool:
    return last.status == PaymentStatus.FAILED and last.failure not in recharges.STOPS


def _charge(payment: Payment, payment_method: str) -> None:
    """Outside any transaction. Where Stripe's answer is missing the payment stays pending, and its sweep finds out."""
    if db.now() > payment.created_at + CHARGE_WITHIN:
        log.warning("%s is left to its sweep: too late to charge", payment.public_id)
        return
    try:
        seen = stripe_gateway.charge(payment, customer=payment.customer, payment_method=payment_method)
    except Declined as refusal:
        _declined(payment, refusal)
        return
    except Refused as refusal:
        log.warning("Stripe refused to charge for %s: %s", payment.public_id, refusal.code)
        payments.apply(payment.pk, _nothing_paid(payment, Failure.CARD_UNUSABLE), "charge")
        return
    except StripeFailed as failure:
        log.warning("no answer about %s: %s", payment.public_id, failure)
        return
    failpoint("after_charge")
    payments.apply(payment.pk, seen, "charge")


def _declined(payment: Payment, refusal: Declined) -> None:
    """The intent is ended before anybody hears of it: nobody pays by it later, unseen."""
    if refusal.intent:
        try:
            stripe_gateway.cancel_intent(refusal.intent)
        except Refused:  # somebody else ended it, or it is not what we think
            payments.converge(payment.pk, by="charge")
            return
        except StripeFailed as failure:
            log.warning("%s is left to its sweep: its intent is not canceled: %s", payment.public_id, failure)
            return
    payments.apply(payment.pk, _nothing_paid(payment, refusal.reason, intent=refusal.intent), "charge")


def _nothing_paid(payment: Payment, reason: str, *, intent: str = "") -> PaymentSeen:
    return PaymentSeen(
        intent=intent or None, status=IntentStatus.CANCELED, session_over=True, card=payment.card, failure=reason
    )


def _needed(sql: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [RING_AGAIN, ROUND])
        return [row[0] for row in cursor.fetchall()]
