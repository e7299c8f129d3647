"""What is read of share links: the open ones of a generation for its team, and what one link shows to anybody."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import TeamStatus
from generations import access, page_queries, shares
from generations.catalog import ENTRIES
from generations.models import Generation, Output, Share
from project import db
from project.errors import Gone
from project.media_links import signed_until

FILES_SECONDS = 3600  # for so long a file can still be fetched by somebody who opened a link that is revoked then
STEP = 300  # links to files change every five minutes, so that a reload finds its files in the browser's cache


@dataclass(frozen=True)
class OpenShare:
    """A link that works now: its address, and who made it, as the team knows them."""

    share: Share
    link: str
    by: str

    @property
    def path(self) -> str:
        """The same on the host that the page came from."""
        return self.link.removeprefix(settings.SITE_URL)


@dataclass(frozen=True)
class File:
    """One output as a stranger sees it: addresses on this host that end in an hour at the latest."""

    output: Output
    url: str
    download: str
    preview: str

    @property
    def seconds(self) -> float | None:
        return self.output.duration_ms / 1000 if self.output.duration_ms else None


@dataclass(frozen=True)
class Opened:
    """What a link shows. `inputs` are empty unless whoever shared it wanted them shown; images are never among them."""

    share: Share
    name: str
    kind: str
    files: Sequence[File]
    inputs: Sequence[dict[str, Any]]


def open_shares(*, actor: Actor, generation: Generation) -> list[OpenShare]:
    """The generation's links that work now, newest first. Two queries, one when there is none."""
    rows = list(access.shares(actor, generation).filter(revoked_at=None, expires_at__gt=Now()).order_by("-created_at"))
    emails = page_queries.emails(actor=actor, names=[row.created_by for row in rows])
    return [OpenShare(row, shares.link(row), emails.get(row.created_by, "")) for row in rows]


def opened(token: str) -> Opened:
    """What a link's token shows. Raises NotFound for what we did not sign, Gone when it has ended (`share_expired`,
    `share_revoked`, `share_removed`, `share_closed`) or rests (`share_suspended`). Two queries, and the clock's."""
    pk = shares.read(token)
    rows = Share.objects.select_related("generation__team", "generation__price_version", "generation__removal")
    share = rows.filter(pk=pk).first()
    if share is None:
        raise Gone("This link has ended.", code="share_gone")
    moment = db.now()
    if share.revoked_at is not None:
        raise Gone("Whoever made this link has revoked it.", code="share_revoked")
    if share.expires_at <= moment:
        raise Gone(f"It was good until {share.expires_at:%Y-%m-%d %H:%M} UTC.", code="share_expired")
    generation = share.generation
    if generation.team.status == TeamStatus.CLOSED:
        raise Gone("The team that made it is no longer here.", code="share_closed")
    if generation.team.status == TeamStatus.SUSPENDED:
        raise Gone("It is not shown at the moment.", code="share_suspended")
    if hasattr(generation, "removal"):
        raise Gone("What this link showed has been deleted by whoever made it.", code="share_removed")
    outputs = Output.objects.filter(generation=generation).order_by("index")
    entry = ENTRIES.get(generation.model)
    until = min(_step(time.time() + FILES_SECONDS), int(share.expires_at.timestamp()))
    return Opened(
        share=share,
        name=entry.name if entry else generation.model,
        kind=generation.kind,
        files=[_file(generation, output, until) for output in outputs],
        inputs=_inputs(generation) if share.shows_inputs else [],
    )


def _step(moment: float) -> int:
    return int(moment) // STEP * STEP


def _inputs(generation: Generation) -> list[dict[str, Any]]:
    """Prompt and settings. Images are left out: they may be other people's."""
    entry = ENTRIES.get(generation.model)
    schema = entry.json_schema(rates=generation.price_version.rates) if entry else {"properties": {}}
    return [item for item in page_queries.labelled(generation, schema) if "images" not in item]


def _file(generation: Generation, output: Output, until: int) -> File:
    return File(
        output=output,
        url=_link(output.name, until),
        download=_link(output.name, until, page_queries.filename(generation, output)),
        preview=_link(output.preview, until) if output.preview else "",
    )


def _link(name: str, until: int, filename: str | None = None) -> str:
    return signed_until(name, expires=until, filename=filename).removeprefix(settings.SITE_URL)
