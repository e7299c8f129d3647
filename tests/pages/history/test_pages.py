"""Pages by key, in both directions: links that work by themselves, and that scripts append."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from generations.models import Generation
from tests.pages.history.reading import ids
from tests.pages.parsing import Page, read
from tests.world import World

Make = Callable[..., Generation]


def older(page: Page) -> str:
    links = page.all("a", rel="next")
    return links[0].attrs["href"] if links else ""


@pytest.mark.parametrize("view", ["gallery", "table"])
def test_pages_meet_everything_once_while_new_ones_come(alice: Client, make: Make, view: str) -> None:
    made = [make("flux-kontext-pro", prompt=f"number {n}").public_id for n in range(27)]
    page, seen = read(alice.get(f"/history?view={view}")), []
    assert page.all("a", rel="prev") == []
    for _ in range(3):
        seen.append(ids(page))
        make("flux-kontext-pro", prompt="meanwhile")
        if older(page):
            page = read(alice.get(older(page)))
    assert [len(part) for part in seen] == [12, 12, 3]
    assert sum(seen, []) == made[::-1]
    assert older(page) == ""
    back = read(alice.get(page.one("a", rel="prev").attrs["href"]))
    assert ids(back) == seen[1]


def test_rows_of_one_moment_are_all_met(alice: Client, make: Make) -> None:
    made = {make("flux-kontext-pro").public_id for _ in range(14)}
    Generation.objects.update(created_at="2026-01-01T00:00:00Z")
    first = read(alice.get("/history"))
    second = read(alice.get(older(first)))
    assert set(ids(first)) | set(ids(second)) == made
    assert len(ids(second)) == 2


def test_pages_keep_the_filters_and_the_view(alice: Client, make: Make) -> None:
    for _ in range(13):
        make()
    page = read(alice.get("/history?view=table&model=veo-3.1-fast&status=queued"))
    assert older(page).startswith("/history?status=queued&model=veo-3.1-fast&view=table&before=gen_")
    assert len(ids(read(alice.get(older(page))))) == 1


def test_the_way_to_older_ones_is_a_link_that_scripts_append(alice: Client, make: Make) -> None:
    for _ in range(13):
        make()
    page = read(alice.get("/history"))
    link = page.one("a", rel="next").attrs
    assert link["href"] == link["hx-get"]
    assert (link["hx-target"], link["hx-select"], link["hx-select-oob"]) == ("#rows", "#rows > *", "#older")
    assert "revealed" not in link["hx-trigger"]  # nothing is loaded before somebody scrolls
    first, *rest = page.all("li", klass="tile")
    assert first.attrs["data-page"] == "/history"
    assert not any("data-page" in e.attrs for e in rest)
    last = read(alice.get(link["href"]))
    assert last.one("li", klass="tile").attrs["data-page"] == link["href"]
    assert last.one("nav", id="older").text.strip() == ""  # what the end puts in place of the link


def test_a_place_that_is_not_there_is_said_and_the_beginning_shown(
    alice: Client, make: Make, browser: Any, world: World
) -> None:
    row = make()
    for query in (
        "before=nonsense",
        "after=gen_1",
        f"before={'gen_' + '0' * 32}",
        f"before={row.public_id}&after={row.public_id}",
    ):
        page = read(alice.get(f"/history?{query}"))
        assert "names a place that is not in this list" in page.words
        assert ids(page) == [row.public_id]
    page = read(browser(world.mallory).get(f"/history?before={row.public_id}"))
    assert "names a place that is not in this list" in page.words
    assert "Nothing lies beyond this place" in read(alice.get(f"/history?before={row.public_id}")).words
