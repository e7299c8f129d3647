"""One live request for all rows that are still open; it brings what changed, in place, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from generations import outcomes
from generations.models import Generation, Reason
from tests.pages.conftest import delivered
from tests.pages.history.reading import ids, look, still_open
from tests.pages.parsing import read
from tests.world import World

Make = Callable[..., Generation]


@pytest.mark.parametrize("view", ["gallery", "table"])
def test_it_asks_for_what_is_open_and_brings_the_pieces_that_changed(alice: Client, make: Make, view: str) -> None:
    first, second, ended = make(), make("nano-banana-pro"), make("nano-banana-pro")
    outcomes.cancel(generation_id=ended.pk, actor="test")
    page = read(alice.get(f"/history?view={view}"))
    assert still_open(page) == [f"{second.public_id}:0", f"{first.public_id}:0"]
    asking = page.one("div", id="live").attrs
    assert (asking["hx-include"], asking["hx-swap"], asking["hx-trigger"]) == (".is-open", "none", "look")
    same = read(alice.get(look(page)))
    assert same.words == ""
    delivered(first)
    changed = read(alice.get(look(page)))
    pieces = {e.attrs["id"]: e for e in changed.elements if e.attrs.get("hx-swap-oob") == "true"}
    assert set(pieces) == {*(f"{part}-{first.public_id}" for part in ("media", "state", "price")), "wallet-chip"}
    assert pieces[f"state-{first.public_id}"].text.split() == ["succeeded"]
    assert "60 credits" in pieces[f"price-{first.public_id}"].text
    assert changed.one("img").attrs["src"].startswith("/media/")
    assert still_open(changed) == []  # it has ended: nobody asks for it again
    assert changed.one("p", id="said").text == "Veo 3.1 Fast: succeeded. "
    shown = {e.attrs.get("id") for e in page.elements}
    assert set(pieces) <= shown


def test_a_row_that_goes_on_is_asked_for_with_its_new_version(alice: Client, make: Make) -> None:
    row = make()
    address = look(read(alice.get("/history")))
    Generation.objects.filter(pk=row.pk).update(status_version=3)
    assert still_open(read(alice.get(address))) == [f"{row.public_id}:3"]


def test_why_it_failed_comes_with_it(alice: Client, make: Make) -> None:
    row = make()
    address = look(read(alice.get("/history")))
    outcomes.fail(generation_id=row.pk, reason=Reason.TIMED_OUT)
    changed = read(alice.get(address))
    assert "failed took too long" in changed.words
    assert "not charged" in changed.words


def test_a_page_without_open_rows_has_nothing_to_ask(alice: Client, make: Make) -> None:
    delivered(make())
    assert still_open(read(alice.get("/history"))) == []


def test_at_most_100_rows_are_looked_at(alice: Client, make: Make) -> None:
    row = make()
    asked = [f"gen_{number:032x}:0" for number in range(99)]
    assert "queued" in read(alice.get("/history/live", {"rows": [*asked, f"{row.public_id}:9"]})).words
    assert (
        read(
            alice.get(
                "/history/live",
                {"rows": [*asked, asked[0][:-1] + "1", "x" + asked[0], f"gen_{200:032x}:0", f"{row.public_id}:9"]},
            )
        ).words
        == ""
    )


def test_nothing_of_others_is_shown(alice: Client, world: World, browser: Any, make: Make) -> None:
    mine = make()
    assert read(browser(world.mallory).get(f"/history/live?rows={mine.public_id}:-1")).words == ""
    assert ids(read(browser(world.mallory).get("/history"))) == []
    for odd in ("", "x", "gen_:1", "a:b:c,,:", f"{mine.public_id}:0," * 60, "\x00", f"{mine.public_id}:\x00"):
        read(alice.get("/history/live", {"rows": odd}))
