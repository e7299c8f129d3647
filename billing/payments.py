"""Payments: start one, lead its buyer to Stripe, look it up there, give it up (issue 4, point 1).

An event, the buyer's return and the sweep only ring `converge`: what Stripe has is fetched outside any transaction
(stripe_gateway), then one transaction does what follows (payment_outcomes.apply).
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError
from django.urls import reverse

from accounts import roles, teams
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import Membership, Team
from billing import (
    customers,
    details,
    packs,
    payment_outcomes,
    payment_states,
    restrictions,
    stripe_gateway,
)
from billing.models import Failure, Origin, Payment, PaymentStatus
from billing.stripe_seen import IntentStatus, PaymentSeen, Refused, StripeFailed
from project import db
from project.errors import Conflict, FieldError, Forbidden, Invalid, RateLimited, Unavailable
from project.failpoints import failpoint

log = logging.getLogger(__name__)

LIFETIME = timedelta(hours=2)  # to pay; Stripe's page lives from 30 minutes to a day
SHORTEST_PAGE = timedelta(minutes=31)  # what must be left when the page is opened
MOST_PENDING = 10  # a team; each is looked up at Stripe again and again
OFF = "Buying credit is not set up here. Ask whoever runs this Framehouse."
SILENT = "Our payment provider does not answer. Nothing was charged. Try again in a moment."


def require_on() -> None:
    """Raises Unavailable (`buying_is_off`) where no key of Stripe's is set."""
    if not stripe_gateway.is_on():
        raise Unavailable(OFF, code="buying_is_off")


def start(*, by: Actor, amount: int, save_card: bool = False) -> Payment:
    """A pending payment of `amount` micro-dollars by the actor's team, with its bonus and the billing details of now.

    Raises Invalid (`amount`), Forbidden for who may not, and for a team that is not active or restricted, RateLimited
    while too many others wait, Unavailable where buying is off."""
    require_on()
    fault = packs.fault(amount)
    if fault is not None:
        code, sentence = fault
        raise Invalid("This amount cannot be bought.", errors=[FieldError("amount", sentence, code)])
    return db.in_transaction(lambda: _start(by, amount, save_card))


def _start(by: Actor, amount: int, save_card: bool) -> Payment:  # noqa: FBT001 - as start
    team = teams.lock(by.team)  # so that two at once are counted one by one
    actor = still(by, roles.BILLING)
    waiting = Payment.objects.filter(team=team, status=PaymentStatus.PENDING, origin=Origin.CHECKOUT)
    if waiting.count() >= MOST_PENDING:
        raise RateLimited(
            f"{MOST_PENDING} payments wait to be paid. Pay or cancel one first.", code="too_many_payments"
        )
    return create(
        team=team,
        membership=actor.membership,
        origin=Origin.CHECKOUT,
        amount=amount,
        bonus=packs.bonus_for(amount),
        lifetime=LIFETIME,
        save_card=save_card,
    )


def create(
    *,
    team: Team,
    membership: Membership | None,
    origin: Origin,
    amount: int,
    bonus: int,
    lifetime: timedelta,
    customer: str = "",
    save_card: bool = False,
) -> Payment:
    """The pending row. The caller holds the transaction, which is over where this raises.

    Raises Forbidden for a team that is not active or restricted; other rules of the database (of automatic recharges)
    as the IntegrityError that names them."""
    teams.require_active(team)
    restrictions.require_none(team)
    now = db.now()
    try:
        return Payment.objects.create(
            team=team,
            membership=membership,
            origin=origin,
            amount=amount,
            bonus=bonus,
            customer=customer,
            save_card=save_card,
            invoice=details.frozen(team),
            next_action_at=now + payment_states.PACE[0][1],
            expires_at=now + lifetime,
        )
    except IntegrityError as error:
        rule = db.broken_rule(error)  # it came to be since we looked
        if rule == "payment_of_unrestricted_team":
            raise restrictions.refusal() from error
        if rule == "payment_of_active_team":
            raise Forbidden("This team is not active any more.", code="team_inactive") from error
        raise


# --- the buyer's way --------------------------------------------------------------------------------------------
def open_checkout(payment: Payment) -> str:
    """The address of Stripe's page for a pending payment; opened again, the same page. Goes over the network.

    Raises Conflict (`payment_over`) when it is paid, has ended or has too little time left, Unavailable when Stripe
    does not answer: nothing can have been paid then, and a new payment may be started."""
    require_on()
    row = Payment.objects.select_related("team").get(pk=payment.pk)
    try:
        if row.checkout_session:
            url = stripe_gateway.checkout_url(row.checkout_session)
            if url and row.status == PaymentStatus.PENDING:
                return url
            converge(row.pk, by="return")
            raise _over()
        if row.status != PaymentStatus.PENDING or row.expires_at - db.now() < SHORTEST_PAGE:
            raise _over()
        return _open(row)
    except (StripeFailed, Refused) as error:
        log.warning("%s could not be opened: %s", row.public_id, error)
        raise Unavailable(SILENT, code="payments_unavailable") from error


