"""The statement's page and its files: the equation, the lines of the period, wrong days beside their field."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Action, AuditEvent
from billing import statement_pdf, views_statements
from tests.billing.purchases import bought
from tests.billing.statements.past import Life, put, transfers_of
from tests.pages.parsing import Page, read
from tests.world import World

JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAYS = "from=2026-06-01&to=2026-06-30"


@pytest.fixture
def june(world: World) -> World:
    """Credit on June 1, bought with a bonus on the 2nd, held on the 4th, charged $0.30, taken back $0.10, frozen."""
    life = Life(world.team)
    bought(world.team, 5_000_000, bonus=500_000)
    life.hold(1_000_000)
    life.settle(300_000)
    life.reverse(100_000)
    life.freeze(50_000)
    put([(pk, JUNE + timedelta(days=n)) for n, pk in enumerate(transfers_of(world.team))])
    return world


@pytest.fixture
def alice(june: World, browser: Any) -> Client:
    client: Client = browser(june.alice)
    return client


def equation(page: Page) -> list[tuple[str, str]]:
    """The rows of the sums: name with its sign, amount."""
    table = page.html[page.html.index('<table class="equation">') :]
    sums = Page(table[: table.index("</table>")])
    cells = sums.texts("td")
    return list(zip(sums.texts("th", scope="row"), cells[1::2], strict=True))


def test_the_equation_stands_with_its_signs(alice: Client) -> None:
    page = read(alice.get(f"/wallet/statement?{DAYS}"))
    assert equation(page) == [
        ("Opening balance", "0 credits $0.00"),
        ("+ Bought", "1,000 credits $5.00"),
        ("+ Granted", "2,100 credits $10.50"),
        ("− Charged", "60 credits $0.30"),
        ("− Expired", "0 credits $0.00"),
        ("− Taken back", "30 credits $0.15"),
        ("= Closing balance", "3,010 credits $15.05"),
        ("beside it, frozen by a dispute", "10 credits $0.05"),
    ]
    assert page.texts("caption")[0] == "2026-06-01 to 2026-06-30"
    whats = [text.split(" gen_")[0].split(" pay_")[0] for text in page.texts("td", data_label="What")]
    assert whats[0] == "Frozen by a dispute"
    assert whats[-1] == "Granted"
    assert "Granted: bonus" in whats
    links = [e.attrs["href"] for e in page.all("a") if e.attrs["href"].startswith("/wallet/payments/pay_")]
    assert len(set(links)) == 1
    assert page.unlabelled() == []


def test_more_given_back_than_taken_has_the_other_sign(june: World, alice: Client) -> None:
    life = Life(june.team)
    life.freeze(150_000)
    life.unfreeze(0)
    put([(pk, JUNE + timedelta(days=n)) for n, pk in enumerate(transfers_of(june.team))])
    page = read(alice.get("/wallet/statement?from=2026-06-10&to=2026-06-10"))
    assert ("+ Given back", "30 credits $0.15") in equation(page)
    assert "− Taken back" not in dict(equation(page))


def test_the_last_day_is_part_of_it(alice: Client) -> None:
    page = read(alice.get("/wallet/statement?from=2026-06-02&to=2026-06-02"))
    assert dict(equation(page))["+ Bought"] == "1,000 credits $5.00"
    assert len(page.texts("td", data_label="What")) == 1
    assert "Days and times are UTC." in page.words
    assert "both included" in page.words


def test_this_month_comes_first_and_shortcuts_lead_on(alice: Client) -> None:
    page = read(alice.get("/wallet/statement"))
    current = page.one("a", aria_current="true")
    assert current.text == "This month"
    assert page.texts("caption")[0].endswith(", so far")
    shortcuts = [e for e in page.all("a") if e.attrs["href"].startswith("/wallet/statement?from=")]
    assert [e.text for e in shortcuts] == ["This month", "Last month", "This year", "All"]
    for shortcut in shortcuts:
        again = read(alice.get(shortcut.attrs["href"]))
        assert again.one("a", aria_current="true").text == shortcut.text
    assert "Nothing moved in this period. The balance stayed as it was." in page.words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=2026-06-31&to=2026-07-01", "Write the day as 2026-01-31."),
        ("from=2026-06-02&to=2026-06-01", "The last day lies before the first one."),
        ("from=1999-01-01&to=2026-06-01", "Choose a day from 2000-01-01 to 2999-12-31."),
        ("from=&to=2026-06-01", "This field is required."),
    ],
)
def test_wrong_days_are_said_beside_their_field(alice: Client, query: str, words: str) -> None:
    for path in ("/wallet/statement", "/wallet/statement.csv", "/wallet/statement.pdf"):
        page = read(alice.get(f"{path}?{query}"), 422)
        (wrong,) = page.all("div", klass="wrong")
        assert words in wrong.text
        typed = dict(part.split("=") for part in query.split("&"))
        assert [page.one("input", name=name).attrs.get("value", "") for name in typed] == list(typed.values())
        assert "Opening balance" not in page.words
    assert not AuditEvent.objects.filter(action=Action.STATEMENT_EXPORTED).exists()


def test_other_parameters_and_places_are_refused_in_words(alice: Client) -> None:
    for query in ("since=2026-06-01", "from=2026-06-01&from=2026-06-02", "older=nonsense", "newer=1.2.3"):
        read(alice.get(f"/wallet/statement?{query}"), 422)
    page = read(alice.get(f"/wallet/statement?{DAYS}&older=0.0"))
    assert "Nothing lies beyond this place." in page.words
    read(alice.get(f"/wallet/statement?{DAYS}&newer=999.999"))
    read(alice.get(f"/wallet/statement?{DAYS}&newer="))


def test_lines_go_by_pages_within_the_period(june: World, alice: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(views_statements, "LINES", 8)
    life = Life(june.team)
    for _ in range(10):
        life.grant(1_000)
    found = transfers_of(june.team)
    put([(pk, JUNE + timedelta(hours=5 * n)) for n, pk in enumerate(found)])
    days = "from=2026-06-02&to=2026-06-04"  # the third to the seventeenth of 18
    first = read(alice.get(f"/wallet/statement?{days}"))
    times = [e.attrs["datetime"] for e in first.all("time")]
    assert len(times) == 8
    second = read(alice.get(first.one("a", rel="next").attrs["href"]))
    times += [e.attrs["datetime"] for e in second.all("time")]
    wanted = [JUNE + timedelta(hours=5 * n) for n in range(len(found))]
    wanted = [at for at in wanted if datetime(2026, 6, 2, tzinfo=UTC) <= at < datetime(2026, 6, 5, tzinfo=UTC)]
    assert times == [at.isoformat().replace("+00:00", "Z") for at in reversed(wanted)]
    assert second.all("a", rel="next") == []
    assert equation(second) == equation(first)
    back = read(alice.get(second.one("a", rel="prev").attrs["href"]))
    assert [e.attrs["datetime"] for e in back.all("time")] == times[:8]


def test_the_file_of_the_page_is_the_whole_period(june: World, alice: Client) -> None:
    page = read(alice.get(f"/wallet/statement?{DAYS}"))
    link = next(e.attrs["href"] for e in page.all("a") if "statement.csv" in e.attrs["href"])
    response = alice.get(link)
    assert response["Content-Disposition"] == 'attachment; filename="statement-studio-2026-06-01-2026-06-30.csv"'
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert (rows[0]["kind"], rows[-1]["kind"], rows[-1]["balance_usd"]) == ("opening", "closing", "15.05")
    event = AuditEvent.objects.get(action=Action.STATEMENT_EXPORTED)
    assert (event.team, event.actor) == (june.team, f"user:{june.alice.pk}")
    assert alice.head(link).status_code == 405


def test_the_pdf_is_the_same_each_time_and_written_down(june: World, alice: Client) -> None:
    first, again = (alice.get(f"/wallet/statement.pdf?{DAYS}") for _ in range(2))
    assert first.status_code == 200
    assert first["Content-Type"] == "application/pdf"
    assert 'filename="statement-studio-2026-06-01-2026-06-30.pdf"' in first["Content-Disposition"]
    assert first.content.startswith(b"%PDF-")
    assert first.content == again.content
    events = AuditEvent.objects.filter(action=Action.STATEMENT_EXPORTED, data__format="pdf")
    assert events.count() == 2


def test_a_pdf_of_too_many_lines_is_refused_on_the_page(alice: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(statement_pdf, "MOST_LINES", 4)
    page = read(alice.get(f"/wallet/statement.pdf?{DAYS}"), 422)
    assert "A PDF has at most 4 lines. Choose a shorter period, or take the CSV file." in page.words
    assert dict(equation(page))["= Closing balance"] == "3,010 credits $15.05"
    assert not AuditEvent.objects.filter(action=Action.STATEMENT_EXPORTED).exists()


def test_one_that_does_not_add_up_is_not_shown(june: World, alice: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute("update billing_daytotal set amount = amount + 1 where kind = 'grant'")
        cursor.execute("set local session_replication_role = origin")
    page = read(alice.get(f"/wallet/statement?{DAYS}"), 503)
    assert "This statement does not add up, so we do not show it." in page.words


def test_queries_do_not_depend_on_the_lines(june: World, alice: Client, count_queries: Any) -> None:
    read(alice.get(f"/wallet/statement?{DAYS}"))
    one = count_queries(lambda: read(alice.get("/wallet/statement?from=2026-06-01&to=2026-06-04")))
    life = Life(june.team)
    for _ in range(12):
        life.grant(1_000)
    put([(pk, JUNE + timedelta(hours=n)) for n, pk in enumerate(transfers_of(june.team))])
    assert count_queries(lambda: read(alice.get(f"/wallet/statement?{DAYS}"))) == one


def test_it_is_for_those_who_look_after_money(june: World, browser: Any) -> None:
    for user in (june.bob, june.carol):
        for path in ("/wallet/statement", "/wallet/statement.csv", "/wallet/statement.pdf", "/wallet/spend"):
            read(browser(user).get(path), 403)


def test_only_changes_of_the_balance_can_be_shown(world: World, alice: Client) -> None:
    every = read(alice.get(f"/wallet/statement?{DAYS}"))
    page = read(alice.get(f"/wallet/statement?lines=changes&{DAYS}"))
    whats = [text.split(" ")[0] for text in page.texts("td", data_label="What")]
    assert not {"Held", "Released"} & set(whats)
    assert "Charged" in whats

    def lines(one: Page) -> list[tuple[str, str]]:
        cells = (one.texts("td", data_label=label) for label in ("Amount", "Balance after"))
        return [(amount, left) for amount, left in zip(*cells, strict=True) if amount]

    assert lines(page) == lines(every)
    assert len(lines(page)) == len(whats)
    assert equation(page) == equation(every)


def test_what_was_charged_leads_to_what_it_was_spent_on(alice: Client) -> None:
    page = read(alice.get(f"/wallet/statement?{DAYS}"))
    assert f"/wallet/spend?{DAYS}" in [e.attrs["href"] for e in page.all("a") if e.text == "Charged"]
