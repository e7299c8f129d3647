"""KIE's upload service (kie.md section 6): one multipart POST. The same name would overwrite, so each is new."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from generations.providers import kie_records
from generations.providers.base import (
    COPY_ANSWER_BYTES,
    File,
    NotHandedOver,
    NotSent,
    RefusedAccount,
    TryLater,
    copy_url,
    judge_copy_status,
    not_handed_over,
)
from project import net, strict_json

PATH = "/api/file-stream-upload"
FOLDER = "framehouse/inputs"  # without slashes at its ends
ADDRESSES = ("downloadUrl", "fileUrl", "url")  # two pages of the documentation name it differently


def take(file: File, *, headers: Mapping[str, str], deadline: float) -> str:
    """Uploads a file and returns its address. Raises NotHandedOver."""
    content_type, body = net.multipart(
        {"uploadPath": FOLDER, "fileName": file.name},
        name="file",
        filename=file.name,
        content_type=file.content_type,
        data=file.data,
    )
    try:
        response = net.fetch(
            method="POST",
            url=f"{settings.KIE_UPLOAD_BASE}{PATH}",
            headers={**headers, "Content-Type": content_type},
            content=body,
            deadline=deadline,
            max_bytes=COPY_ANSWER_BYTES,
            guard=net.Guard.OPERATOR,
        )
    except net.NetError as error:
        raise not_handed_over(error) from error
    judge_copy_status(response.status)
    return judge(response.body, length=len(file.data))


def judge(raw: bytes, *, length: int) -> str:
    """The address in an answer of HTTP 2xx, whose verdict is in its `code`. Raises NotHandedOver."""
    try:
        body = strict_json.loads_provider(raw, max_bytes=COPY_ANSWER_BYTES)
    except strict_json.BadJson:
        raise NotHandedOver(NotSent("upload: answer without JSON")) from None
    body = body if isinstance(body, dict) else {}
    code = kie_records.number(body.get("code"))
    if code == 429:
        raise NotHandedOver(TryLater("upload: code 429"))
    if code in (401, 402):
        raise NotHandedOver(RefusedAccount(f"upload: code {code}"))
    data = body.get("data")
    if code != 200 or body.get("success") is False or not isinstance(data, dict):
        raise NotHandedOver(NotSent(f"upload: code {code}"))
    size = kie_records.number(data.get("fileSize"))
    if size is not None and size != length:
        raise NotHandedOver(NotSent("upload: another length arrived"))
    return copy_url(next((data[name] for name in ADDRESSES if data.get(name)), None))
