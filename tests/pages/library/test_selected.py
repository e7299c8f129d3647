"""What is done to many selected generations, by a plain form: favourites, tags, the question before a deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from generations import labels
from generations.models import Favourite, Generation, Removal, Tagging
from tests.jobs import Jobs
from tests.pages.conftest import delivered
from tests.pages.library.conftest import Made
from tests.pages.parsing import read
from tests.world import World

URL, DELETE = "/history/selected", "/history/selected/delete"
Make = Callable[..., Generation]


def send(client: Client, do: str, *rows: Generation, **more: Any) -> Any:
    return client.post(URL, {"do": do, "row": [row.public_id for row in rows], "back": "/history?view=table", **more})


@pytest.fixture
def bob(world: World, browser: Callable[..., Client]) -> Client:
    return browser(world.bob)


@pytest.fixture
def carol(world: World, browser: Callable[..., Client]) -> Client:
    return browser(world.carol)


def said(client: Client) -> str:
    return str(read(client.get("/history")).words)


def test_favourites_of_many(carol: Client, make: Make) -> None:
    rows = [make(), make()]
    answer = send(carol, "favourite", *rows)
    assert (answer.status_code, answer["Location"]) == (302, "/history?view=table")
    assert Favourite.objects.count() == 2
    assert "2 generations marked as your favourites." in said(carol)
    send(carol, "unfavourite", rows[0])
    assert [row.generation_id for row in Favourite.objects.all()] == [rows[1].pk]
    assert "1 generation no longer among your favourites." in said(carol)


def test_tags_of_many(bob: Client, carol: Client, make: Make, world: World) -> None:
    rows = [make(), make()]
    assert send(bob, "tag", *rows, tag=" night  shots").status_code == 302
    assert "2 generations tagged “night shots”." in said(bob)
    assert send(carol, "tag", *rows, tag="mine").status_code == 403
    send(bob, "untag", rows[0], tag="Night Shots")
    assert [row.generation_id for row in Tagging.objects.all()] == [rows[1].pk]


def test_a_tag_that_is_none_is_asked_for_again(bob: Client, make: Make) -> None:
    rows = [make(), make()]
    answer = send(bob, "tag", *rows, tag="x" * 41)
    page = read(answer, 422)
    assert "A tag must have at most 40 characters." in page.words
    assert page.one("input", name="tag").attrs["value"] == "x" * 41
    assert {field.attrs["value"] for field in page.all("input", name="row")} == {row.public_id for row in rows}
    assert page.one("input", name="back").attrs["value"] == "/history?view=table"
    assert not Tagging.objects.exists()


def test_nothing_too_much_and_what_is_not_theirs(
    bob: Client, world: World, make: Make, browser: Callable[..., Client]
) -> None:
    row = make()
    assert send(bob, "favourite").status_code == 302
    assert "Select something first." in said(bob)
    bob.post(URL, {"do": "favourite", "row": [f"gen_{n:032x}" for n in range(101)]})
    assert "At most 100 generations at once: 101 are selected." in said(bob)
    send(bob, "dance", row)
    assert "Choose what to do with the selection." in said(bob)
    for names in (["gen_" + "0" * 32, row.public_id], ["nonsense"], [row.public_id, row.public_id + "x"]):
        for do in ("zip", "delete", "favourite", "unfavourite", "tag", "untag"):
            assert bob.post(URL, {"do": do, "row": names, "tag": "a"}).status_code == 404
        assert bob.post(DELETE, {"row": names}).status_code == 404
    mallory = browser(world.mallory)
    for do in ("zip", "delete", "favourite", "tag"):
        assert send(mallory, do, row, tag="a").status_code == 404
    assert not Favourite.objects.exists()
    assert not Tagging.objects.exists()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", ""])
def test_the_way_back_is_our_own(bob: Client, make: Make, back: str) -> None:
    assert send(bob, "favourite", make(), back=back)["Location"] == "/history"


def test_a_deletion_is_asked_about_first(bob: Client, world: World, made: Made, make: Make, jobs: Jobs) -> None:
    film, text = made(by=world.bob), delivered(make("prompt-expansion-text", prompt="a dog"), text="a dog, sharp")
    alices, queued = made(by=world.alice), make()
    everything = (film, text, alices, queued)
    answer = send(bob, "delete", *everything)
    assert answer.status_code == 200
    page = read(answer)
    assert page.one("h1").text == "Delete the outputs of 2 generations?"
    for words in (
        "1 file (4.0 KB) and 1 text go for good.",
        "1 still under way",
        "1 made by others: an owner or an admin can delete those.",
        "Nothing is refunded.",
    ):
        assert words in page.words
    assert {field.attrs["value"] for field in page.all("input", name="row")} == {film.public_id, text.public_id}
    assert not Removal.objects.exists()
    answer = bob.post(DELETE, {"row": [row.public_id for row in everything], "back": "/history?kind=video"})
    assert answer["Location"] == "/history?kind=video"
    assert {row.pk for row in Removal.objects.all()} == {film.pk, text.pk}
    assert "Outputs of 2 generations deleted. Receipts and charges stay." in said(bob)
    bob.post(DELETE, {"row": film.public_id})
    assert "Nothing was deleted" in said(bob)
    page = read(send(bob, "delete", film))
    assert "There is nothing here that you can delete" in page.words
    assert "1 without outputs: nothing came, or they are deleted already." in page.words


def test_who_only_looks_cannot_delete(carol: Client, made: Made) -> None:
    row = made()
    assert send(carol, "delete", row).status_code == 403
    assert carol.post(DELETE, {"row": row.public_id}).status_code == 403
    assert not Removal.objects.exists()


def test_the_queries_of_the_question_do_not_grow(
    bob: Client, made: Made, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    rows = [made(prompt=str(n)) for n in range(6)]
    send(bob, "delete", rows[0])
    few = count_queries(lambda: send(bob, "delete", rows[0]))
    assert count_queries(lambda: send(bob, "delete", *rows)) == few


def test_the_star_swaps_itself_or_goes_back(bob: Client, make: Make, world: World) -> None:
    row = make()
    url = f"/generations/{row.public_id}/favourite"
    page = read(bob.post(url, {"on": "yes"}, headers={"HX-Request": "true"}))
    button = page.one("button", id=f"star-{row.public_id}")
    assert button.attrs["aria-pressed"] == "true"
    assert page.one("input", name="on").attrs["value"] == "no"
    assert labels.shown(actor=world.actor(world.bob), generations=[row])[row.pk].favourite
    referer = f"http://testserver/generations/{row.public_id}?a=b"
    answer = bob.post(url, {"on": "no"}, headers={"Referer": referer})
    assert answer["Location"] == f"/generations/{row.public_id}?a=b"
    assert not Favourite.objects.exists()
    assert bob.post(url, {"on": "yes"}, headers={"Referer": "https://evil.example/x"})["Location"] == "/history"


def test_tags_of_one_are_edited_in_place_or_on_a_page(bob: Client, carol: Client, make: Make) -> None:
    row = make()
    url, script = f"/generations/{row.public_id}/tags", {"HX-Request": "true"}
    page = read(bob.post(url, {"do": "tag", "tag": "foxes"}, headers=script))
    assert "Remove the tag foxes" in page.words
    assert [option.attrs["value"] for option in page.all("option")] == ["foxes"]
    page = read(bob.post(url, {"do": "tag", "tag": "x" * 41}, headers=script))
    assert "A tag must have at most 40 characters." in page.words
    assert page.one("input", type="text").attrs["value"] == "x" * 41
    answer = bob.post(url, {"do": "tag", "tag": ""})
    assert "A tag must not be empty." in read(answer, 422).words
    assert bob.post(url, {"do": "untag", "tag": "FOXES"}).status_code == 302
    assert not Tagging.objects.exists()
    assert carol.post(url, {"do": "tag", "tag": "foxes"}).status_code == 403
    assert carol.post(url, {"do": "untag", "tag": "foxes"}).status_code == 403
