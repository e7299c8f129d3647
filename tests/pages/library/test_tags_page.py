"""The team's tags: their numbers, another name, and the question before one goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from generations import labels
from generations.models import Generation, Tag
from tests.pages.parsing import read
from tests.world import World

Make = Callable[..., Generation]


def test_the_list(alice: Client, world: World, make: Make, browser: Any, count_queries: Any) -> None:
    assert "No tags yet" in read(alice.get("/history/tags")).words
    bob, rows = world.actor(world.bob), [make(), make()]
    labels.tag(actor=bob, generations=rows, name="a & b/c")
    page = read(alice.get("/history/tags"))
    assert "a & b/c 2 generations" in page.words
    assert page.all("a", href="/history?tag=a%20%26%20b%2Fc")
    few = count_queries(lambda: alice.get("/history/tags"))
    for n in range(10):
        labels.tag(actor=bob, generations=rows[:1], name=f"tag {n}")
    assert count_queries(lambda: alice.get("/history/tags")) == few
    looks = read(browser(world.carol).get("/history/tags"))
    assert "tag 9" in looks.words
    assert looks.all("input", name="to") == []


def test_another_name(alice: Client, world: World, make: Make) -> None:
    bob, row = world.actor(world.bob), make()
    for name in ("foxes", "dogs"):
        labels.tag(actor=bob, generations=[row], name=name)
    answer = alice.post("/history/tags", {"tag": "foxes", "to": "Dogs"})
    page = read(answer, 422)
    assert "The team has a tag “dogs” already." in page.words
    (field,) = [field for field in page.all("input", name="to") if "aria-invalid" in field.attrs]
    assert field.attrs["value"] == "Dogs"
    assert alice.post("/history/tags", {"tag": "foxes", "to": "vixens"})["Location"] == "/history/tags"
    assert labels.tags_of(bob) == ["dogs", "vixens"]
    assert alice.post("/history/tags", {"tag": "foxes", "to": "cats"}).status_code == 404


def test_it_is_deleted_after_a_question(alice: Client, world: World, make: Make, browser: Any) -> None:
    labels.tag(actor=world.actor(world.bob), generations=[make(), make()], name="foxes")
    page = read(alice.get("/history/tags/delete?tag=foxes"))
    assert "It goes from 2 generations, for the whole team." in page.words
    assert Tag.objects.count() == 1
    assert browser(world.carol).post("/history/tags/delete", {"tag": "foxes"}).status_code == 403
    strange = browser(world.mallory).post("/history/tags/delete", {"tag": "foxes"}, follow=True)
    assert "There is no such tag." in read(strange).words
    assert Tag.objects.count() == 1
    assert alice.post("/history/tags/delete", {"tag": "foxes"}).status_code == 302
    assert "It stood on 2 generations." in read(alice.get("/history/tags")).words
    assert not Tag.objects.exists()
    for again in (
        alice.get("/history/tags/delete?tag=foxes", follow=True),
        alice.post("/history/tags/delete", {"tag": "foxes"}, follow=True),
    ):
        assert again.redirect_chain == [("/history/tags", 302)]
        assert "There is no such tag." in read(again).words
