"""The price list: every model in force with every price, by kind, for everybody; and the service's state in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from generations import offers, price_list, pricing
from generations.catalog import ENTRIES
from generations.models import Listing
from project import health, queue
from project.templatetags import pages
from tests.pages.parsing import Page
from tests.pages.test_policy import whole
from tests.world import World

Queries = Callable[[int], Any]


def test_every_model_stands_with_every_price_and_its_links(client: Client, alice: Client) -> None:
    page, signed_in = whole(client.get("/prices")), whole(alice.get("/prices"))
    prices = offers.current_prices()
    for slug, entry in ENTRIES.items():
        table = page.html.partition(f">Prices of {entry.name}</caption>")[2].partition("</table>")[0]
        for example in pricing.price_examples(entry, offers.book_of(prices[slug])):
            assert f'row">{example.label}</th>' in table
            assert pages.money(example.total) in table
        assert page.all("a", href=f"/api/v1/docs#model-{slug}")
        assert not page.all("a", href=f"/studio/{slug}")
        assert signed_in.all("a", href=f"/studio/{slug}")


@pytest.mark.parametrize(
    ("kind", "there", "not_there"),
    [("video", "Veo 3.1 Fast", "Flux Kontext Pro"), ("image", "Flux Kontext Pro", "Veo 3.1 Fast")],
)
def test_one_kind_by_a_link(client: Client, world: World, kind: str, there: str, not_there: str) -> None:
    page = whole(client.get(f"/prices?kind={kind}"))
    assert there in page.words
    assert not_there not in page.words
    current = [link.attrs["href"] for link in page.all("a") if link.attrs.get("aria-current") == "page"]
    assert current == [f"/prices?kind={kind}"]


def test_no_such_kind_is_all_of_them(client: Client, world: World) -> None:
    page = whole(client.get("/prices?kind=%00music"))
    assert "Veo 3.1 Fast" in page.words
    assert "Flux Kontext Pro" in page.words


def test_a_second_of_film_is_rounded_up_and_only_where_the_length_is_known(world: World) -> None:
    (group,) = price_list.groups(kind="video")
    lines = {(model.card.entry.slug, line.label): line.each_second for model in group.models for line in model.variants}
    assert lines["hailuo-2.3-pro", "6 s, 768P"] == 36_700  # $0.22 for 6 seconds
    assert lines["wan-2.2-turbo", "5 s, 480p"] == 40_000  # its length is no field: what is paid for says it
    assert lines["veo-3.1-fast", "Video"] is None
    (images,) = price_list.groups(kind="image")
    assert {line.each_second for model in images.models for line in model.variants} == {None}


def test_the_cheapest_stands_first_and_what_is_not_available_last(client: Client, world: World) -> None:
    Listing.objects.filter(slug="seedance-v1-pro").update(available=False, note="The provider repairs it.")
    (group,) = price_list.groups(kind="video")
    assert [model.card.entry.slug for model in group.models][-1] == "seedance-v1-pro"
    prices = [model.card.cheapest for model in group.models[:-1]]
    assert prices == sorted(prices, key=lambda price: price or 0)
    words = whole(client.get("/prices?kind=video")).words
    assert "Seedance V1 Pro not available now" in words
    assert "The provider repairs it." in words


def test_two_queries_whatever_is_shown(client: Client, world: World, django_assert_num_queries: Queries) -> None:
    for path in ("/", "/prices", "/prices?kind=text"):
        with django_assert_num_queries(2):
            client.get(path)


def test_the_first_page_shows_one_video_and_its_credits(client: Client, world: World) -> None:
    page = whole(client.get("/"))
    assert "Veo 3.1 Fast: 60 credits $0.30 , shown before you press" in page.words.replace("$0.30,", "$0.30 ,")
    for path in ("/prices", "/api/v1/docs", "/status", "/accounts/signup/"):
        assert page.all("a", href=path)
    assert page.all("button", name="theme", value="dark"), "who is signed out can choose light or dark too"


def test_the_state_of_the_service(client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    page = whole(client.get("/status"))
    assert "Not everything works" in page.words, "no worker runs in the tests"
    assert "Pages and API works" in page.words
    assert "Storing results does not work" in page.words
    ages = {lane.name: 1.0 for lane in queue.lanes()}
    monkeypatch.setattr(queue, "heartbeat_ages", lambda: ages)
    assert "Everything works" in whole(client.get("/status")).words


def test_the_state_while_the_database_is_out_of_reach(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ready", lambda _: health._answer({"database": "unreachable"}, ok=False))
    page: Page = whole(client.get("/status"))  # this test may not open a connection: the page needs none
    assert "Pages and API does not work" in page.words
    assert page.words.count("not known") == 3
