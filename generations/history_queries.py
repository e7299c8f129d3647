"""What the history shows: pages of a team's generations, narrowed; those that changed; what a batch came to.

The number of queries never depends on the number of rows, and neither does the time of a page: see history_search.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from accounts.actors import Actor
from generations import access, history_search, labels, page_queries, reasons, removals
from generations.catalog import ENTRIES
from generations.labels import Labels
from generations.models import Batch, Generation, Output, Status
from generations.models.generation import OPEN
from project import ids
from project.paging import Side, Window, page_of_rows

PAGE = 12
MOST_LIVE = 100
HEAVY = ("receipt", "sources", "provider_urls", "lines", "metadata")  # what no row shows


@dataclass(frozen=True)
class Wanted:
    """What the history is narrowed to; `since` is included, `before` is not. Empty is all."""

    words: str = ""
    status: str = ""  # a status, or "open"
    kind: str = ""
    model: str = ""
    membership: int | None = None
    api_key: int | None = None
    batch: UUID | None = None
    since: datetime | None = None
    before: datetime | None = None
    favourite: bool = False
    tag: str = ""


@dataclass(frozen=True)
class Row:
    """A generation as a card or a line. `film` is the address of what a preview plays; `width` and `height` are
    those of the picture, 0 without one; `why` says in few words why it failed."""

    generation: Generation
    name: str
    prompt: str
    maker: str
    why: str
    removed: bool
    preview: str
    film: str
    width: int
    height: int
    seconds: int
    labels: Labels

    @property
    def version(self) -> str:
        """The state that is shown, as the live request names it."""
        return f"{self.generation.public_id}:{self.generation.status_version}"


@dataclass(frozen=True)
class HistoryPage:
    """One page in the order of the list; `newer` and `older` are the ids to go on from, or empty. `found` tells
    whether the place that was asked for is one of this list; if not, this is its beginning."""

    rows: Sequence[Row]
    newer: str
    older: str
    found: bool
    searchable: bool  # what was searched for has a word in it


@dataclass(frozen=True)
class BatchHead:
    """What a batch came to; amounts in micro-dollars. `refused` are (number, why) of what was not accepted."""

    batch: Batch
    states: Sequence[tuple[str, int]]
    held: int
    charged: int
    refused: Sequence[tuple[int, str]]
    under_way: bool


def page(*, actor: Actor, wanted: Wanted, before: str = "", after: str = "") -> HistoryPage:
    """A page of what is wanted: beyond `before`, or back from `after` (public ids), newest first; a batch in its own
    order."""
    rows = access.generations(actor)
    edge, found = _edge(actor, wanted, after or before) if not (after and before) else (None, False)
    side: Side = "newer" if edge is not None and after else "older"
    query = history_search.parse(wanted.words) if wanted.words and _id(wanted) is None else ""
    if wanted.words and not query and _id(wanted) is None:
        return HistoryPage([], "", "", found=True, searchable=False)
    rows = labels.narrow(_plainly(rows, wanted), actor=actor, favourite=wanted.favourite, tag=wanted.tag)
    conditions = _conditions(wanted)
    if len(conditions) == 1 or wanted.batch:  # it has an index in this order
        rows, conditions = rows.filter(*conditions), []
    if query:
        conditions = [*conditions, history_search.matching(query)]
    if conditions and wanted.batch is None:
        place = (edge.created_at, edge.pk) if edge else None
        nearest = history_search.beyond(rows, side, place)
        pks = history_search.nearest(nearest, conditions, side=side, count=PAGE + 1)
        rows, conditions = access.generations(actor).filter(pk__in=pks), []
    in_batch = wanted.batch is not None
    part = page_of_rows(
        _whole(rows.filter(*conditions)),
        Window(PAGE, side, (edge.public_id,) if edge else None),
        fields=("batch_index",) if in_batch else ("created_at", "id"),
        values=((edge.batch_index,) if in_batch else (edge.created_at, edge.pk)) if edge else None,
        newest_first=not in_batch,
        key_of=lambda item: (item.public_id,),
    )
    return HistoryPage(
        rows=_shown(actor, part.rows),
        newer=part.newer[0] if part.newer else "",
        older=part.older[0] if part.older else "",
        found=found,
        searchable=True,
    )


def live_rows(*, actor: Actor, public_ids: Iterable[str]) -> list[Row]:
    """The named generations of the team, at most 100, newest first."""
    wanted = [pk for pk in (ids.parse("gen", text) for text in public_ids) if pk is not None][:MOST_LIVE]
    found = _whole(access.generations(actor).filter(pk__in=wanted)).order_by("-created_at", "-id")
    return _shown(actor, list(found))


def batch_head(*, actor: Actor, public_id: str) -> BatchHead:
    """A batch of the actor's team with what its generations hold and cost now. Two queries. Raises NotFound."""
    batch = access.batch(actor, public_id)
    of_batch = access.generations(actor).filter(batch=batch)
    rows = list(of_batch.values_list("status", "hold_amount", "charged"))
    counts = Counter(status for status, _, _ in rows)
    return BatchHead(
        batch=batch,
        states=[(status, counts[status]) for status in Status.values if counts[status]],
        held=sum(held for status, held, _ in rows if status in OPEN),
        charged=sum(charged or 0 for _, _, charged in rows),
        refused=[
            (index + 1, str(item["error"].get("detail", "")))
            for index, item in enumerate(batch.items)
            if "error" in item
        ],
        under_way=any(status in OPEN for status in counts),
    )


