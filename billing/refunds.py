"""Money that goes back for a payment (issue 4, point 3): asked by the team or by staff, or made at Stripe.

Refundable is what is unspent of the purchase, in whole cents. A refund undoes the purchase's bonus, also when only a
part is refunded (takings.py has the rule): what is unspent of the bonus is taken back whole, and for what of it is
spent or held the same comes off what is refundable. So nobody keeps free credit after a refund.

The credit is taken when the refund is asked for, before Stripe hears of it, so it cannot be spent meanwhile; it comes
back if the refund fails. A refund without an answer stays pending, is asked for again, and staff see it.
Lock order: payment, refund, wallet. All amounts are micro-dollars.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from accounts import audit, managers, roles
from accounts.actors import Actor
from accounts.audit import STAFF, SYSTEM, Doer, Staff
from accounts.authority import still
from accounts.models import Action
from accounts.notify import mail
from billing import claims, ledger, payment_states, restrictions, stripe_gateway, takings
from billing.models import CENT, CREDITED, Payment, Refund, RefundStatus
from billing.stripe_seen import PaymentSeen, RefundSeen, Refused, StripeFailed
from project import db, queue
from project.errors import Conflict, FieldError, Invalid, NotFound, Unavailable
from project.failpoints import failpoint
from project.money import dollars

log = logging.getLogger(__name__)

WINDOW = timedelta(hours=24)  # after buying, in which the team may refund by itself
JOB = "billing.tasks.send_refund"
CONVERGE = "billing.tasks.converge_payment"
AGAIN = timedelta(minutes=1)  # the first time that Stripe is asked again; then after twice as long each time
LATEST = timedelta(hours=6)
AT_STRIPE = timedelta(hours=1)  # between looks at one that Stripe says is pending
LONGEST_REASON = 200


def refundable(payment: Payment) -> int:
    """What can be refunded of a payment now, in whole cents, rounded down: unspent, and not frozen by a dispute."""
    purchase, bonus = claims.lots_of(payment)
    if purchase is None or payment_states.contested(payment):
        return 0
    _, from_purchase = claims.bonus_due(payment, purchase=purchase, bonus=bonus)
    left = min(
        purchase.unspent - from_purchase,
        payment.amount - payment_states.refunded(payment) - payment_states.lost(payment),
    )
    return max(left - left % CENT, 0)


def bonus_taken_by(payment: Payment) -> tuple[int, int]:
    """What the next refund would do about the bonus: take back of it, and withhold for what of it is used."""
    purchase, bonus = claims.lots_of(payment)
    return claims.bonus_due(payment, purchase=purchase, bonus=bonus) if purchase else (0, 0)


def may_ask_until(payment: Payment) -> datetime | None:
    """Until when the team may refund a payment by itself; None for one that was never paid."""
    return payment.paid_at + WINDOW if payment.paid_at else None


def ask(*, payment: Payment, amount: int, actor: Actor | Staff, reason: str, source: str) -> Refund:
    """Takes `amount` of the payment's credit and has a job ask Stripe for the money. `source` is `page` (a member,
    within 24 h of buying) or `admin` (staff). Its own transaction.

    Raises Invalid (field `amount`, `reason`), Conflict (`not_paid`, `payment_disputed`, `refund_too_late`,
    `team_restricted`), Unavailable without a Stripe key, and NotFound or Forbidden for who may not (any more)."""
    if not stripe_gateway.is_on():
        raise Unavailable("Payments are off here just now: nothing can be refunded.", code="payments_off")
    if (source == "page") != isinstance(actor, Actor):
        raise ValueError("members refund by the page, staff by the administration")
    return db.in_transaction(lambda: _ask(payment.pk, amount, actor, reason.strip(), source))


def _ask(pk: int, amount: int, actor: Actor | Staff, reason: str, source: str) -> Refund:
    payment = payment_states.lock(pk)
    team, name = payment.team, actor.name if isinstance(actor, Actor) else f"{STAFF}:{actor.user.pk}"
    if isinstance(actor, Actor):
        if actor.team.pk != team.pk:
            raise NotFound("There is no such payment.")
        still(actor, roles.BILLING)
    _require_refundable(payment, by_team=isinstance(actor, Actor))
    ledger.open_wallet(team)
    ledger.lock_wallet(team.pk)  # what is refundable stays so
    if restrictions.open_of(team) is not None:
        if isinstance(actor, Actor):
            raise Conflict("Your team is restricted: only staff can refund.", code=restrictions.CODE)
        takings.settle(team)  # what is owed goes first
    _require_amount(amount, reason, refundable(payment))
    now = db.now()
    refund = Refund.objects.create(
        payment=payment, team=team, amount=amount, source=source, actor=name, reason=reason, next_action_at=now + AGAIN
    )
    takings.settle(team, actor=name)
    payment_states.restate(payment)
    data = {"amount": amount, "payment": payment.public_id, "refund": refund.public_id}
    _record(Action.PAYMENT_REFUNDED, refund, actor, data | ({"reason": reason} if reason else {}))
    queue.enqueue(JOB, refund.pk)
    return refund


def _require_refundable(payment: Payment, *, by_team: bool) -> None:
    if payment.status not in CREDITED or payment.paid_at is None:
        raise Conflict("This payment was not paid: there is nothing to refund.", code="not_paid")
    if payment_states.contested(payment):
        raise Conflict(
            "The card's holder disputes this payment at their bank: it cannot be refunded until that has ended.",
            code="payment_disputed",
        )
    if by_team and db.now() > payment.paid_at + WINDOW:
        raise Conflict(
            "You can refund a purchase yourself within 24 hours of buying. Ask the people who run this Framehouse about"
            " this one.",
            code="refund_too_late",
        )


def _require_amount(amount: int, reason: str, most: int) -> None:
    errors = []
    if type(amount) is not int or amount <= 0 or amount % CENT:
        errors.append(FieldError("amount", "Write an amount above zero in whole cents.", "cents"))
    elif amount > most:
        words = f"At most {dollars(most)} can be refunded." if most else "Nothing of it can be refunded: it was used."
        errors.append(FieldError("amount", words, "too_much"))
    if len(reason) > LONGEST_REASON:
        errors.append(FieldError("reason", f"At most {LONGEST_REASON} characters.", "too_long"))
    if errors:
        raise Invalid("This cannot be refunded.", errors=errors)


# --- with Stripe --------------------------------------------------------------------------------------------------


def send(refund_id: int) -> None:
    """Asks Stripe for a pending refund, or how one stands that it has. Safe twice, late and at once with itself:
    Stripe knows it by our id. Call it outside of a transaction."""
    refund = Refund.objects.select_related("payment__team").get(pk=refund_id)
    if refund.status != RefundStatus.PENDING:
        return
    try:
        seen = stripe_gateway.find_refund(refund) or stripe_gateway.refund(refund)
    except Refused as refused:
        log.warning("Stripe refused the refund %s: %s", refund.public_id, refused.code)
        db.in_transaction(lambda: _refused(refund_id))
        return
    except StripeFailed as failed:
        log.warning("the refund %s has no answer: %s", refund.public_id, failed)
        db.in_transaction(lambda: _put_off(refund_id))
        return
    failpoint("refund_answered")
    db.in_transaction(lambda: _answered(refund_id, seen))


def ask_again(*, refund: Refund, by: Staff) -> None:
    """Staff want a pending refund to be looked at now. Its own transaction. Raises Conflict for one that has ended."""
    db.in_transaction(lambda: _ask_again(refund, by))


def _ask_again(refund: Refund, by: Staff) -> None:
    row = Refund.objects.select_for_update(no_key=True).select_related("payment__team").get(pk=refund.pk)
    if row.status != RefundStatus.PENDING:
        raise Conflict("This refund has ended.", code="refund_ended")
    data = {"did": "asked Stripe again", "refund": row.public_id}
    audit.record(
        Action.STAFF_CHANGED, by=by, team=row.payment.team, target=row.public_id, target_name="refund", data=data
    )
    queue.enqueue(JOB, row.pk)


def apply(*, payment: Payment, seen: PaymentSeen) -> None:
    """Brings our refunds to what was seen at Stripe. The caller holds the transaction and the payment's lock, and has
    credited the payment. A refund that we did not ask for takes its credit now. What was seen earlier changes nothing
    that was seen later."""
    if claims.lots_of(payment)[0] is None:
        return
    changed = False
    for each in sorted(seen.refunds, key=lambda each: each.status != RefundStatus.FAILED):  # failed ones make room
        row = _row_of(payment, each)
        changed |= _make(payment, each) if row is None else _advance(row, each)
    if changed or restrictions.open_of(payment.team) is not None:
        takings.settle(payment.team)


def _refused(refund_id: int) -> None:
    refund = _locked_refund(refund_id)
    if _end(refund, RefundStatus.FAILED):
        takings.settle(refund.payment.team)
        payment_states.restate(refund.payment)
    queue.enqueue(CONVERGE, refund.payment_id)  # one made at Stripe may have been in its way, and wait to be seen


def _put_off(refund_id: int) -> None:
    """Never given up: only asked for less and less often. Its age is its wait, so the wait doubles."""
    refund = _locked_refund(refund_id)
    if refund.status == RefundStatus.PENDING:
        now = db.now()
        refund.next_action_at = now + min(max(now - refund.created_at, AGAIN), LATEST)
        refund.save(update_fields=["next_action_at"])


def _answered(refund_id: int, seen: RefundSeen) -> None:
    refund = _locked_refund(refund_id)
    if refund.status == RefundStatus.FAILED:
        queue.enqueue(CONVERGE, refund.payment_id)  # it went back against our books: look at all of it
    elif _advance(refund, seen):
        takings.settle(refund.payment.team)
        payment_states.restate(refund.payment)


def _row_of(payment: Payment, seen: RefundSeen) -> Refund | None:
    rows = Refund.objects.select_for_update(no_key=True).filter(payment=payment)
    row = rows.filter(stripe_id=seen.id).first()
    if row is None and seen.ours:
        ours = next((row for row in rows.filter(stripe_id=None) if row.uuid.hex == seen.ours), None)
        # One that Stripe had refused and has made all the same is money that went back: it becomes a row of its own.
        row = None if ours and ours.status == RefundStatus.FAILED else ours
    if row is not None:
        row.payment = payment
    return row


def _make(payment: Payment, seen: RefundSeen) -> bool:
    """A refund that was made at Stripe. One that failed before we saw it is nothing to us."""
    if seen.status == RefundStatus.FAILED:
        return False
    if payment_states.refunded(payment) + seen.amount > payment.amount:
        # One of ours is pending that Stripe will refuse; its end looks at the payment again.
        log.warning("more is refunded of %s than was paid: %s waits", payment.public_id, seen.id)
        return False
    now = db.now()
    ended = seen.status == RefundStatus.SUCCEEDED
    refund = Refund.objects.create(
        payment=payment,
        team=payment.team,
        amount=seen.amount,
        status=seen.status,
        stripe_id=seen.id,
        source="stripe",
        actor=SYSTEM,
        next_action_at=None if ended else now + AT_STRIPE,
        ended_at=now if ended else None,
    )
    _record(Action.PAYMENT_REFUNDED, refund, SYSTEM, {"amount": seen.amount, "payment": payment.public_id})
    if ended:
        _mail("payment_refunded", refund)
    return True


def _advance(refund: Refund, seen: RefundSeen) -> bool:
    """Brings a row to what was seen of it. Returns whether its claim on credit changed."""
    if refund.stripe_id is None:
        refund.stripe_id = seen.id
        refund.save(update_fields=["stripe_id"])
    if seen.status == RefundStatus.PENDING:
        if refund.status == RefundStatus.PENDING:
            refund.next_action_at = db.now() + AT_STRIPE
            refund.save(update_fields=["next_action_at"])
        return False
    return _end(refund, RefundStatus(seen.status)) and seen.status == RefundStatus.FAILED


def _end(refund: Refund, status: RefundStatus) -> bool:
    """pending -> succeeded or failed, succeeded -> failed; any other is an older look. Returns whether it moved."""
    if refund.status in (status, RefundStatus.FAILED):
        return False
    refund.status, refund.next_action_at, refund.ended_at = status, None, db.now()
    refund.save(update_fields=["status", "next_action_at", "ended_at"])
    data = {"amount": refund.amount, "payment": refund.payment.public_id, "refund": refund.public_id}
    if status == RefundStatus.FAILED:
        _record(Action.REFUND_FAILED, refund, SYSTEM, data)
        _mail("refund_failed", refund)
    else:
        _mail("payment_refunded", refund)
    return True


# --- rows ---------------------------------------------------------------------------------------------------------


def _locked_refund(pk: int) -> Refund:
    payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=pk)
    payment = payment_states.lock(payment_id)
    refund = Refund.objects.select_for_update(no_key=True).get(pk=pk)
    refund.payment = payment
    return refund


def _record(action: Action, refund: Refund, by: Doer, data: dict[str, object]) -> None:
    team = refund.payment.team
    audit.record(action, by=by, team=team, target=team.public_id, target_name=team.name, data=data)


def _mail(template: str, refund: Refund) -> None:
    context = {"team": refund.payment.team, "refund": refund, "payment": refund.payment}
    for user in managers.of_money(refund.payment.team):
        mail(to=user.email, template=template, context=context)
