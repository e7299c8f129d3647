"""Webhooks received: is it from Framehouse, unaltered and fresh? By the Standard Webhooks specification, symmetric
scheme `v1`: HMAC-SHA256 of `id.timestamp.body` with the base64 bytes behind `whsec_`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from framehouse.errors import FramehouseError, UnreadableAnswer
from framehouse.reading import read
from framehouse.shapes import Generation, Json, Shape

TOLERANCE = 300.0  # seconds that a message may be old, or ahead of our clock
PREFIX = "whsec_"


class WebhookVerificationError(FramehouseError):
    """Not to be believed: answer 400 and do nothing."""


class Headers(Protocol):
    """Any headers: a dict's, a framework's, http.server's."""

    def items(self) -> Iterable[tuple[str, str]]: ...


@dataclass(frozen=True, kw_only=True)
class Event(Shape):
    """What happened. The same `id` may come more than once; `sequence` counts the events of one subject from 1: what
    is not higher than what you have seen of it is old news."""

    id: str
    type: str  # generation.succeeded, wallet.low, ...
    timestamp: datetime
    sequence: int
    data: Json

    @property
    def generation(self) -> Generation:
        """The generation of a generation.* event."""
        return read(Generation, self.data)


def verify(
    body: bytes,
    headers: Headers,
    secret: str | Iterable[str],
    tolerance: float = TOLERANCE,
    *,
    now: float | None = None,
) -> Event:
    """The event in a request: its body to the byte, its headers, and the secret or secrets that are valid (two while
    one replaces the other). Raises WebhookVerificationError, and ValueError for a secret that is none."""
    if not isinstance(body, bytes):
        raise TypeError("the body must be the bytes that came: JSON written anew has another signature")
    keys = [_key(one) for one in ([secret] if isinstance(secret, str) else secret)]
    if not keys:
        raise ValueError("no secret to verify with")
    found = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not found.get(name)]
    if missing:
        raise WebhookVerificationError(f"the header {missing[0]} is missing")
    stamp = found["webhook-timestamp"]
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise WebhookVerificationError("webhook-timestamp is no time")
    signed = f"{found['webhook-id']}.{stamp}.".encode() + body
    wanted = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in keys]
    genuine = False
    for one in found["webhook-signature"].split(" "):
        version, _, signature = one.partition(",")
        for text in wanted:  # each is compared, whatever was found before
            genuine |= version == "v1" and hmac.compare_digest(text, signature.encode("utf-8", "surrogateescape"))
    if not genuine:
        raise WebhookVerificationError("no signature is by a secret of yours")
    if abs((time.time() if now is None else now) - int(stamp)) > tolerance:
        raise WebhookVerificationError("the message is too old, or from the future: is this clock right?")
    try:
        return replace(read(Event, json.loads(body)), id=found["webhook-id"])
    except (ValueError, UnreadableAnswer) as error:
        raise WebhookVerificationError("the body is no event") from error


def _key(secret: str) -> bytes:
    text = secret.strip().removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a webhook secret is whsec_ and base64") from error
    if not key:
        raise ValueError("a webhook secret is not empty")
    return key
