"""Uploads: an image a team brings, re-encoded or refused (issue 2.10, faults.md rows 78, 79)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable

from accounts import access, roles
from accounts.actors import Actor
from generations import files, media
from generations.models import Upload
from project.errors import FieldError, Invalid, TooLargeBody

MOST_BYTES = 10 * 1024 * 1024
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


def keep(*, actor: Actor, chunks: Iterable[bytes]) -> Upload:
    """Stores an image of the actor's team. Raises Invalid on the field `file`, TooLargeBody above 10 MB."""
    access.require(actor, roles.MAKE)
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > MOST_BYTES:
            raise TooLargeBody(
                "An upload has at most 10 MB.", errors=[FieldError("file", "larger than 10 MB", "too_large")]
            )
    try:
        clean = media.clean_upload(bytes(data))
    except media.UploadRefused as error:
        raise Invalid("This file cannot be used.", errors=[FieldError("file", str(error), error.code)]) from error
    upload_id = uuid.uuid4()
    name = f"teams/{actor.team.pk}/uploads/{upload_id.hex}.{EXTENSIONS[clean.content_type]}"
    files.save_upload(clean, name)
    return Upload.objects.create(
        id=upload_id,
        team=actor.team,
        name=name,
        content_type=clean.content_type,
        bytes=len(clean.bytes),
        sha256=hashlib.sha256(clean.bytes).hexdigest(),
        width=clean.width,
        height=clean.height,
        created_by=actor.name,
    )
