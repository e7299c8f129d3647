"""An event as it is posted: the body, and Stripe's signature over it."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

from billing.standin.shapes import Object
from billing.standin.world import World


@dataclass(frozen=True)
class Letter:
    """One POST to the webhook."""

    body: str
    headers: dict[str, str]


def signature(body: str, secret: str, timestamp: int) -> str:
    """The `Stripe-Signature` header: HMAC-SHA256 over time and body (docs.stripe.com/webhooks/signature)."""
    mac = hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256)
    return f"t={timestamp},v1={mac.hexdigest()}"


def write(world: World, event: Object, **lies: Any) -> Letter:
    """The letter of an event, with lies on demand: id, type, account, livemode, api_version (replace the event's
    own), age (seconds that it was made earlier), object (fields of its object), body (text, replaces all),
    signature ("wrong": of another secret, "none", or the header itself), signed_ago (seconds)."""
    shown = copy.deepcopy(event)
    shown |= {name: lies[name] for name in ("id", "type", "account", "livemode", "api_version") if name in lies}
    shown["created"] -= int(lies.get("age", 0))
    shown["data"]["object"] |= lies.get("object") or {}
    body = str(lies["body"]) if "body" in lies else json.dumps(shown, indent=2)
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0 (stand-in)"}
    told = lies.get("signature", "")
    timestamp = int(time.time()) - int(lies.get("signed_ago", 0))
    if told in ("", "wrong"):
        secret = "whsec_of_somebody_else" if told else world.settings.webhook_secret
        headers["Stripe-Signature"] = signature(body, secret, timestamp)
    elif told != "none":
        headers["Stripe-Signature"] = str(told)
    return Letter(body, headers)
