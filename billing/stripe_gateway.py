"""Stripe's API: the only module that imports its SDK. Every call goes over the network: never in a transaction.

Returns the frozen dataclasses of stripe_seen and raises only Declined, Refused and StripeFailed. Whatever is made at
Stripe has an idempotency key of our row, so that a repeat within 24 hours finds what the first call made; and it
names our row in its metadata, so that what a lost answer told of is found later too (`see`, `find_refund`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import stripe
import urllib3.exceptions
from django.conf import settings

from accounts.models import Team
from billing import stripe_shapes
from billing.details import Details
from billing.models import CENT, Failure, Origin, Payment, Refund
from billing.stripe_seen import Declined, EventSeen, PaymentSeen, RefundSeen, Refused, StripeFailed

API_VERSION = "2026-10-28.endive"  # of stripe 16.1.0; stripe_shapes reads objects of this version
CONNECT_SECONDS, READ_SECONDS = 4, 10
NETWORK_RETRIES = 1  # by the SDK, under the same idempotency key
TOLERANCE = 300  # seconds that a webhook's signature is good for
PAGE = 100
WHOLE = ["payment_intent.latest_charge", "payment_intent.payment_method"]
# The events that tell of a payment: what the webhook endpoint at Stripe is to send, and what is compared daily.
TYPES = (
    *("checkout.session.completed", "checkout.session.expired"),
    *("checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed"),
    *("payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled"),
    *("charge.refunded", "charge.refund.updated", "refund.created", "refund.updated", "refund.failed"),
    *("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"),
    *("charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"),
)


def is_on() -> bool:
    """Whether a key is set: without one nothing can be bought."""
    return bool(settings.STRIPE.key)


# --- payments ---------------------------------------------------------------------------------------------------
def see(payment: Payment) -> PaymentSeen:
    """A payment as it is at Stripe now, with all its refunds and disputes. One whose session or intent we were never
    told (a lost answer) is searched among its customer's."""
    with _translated("see"):
        session = intent = None
        if payment.checkout_session:
            session = _or_none(lambda: _session(payment.checkout_session or ""))
        elif payment.payment_intent:
            intent = _or_none(lambda: _intent(payment.payment_intent or ""))
        elif payment.customer:
            session, intent = _search(payment)
        if session is None and intent is None:
            return stripe_shapes.nowhere()
        return _whole(session, session["payment_intent"] if session else intent)


def session_of(payment: Payment) -> str:
    """The id of the session that was opened for a payment, should there be one that we were not told of; else ""."""
    with _translated("session_of"):
        session, _ = _search(payment)
        return session["id"] if session else ""