def _open(row: Payment) -> str:
    customer = _customer_of(row)
    # By way of the team: the buyer's browser may act for another one by then.
    team = f"{settings.SITE_URL}{reverse('team_go', args=[row.team.public_id])}?to="
    page = f"{team}{reverse('payment', args=[row.public_id])}"
    back = f"{team}{reverse('payment_return', args=[row.public_id])}"
    try:
        session, url = stripe_gateway.open_checkout(
            row, customer=customer, success_url=back, cancel_url=page, save_card=row.save_card
        )
    except Refused as error:
        log.error("Stripe refused to open %s: %s", row.public_id, error.code)
        if error.code == "resource_missing":  # the customer was deleted there
            customers.forget(row.team, customer)
        fail(row.pk, reason=Failure.UNKNOWN_TO_STRIPE)
        raise Unavailable(
            "Our payment provider refused this payment. Nothing was charged. Start another one.",
            code="payment_refused",
        ) from error
    failpoint("after_checkout")
    db.in_transaction(lambda: Payment.objects.filter(pk=row.pk, checkout_session=None).update(checkout_session=session))
    return url


def _customer_of(row: Payment) -> str:
    """Kept with the payment before anything else is asked: by its customer it is found when an answer is lost."""
    if row.customer:
        return row.customer
    try:
        customer = customers.ensure(row.team)
    except Refused as error:
        raise StripeFailed(f"no customer: {error.code}", sent=False) from error

    def keep() -> str:
        found = payment_states.lock(row.pk)
        if not found.customer:
            found.customer = customer
            found.save(update_fields=["customer"])
        return found.customer

    return db.in_transaction(keep)


def _over() -> Conflict:
    return Conflict("This payment is over. Start another one.", code="payment_over")


def cancel(payment: Payment, *, by: Actor) -> Payment:
    """Nobody can pay it any more. Goes over the network.

    Raises Conflict (`payment_over`) when it has ended, or is paid or being paid; Forbidden; Unavailable when Stripe
    does not answer."""
    require_on()
    still(by, roles.BILLING)
    row = Payment.objects.get(pk=payment.pk)
    if row.status != PaymentStatus.PENDING or row.origin != Origin.CHECKOUT:
        raise _over()
    try:
        session = row.checkout_session or (stripe_gateway.session_of(row) if row.customer else "")
        # Without a page nobody has its address, should there ever be one.
        over = not session or _expire(session)
        row = fail(row.pk, reason=Failure.CANCELED) if over else look_up(row.pk, by="return")
    except (StripeFailed, Refused) as error:
        raise Unavailable(SILENT, code="payments_unavailable") from error
    if row.status != PaymentStatus.FAILED:
        raise Conflict("It is paid, or being paid: it cannot be canceled any more.", code="payment_over")
    return row


def _expire(session: str) -> bool:
    """Whether we ended it unpaid; False for one that was over already, paid or not."""
    try:
        stripe_gateway.expire_session(session)
    except Refused as error:
        log.info("session %s is over already: %s", session, error.code)
        return False
    return True


def fail(payment_id: int, *, reason: Failure, intent: str = "") -> Payment:
    """Ends a pending payment that certainly was not paid, in a transaction of its own; one that has ended stays so.
    Should it be paid all the same, it is credited."""

    def write() -> Payment:
        row = payment_states.lock(payment_id)
        if row.status == PaymentStatus.PENDING:
            payment_outcomes.fail(row, reason, intent=intent)
        return row

    return db.in_transaction(write)


# --- converge ---------------------------------------------------------------------------------------------------
def converge(payment_id: int, by: str) -> Payment:
    """Makes a payment follow from what Stripe has now. `by` is webhook, return or sweep. Goes over the network.

    Where Stripe does not answer, or answers what we do not believe, the payment stays as it is and is looked up again;
    look_up says so instead."""
    try:
        return look_up(payment_id, by)
    except (StripeFailed, Refused, payment_outcomes.OtherIntent) as error:
        log.warning("payment %s was not looked up: %s", payment_id, error)
        return Payment.objects.select_related("team", "membership__user").get(pk=payment_id)


def look_up(payment_id: int, by: str) -> Payment:
    """As converge. Raises StripeFailed, Refused or OtherIntent, after it has put off the next look."""
    row = Payment.objects.select_related("team").get(pk=payment_id)
    try:
        seen = stripe_gateway.see(row)
        if row.origin == Origin.AUTO and seen.status == IntentStatus.OPEN and seen.intent:
            stripe_gateway.cancel_intent(seen.intent)  # a decline: nobody is to pay by it later, unseen
        failpoint("after_stripe")
        return apply(payment_id, seen, by)
    except (StripeFailed, Refused, payment_outcomes.OtherIntent):
        _put_off(row.pk)
        raise


def apply(payment_id: int, seen: PaymentSeen, by: str) -> Payment:
    """What follows from what was seen at Stripe, in a transaction of its own. `by` is webhook, return, sweep or
    charge."""
    return db.in_transaction(lambda: payment_outcomes.apply(payment_id, seen, by))


def _put_off(payment_id: int) -> None:
    def write() -> None:
        row = payment_states.lock(payment_id)
        if row.status == PaymentStatus.PENDING:
            row.next_action_at = payment_states.next_look(row, db.now())
            row.save(update_fields=["next_action_at"])

    db.in_transaction(write)
