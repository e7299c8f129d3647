"""Stripe's objects (as plain dicts, API version of `stripe_gateway`) read into our words and micro-dollars.

Pure: no network, no database. Sources: docs.stripe.com/api, the objects Checkout Session, PaymentIntent, Refund,
Dispute and Event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from billing.models import CENT, Failure
from billing.stripe_seen import DisputeSeen, EventAbout, EventSeen, IntentStatus, PaymentSeen, RefundSeen

Object = Mapping[str, Any]

STATUSES = {
    "succeeded": IntentStatus.SUCCEEDED,
    "processing": IntentStatus.PROCESSING,
    "canceled": IntentStatus.CANCELED,
}
REFUNDS = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}  # the others are on their way
DISPUTES = {"needs_response": "open", "under_review": "open", "won": "won", "lost": "lost"}
AUTHENTICATION = frozenset({"authentication_required", "authentication_not_handled", "approve_with_id"})
# A card with one of these will not work tomorrow either (docs.stripe.com/declines/codes).
UNUSABLE = frozenset(
    {
        *("expired_card", "lost_card", "stolen_card", "pickup_card", "invalid_account", "account_closed"),
        *("new_account_information_available", "restricted_card", "card_not_supported", "currency_not_supported"),
        *("revocation_of_authorization", "revocation_of_all_authorizations", "stop_payment_order"),
    }
)


def nowhere() -> PaymentSeen:
    """A payment that Stripe knows nothing of."""
    return PaymentSeen(intent=None, status=IntentStatus.CANCELED, session_over=True, failure=Failure.UNKNOWN_TO_STRIPE)


def payment(
    session: Object | None, intent: Object | None, refunds: Iterable[Object] = (), disputes: Iterable[Object] = ()
) -> PaymentSeen:
    """A payment of its session (None for an off-session charge) and its intent (None before anybody tried to pay),
    whose charge and payment method are expanded."""
    over = session is None or session["status"] != "open"
    if intent is None:
        status = IntentStatus.CANCELED if over else IntentStatus.OPEN
        return PaymentSeen(intent=None, status=status, session_over=over, failure=_failure(session, None, status))
    status = STATUSES.get(intent["status"], IntentStatus.OPEN)
    return PaymentSeen(
        intent=intent["id"],
        status=status,
        session_over=over,
        received=intent["amount_received"] * CENT,
        currency=intent["currency"],
        customer=_id(intent["customer"]),
        payment_method=_saved(intent),
        card=card(_paid_with(intent)),
        failure=_failure(session, intent, status),
        refunds=tuple(refund(row) for row in refunds),
        disputes=tuple(seen for row in disputes if (seen := dispute(row))),
    )


def _failure(session: Object | None, intent: Object | None, status: IntentStatus) -> str:
    """Why it is not paid, should it have ended."""
    if status in (IntentStatus.SUCCEEDED, IntentStatus.PROCESSING):
        return ""
    if session is not None and session["status"] == "expired":
        return Failure.EXPIRED
    error = (intent or {}).get("last_payment_error")
    if error:
        return declined(error)
    return Failure.CANCELED if status == IntentStatus.CANCELED else Failure.DECLINED


def declined(error: Object) -> str:
    """Why a bank said no: one of billing.models.Failure."""
    codes = {error.get("code"), error.get("decline_code")}
    if codes & AUTHENTICATION:
        return Failure.AUTHENTICATION_REQUIRED
    return Failure.CARD_UNUSABLE if codes & UNUSABLE else Failure.DECLINED


def _saved(intent: Object) -> str:
    """The card that was saved for later by this payment; empty for one that is used once."""
    method = intent["payment_method"]
    kept = intent["setup_future_usage"] == "off_session" and isinstance(method, Mapping) and method["type"] == "card"
    return _id(method) if kept else ""


def _paid_with(intent: Object) -> Object:
    charge = intent["latest_charge"]
    if isinstance(charge, Mapping):
        found: Object = charge["payment_method_details"] or {}
        return found
    return {}


def card(method: Object) -> str:
    """What a payment method, or the part of a charge that tells of it, is called: "visa 4242"; empty when unknown."""
    kind = method.get("type") or ""
    shown = method.get(kind) or {}
    name = shown.get("brand") or kind.replace("_", " ")
    return f"{name} {shown.get('last4') or ''}".strip()[:40]


def refund(row: Object) -> RefundSeen:
    """A refund."""
    return RefundSeen(
        id=row["id"],
        amount=row["amount"] * CENT,
        status=REFUNDS.get(row["status"], "pending"),
        ours=(row["metadata"] or {}).get("refund", ""),
    )


def dispute(row: Object) -> DisputeSeen | None:
    """A dispute that took money, or did once; None for an inquiry (`warning_...`) that never did."""
    status = DISPUTES.get(row["status"])
    if status is None:
        if not row["balance_transactions"]:
            return None
        status = "dropped"
    return DisputeSeen(id=row["id"], amount=row["amount"] * CENT, status=status)


def event(row: Object, raw: str) -> EventSeen:
    """An event. Raises KeyError, TypeError or ValueError where it is none."""
    told = {name: row.get(name) or "" for name in ("account", "api_version")}
    fields = [row["id"], row["type"], *told.values()]
    if not all(isinstance(text, str) and len(text) <= 80 for text in fields) or row["object"] != "event":
        raise ValueError("no event")
    return EventSeen(
        id=row["id"],
        type=row["type"],
        object_id=_id(row["data"]["object"])[:120],
        account=told["account"],
        livemode=bool(row["livemode"]),
        api_version=told["api_version"][:40],
        created_at=datetime.fromtimestamp(row["created"], UTC),
        raw=raw,
    )


def about(raw: str) -> EventAbout:
    """Which payment an event's JSON is about, as far as it says."""
    found: Object = json.loads(raw)["data"]["object"]
    kind, ident = found.get("object"), _id(found)
    named = (found.get("metadata") or {}).get("payment") or found.get("client_reference_id") or ""
    return EventAbout(
        session=ident if kind == "checkout.session" else "",
        intent=ident if kind == "payment_intent" else _id(found.get("payment_intent")),
        payment=named if isinstance(named, str) else "",
    )


def _id(what: Any) -> str:
    """The id of an object that is expanded, or not."""
    if isinstance(what, Mapping):
        return str(what.get("id") or "")
    return what if isinstance(what, str) else ""
