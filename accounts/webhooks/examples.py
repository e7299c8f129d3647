"""What the test button sends: `data` of each type as it would be, of a thing that does not exist."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from accounts.models import EventType
from project.money import USD, to_json

NOBODY = "0" * 32
GENERATION = f"gen_{NOBODY}"
AT = "2026-01-31T09:30:00Z"
ENDED_AT = "2026-01-31T09:31:12Z"
PRICE = 300_000  # micro-dollars


def of(kind: EventType) -> dict[str, Any]:
    """The `data` of an example of this type."""
    if kind == EventType.TEST:
        return {"message": "This is a test of your webhook endpoint."}
    return _OTHERS[kind]() if kind in _OTHERS else _generation(kind)


def _generation(kind: EventType) -> dict[str, Any]:
    status = kind.partition(".")[2]
    ended, succeeded = status != "running", status == "succeeded"
    base = f"{settings.SITE_URL}/api/v1/generations/{GENERATION}"
    output = {
        "url": f"{settings.SITE_URL}/media/example.mp4",
        "kind": "video",
        "content_type": "video/mp4",
        "width": 1280,
        "height": 720,
        "duration": 8.0,
        "bytes": 2_480_221,
        "sha256": "0" * 64,
    }
    failure = {
        "code": "provider_failed",
        "message": "The provider could not finish this. Nothing was charged.",
        "retryable": True,
    }
    return {
        "id": GENERATION,
        "model": "veo-3.1-fast",
        "status": status,
        "input": {"prompt": "a dog on a beach"},
        "outputs": [output] if succeeded else [],
        "outputs_deleted_at": None,
        "text": None,
        "error": failure if status == "failed" else None,
        "price": to_json(PRICE),
        "held": to_json(0 if ended else PRICE),
        "charged": to_json(PRICE if succeeded else 0),
        "refunded": to_json(PRICE if ended and not succeeded else 0),
        "metadata": {"order": "1234"},
        "created_at": AT,
        "submitted_at": None if status == "canceled" else AT,
        "finished_at": ENDED_AT if ended else None,
        "expires_at": "2026-01-31T11:30:00Z",
        "waits_for": None,
        "urls": {
            "self": base,
            "events": f"{base}/events",
            "receipt": f"{base}/receipt",
            "cancel": f"{base}/cancel",
            "web": f"{settings.SITE_URL}/generations/{GENERATION}",
        },
    }


def _wallet() -> dict[str, Any]:
    return {
        "available": to_json(4_200_000),
        "held": to_json(PRICE),
        "low_balance": to_json(5 * USD),
        "automatic_recharge": False,
        "url": f"{settings.SITE_URL}/wallet",
    }


def _budget() -> dict[str, Any]:
    return {
        "of": "member",
        "member": f"mem_{NOBODY}",
        "key": None,
        "period": "month",
        "threshold": 80,
        "limit": to_json(20 * USD),
        "cap": to_json(20 * USD),
        "used": to_json(16 * USD),
        "held": to_json(PRICE),
        "left": to_json(4 * USD - PRICE),
        "resets_at": "2026-02-01T00:00:00Z",
    }


def _payment() -> dict[str, Any]:
    return {
        "id": f"pay_{NOBODY}",
        "status": "paid",
        "amount": to_json(25 * USD),
        "bonus": to_json(0),
        "automatic": False,
        "created_at": AT,
        "paid_at": ENDED_AT,
        "url": f"{settings.SITE_URL}/wallet/payments/pay_{NOBODY}",
    }


_OTHERS = {EventType.WALLET_LOW: _wallet, EventType.BUDGET_REACHED: _budget, EventType.PAYMENT_PAID: _payment}
