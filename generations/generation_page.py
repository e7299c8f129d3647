"""What a generation's page shows, put together. Reads only; how many queries never depends on how much there is."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts import roles
from accounts.actors import Actor
from accounts.webhooks import page_queries as hooks
from generations import (
    again,
    labels,
    neighbours,
    page_queries,
    progress,
    removals,
    share_queries,
    shares,
    studio_expansions,
    timeline,
)
from generations.catalog import ENTRIES
from generations.models import Generation, Output, Status
from project.errors import Problem


@dataclass(frozen=True)
class File:
    """One output with the addresses to see, to keep and to show before it plays."""

    output: Output
    url: str
    download: str
    preview: str

    @property
    def seconds(self) -> float | None:
        return self.output.duration_ms / 1000 if self.output.duration_ms else None


@dataclass(frozen=True)
class Sharing:
    """The section of share links: those that work, and the form for another, as it was typed when something is wrong.

    `press` is one press of its button; `made` is the link that was just made, `revoked` says that one was revoked."""

    rows: list[share_queries.OpenShare]
    press: str
    days: str = str(shares.USUAL)
    shows_inputs: bool = False
    problem: Problem | None = None
    made: str = ""
    revoked: bool = False

    @property
    def lifetimes(self) -> list[tuple[str, str]]:
        return [(str(days), f"{days} day{'' if days == 1 else 's'}") for days in shares.LIFETIMES]

    @property
    def full(self) -> bool:
        return len(self.rows) >= shares.OPEN_OF_A_GENERATION


def whole(
    actor: Actor, row: Generation, *, said: Mapping[str, Any] | None = None, problem: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Everything. `said` are fields of Sharing, `problem` (as problem details) is why it was not made again."""
    entry = ENTRIES.get(row.model)
    schema = entry.json_schema(rates=row.price_version.rates) if entry else {"properties": {}}
    return {
        **live(actor, row),
        "inputs": page_queries.shown_inputs(actor=actor, generation=row, schema=schema),
        "again": again.offer(row) if actor.may(roles.MAKE) else None,
        "press": secrets.token_hex(16),
        "problem": problem,
        "labels": labels.shown(actor=actor, generations=[row])[row.pk],
        "neighbours": neighbours.neighbours(actor=actor, generation=row),
        "sharing": sharing(actor, row, **(said or {})),
    }


def live(actor: Actor, row: Generation) -> dict[str, Any]:
    """What changes while it is under way, and when it ends."""
    entry = ENTRIES.get(row.model)
    outputs = sorted(row.outputs.all(), key=lambda output: output.index)
    there = row.status == Status.SUCCEEDED and not removals.is_removed(row)
    return {
        "name": entry.name if entry else row.model,
        "by": made_by(row),
        "removed": removals.words(row),
        "deletable": actor.may(roles.MAKE) and bool(removals.judge(actor=actor, generations=[row]).go),
        "files": [_file(row, output) for output in outputs] if there else [],
        "timeline": timeline.timeline(row),
        "uses": studio_expansions.uses(row),
        "may_make": actor.may(roles.MAKE),
        **standing(actor, row),
        **told(actor, row),
    }


def standing(actor: Actor, row: Generation) -> dict[str, Any]:
    """How it stands: one query while it is queued, none afterwards."""
    ahead = neighbours.ahead(actor=actor, generation=row) if row.status == Status.QUEUED else 0
    cancelable = row.status == Status.QUEUED and actor.may(roles.MAKE)
    return {"row": row, "progress": progress.progress(row, ahead=ahead), "cancelable": cancelable}


def told(actor: Actor, row: Generation) -> dict[str, Any]:
    """What its webhook address was told; nothing is asked when it has none. `hook_version` changes with what is seen,
    `hook_every` is after how many seconds to look again, 0 when nothing is on its way."""
    deliveries = hooks.own_deliveries(actor, row.public_id) if row.webhook_url else []
    return {
        "deliveries": deliveries,
        "hook_version": ",".join(hooks.version(each) for each in deliveries),
        "hook_every": hooks.poll(deliveries)[1] if deliveries else 0,
    }


def sharing(actor: Actor, row: Generation, **said: Any) -> Sharing | None:
    """The section of share links; None where there is nothing to share."""
    if row.status != Status.SUCCEEDED or removals.is_removed(row) or not row.outputs.all():
        return None
    rows = share_queries.open_shares(actor=actor, generation=row)
    return Sharing(rows=rows, press=secrets.token_hex(16), **said)


def made_by(row: Generation) -> str:
    """Who asked for it, as the team knows them."""
    if row.api_key:
        return f"API key “{row.api_key.name}”"
    return row.membership.user.email if row.membership else ""


def _file(row: Generation, output: Output) -> File:
    return File(
        output=output,
        url=page_queries.link(output.name),
        download=page_queries.link(output.name, filename=page_queries.filename(row, output)),
        preview=page_queries.preview_of(output),
    )
