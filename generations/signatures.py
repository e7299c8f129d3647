"""Who signed a callback: KIE's HMAC (kie.md 4.2), fal's ED25519 with its published keys (fal.md 4.4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db.models.functions import Now

from generations.models import ProviderKeys
from project import db, net, strict_json

TOLERANCE = 300  # seconds
KEYS_LIVE = timedelta(hours=24)
KEYS_AGAIN = timedelta(seconds=60)  # a key that does not fit asks for new ones, at most once a minute
JWKS_BYTES = 64 * 1024


class KeysUnavailable(Exception):
    """The provider's keys cannot be had: the callback is neither true nor false; answer 503 and it comes again."""


def kie_is_genuine(*, headers: Mapping[str, str], task_id: str | None) -> bool:
    """Whether the two headers prove KIE's knowledge of our key for this task id. The body is not covered."""
    timestamp, given = headers.get("X-Webhook-Timestamp", ""), headers.get("X-Webhook-Signature", "")
    if task_id is None or not given or not _fresh(timestamp):
        return False
    mac = hmac.new((settings.KIE_WEBHOOK_KEY or "").encode(), f"{task_id}.{timestamp}".encode(), hashlib.sha256)
    return hmac.compare_digest(base64.b64encode(mac.digest()), given.encode("utf-8", "replace"))


def fal_is_genuine(*, headers: Mapping[str, str], raw: bytes) -> bool:
    """Whether one of fal's published keys signed this raw body. Raises KeysUnavailable when there are none."""
    names = ("Request-Id", "User-Id", "Timestamp", "Signature")
    values = [headers.get(f"X-Fal-Webhook-{name}", "") for name in names]
    if not all(values) or not _fresh(values[2]):
        return False
    try:
        signature = bytes.fromhex(values[3])
    except ValueError:
        return False
    message = "\n".join([*values[:3], hashlib.sha256(raw).hexdigest()]).encode()
    if _any_key_fits(_keys(), signature, message):
        return True
    fresh = _refresh(only_after=KEYS_AGAIN)
    return fresh is not None and _any_key_fits(fresh, signature, message)


def _fresh(timestamp: str) -> bool:
    """Unix seconds within 5 minutes of this machine's clock, the only wall clock in the house (faults.md row 54)."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    return abs(time.time() - int(timestamp)) <= TOLERANCE


def _any_key_fits(keys: list[str], signature: bytes, message: bytes) -> bool:
    """The webhook names no key: every published one is tried (fal.md 4.4)."""
    for text in keys:
        try:
            key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            key.verify(signature, message)
        except (InvalidSignature, ValueError, binascii.Error):
            continue
        return True
    return False


def _keys() -> list[str]:
    row = ProviderKeys.objects.filter(pk=settings.FAL_JWKS_URL).first()
    if row is not None and row.fetched_at > db.now() - KEYS_LIVE:
        return list(row.keys)
    fresh = _refresh(only_after=timedelta(0) if row is None else KEYS_AGAIN)
    if fresh is not None:
        return fresh
    if row is None:
        raise KeysUnavailable
    return list(row.keys)  # stale keys stay usable while a refresh fails


def _refresh(*, only_after: timedelta) -> list[str] | None:
    """New keys from the provider, unless they were asked for a moment ago; None when they cannot be had."""
    url = settings.FAL_JWKS_URL
    row = ProviderKeys.objects.filter(pk=url).first()
    if row is not None and row.tried_at > db.now() - only_after:
        return None
    if row is not None:
        ProviderKeys.objects.filter(pk=url).update(tried_at=Now())
    try:
        response = net.fetch(method="GET", url=url, deadline=5.0, max_bytes=JWKS_BYTES, guard=net.Guard.OPERATOR)
        body = strict_json.loads_provider(response.body, max_bytes=JWKS_BYTES)
    except (net.NetError, strict_json.BadJson):
        return None
    found = body.get("keys") if response.status == 200 and isinstance(body, dict) else None
    keys = [
        item["x"]
        for item in (found if isinstance(found, list) else [])
        if isinstance(item, dict) and item.get("crv") == "Ed25519" and isinstance(item.get("x"), str)
    ]
    if not keys:
        return None
    moment = db.now()
    ProviderKeys.objects.update_or_create(pk=url, defaults={"keys": keys, "fetched_at": moment, "tried_at": moment})
    return keys
