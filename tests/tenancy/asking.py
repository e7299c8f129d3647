"""One request at a time, each taken back when it is answered; and what a team's rows are, to see that none changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import ForeignKey, Model, OneToOneField
from django.test import Client

from accounts.models import Membership, Team
from tests.tenancy.scene import Caller

# Made anew for each answer: ids of requests, tokens of forms, nonces, and the ids that were asked for.
_FRESH = (
    re.compile(rb"[0-9a-f]{32,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"),
    re.compile(rb'name="csrfmiddlewaretoken" value="\w+"'),
    re.compile(rb'nonce="[^"]+"'),
    re.compile(rb'"X-CSRFToken": "\w+"'),
    re.compile(rb"987654321|(?<=/)\d+(?=/|\b)"),
)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]
    error: str = ""  # what a 500 was about

    def without(self, texts: Iterable[str]) -> Answer:
        """The same answer without these texts, which were sent and may come back in a form."""
        body = self.body
        for text in sorted(texts, key=len, reverse=True):
            body = body.replace(text.encode(), b"*")
        return Answer(self.status, body, self.headers, self.error)

    @property
    def plain(self) -> tuple[int, bytes]:
        """What two answers are compared by: nothing that is made anew for each."""
        body = self.body
        for fresh in _FRESH:
            body = fresh.sub(b"*", body)
        return self.status, body

    @property
    def allow(self) -> set[str]:
        return {method.strip() for method in self.headers.get("Allow", "").split(",") if method.strip()}


@contextmanager
def taken_back() -> Iterator[None]:
    """A savepoint that is rolled back. Code that asks for an outermost transaction takes it for one, as in Django's
    own TestCase."""
    block: Any = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


@cache
def _client(*, csrf: bool) -> Client:
    """One for all requests: its handler loads the middleware once, which takes longer than a request."""
    return Client(raise_request_exception=False, enforce_csrf_checks=csrf)


def ask(
    caller: Caller,
    method: str,
    path: str,
    *,
    data: Any = None,
    kind: str | None = None,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    csrf: bool = False,
) -> Answer:
    """One request; what would fail at COMMIT fails here. The caller of this holds `taken_back`."""
    client = _client(csrf=csrf)
    client.cookies.clear()
    if caller.session:
        client.cookies[settings.SESSION_COOKIE_NAME] = caller.session
    extra = dict(headers or {})
    if caller.key:
        extra["Authorization"] = f"Bearer {caller.key}"
    given: dict[str, Any] = {"headers": extra}
    if data is not None:
        given["data"] = data
    if kind is not None:
        given["content_type"] = kind
    address = f"{path}?{query}" if query else path
    response = getattr(client, method.lower())(address, **given)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    error = ""
    if response.status_code >= 500 and getattr(response, "exc_info", None):
        error = repr(response.exc_info[1])
    if method not in ("GET", "HEAD", "OPTIONS") and not connection.needs_rollback:
        connection.check_constraints()
    return Answer(response.status_code, body, dict(response.headers), error)


def path_to(target: type[Model], model: type[Model], seen: tuple[type[Model], ...] = ()) -> str | None:
    """The shortest way from a model to `target` by its foreign keys, as the ORM writes it."""
    ways = []
    for field in model._meta.get_fields():
        if not isinstance(field, ForeignKey | OneToOneField) or field.related_model in seen:
            continue
        related = field.related_model
        if related is target:
            return field.name
        assert isinstance(related, type)
        rest = path_to(target, related, (*seen, model))
        if rest is not None:
            ways.append(f"{field.name}__{rest}")
    return min(ways, key=lambda way: way.count("__"), default=None)


LABELS = ("accounts", "billing", "generations", "account", "mfa", "usersessions")


class Prints:
    """A fingerprint of every row that is a team's or its people's, by the foreign keys of all models."""

    def __init__(self, team: Team) -> None:
        user = get_user_model()
        people = list(Membership.current.filter(team=team).values_list("user_id", flat=True))
        self._parts: list[str] = []
        self._values: list[Any] = []
        self.tables: list[str] = []
        models = [model for label in LABELS for model in apps.get_app_config(label).get_models()]
        for model in models:
            of_team = "pk" if model is Team else path_to(Team, model)
            of_user = "pk" if model is user else path_to(user, model)
            if of_team:
                rows = model._default_manager.filter(**{of_team: team.pk})
            elif of_user:
                rows = model._default_manager.filter(**{f"{of_user}__in": people})
            else:
                continue
            sql, values = rows.order_by().values("pk").query.sql_with_params()
            table = model._meta.db_table
            key = model._meta.pk.column
            self.tables.append(table)
            self._parts.append(
                f"select '{table}', md5(coalesce(string_agg(t::text, '|' order by t::text), '')) "  # noqa: S608
                f'from "{table}" t where "{key}" in ({sql})'
            )
            self._values += values

    def now(self) -> dict[str, str]:
        """The fingerprint of each table."""
        with connection.cursor() as cursor:
            cursor.execute(" union all ".join(self._parts), self._values)
            return dict(cursor.fetchall())
