"""The objects as Stripe shows them in API_VERSION. Amounts are in the currency's smallest unit (cents)."""

from __future__ import annotations

import secrets
import string
from typing import Any

from billing.standin.cards import Card

API_VERSION = "2026-10-28.endive"  # the SDK's own (stripe 16.1.0)
Object = dict[str, Any]
LETTERS = string.ascii_letters + string.digits
NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def new_id(prefix: str) -> str:
    """As Stripe's: a prefix and 24 letters and digits."""
    return f"{prefix}_" + "".join(secrets.choice(LETTERS) for _ in range(24))


def base(kind: str, prefix: str, now: int) -> Object:
    """What all objects have."""
    return {"id": new_id(prefix), "object": kind, "created": now, "livemode": False, "metadata": {}}


def address(given: Object | None) -> Object | None:
    """An address with all of its fields; what is empty is none."""
    return {**NO_ADDRESS, **{name: text or None for name, text in given.items()}} if given else None


def customer(now: int) -> Object:
    return {
        **base("customer", "cus", now),
        "address": None,
        "balance": 0,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": secrets.token_hex(4).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def details_of_card(card: Card) -> Object:
    """A card as a payment method shows it."""
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"standin{card.last4}",
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def details_of_bank(card: Card) -> Object:
    """A bank account as a payment method shows it."""
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STAND-IN TEST BANK",
        "financial_connections_account": None,
        "fingerprint": f"standin{card.last4}",
        "last4": card.last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    }


def payment_method(now: int, card: Card, billing: Object) -> Object:
    made = {**base("payment_method", "pm", now), "allow_redisplay": "limited", "billing_details": billing}
    made["customer"] = None
    made["type"] = "us_bank_account" if card.is_bank else "card"
    made[made["type"]] = details_of_bank(card) if card.is_bank else details_of_card(card)
    return made


def payment_intent(now: int, *, amount: int, currency: str) -> Object:
    made = base("payment_intent", "pi", now)
    return {
        **made,
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{made['id']}_secret_{secrets.token_hex(12)}",
        "confirmation_method": "automatic",
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def charge(now: int, intent: Object, method: Object, card: Card) -> Object:
    """A charge of an intent, not yet said whether it succeeded."""
    kind = method["type"]
    if card.is_bank:
        paid_with = {name: method[kind][name] for name in ("account_type", "bank_name", "last4", "routing_number")}
    else:
        shown = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
        paid_with = {name: method[kind][name] for name in shown}
        paid_with |= {"network": card.brand, "three_d_secure": None, "amount_authorized": intent["amount"]}
    return {
        **base("charge", "ch", now),
        "metadata": dict(intent["metadata"]),
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "STAND-IN",
        "captured": False,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"type": kind, kind: paid_with},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
    }


def refund(now: int, of: Object, *, amount: int, reason: str | None) -> Object:
    made = base("refund", "re", now)
    del made["livemode"]  # a refund has none
    return {
        **made,
        "amount": amount,
        "balance_transaction": None,
        "charge": of["id"],
        "currency": of["currency"],
        "destination_details": {"type": "card", "card": {"type": "refund", "reference_status": "pending"}},
        "payment_intent": of["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def dispute(now: int, of: Object, *, amount: int, reason: str, status: str) -> Object:
    card = of["payment_method_details"].get("card") or {}
    return {
        **base("dispute", "du", now),
        "amount": amount,
        "balance_transactions": [],
        "charge": of["id"],
        "currency": of["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + 7 * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_method": "not_submitted",
            "submission_count": 0,
        },
        "is_charge_refundable": status.startswith("warning"),
        "payment_intent": of["payment_intent"],
        "payment_method_details": {
            "type": "card",
            "card": {
                "brand": card.get("brand") or "visa",
                "case_type": "inquiry" if status.startswith("warning") else "chargeback",
                "network": card.get("network") or "visa",
                "network_reason_code": "83",
            },
        },
        "reason": reason,
        "status": status,
    }


def event(now: int, kind: str, data: Object, *, request: Object, pending: int) -> Object:
    made = base("event", "evt", now)
    del made["metadata"]
    return {
        **made,
        "api_version": API_VERSION,
        "data": data,
        "pending_webhooks": pending,
        "request": request,
        "type": kind,
    }
