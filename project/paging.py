"""Pages by cursor, over keys and never by offset: stable while rows are added (design section 6).

A cursor is signed, and good for one list of one team. The query that it continues is scoped to the team anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request

from accounts.actors import Actor
from project.errors import Invalid
from project.params import wrong

PARAMETERS = frozenset({"cursor", "limit"})
DEFAULT_LIMIT, MOST = 20, 100

Side = Literal["older", "newer"]
T = TypeVar("T")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Window:
    """What part of a list is asked for: at most `limit` rows that lie beyond `key`, on `side` of it.

    `older` is onwards in the order of the list, whatever that is; without a key the list begins."""

    limit: int
    side: Side = "older"
    key: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows in the order of the list, and the keys beyond which there is more on either side."""

    rows: list[T]
    older: tuple[str, ...] | None
    newer: tuple[str, ...] | None


def window_of(request: Request, *, default: int = DEFAULT_LIMIT) -> Window:
    """The window that `?cursor=` and `?limit=` ask for. Raises Invalid."""
    query = request.query_params
    text = query.get("limit", str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise wrong("limit", f"must be a whole number from 1 to {MOST}", "out_of_range")
    cursor = query.get("cursor")
    if cursor is None:
        return Window(int(text))
    try:
        side, *key = _signer(request).unsign_object(cursor)
    except signing.BadSignature:
        raise _foreign_cursor() from None
    return Window(int(text), side, tuple(key))


def answer(request: Request, page: Page[Any], results: Sequence[Any]) -> dict[str, Any]:
    """`{"results", "next", "previous"}`: the addresses keep every other parameter."""
    return {
        "results": list(results),
        "next": _address(request, "older", page.older),
        "previous": _address(request, "newer", page.newer),
    }


def read_key(window: Window, *readers: Callable[[str], Any]) -> tuple[Any, ...] | None:
    """The parts of the window's key, each read by its function. Raises Invalid for a key of an older release."""
    if window.key is None:
        return None
    try:
        return tuple(read(part) for read, part in zip(readers, window.key, strict=True))
    except ValueError:
        raise _foreign_cursor() from None


def page_of_rows(
    rows: QuerySet[M],
    window: Window,
    *,
    fields: Sequence[str],
    values: tuple[Any, ...] | None,
    newest_first: bool,
    key_of: Callable[[M], tuple[str, ...]],
) -> Page[M]:
    """One page of a query, ordered by `fields` (the last of them unique) and continued beyond `values`."""
    descending = newest_first is (window.side == "older")
    if values is not None:
        rows = rows.filter(_beyond(fields, values, "lt" if descending else "gt"))
    found = list(rows.order_by(*(f"-{name}" if descending else name for name in fields))[: window.limit + 1])
    more, found = len(found) > window.limit, found[: window.limit]
    if window.side == "newer":
        found.reverse()
    return cut(found, window, more=more, newer_key=key_of, older_key=key_of)


def page_of_list(found: Sequence[T], window: Window) -> Page[T]:
    """One page of a list that lies in memory and does not change: its key is the place."""
    at = read_key(window, int)
    if window.side == "older":
        start = 0 if at is None else at[0] + 1
        stop = min(start + window.limit, len(found))
    else:
        stop = at[0] if at is not None else 0
        start = max(stop - window.limit, 0)
    place = {id(item): index for index, item in enumerate(found)}

    def key_of(item: T) -> tuple[str, ...]:
        return (str(place[id(item)]),)

    more = stop < len(found) if window.side == "older" else start > 0
    return cut(list(found[start:stop]), window, more=more, newer_key=key_of, older_key=key_of)


def every(page: Callable[[Window], Page[T]], *, batch: int = 500) -> Iterator[list[T]]:
    """All of a list, so many rows at a time: for files."""
    window = Window(batch)
    while True:
        found = page(window)
        yield found.rows
        if found.older is None:
            return
        window = Window(batch, "older", found.older)


def cut(
    found: list[T],
    window: Window,
    *,
    more: bool,
    newer_key: Callable[[T], tuple[str, ...]],
    older_key: Callable[[T], tuple[str, ...]],
) -> Page[T]:
    """The page of `found`, rows in list order; `more` tells whether the window's side goes on beyond them."""
    first = newer_key(found[0]) if found else window.key
    last = older_key(found[-1]) if found else window.key
    if window.side == "older":
        return Page(found, last if more else None, first if window.key is not None else None)
    return Page(found, last, first if more else None)


def _beyond(fields: Sequence[str], values: tuple[Any, ...], lookup: str) -> Q:
    """(a, b) < (x, y) as a condition; the first field is bounded on its own too, for the index."""
    *rest, last = zip(fields, values, strict=True)
    condition = Q(**{f"{last[0]}__{lookup}": last[1]})
    for name, value in reversed(rest):
        condition = Q(**{f"{name}__{lookup}e": value}) & (Q(**{f"{name}__{lookup}": value}) | condition)
    return condition


def _address(request: Request, side: Side, key: tuple[str, ...] | None) -> str | None:
    if key is None:
        return None
    kept = [(name, value) for name, value in request.query_params.items() if name != "cursor"]
    cursor = _signer(request).sign_object([side, *key])
    return f"{settings.SITE_URL}{request.path}?{urlencode([*kept, ('cursor', cursor)])}"


def _signer(request: Request) -> signing.Signer:
    """A cursor continues one list of one team, and no other. No time in it: the same page has the same addresses."""
    actor = request.auth
    return signing.Signer(salt=f"cursor:{request.path}:{actor.team.pk if isinstance(actor, Actor) else ''}")


def _foreign_cursor() -> Invalid:
    return wrong("cursor", "is not a cursor of this list; take it from next or previous")
