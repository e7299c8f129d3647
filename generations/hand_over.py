"""What a provider is given for our uploads: a signed address of ours, or a copy at its own upload service where our
site cannot be reached from outside (issue 5.6). Before the create and outside any transaction: what fails here is
proof that nothing was bought.
"""

from __future__ import annotations

import logging
import secrets
import time
from datetime import timedelta

from generations import files, limiter, providers
from generations.catalog.base import Entry
from generations.models import Generation, ProviderCopy, Upload, UploadState
from generations.providers import base
from project import db, ids, media_links
from project.net import is_public_site

log = logging.getLogger(__name__)

SECONDS = 15.0  # for all images of one generation; with a create's own deadline well below the job's timeout
LINK_SECONDS = 24 * 3600


def addresses(*, entry: Entry, generation: Generation) -> dict[str, str]:
    """The address to give the provider for each upload of the input, by the upload's id.

    Asks the provider's upload service when SITE_URL is not public. Raises base.NotHandedOver: nothing was created."""
    named = dict.fromkeys(value for _, value in entry.image_paths(generation.input))
    wanted = {value: pk for value in named if (pk := ids.parse("upl", value)) is not None}
    if not wanted:
        return {}
    rows = Upload.objects.filter(team_id=generation.team_id, pk__in=wanted.values(), state=UploadState.READY)
    found = {row.public_id: row for row in rows}
    if missing := set(wanted) - set(found):
        log.error("%s of %s are gone", ", ".join(sorted(missing)), generation.public_id)
        raise base.NotHandedOver(base.NotSent("upload: gone"))
    if is_public_site():
        return {value: media_links.signed_url(row.name, lifetime_seconds=LINK_SECONDS) for value, row in found.items()}
    until = time.monotonic() + SECONDS
    return {value: _copy(row, provider=generation.provider, until=until) for value, row in found.items()}


def _copy(upload: Upload, *, provider: str, until: float) -> str:
    """The address of an upload's copy at a provider: the one that is there already, or of a new one."""
    kept = ProviderCopy.objects.filter(upload=upload, provider=provider, expires_at__gt=db.now()).first()
    if kept is not None:
        return kept.url
    left = until - time.monotonic()
    if left <= 0:
        raise base.NotHandedOver(base.NotSent("upload: no time left"))  # what is copied stays copied for the next try
    try:
        with files.open(upload.name) as stored:
            data = stored.read()
    except OSError as error:
        log.error("the file of %s cannot be read", upload.public_id)
        raise base.NotHandedOver(base.NotSent("upload: not readable")) from error
    extension = upload.name.rpartition(".")[2]
    file = base.File(data, upload.content_type, f"{upload.id.hex}-{secrets.token_hex(8)}.{extension}")
    try:
        url = providers.get(provider).take_file(file, deadline=left)
    except base.NotHandedOver as error:
        if error.hung:  # else each waiting create would hold a worker for as long (faults.md row 31)
            limiter.trip(provider, why=error.result.detail)
        raise
    ProviderCopy.objects.update_or_create(
        upload=upload,
        provider=provider,
        defaults={"url": url, "expires_at": db.now() + timedelta(seconds=base.COPY_SECONDS)},
    )
    return url


def forget_expired() -> int:
    """Deletes the addresses of copies that are no longer handed out. Returns how many."""
    return ProviderCopy.objects.filter(expires_at__lte=db.now()).delete()[0]
