"""The history: lines, filters, pages by key, one live request that stops, and a fixed number of queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.test import Client

from generations import outcomes, page_queries
from generations.models import Generation, Reason
from tests.pages.conftest import delivered, doubted
from tests.pages.parsing import Page, read
from tests.world import World

Make = Callable[..., Generation]
IMAGE = "https://img.example/a.png"


def ids(page: Page) -> list[str]:
    return [e.attrs["id"].removeprefix("row-") for e in page.all("li", klass="row")]


def poll(page: Page) -> str | None:
    return page.one("div", id="live").attrs.get("hx-get")


def test_an_empty_history_leads_to_the_studio(alice: Client) -> None:
    page = read(alice.get("/history"))
    assert "Nothing has been made here yet." in page.words
    assert poll(page) is None
    assert "Nothing matches these filters." in read(alice.get("/history?status=failed")).words


def test_a_line_says_what_it_is_how_it_stands_and_what_it_costs(alice: Client, make: Make) -> None:
    done = delivered(make("seedream-v4-edit", image_urls=[IMAGE], max_images=3), outputs=2)
    failed = make(prompt="a cat")
    outcomes.fail(generation_id=failed.pk, reason=Reason.PROVIDER_FAILED)
    waiting = make(prompt="a fox")
    page = read(alice.get("/history"))
    assert ids(page) == [waiting.public_id, failed.public_id, done.public_id]
    lines = page.texts("li", klass="row")
    assert re.fullmatch(
        r"video Veo 3.1 Fast a fox queued 60 credits \$0.30 held \d{4}-\d\d-\d\d \d\d:\d\d UTC", lines[0]
    )
    assert "a cat failed not charged" in lines[1]
    assert "Seedream V4 Edit a dog in a park succeeded 7 credits $0.035" in lines[2]
    (picture,) = page.all("img")
    assert picture.attrs["src"].startswith(f"/media/teams/{done.team_id}/{done.pk}/0.preview.webp?")


def test_filters_stand_in_the_address_and_in_the_form(alice: Client, make: Make) -> None:
    veo, banana = make(), make("nano-banana-pro")
    outcomes.cancel(generation_id=banana.pk, actor="test")
    assert ids(read(alice.get("/history?status=open"))) == [veo.public_id]
    assert ids(read(alice.get("/history?status=canceled"))) == [banana.public_id]
    assert ids(read(alice.get("/history?model=nano-banana-pro&status=queued"))) == []
    page = read(alice.get("/history?model=nano-banana-pro"))
    assert ids(page) == [banana.public_id]
    assert "selected" in page.one("option", value="nano-banana-pro").attrs
    assert len(ids(read(alice.get("/history?model=nonsense&status=nonsense&before=nonsense")))) == 2


def test_pages_by_key_meet_everything_once_while_new_ones_come(alice: Client, make: Make) -> None:
    made = [make("flux-kontext-pro", prompt=f"number {n}").public_id for n in range(45)]
    page, seen = read(alice.get("/history")), []
    assert page.all("a", rel="prev") == []
    for _ in range(3):
        seen.append(ids(page))
        make("flux-kontext-pro", prompt="meanwhile")
        older = page.all("a", rel="next")
        if older:
            page = read(alice.get(older[0].attrs["href"]))
    assert [len(part) for part in seen] == [20, 20, 5]
    assert sum(seen, []) == made[::-1]
    assert older == []
    back = read(alice.get(page.one("a", rel="prev").attrs["href"]))
    assert ids(back) == seen[1]


def test_pages_keep_the_filters(alice: Client, make: Make) -> None:
    for _ in range(21):
        make()
    page = read(alice.get("/history?status=queued&model=veo-3.1-fast"))
    href = page.one("a", rel="next").attrs["href"]
    assert href.startswith("/history?status=queued&model=veo-3.1-fast&before=gen_")
    assert len(ids(read(alice.get(href)))) == 1


def test_one_request_brings_the_lines_that_changed_and_stops_at_the_end(alice: Client, make: Make) -> None:
    first, second, ended = make(), make("nano-banana-pro"), make("nano-banana-pro")
    outcomes.cancel(generation_id=ended.pk, actor="test")
    address = poll(read(alice.get("/history")))
    assert address is not None
    assert ended.public_id not in address
    same = read(alice.get(address))
    assert ids(same) == []
    assert poll(same) == address
    assert same.all("span", id="wallet-chip") == []
    delivered(first)
    page = read(alice.get(address))
    (row,) = page.all("li", klass="row")
    assert (row.attrs["id"], row.attrs["hx-swap-oob"]) == (f"row-{first.public_id}", "true")
    assert "succeeded" in row.text
    assert page.one("p", id="said").text == "Veo 3.1 Fast: succeeded. "
    assert page.one("span", id="wallet-chip").attrs["hx-swap-oob"] == "true"
    address = poll(page)
    assert address is not None
    assert first.public_id not in address
    outcomes.cancel(generation_id=second.pk, actor="test")
    assert poll(read(alice.get(address))) is None


def test_the_live_request_shows_nothing_of_others(alice: Client, world: World, browser: Any, make: Make) -> None:
    mine = make()
    page = read(browser(world.mallory).get(f"/history/live?rows={mine.public_id}:-1"))
    assert ids(page) == []
    assert poll(page) is None
    assert ids(read(browser(world.mallory).get("/history"))) == []
    for odd in ("", "x", "gen_:1", "a:b:c,,:", f"{mine.public_id}:0," * 60):
        read(alice.get("/history/live", {"rows": odd}))


def test_the_number_of_queries_does_not_depend_on_the_rows(
    alice: Client, make: Make, count_queries: Callable[..., int]
) -> None:
    def both() -> tuple[int, int]:
        address = poll(read(alice.get("/history")))
        return count_queries(lambda: read(alice.get("/history"))), count_queries(lambda: read(alice.get(str(address))))

    edit: dict[str, Any] = {"image_urls": ["https://img.example/a.png"], "num_images": 2}
    delivered(make("qwen-image-edit-plus", **edit), outputs=2)
    make("flux-kontext-pro")
    one = both()
    for _ in range(9):
        delivered(make("qwen-image-edit-plus", **edit), outputs=2)
    for _ in range(9):
        make("flux-kontext-pro")
    assert len(ids(read(alice.get("/history")))) == page_queries.PAGE
    assert both() == one
    assert one[0] <= 7


def test_unknown_is_shown_as_it_is(alice: Client, make: Make) -> None:
    doubted(make())
    page = read(alice.get("/history?status=unknown"))
    assert page.texts("span", klass="badge") == ["unknown"]
