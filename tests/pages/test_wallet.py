"""The wallet: balance = held + available, every hold with its generation, a statement that adds up."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.test import Client

from generations import outcomes
from generations.models import Generation
from tests.pages.conftest import delivered
from tests.pages.parsing import Page, read
from tests.world import World

Make = Callable[..., Generation]


def lines(page: Page) -> list[list[str]]:
    """The statement's cells without the times and dollars."""
    own = Page(page.html.partition('id="latest"')[2])
    cells = [re.sub(r" [+−]?\$[0-9.,]+| gen_\w+…", "", text) for text in own.texts("td")]
    return [cells[at + 1 : at + 5] for at in range(0, len(cells), 5)]


def test_balance_held_and_available_with_the_holds(alice: Client, make: Make) -> None:
    row = make()
    page = read(alice.get("/wallet"))
    assert page.texts("dd")[:3] == ["1,940 credits $9.70", "60 credits $0.30", "2,000 credits $10.00"]
    held = [e for e in page.all("a") if e.attrs["href"] == f"/generations/{row.public_id}"]
    assert held[0].text == f"{row.public_id[:12]}…"
    assert page.one("span", id="wallet-chip").text.strip() == "1,940 credits"


def test_the_statement_adds_up_line_by_line(alice: Client, make: Make) -> None:
    delivered(make("seedream-v4-edit", image_urls=["https://img.example/a.png"], max_images=2), outputs=1)
    outcomes.cancel(generation_id=make().pk, actor="test")
    assert lines(read(alice.get("/wallet"))) == [
        ["Released", "+60", "−60", "1,996.5 credits"],
        ["Held", "−60", "+60", "1,996.5 credits"],
        ["Released", "+3.5", "−3.5", "1,996.5 credits"],
        ["Charged", "", "−3.5", "1,996.5 credits"],
        ["Held", "−7", "+7", "2,000 credits"],
        ["Granted", "+2,000", "", "2,000 credits"],
    ]


def test_it_shows_the_latest_and_leads_to_the_rest(alice: Client, make: Make) -> None:
    for _ in range(12):
        make("flux-kontext-pro")
    page = read(alice.get("/wallet"))
    assert [line[0] for line in lines(page)] == ["Held"] * 10
    addresses = [e.attrs.get("href") for e in page.all("a")]
    assert {"/wallet/statement", "/wallet/spend", "/wallet/payments", "/wallet/details"} <= set(addresses)


def test_only_those_who_look_after_money_see_it(world: World, browser: Any) -> None:
    for user in (world.bob, world.carol):
        client = browser(user)
        read(client.get("/wallet"), 403)
        page = read(client.get("/studio"))
        assert "2,000 credits" in page.words
        assert [e for e in page.all("a") if e.attrs["href"] == "/wallet"] == []


def test_it_says_who_to_ask_for_credit(alice: Client, world: World) -> None:
    assert (
        f"Ask the people who run this Framehouse for more and tell them {world.team.public_id}."
        in read(alice.get("/wallet")).words
    )


def test_queries_do_not_depend_on_the_lines(alice: Client, make: Make, count_queries: Callable[..., int]) -> None:
    make("flux-kontext-pro")
    read(alice.get("/wallet"))  # the first request of a session stamps it
    one = count_queries(lambda: read(alice.get("/wallet")))
    for _ in range(12):
        make("flux-kontext-pro")
    assert count_queries(lambda: read(alice.get("/wallet"))) == one
