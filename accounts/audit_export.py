"""Taking the audit log away as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC

from django.utils.text import slugify

from accounts import audit, audit_queries, authority, roles
from accounts.actors import Actor
from accounts.audit_queries import Filters
from accounts.audit_words import by_staff, who
from accounts.models import Action, AuditEvent
from project import csv_safe, db
from project.times import stamp

COLUMNS = (
    "time",
    "action",
    "actor",
    "actor_name",
    "target",
    "target_name",
    "data",
    "ip",
    "user_agent",
    "request_id",
)


@dataclass(frozen=True)
class File:
    """A file and the name to keep it under. The pieces are read from the database as they are taken."""

    name: str
    pieces: Iterator[bytes]


def export(*, actor: Actor, filters: Filters, asked: Mapping[str, str]) -> File:
    """All events that match, older than this export, newest first; the export is itself an event. `asked` are the
    filters in the words of the address, for the log. Raises Forbidden for who may no longer manage the team."""

    def write() -> AuditEvent:
        by = authority.still(actor, roles.MANAGE)
        return audit.record(
            Action.AUDIT_EXPORTED,
            by=by,
            team=by.team,
            target=by.team.public_id,
            target_name=by.team.name,
            data={"filters": dict(asked)} if asked else {},
        )

    event = db.in_transaction(write)
    day = db.now().astimezone(UTC).date()
    batches = audit_queries.batches(team=actor.team, filters=filters, below=event.pk)
    return File(
        name=f"audit-{slugify(actor.team.name)[:60] or 'team'}-{day}.csv",
        pieces=csv_safe.rows(COLUMNS, (map(_row, batch) for batch in batches)),
    )


def _row(event: AuditEvent) -> list[csv_safe.Value]:
    """As the team may read it: of the operator's people only that they are staff (audit_words.tell)."""
    hidden = by_staff(event)
    return [
        stamp(event.created_at),
        event.action,
        audit.STAFF if hidden else event.actor,
        who(event) if hidden else event.actor_name,
        event.target,
        event.target_name,
        json.dumps(event.data, ensure_ascii=False, separators=(",", ":"), sort_keys=True),
        None if hidden else event.ip,
        None if hidden else event.user_agent,
        event.request_id,
    ]
