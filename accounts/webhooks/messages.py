"""What a receiver gets: the body, and the headers that prove it is ours (Standard Webhooks 1.0)."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from standardwebhooks import Webhook

from accounts.models import OutgoingEvent
from project import media_links
from project.times import stamp

LINK_SECONDS = 24 * 3600  # as in the API's answers


def message(event: OutgoingEvent) -> dict[str, Any]:
    """The message of an event. Links to files are signed now: no table holds one."""
    return {
        "id": event.public_id,
        "type": event.type,
        "timestamp": stamp(event.created_at),
        "sequence": event.sequence,
        "data": _data(event),
    }


def body(event: OutgoingEvent) -> bytes:
    """The same as it is sent and signed: these very bytes."""
    return json.dumps(message(event), ensure_ascii=False, separators=(",", ":")).encode()


def headers(event: OutgoingEvent, content: bytes, secrets: Sequence[str], *, at: datetime) -> dict[str, str]:
    """The headers of one try at a moment: a signature by each secret, the newest first."""
    return signed(event.public_id, content, secrets, at=at)


def signed(message_id: str, content: bytes, secrets: Sequence[str], *, at: datetime) -> dict[str, str]:
    """The same for any message: what proves that these very bytes are ours, and were sent at that moment."""
    moment = at.astimezone(UTC)
    data = content.decode()
    signatures = [Webhook(secret).sign(msg_id=message_id, timestamp=moment, data=data) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": f"Framehouse-Webhooks/1.0 (+{settings.SITE_URL})",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _data(event: OutgoingEvent) -> dict[str, Any]:
    """What is told; of what was deleted since, only that it was."""
    if event.replaced is None:
        return _with_links(event.payload, event.files)
    return {**event.payload, **event.replaced}


def _with_links(payload: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """The payload with an address at each path of `files`: `outputs.0.url`."""
    data = copy.deepcopy(dict(payload))
    for path, name in files.items():
        *way, last = path.split(".")
        place: Any = data
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        place[last] = media_links.signed_url(name, lifetime_seconds=LINK_SECONDS)
    return data
