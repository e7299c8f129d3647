"""What the tests of the history read from its pages, and many rows at once."""

from __future__ import annotations

from urllib.parse import urlencode

from generations.models import Generation
from tests.copies import copies
from tests.pages.parsing import Page

IMAGE = "https://img.example/a.png"

# An ended one, without credit of its own.
CHANGED = {
    "id": "gen_random_uuid()",
    "created_at": "r.created_at - n * interval '1 second'",
    "input": "jsonb_build_object('prompt', 'copy number ' || n)",
    "provider_task_id": "null",
    "hold_id": "gen_random_uuid()",
    "status": "'canceled'",
    "status_version": "1",
    "next_action_at": "null",
    "finished_at": "r.created_at",
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


def ended_copies(generation: Generation, count: int, **changed: str) -> None:
    """So many ended copies of a generation, older than it by a second each. `changed` are columns in SQL."""
    copies(generation, count, **{**CHANGED, **changed})
