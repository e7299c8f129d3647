"""The history as gallery and as table: what a row says, and what it loads."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from generations import outcomes
from generations.models import Generation, Reason, Removal
from tests.pages.conftest import delivered, doubted
from tests.pages.history.reading import IMAGE, ids, still_open
from tests.pages.parsing import read
from tests.world import World

Make = Callable[..., Generation]
VIEWS = pytest.mark.parametrize("view", ["gallery", "table"])


@VIEWS
def test_an_empty_history_leads_to_the_studio(alice: Client, view: str) -> None:
    page = read(alice.get(f"/history?view={view}"))
    assert "Nothing has been made here yet" in page.words
    assert "Go to the studio" in page.texts("a")
    assert still_open(page) == []
    assert "Nothing matches" in read(alice.get(f"/history?view={view}&status=failed")).words


@VIEWS
def test_a_row_says_what_it_is_how_it_stands_who_made_it_and_what_it_costs(
    alice: Client, make: Make, view: str
) -> None:
    done = delivered(make("seedream-v4-edit", image_urls=[IMAGE], max_images=3), outputs=2)
    failed = make(prompt="a cat")
    outcomes.fail(generation_id=failed.pk, reason=Reason.CONTENT_REFUSED)
    waiting = make(prompt="a fox")
    page = read(alice.get(f"/history?view={view}"))
    assert ids(page) == [waiting.public_id, failed.public_id, done.public_id]
    rows = page.texts("tr", klass="line") if view == "table" else page.texts("li", klass="tile")
    for part in ("a fox", "Veo 3.1 Fast", "bob", "queued", "60 credits $0.30 held"):
        assert part in rows[0]
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", rows[0])
    assert "failed refused by content policy" in rows[1]
    assert "not charged" in rows[1]
    for part in ("Seedream V4 Edit", "a dog in a park", "succeeded", "7 credits $0.035", "2 pictures"):
        assert part in rows[2]
    links = [e.attrs["href"] for e in page.all("a", klass="tile-link")]
    assert links == [f"/generations/{each}" for each in ids(page)]
    assert [e.attrs["value"] for e in page.all("data")] == ["0.30", "0", "0.035"]
    assert len(page.all("time")) == 3


def test_a_key_is_named_as_the_one_who_made_it(alice: Client, make: Make, world: World) -> None:
    row = make()
    Generation.objects.filter(pk=row.pk).update(membership=None, api_key=world.api_key)
    assert "Veo 3.1 Fast · test key" in read(alice.get("/history")).words


@VIEWS
def test_pictures_keep_their_place_and_films_load_nothing_of_themselves(alice: Client, make: Make, view: str) -> None:
    film = delivered(make())
    page = read(alice.get(f"/history?view={view}"))
    (picture,) = page.all("img")
    assert picture.attrs["src"].startswith(f"/media/teams/{film.team_id}/{film.pk}/0.preview.webp?")
    assert (picture.attrs["width"], picture.attrs["height"]) == ("1280", "720")
    assert (picture.attrs["loading"], picture.attrs["alt"]) == ("lazy", "")
    assert page.all("video") == []
    media = page.one("span", klass="media")
    assert media.attrs["data-film"].startswith(f"/media/teams/{film.team_id}/{film.pk}/0.mp4?")
    assert media.text.split() == ["5", "s"]


def test_a_text_is_shown_as_its_beginning(alice: Client, make: Make) -> None:
    delivered(make("prompt-expansion-text"), text="A dog runs through a park at dawn.")
    assert read(alice.get("/history")).one("span", klass="media-text").text == "A dog runs through a park at dawn."


@VIEWS
def test_of_deleted_outputs_no_picture_and_no_address_is_left(alice: Client, make: Make, view: str) -> None:
    row = delivered(make("seedream-v4-edit", image_urls=[IMAGE]))
    Removal.objects.create(generation=row, team=row.team, removed_by="user:1")
    page = read(alice.get(f"/history?view={view}"))
    assert ids(page) == [row.public_id]
    assert page.one("span", klass="media").text.split() == ["outputs", "deleted"]
    assert "/media/" not in page.html
    assert "7 credits" in page.words or "credits" in page.words
    film = delivered(make())
    Removal.objects.create(generation=film, team=film.team, removed_by="user:1")
    assert "data-film" not in read(alice.get(f"/history?view={view}")).html


def test_unknown_is_shown_as_it_is(alice: Client, make: Make) -> None:
    doubted(make())
    assert read(alice.get("/history?status=unknown")).texts("span", klass="badge") == ["1 in use", "unknown"]


def test_prompts_are_text(alice: Client, make: Make) -> None:
    make(prompt="<script>alert(1)</script> & more")
    for view in ("gallery", "table"):
        page = read(alice.get(f"/history?view={view}"))
        assert page.one("a", klass="tile-link").text == "<script>alert(1)</script> & more"


def test_rows_can_be_chosen_for_what_is_done_to_many(alice: Client, make: Make) -> None:
    rows = [make(), make()]
    for view in ("gallery", "table"):
        page = read(alice.get(f"/history?view={view}"))
        boxes = page.named("row")
        assert [e.attrs["value"] for e in boxes] == [row.public_id for row in rows[::-1]]
        assert {e.attrs["form"] for e in boxes} == {"selection"}
        assert page.unlabelled() == []
