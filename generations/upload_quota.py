"""What a team's uploads may take up at once (settings UPLOAD_QUOTA_BYTES, UPLOAD_QUOTA_FILES; issue 5.6).

The totals are one row a team, written by the uploads' trigger (migration 0008), judged by who holds its lock.
"""

from __future__ import annotations

from django.conf import settings

from accounts.models import Team
from generations.models import UploadQuota
from project.errors import Conflict, FieldError


def of(team: Team) -> UploadQuota:
    """What the team's uploads take up now."""
    return UploadQuota.objects.filter(team=team).first() or UploadQuota(team=team)


def locked(team: Team) -> UploadQuota:
    """The same, and nobody else adds until the caller's transaction ends."""
    UploadQuota.objects.bulk_create([UploadQuota(team=team)], ignore_conflicts=True)
    return UploadQuota.objects.select_for_update(no_key=True).get(team=team)


def require_room(quota: UploadQuota, *, more: int) -> None:
    """Raises Conflict (`upload_quota_exceeded`) when one more file of `more` bytes does not fit."""
    limit = {"bytes": settings.UPLOAD_QUOTA_BYTES, "files": settings.UPLOAD_QUOTA_FILES}
    if quota.files + 1 <= limit["files"] and quota.bytes + more <= limit["bytes"]:
        return
    reason = (
        f"the team keeps {quota.files:,} of at most {limit['files']:,} uploads, "
        f"{_megabytes(quota.bytes)} of {_megabytes(limit['bytes'])} MB"
    )
    raise Conflict(
        f"No room for this upload: {reason}. Delete uploads that are not needed (DELETE /uploads/{{id}}); each goes by "
        f"itself {settings.UPLOAD_KEEP_DAYS} days after its last use.",
        code="upload_quota_exceeded",
        errors=[FieldError("file", f"no room: {reason}", "upload_quota_exceeded")],
        extra={"used": {"bytes": quota.bytes, "files": quota.files}, "limit": limit},
    )


def _megabytes(count: int) -> str:
    return f"{count / 1024**2:,.1f}"
