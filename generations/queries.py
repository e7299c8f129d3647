"""What is read of a team's generations: the filtered list, the history of one, the wait for an end."""

from __future__ import annotations

import re
import time
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import QueryDict

from accounts.actors import Actor
from generations import access
from generations.models import Generation, GenerationEvent, Status, Upload
from generations.models.generation import TERMINAL
from generations.requests import LONGEST_METADATA, MOST_METADATA
from project import ids
from project.paging import Page, Window, page_of_rows, read_key
from project.params import wrong
from project.times import instant, stamp

METADATA = "metadata."
FILTERS = frozenset({"status", "model", "created_after", "created_before", "key", "member", "batch", METADATA})
_SLUG = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}", re.ASCII)
_METADATA_KEY = re.compile(r"[A-Za-z0-9_.-]{1,40}", re.ASCII)
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between two looks at a generation that is waited for


def listed(actor: Actor, query: QueryDict) -> QuerySet[Generation]:
    """The actor's team's generations that pass the filters of a query. Raises Invalid for a filter that is none."""
    condition = Q()
    wanted: dict[str, str] = {}
    for name in query:
        value = str(query[name])
        if name.startswith(METADATA):
            wanted[_metadata_key(name)] = value
        elif name in FILTERS:
            condition &= _filter(name, value)
    if len(wanted) > MOST_METADATA:
        raise wrong(METADATA, f"at most {MOST_METADATA} of these", "too_long")
    if any(len(value) > LONGEST_METADATA for value in wanted.values()):
        raise wrong(METADATA, f"a value has at most {LONGEST_METADATA} characters", "too_long")
    if wanted:
        condition &= Q(metadata__contains=wanted)
    return access.shown(actor).filter(condition)


def page_of_generations(rows: QuerySet[Generation], window: Window) -> Page[Generation]:
    """One page, newest first."""
    return page_of_rows(
        rows,
        window,
        fields=("created_at", "id"),
        values=read_key(window, instant, UUID),
        newest_first=True,
        key_of=lambda row: (stamp(row.created_at), row.id.hex),
    )


def page_of_uploads(rows: QuerySet[Upload], window: Window) -> Page[Upload]:
    """One page, newest first."""
    return page_of_rows(
        rows,
        window,
        fields=("created_at", "id"),
        values=read_key(window, instant, UUID),
        newest_first=True,
        key_of=lambda row: (stamp(row.created_at), row.id.hex),
    )


def page_of_events(generation: Generation, window: Window) -> Page[GenerationEvent]:
    """One page of a generation's history, in the order in which it happened."""
    return page_of_rows(
        GenerationEvent.objects.filter(generation=generation),
        window,
        fields=("id",),
        values=read_key(window, int),
        newest_first=False,
        key_of=lambda row: (str(row.pk),),
    )


def wait_for_end(generation_id: UUID, *, seconds: float) -> None:
    """Returns when the generation has ended, or after `seconds`. Holds no transaction and no lock meanwhile."""
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while not Generation.objects.filter(pk=generation_id, status__in=TERMINAL).exists():
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _filter(name: str, value: str) -> Q:
    match name:
        case "status":
            if value not in Status.values:
                raise wrong(name, f"must be one of {', '.join(Status.values)}")
            return Q(status=value)
        case "model":
            if not _SLUG.fullmatch(value):
                raise wrong(name, "must be the slug of a model")
            return Q(model=value)
        case "created_after":
            return Q(created_at__gt=_instant(name, value))
        case "created_before":
            return Q(created_at__lt=_instant(name, value))
        case "key":
            key = ids.parse("key", value)
            if key is None:
                raise wrong(name, "must be the id of an API key (key_...)")
            return Q(api_key__uuid=key)
        case "batch":
            batch = ids.parse("bat", value)
            if batch is None:
                raise wrong(name, "must be the id of a batch (bat_...)")
            return Q(batch=batch)
        case "member":
            if "@" not in value or len(value) > 254:
                raise wrong(name, "must be the e-mail address of a member")
            return Q(membership__user__email__iexact=value)
        case _:
            raise AssertionError(f"{name} is listed as a filter")


def _instant(name: str, value: str) -> datetime:
    """A blank stands for the `+` of an offset that a caller forgot to encode."""
    try:
        return instant(value.replace(" ", "+"))
    except ValueError as error:
        raise wrong(name, str(error)) from error


def _metadata_key(name: str) -> str:
    key = name.removeprefix(METADATA)
    if not _METADATA_KEY.fullmatch(key):
        raise wrong(name, "names a metadata key of 1 to 40 of A-Z a-z 0-9 _ . -")
    return key
