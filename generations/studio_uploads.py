"""Images that are brought to the studio's form: stored as they are chosen, or said in one sentence why not."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.formats import date_format

from accounts import teams
from accounts.actors import Actor
from generations import access, page_queries, uploads
from generations.models import Upload
from project.errors import Conflict, Forbidden, Invalid, Problem, TooLargeBody, Unavailable

RECENT = 6  # of the team's uploads are offered: each is shown by its whole file
REFUSALS = (Conflict, Forbidden, Invalid, TooLargeBody, Unavailable)  # what `keep` raises of a file


def keep(*, actor: Actor, file: UploadedFile[bytes]) -> Upload:
    """Stores one chosen file. Raises one of REFUSALS; Forbidden for a team where nothing new may start."""
    teams.require_active(actor.team)
    return uploads.keep(actor=actor, chunks=file.chunks())


def sentence(problem: Problem, file: UploadedFile[bytes]) -> str:
    """`“fox.gif” cannot be used: it is no jpeg, png or webp.` for beside the field."""
    why = problem.errors[0].message if problem.errors else problem.detail
    if problem.code == "upload_quota_exceeded":
        why += f"; each goes by itself {settings.UPLOAD_KEEP_DAYS} days after its last use"
    return f"“{file.name}” cannot be used: {why}"


def shown(upload: Upload) -> dict[str, Any]:
    """A stored upload as a slot shows it: its id, a signed address, and a line about it."""
    size = f"{upload.width} × {upload.height}"  # noqa: RUF001 - the sign
    kept = date_format(upload.expires_at, "j F Y")
    return {
        "id": upload.public_id,
        "url": page_queries.link(upload.name),
        "size": size,
        "note": f"{size}, kept until {kept}",
    }


def recent(*, actor: Actor) -> list[dict[str, Any]]:
    """The team's last uploads, newest first. One query."""
    return [shown(row) for row in access.uploads(actor).order_by("-created_at", "-id")[:RECENT]]
