"""Words in prompts, and pages of lists that no single index has in their order.

A search is PostgreSQL's own (`websearch_to_tsquery`): words, "a phrase", -without, or. It never errors, whatever is
typed. The last bare word is taken as the beginning of one, so that typing finds it.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import reduce
from operator import and_
from typing import Any, Literal
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.expressions import RawSQL

from generations.models import Generation
from project.paging import Side

LONGEST = 200  # characters of a search
NEAR = 2000  # rows that are looked through in order before the indexes of the filters are asked for all that match

# Signs of people and their phones, as migration 0010 has them: apostrophes, quotes, and what stands between words.
_QUOTES = "“”„‟«»"
_OTHERS = "‹›‚–—―…•·¿¡\u00a0\u3000、。「」『』【】《》・，！？：；（）،؛؟"
SIGNS = str.maketrans({**dict.fromkeys("’‘ʼ", "'"), **dict.fromkeys(_QUOTES, '"'), **dict.fromkeys(_OTHERS, " ")})

_LAST_BARE_WORD = re.compile(r'(?:^|\s)(?P<word>[^\s"-][^\s"]*)$')
_PARSE = """
select case when %(prefix)s and plain like '%%''' then (plain || ':*')::tsquery::text else plain end
from (select websearch_to_tsquery('simple', %(text)s)::text as plain) parsed
"""

# The nearest rows are read in order and only until enough match. Only when they do not hold enough, all that match
# are brought by the filters' own indexes. Left to itself the planner guesses which way is quick, and a rare word at
# the end of a million rows is then looked for in each of them.
_NEAREST = """
with quick (id, created_at) as materialized (
  select id, created_at from ({near}) as near (id, created_at, hit) where hit
  order by created_at {way}, id {way} limit %s),
far (id, created_at) as materialized ({far})
select id from (select * from quick union select * from far) as found order by created_at {way}, id {way} limit %s
"""
_TOO_FEW = "(select count(*) from quick) < %s and (select count(*) from ({near}) as near) = %s"


def parse(text: str) -> str:
    """What is typed, as a tsquery's text; empty when it has no word in it. One query."""
    text = text.translate(SIGNS)
    tail = _LAST_BARE_WORD.search(text)
    prefix = text.count('"') % 2 == 0 and tail is not None and tail["word"].lower() != "or"
    if prefix and tail is not None:  # `red-ha` begins `red-hair`, whose parts are words of their own
        text = text[: tail.start("word")] + tail["word"].replace("-", " ")
    with connection.cursor() as cursor:
        cursor.execute(_PARSE, {"text": text, "prefix": prefix})
        found: str = cursor.fetchone()[0]
    return found


def matching(query: str) -> Q:
    """The condition that a prompt matches a parsed search. The column is no field of the model."""
    match = '"generations_generation"."search" @@ %s::tsquery'
    return Q(RawSQL(match, [query], output_field=BooleanField()))  # noqa: S611 - a constant with a parameter


def nearest(rows: QuerySet[Generation], conditions: list[Q], *, side: Side, count: int) -> list[UUID]:
    """The ids of the first `count` of `rows` that meet all conditions, newest first (oldest first for `newer`).

    `rows` come quickly in this order by themselves; what narrows them further is in `conditions`. One query."""
    if rows.query.is_empty():
        return []
    way: Literal["desc", "asc"] = "desc" if side == "older" else "asc"
    order = ("-created_at", "-id") if side == "older" else ("created_at", "id")
    every = reduce(and_, conditions)
    hit = ExpressionWrapper(every, output_field=BooleanField())
    near, near_values = _sql(rows.annotate(hit=hit).order_by(*order).values_list("id", "created_at", "hit")[:NEAR])
    ids, ids_values = _sql(rows.order_by(*order).values_list("id")[:NEAR])
    too_few = RawSQL(_TOO_FEW.format(near=ids), [count, *ids_values, NEAR], output_field=BooleanField())  # noqa: S611
    far, far_values = _sql(rows.filter(every).filter(too_few).order_by().values_list("id", "created_at"))
    with connection.cursor() as cursor:
        statement = _NEAREST.format(near=near, far=far, way=way)
        cursor.execute(statement, [*near_values, count, *far_values, count])
        return [row[0] for row in cursor.fetchall()]


def _sql(rows: QuerySet[Generation, Any]) -> tuple[str, list[Any]]:
    text, values = rows.query.sql_with_params()
    return text, list(values)


def beyond(rows: QuerySet[Generation], side: Side, edge: tuple[datetime, UUID] | None) -> QuerySet[Generation]:
    """Those of the rows that lie beyond a place of the list. The first bound is the index's."""
    if edge is None:
        return rows
    at, pk = edge
    if side == "older":
        return rows.filter(Q(created_at__lt=at) | Q(pk__lt=pk), created_at__lte=at)
    return rows.filter(Q(created_at__gt=at) | Q(pk__gt=pk), created_at__gte=at)
