"""The parameters of a Checkout session and what they make of it."""

from __future__ import annotations

from typing import Any

from billing.standin import intents, params, shapes
from billing.standin.params import boolean, choice, hash_of, integer, list_of, text
from billing.standin.refusals import bad_parameter
from billing.standin.shapes import Object

STATUS = choice("open", "complete", "expired")
WAYS = ("card", "us_bank_account")


def _url(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise bad_parameter("Not a valid URL", path, "url_invalid")
    return value


_PRODUCT = hash_of({"name": text, "description": text, "metadata": params.metadata}, required=("name",))
_PRICE = hash_of(
    {"currency": intents.currency, "unit_amount": integer(0), "product_data": _PRODUCT},
    required=("currency", "unit_amount", "product_data"),
)
_LINE = hash_of({"price_data": _PRICE, "quantity": integer(1, 999_999)}, required=("price_data", "quantity"))
_ENABLED = hash_of({"enabled": boolean}, required=("enabled",))
CREATE: params.Spec = {
    "adaptive_pricing": _ENABLED,
    "allowed_payment_method_types": list_of(choice(*WAYS)),
    "automatic_tax": _ENABLED,
    "billing_address_collection": choice("auto", "required"),
    "cancel_url": _url,
    "client_reference_id": text,
    "custom_text": hash_of({"submit": hash_of({"message": text}, required=("message",))}),
    "customer": text,
    "customer_creation": choice("always", "if_required"),
    "customer_email": text,
    "expires_at": integer(0),
    "line_items": list_of(_LINE),
    "locale": text,
    "metadata": params.metadata,
    "mode": choice("payment"),  # the only one that the stand-in has
    "payment_intent_data": hash_of(intents.SHARED),
    "submit_type": choice("auto", "pay"),
    "success_url": _url,
    "ui_mode": choice("hosted_page"),
}


def line_items(given: list[dict[str, Any]], now: int) -> list[Object]:
    """The lines as Stripe lists them. Refuses two currencies."""
    if len({line["price_data"]["currency"] for line in given}) > 1:
        raise bad_parameter("All line items must be of one currency.", "line_items")
    return [_line(item, now) for item in given]


def _line(given: dict[str, Any], now: int) -> Object:
    price, total = given["price_data"], given["price_data"]["unit_amount"] * given["quantity"]
    return {
        "id": shapes.new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": price["product_data"]["name"],
        "metadata": {},
        "price": {
            **shapes.base("price", "price", now),
            "active": False,
            "billing_scheme": "per_unit",
            "currency": price["currency"],
            "custom_unit_amount": None,
            "lookup_key": None,
            "nickname": None,
            "product": shapes.new_id("prod"),
            "recurring": None,
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": price["unit_amount"],
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": given["quantity"],
    }


def blank(now: int, given: dict[str, Any], *, amount: int, currency: str) -> Object:
    """A session that has just been made."""
    allowed = given.get("allowed_payment_method_types")
    return {
        **shapes.base("checkout.session", "cs_test", now),
        "adaptive_pricing": given.get("adaptive_pricing"),
        "after_expiration": None,
        "allow_promotion_codes": None,
        "allowed_payment_method_types": allowed,
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": given.get("billing_address_collection"),
        "cancel_url": given.get("cancel_url"),
        "client_reference_id": given.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
            **(given.get("custom_text") or {}),
        },
        "customer": given.get("customer"),
        "customer_creation": given.get("customer_creation") or ("if_required" if not given.get("customer") else None),
        "customer_details": None,
        "customer_email": given.get("customer_email"),
        "discounts": [],
        "expires_at": 0,
        "invoice": None,
        "invoice_creation": None,
        "locale": given.get("locale"),
        "metadata": given.get("metadata", {}),
        "mode": given["mode"],
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": list(allowed or WAYS),
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": given.get("submit_type"),
        "subscription": None,
        "success_url": given["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": None,
        "wallet_options": None,
    }
