"""fal's storage (providers/fal.md section 6): ask where to put a file, then PUT it there without our key."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from django.conf import settings

from generations.providers.base import (
    COPY_ANSWER_BYTES,
    COPY_LIFETIME,
    File,
    NotHandedOver,
    NotSent,
    copy_url,
    judge_copy_status,
    not_handed_over,
)
from project import net, strict_json

PATH = "/storage/upload/initiate?storage_type=fal-cdn-v3"


def take(file: File, *, headers: Mapping[str, str], deadline: float) -> str:
    """Uploads a file and returns its address. Raises NotHandedOver."""
    until = time.monotonic() + deadline
    lifetime = json.dumps({"expiration_duration_seconds": COPY_LIFETIME})
    try:
        response = net.fetch(
            method="POST",
            url=f"{settings.FAL_REST_BASE}{PATH}",
            headers={**headers, "X-Fal-Object-Lifecycle-Preference": lifetime},
            json={"file_name": file.name, "content_type": file.content_type},
            deadline=deadline,
            max_bytes=COPY_ANSWER_BYTES,
            guard=net.Guard.OPERATOR,
        )
        judge_copy_status(response.status)
        upload_url, file_url = judge(response.body)
        put = net.fetch(
            method="PUT",
            url=upload_url,
            headers={"Content-Type": file.content_type},
            content=file.data,
            deadline=max(until - time.monotonic(), 0.001),
            max_bytes=COPY_ANSWER_BYTES,
            guard=net.Guard.PUBLIC,  # where to is the answer's word, not our settings'
        )
    except net.NetError as error:
        raise not_handed_over(error) from error
    if not 200 <= put.status < 300:  # never about our account: the PUT bears no key
        raise NotHandedOver(NotSent(f"upload: put answered {put.status}"))
    return file_url


def judge(raw: bytes) -> tuple[str, str]:
    """(where to PUT the bytes, the address they will have) of an answer to initiate. Raises NotHandedOver."""
    try:
        body = strict_json.loads_provider(raw, max_bytes=COPY_ANSWER_BYTES)
    except strict_json.BadJson:
        raise NotHandedOver(NotSent("upload: answer without JSON")) from None
    body = body if isinstance(body, dict) else {}
    return copy_url(body.get("upload_url")), copy_url(body.get("file_url"))
