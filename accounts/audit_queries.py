"""What is read of the audit log: a page of a team's, and all of it in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.audit import NOBODY, STAFF
from accounts.audit_words import actions_of
from accounts.models import ApiKey, AuditEvent, Membership, Team
from project.paging import Page, Window, page_of_rows, read_key

PROGRAMS = "programs"  # ours: audit_words.by_program
BATCH = 1_000  # rows of an export that are in memory at once


@dataclass(frozen=True)
class Filters:
    """What of the log is asked for. `about` is a group of audit_words.GROUPS, `actor` a name as the log writes it, or
    `staff` or `programs` for all of them, `since` is the first moment and `before` the first one after the last."""

    about: str = ""
    actor: str = ""
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Actors:
    """Who can have acted in a team: name as the log writes it, and what people call it."""

    people: list[tuple[str, str]]
    keys: list[tuple[str, str]]


def page(*, team: Team, filters: Filters, window: Window) -> Page[AuditEvent]:
    """A page of a team's log, newest first. Raises Invalid for a cursor of another list."""
    return page_of_rows(
        _matching(team, filters),
        window,
        fields=("id",),
        values=read_key(window, _number),
        newest_first=True,
        key_of=lambda event: (str(event.pk),),
    )


def batches(*, team: Team, filters: Filters, below: int) -> Iterator[list[AuditEvent]]:
    """All of a team's log that matches and is older than the event `below`, newest first, at most 1,000 at a time.

    Each batch is a statement of its own: a slow reader holds neither a transaction nor a cursor open."""
    while True:
        batch = list(_matching(team, filters).filter(pk__lt=below).order_by("-pk")[:BATCH])
        if batch:
            yield batch
        if len(batch) < BATCH:
            return
        below = batch[-1].pk


def actors(team: Team) -> Actors:
    """Everybody who belongs or belonged to the team, and its keys. Two queries."""
    people = Membership.objects.filter(team=team).order_by("user__email").values_list("user_id", "user__email")
    keys = ApiKey.objects.filter(team=team).order_by("name", "id")
    return Actors(
        people=[(f"user:{pk}", email) for pk, email in people],
        keys=[(key.public_id, key.name) for key in keys],
    )


def _matching(team: Team, filters: Filters) -> QuerySet[AuditEvent]:
    rows = AuditEvent.objects.filter(team=team)
    if filters.about:
        rows = rows.filter(action__in=actions_of(filters.about))
    if filters.actor == STAFF:
        rows = rows.filter(actor__startswith=f"{STAFF}:")
    elif filters.actor == PROGRAMS:
        rows = rows.exclude(Q(actor__contains=":") | Q(actor__startswith="key_") | Q(actor=NOBODY))
    elif filters.actor:
        rows = rows.filter(actor=filters.actor)
    if filters.since:
        rows = rows.filter(created_at__gte=filters.since)
    if filters.before:
        rows = rows.filter(created_at__lt=filters.before)
    return rows


def _number(text: str) -> int:
    """The id of an event; ValueError for what no id can be."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise ValueError("is not the number of an event")
    return int(text)