def _id(wanted: Wanted) -> UUID | None:
    """A search for a generation's id finds it."""
    return ids.parse("gen", wanted.words.strip())


def _plainly(rows: QuerySet[Generation], wanted: Wanted) -> QuerySet[Generation]:
    """What bounds the list itself, or leaves a handful of it."""
    if wanted.since:
        rows = rows.filter(created_at__gte=wanted.since)
    if wanted.before:
        rows = rows.filter(created_at__lt=wanted.before)
    if wanted.batch:
        rows = rows.filter(batch=wanted.batch)
    if pk := _id(wanted):
        rows = rows.filter(pk=pk)
    return rows


def _conditions(wanted: Wanted) -> list[Q]:
    """The filters of columns, of which each has an index of its own, in the list's order."""
    found = []
    if wanted.status == "open":
        found.append(Q(status__in=OPEN))
    elif wanted.status:
        found.append(Q(status=wanted.status))
    if wanted.kind:
        found.append(Q(kind=wanted.kind))
    if wanted.model:
        found.append(Q(model=wanted.model))
    if wanted.membership is not None:
        found.append(Q(membership=wanted.membership))
    if wanted.api_key is not None:
        found.append(Q(api_key=wanted.api_key))
    return found


def _edge(actor: Actor, wanted: Wanted, public_id: str) -> tuple[Generation | None, bool]:
    """The row that a place names, and whether there is one. At most one query."""
    if not public_id:
        return None, True
    pk = ids.parse("gen", public_id)
    if pk is None:
        return None, False
    rows = access.generations(actor).filter(pk=pk).only("id", "created_at", "batch_id", "batch_index")
    edge = (rows.filter(batch=wanted.batch) if wanted.batch else rows).first()
    return edge, edge is not None


def _whole(rows: QuerySet[Generation]) -> QuerySet[Generation]:
    """With what a row shows, and without what it does not."""
    outputs = Output.objects.order_by("index")
    return (
        rows.select_related("membership__user", "api_key", "removal")
        .defer(*HEAVY)
        .prefetch_related(Prefetch("outputs", outputs))
    )


def _shown(actor: Actor, rows: Sequence[Generation]) -> list[Row]:
    found = labels.shown(actor=actor, generations=rows)
    return [_row(item, found.get(item.pk, Labels())) for item in rows]


def _row(generation: Generation, its_labels: Labels) -> Row:
    removed = removals.is_removed(generation)
    first = None if removed else next(iter(generation.outputs.all()), None)
    entry = ENTRIES.get(generation.model)
    film = first is not None and first.kind == "video"
    return Row(
        generation=generation,
        name=entry.name if entry else generation.model,
        prompt=str(generation.input.get("prompt", "")),
        maker=_maker(generation),
        why=reasons.SHORT.get(generation.reason, ""),
        removed=removed,
        preview=page_queries.preview_of(first) if first else "",
        film=page_queries.link(first.name) if first and film else "",
        width=first.width if first else 0,
        height=first.height if first else 0,
        seconds=round((first.duration_ms or 0) / 1000) if first else 0,
        labels=its_labels,
    )


def _maker(generation: Generation) -> str:
    """Who asked for it, in short."""
    if generation.api_key is not None:
        return generation.api_key.name
    if generation.membership is None:
        return "Framehouse"
    user = generation.membership.user
    return user.name or user.email