def open_checkout(
    payment: Payment, *, customer: str, success_url: str, cancel_url: str, save_card: bool
) -> tuple[str, str]:
    """Opens the page where a payment is paid, until its `expires_at`: the session's id and the page's address.

    Repeated with the same arguments it is the same session."""
    about: dict[str, Any] = {"metadata": {"payment": payment.public_id}}
    paid_by: dict[str, Any] = {**about, "description": "Framehouse credit"}
    if save_card:
        paid_by["setup_future_usage"] = "off_session"
    product = {"name": "Framehouse credit"}
    price = {"currency": payment.currency, "unit_amount": payment.amount // CENT, "product_data": product}
    params: Any = {
        **about,
        "mode": "payment",
        "customer": customer,
        "client_reference_id": payment.public_id,
        "line_items": [{"price_data": price, "quantity": 1}],
        "payment_intent_data": paid_by,
        "adaptive_pricing": {"enabled": False},  # in our currency, or not at all
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": int(payment.expires_at.timestamp()),
    }
    with _translated("open_checkout"):
        made = _api().checkout.sessions.create(params, _once("checkout", payment.uuid.hex))
        return made.id, made.url or ""


def checkout_url(session: str) -> str:
    """The address of a session's page; empty when nobody can pay there any more."""
    with _translated("checkout_url"):
        return _api().checkout.sessions.retrieve(session).url or ""


def expire_session(session: str) -> None:
    """Nobody can pay by this page any more. Refused when it is over already, paid or not."""
    with _translated("expire_session"):
        _api().checkout.sessions.expire(session)


def charge(payment: Payment, *, customer: str, payment_method: str) -> PaymentSeen:
    """Charges a saved card while nobody is there. Raises Declined when the bank said no or asks for its holder."""
    params: Any = {
        "amount": payment.amount // CENT,
        "currency": payment.currency,
        "customer": customer,
        "payment_method": payment_method,
        "off_session": True,
        "confirm": True,
        "description": "Framehouse credit",
        "metadata": {"payment": payment.public_id},
    }
    with _translated("charge"):
        try:
            made = _api().payment_intents.create(params, _once("charge", payment.uuid.hex))
        except stripe.InvalidRequestError as error:
            if error.param == "payment_method":  # detached, or of another customer
                raise Declined(Failure.CARD_UNUSABLE) from error
            raise
        return _whole(None, _intent(made.id))


def cancel_intent(intent: str) -> None:
    """Ends an intent unpaid. Refused when it has ended, or is paid or on its way. No key of ours: Stripe would repeat
    a failure of its own for a day."""
    with _translated("cancel_intent"):
        _api().payment_intents.cancel(intent)


def payment_named_by(intent: str) -> str:
    """The public id of our payment that an intent of Stripe's names; empty for one of somebody else's."""
    with _translated("payment_named_by"):
        found = _or_none(lambda: _intent(intent))
        return str((found["metadata"] or {}).get("payment", "")) if found else ""


def _search(payment: Payment) -> tuple[Any, Any]:
    """The session, or (of an off-session charge) the intent, that names this payment among its customer's."""
    since = int(payment.created_at.timestamp()) - 60
    where: Any = {"customer": payment.customer, "limit": PAGE, "created": {"gte": since}}
    if payment.origin == Origin.CHECKOUT:
        for session in _api().checkout.sessions.list(where).auto_paging_iter():
            if session.client_reference_id == payment.public_id:
                return _session(session.id).to_dict(), None
        return None, None
    for intent in _api().payment_intents.list(where).auto_paging_iter():
        if intent.to_dict()["metadata"].get("payment") == payment.public_id:
            return None, _intent(intent.id).to_dict()
    return None, None


def _whole(session: Any, intent: Any) -> PaymentSeen:
    if isinstance(intent, stripe.StripeObject):
        intent = intent.to_dict()
    if intent is None or intent["status"] != "succeeded":
        return stripe_shapes.payment(session, intent)
    of: Any = {"payment_intent": intent["id"], "limit": PAGE}
    refunds = [row.to_dict() for row in _api().refunds.list(of).auto_paging_iter()]
    disputes = [row.to_dict() for row in _api().disputes.list(of).auto_paging_iter()]
    return stripe_shapes.payment(session, intent, refunds, disputes)


def _session(session: str) -> Any:
    return _api().checkout.sessions.retrieve(session, {"expand": WHOLE})


def _intent(intent: str) -> stripe.PaymentIntent:
    found: stripe.PaymentIntent = _api().payment_intents.retrieve(
        intent, {"expand": ["latest_charge", "payment_method"]}
    )
    return found


# --- refunds ----------------------------------------------------------------------------------------------------
def refund(refund: Refund) -> RefundSeen:
    """Gives money back for a payment. Refused where Stripe will not (charged back, nothing left to refund)."""
    params: Any = {
        "payment_intent": refund.payment.payment_intent,
        "amount": refund.amount // CENT,
        "reason": "requested_by_customer",
        "metadata": {"refund": refund.uuid.hex},
    }
    with _translated("refund"):
        made = _api().refunds.create(params, _once("refund", refund.uuid.hex))
        return stripe_shapes.refund(made.to_dict())


def find_refund(refund: Refund) -> RefundSeen | None:
    """A refund of ours at Stripe, found by its metadata: what to ask when an answer was lost."""
    of: Any = {"payment_intent": refund.payment.payment_intent, "limit": PAGE}
    with _translated("find_refund"):
        for row in _api().refunds.list(of).auto_paging_iter():
            seen = stripe_shapes.refund(row.to_dict())
            if seen.ours == refund.uuid.hex:
                return seen
    return None


# --- customers and cards ----------------------------------------------------------------------------------------
def make_customer(team: Team, details: Details, *, hour: str) -> str:
    """A team as Stripe's customer. The same within one `hour` (any text) and with the same details: Stripe remembers
    an answer for a day, its own failures too, and those must not keep a team from buying for so long."""
    fields = _customer(team, details)
    address = {name: text for name, text in fields["address"].items() if text}
    known = {"name": fields["name"], "email": fields["email"], "address": address}
    params: Any = {name: what for name, what in known.items() if what} | {"metadata": {"team": team.public_id}}
    digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:16]
    with _translated("make_customer"):
        made = _api().customers.create(params, _once("customer", f"{team.uuid.hex}:{hour}:{digest}"))
        return str(made.id)


