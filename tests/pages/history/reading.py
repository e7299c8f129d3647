"""What the tests of the history read from its pages, and many rows at once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db import connection

from generations.models import Generation
from tests.pages.parsing import Page

IMAGE = "https://img.example/a.png"

# Copies of one generation, past the guards: spread over time, over models and with a word of their number.
COPIES = """
insert into generations_generation ({columns})
select {values} from generations_generation g, generate_series(1, %(count)s) n where g.id = %(source)s
"""
CHANGED = {
    "id": "gen_random_uuid()",
    "created_at": "g.created_at - n * interval '1 second'",
    "input": "jsonb_build_object('prompt', 'copy number ' || n)",
    "provider_task_id": "null",
    "hold_id": "gen_random_uuid()",
    "status": "'canceled'",
    "status_version": "1",
    "next_action_at": "null",
    "finished_at": "g.created_at",
    "charged": "0",
}


def ids(page: Page) -> list[str]:
    """The public ids of the rows, in order, in either view."""
    found = [*page.all("li", klass="tile"), *page.all("tr", klass="line")]
    return [e.attrs["id"].removeprefix("row-") for e in found]


def still_open(page: Page) -> list[str]:
    """What the live request asks for: ids with versions."""
    return [e.attrs["value"] for e in page.all("input", klass="is-open")]


def look(page: Page) -> str:
    """The address of the live request of this page, as htmx makes it."""
    return f"{page.one('div', id='live').attrs['hx-get']}&{urlencode({'rows': still_open(page)}, doseq=True)}"


def copies(generation: Generation, count: int, **changed: Any) -> None:
    """So many ended copies of a generation, older than it by a second each. `changed` are columns in SQL."""
    columns = [field.column for field in Generation._meta.concrete_fields]
    new = {**CHANGED, **changed}
    values = ", ".join(new.get(name, f'g."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute("set local statement_timeout = 0")  # so many rows at once are no page's query
        cursor.execute(COPIES.format(columns=names, values=values), {"count": count, "source": generation.pk})
        cursor.execute("set local session_replication_role = origin")
        cursor.execute("analyze generations_generation")
        cursor.execute("set local statement_timeout to default")
