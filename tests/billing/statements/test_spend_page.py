"""The spend page and GET /spend: the same figures as rows, bars and a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.api.shapes import SPEND, SPENT, micro, problem
from tests.billing.statements.test_spend import charge, rows_of_spend, today
from tests.pages.parsing import Page, read
from tests.world import World


@pytest.fixture
def spender(world: World) -> World:
    """bob: $0.30 and $0.10 on two models; the key: $0.20."""
    charge(world, "bob", "veo-3.1-fast", 300_000)
    charge(world, "bob", "flux-kontext-pro", 100_000)
    charge(world, "key", "veo-3.1-fast", 200_000)
    return world


@pytest.fixture
def alice(world: World, browser: Any) -> Client:
    client: Client = browser(world.alice)
    return client


def table_of(page: Page, klass: str) -> Page:
    start = page.html.index(f'<table class="{klass}">')
    return Page(page.html[start : page.html.index("</table>", start)])


def rows(page: Page) -> list[list[str]]:
    """Name and numbers of each row: charges, share, spent, and (not by day) spent before."""
    html = table_of(page, "spend by-rows").html
    found = [Page(row) for row in html[: html.index("<tfoot")].split("<tr>")[2:]]
    return [row.texts("th") + row.texts("td", klass="number") for row in found]


def test_rows_bars_and_chart_say_the_same(spender: World, alice: Client) -> None:
    page = read(alice.get("/wallet/spend"))
    assert rows(page) == [
        ["veo-3.1-fast", "2", "83.33 %", "100 credits $0.50", "$0.00"],
        ["flux-kontext-pro", "1", "16.67 %", "20 credits $0.10", "$0.00"],
    ]
    assert table_of(page, "spend by-rows").texts("td", klass="number")[-4:] == ["3", "", "120 credits $0.60", "$0.00"]
    assert [e.attrs["width"] for e in page.all("rect", klass="bar", height="8")] == ["100", "20"]
    words = f"{today()}: $0.60: veo-3.1-fast $0.50, flux-kontext-pro $0.10"
    (column,) = page.all("a", klass="column")
    assert (column.attrs["aria-label"], column.attrs["tabindex"]) == (words, "0")
    assert column.attrs["href"] == f"/wallet/statement?from={today()}&to={today()}"
    assert page.one("p", id="readout").text == f"Most on {words}"
    legend = page.html[page.html.index('<ol class="legend"') :]
    assert Page(legend[: legend.index("</ol>")]).texts("bdi") == ["veo-3.1-fast", "flux-kontext-pro"]
    days = table_of(page, "spend days")
    assert days.texts("th", scope="row") == [today().isoformat(), "All"]
    assert days.texts("td") == ["$0.60", "$0.50", "$0.10"] * 2
    assert page.texts("dd")[:2] == ["120 credits $0.60", "3 charges in the statement"]
    month = f"from={today() - timedelta(days=29)}&to={today()}"
    links = [e.attrs["href"] for e in page.all("a") if e.attrs["href"].startswith("/history?")]
    assert links == [f"/history?model=veo-3.1-fast&{month}", f"/history?model=flux-kontext-pro&{month}"]
    assert page.unlabelled() == []


def test_rows_lead_to_what_was_made(spender: World, alice: Client) -> None:
    links = {
        by: [e.attrs["href"] for e in table_of(read(alice.get(f"/wallet/spend?by={by}")), "spend by-rows").all("a")]
        for by in ("member", "key", "day")
    }
    month = f"from={today() - timedelta(days=29)}&to={today()}"
    assert links == {
        "member": [f"/history?member=bob%40example.com&{month}"],
        "key": [f"/history?key={spender.api_key.public_id}&{month}"],
        "day": [f"/wallet/statement?from={today()}&to={today()}"],
    }


def test_by_member_key_and_day(spender: World, alice: Client) -> None:
    names = {by: [row[0] for row in rows(read(alice.get(f"/wallet/spend?by={by}")))] for by in ("member", "key", "day")}
    assert names == {
        "member": ["bob", "No member (API keys)"],
        "key": ["No API key (in the browser)", "test key"],
        "day": [today().isoformat()],
    }


def test_periods_are_shortcuts_and_days_of_ones_own(spender: World, alice: Client) -> None:
    page = read(alice.get("/wallet/spend?by=member"))
    periods = page.html[page.html.index('aria-label="Periods"') :]
    shortcuts = Page(periods[: periods.index("</nav>")]).all("a")
    assert [e.text for e in shortcuts] == ["7 days", "30 days", "90 days", "This month", "Last month"]
    shown = f"from={today() - timedelta(days=29)}&to={today()}&"  # on the 30th "This month" is the same
    assert [e.text for e in shortcuts if shown in e.attrs["href"]][0] == "30 days"
    assert [e for e in shortcuts if "aria-current" in e.attrs] == [e for e in shortcuts if shown in e.attrs["href"]]
    assert all("by=member" in e.attrs["href"] for e in shortcuts)
    for shortcut in shortcuts:
        read(alice.get(shortcut.attrs["href"]))
    before = today() - timedelta(days=1)
    page = read(alice.get(f"/wallet/spend?from={before}&to={before}"))
    assert "Nothing was charged in these days" in page.words
    assert page.all("svg", klass="bars") == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=2026-02-30&to=2026-03-01", "Write the day as 2026-01-31."),
        ("from=2026-06-02&to=2026-06-01", "The last day lies before the first one."),
        ("from=2025-01-01&to=2026-01-02", "Choose at most 366 days."),
        ("by=color", "Choose one of the list."),
    ],
)
def test_wrong_choices_are_said_beside_their_field(alice: Client, query: str, words: str) -> None:
    page = read(alice.get(f"/wallet/spend?{query}"), 422)
    (wrong,) = page.all("div", klass="wrong")
    assert words in wrong.text


def test_names_of_people_are_text(world: World, alice: Client) -> None:
    charge(world, "bob", "<script>alert(1)</script>", 1_000)
    world.bob.name = "<b>bob</b>"
    world.bob.save()
    for by in ("member", "model"):
        page = read(alice.get(f"/wallet/spend?by={by}"))
        assert page.all("b") == []


def test_queries_are_the_same_for_3_and_100_rows(world: World, alice: Client, api: Any, count_queries: Any) -> None:
    asked: list[Callable[[], Any]] = [
        lambda: read(alice.get("/wallet/spend")),
        lambda: api("get", "/spend?by=member", key=world.key),
    ]
    rows_of_spend(world, "bob", 3)
    for ask in asked:
        ask()
    few = [count_queries(ask) for ask in asked]
    rows_of_spend(world, "alice", 100)
    rows_of_spend(world, "key", 100)
    assert len(rows(read(alice.get("/wallet/spend")))) == 100
    assert [count_queries(ask) for ask in asked] == few


def test_programs_get_the_same(spender: World, api: Any) -> None:
    body = api("get", f"/spend?by=member&from={today()}&to={today()}", key=spender.key).json()
    assert set(body) == SPEND
    assert (body["by"], body["from"], body["to"]) == ("member", today().isoformat(), today().isoformat())
    assert (micro(body["amount"]), body["count"], body["others"]) == (600_000, 3, None)
    assert all(set(row) == SPENT for row in body["results"])
    shown = [(row["name"], micro(row["amount"]), row["count"], row["share"]) for row in body["results"]]
    assert shown == [("bob", 400_000, 2, "0.6667"), ("No member (API keys)", 200_000, 1, "0.3333")]
    assert body["results"][0]["id"].startswith("mem_")
    assert body["results"][1]["id"] is None
    other = api("get", "/spend", key=spender.other_key).json()
    assert (other["by"], other["results"], micro(other["amount"])) == ("model", [], 0)


def test_one_who_spent_it_all_has_the_whole_share(world: World, api: Any) -> None:
    charge(world, "key", "veo-3.1-fast", 7)
    (row,) = api("get", "/spend?by=key", key=world.key).json()["results"]
    assert (row["id"], row["share"]) == (world.api_key.public_id, "1.0000")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("by=team", "by"),
        ("from=2026-06-01T00:00:00Z", "from"),
        ("to=2026-13-01", "to"),
        ("from=2026-06-02&to=2026-06-01", "to"),
        ("from=2025-01-01&to=2026-01-02", "to"),
        ("limit=5", "limit"),
    ],
)
def test_programs_are_told_what_is_wrong(world: World, api: Any, query: str, field: str) -> None:
    problem(api("get", f"/spend?{query}", key=world.key), 422, "invalid", field)