def update_customer(customer: str, team: Team, details: Details) -> None:
    """Tells Stripe the details of today."""
    with _translated("update_customer"):
        _api().customers.update(customer, _customer(team, details))


def _customer(team: Team, details: Details) -> Any:
    names = ("line1", "line2", "city", "postal_code", "country")
    address = {name: getattr(details, name) for name in names} | {"state": details.region}
    return {"name": details.name or team.name, "email": details.email, "address": address}


def detach(payment_method: str) -> None:
    """Stripe forgets a saved card. Refused when it has none such."""
    with _translated("detach"):
        _api().payment_methods.detach(payment_method)


# --- events -----------------------------------------------------------------------------------------------------
def read_event(raw: bytes, signature: str) -> EventSeen:
    """A webhook's body, whose signature is of one of our secrets and at most 300 seconds old. No network.

    Raises Refused: `unsigned`, or `unreadable` for what is signed but no event."""
    for secret in settings.STRIPE.webhook_secrets:
        try:
            stripe.WebhookSignature.verify_header(raw, signature, secret, TOLERANCE)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            continue
        try:
            text = raw.decode()
            return stripe_shapes.event(json.loads(text), text)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise Refused("unreadable") from error
    raise Refused("unsigned")


def list_events(since: datetime, until: datetime) -> Iterator[EventSeen]:
    """The events of TYPES that Stripe made from `since` to `until`, newest first. It keeps them for 30 days."""
    params: Any = {
        "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
        "types": list(TYPES),
        "limit": PAGE,
    }
    with _translated("list_events"):
        for row in _api().events.list(params).auto_paging_iter():
            plain = row.to_dict(for_json=True)
            yield stripe_shapes.event(plain, json.dumps(plain))


def account_id() -> str:
    """The account that our key is of."""
    return _account(settings.STRIPE.key, settings.STRIPE.api_base)


@cache
def _account(key: str, base: str) -> str:
    with _translated("account_id"):
        return str(_api().accounts.retrieve_current().id)


# --- the client -------------------------------------------------------------------------------------------------
def _api() -> Any:
    """The client's v1 services. One a process: connections must not cross a fork."""
    if not settings.STRIPE.key:
        raise StripeFailed("no key is set", sent=False)
    return _client(settings.STRIPE.key, settings.STRIPE.api_base, os.getpid()).v1


@cache
def _client(key: str, base: str, pid: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base},
        max_network_retries=NETWORK_RETRIES,
        http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
    )


def _once(verb: str, ours: str) -> Any:
    return {"idempotency_key": f"framehouse:{verb}:{ours}"}


def _or_none(ask: Any) -> Any:
    """The object as a dict; None when Stripe has none of this id."""
    try:
        return ask().to_dict()
    except stripe.InvalidRequestError as error:
        if error.code == "resource_missing":
            return None
        raise


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Stripe's errors as ours. Its own words stay in the cause, for the log."""
    try:
        yield
    except stripe.CardError as error:
        told: dict[str, Any] = error.error.to_dict() if error.error else {"code": error.code}
        raise Declined(stripe_shapes.declined(told), intent=(told.get("payment_intent") or {}).get("id", "")) from error
    except stripe.IdempotencyError as error:
        raise Refused("idempotency_error") from error
    except stripe.InvalidRequestError as error:
        raise Refused(error.code or "invalid_request") from error
    except (stripe.AuthenticationError, stripe.PermissionError, stripe.RateLimitError) as error:
        raise StripeFailed(f"{what}: {type(error).__name__}", sent=False) from error
    except stripe.APIConnectionError as error:
        raise StripeFailed(f"{what}: no answer", sent=not _never_connected(error)) from error
    except stripe.StripeError as error:
        raise StripeFailed(f"{what}: {type(error).__name__} {error.http_status}") from error


def _never_connected(error: BaseException) -> bool:
    """Whether the connection itself failed, so that nothing can have been sent."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
