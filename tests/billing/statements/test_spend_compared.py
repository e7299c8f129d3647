"""What was spent beside the period before, its parts day by day, and the files: all recounted from the ledger."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Action, AuditEvent
from billing import comparison, periods, spend, statements
from billing.models import Entry, TransferKind
from billing.spend import By
from project import csv_safe
from tests.billing.statements.past import spread
from tests.billing.statements.test_spend import charge, rows_of_spend, today
from tests.pages.parsing import read
from tests.world import World

MODELS = [f"model-{n}" for n in range(9)]


@pytest.fixture
def month(world: World) -> list[tuple[date, str, int]]:
    """40 charges for nine models over some three weeks: day, model and amount, as the ledger has them."""
    for n in range(40):
        charge(world, "bob" if n % 3 else "key", MODELS[n * n % 9], 1_000 + 777 * n)
    spread(world.team, [timedelta(hours=hours) for hours in (1, 2, 7, 9)])
    captures = Entry.objects.filter(account__team=world.team, transfer__kind=TransferKind.CAPTURE)
    found = captures.values_list("created_at", "transfer__hold__subject", "transfer__amount")
    return [(at.astimezone(UTC).date(), model, amount) for at, model, amount in found]


@pytest.fixture
def alice(world: World, browser: Any) -> Client:
    client: Client = browser(world.alice)
    return client


def week(world: World, by: By = By.MODEL) -> spend.Spend:
    """The last 5 days; 6 on the 5th, for days from the 1st on are compared with those of the month before."""
    last = today()
    return spend.of_period(world.team, by=by, first=last - timedelta(days=5 if last.day == 5 else 4), last=last)


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        ((2026, 11, 16), (2026, 11, 22), ((2026, 11, 9), (2026, 11, 15))),
        ((2026, 11, 22), (2026, 11, 22), ((2026, 11, 21), (2026, 11, 21))),
        ((2026, 11, 1), (2026, 11, 22), ((2026, 10, 1), (2026, 10, 22))),
        ((2026, 3, 1), (2026, 3, 30), ((2026, 2, 1), (2026, 2, 28))),
        ((2026, 2, 1), (2026, 2, 28), ((2026, 1, 1), (2026, 1, 31))),
        ((2026, 1, 1), (2026, 1, 31), ((2025, 12, 1), (2025, 12, 31))),
        ((2026, 11, 1), (2026, 12, 5), ((2026, 9, 27), (2026, 10, 31))),
    ],
)
def test_a_period_is_compared_with_the_one_before_it(first: Any, last: Any, before: Any) -> None:
    assert periods.before(date(*first), date(*last)) == tuple(date(*day) for day in before)


def test_both_periods_are_what_the_ledger_says(world: World, month: list[tuple[date, str, int]]) -> None:
    now, before = Counter[str](), Counter[str]()
    found = week(world)
    for day, model, amount in month:
        if found.first <= day <= found.last:
            now[model] += amount
        if found.before.first <= day <= found.before.last:
            before[model] += amount
    assert now
    assert before
    length = found.last - found.first + timedelta(days=1)
    assert (found.before.first, found.before.last) == (found.first - length, found.first - timedelta(days=1))
    assert {row.id: row.amount for row in found.rows} == now
    assert {row.id: row.before for row in found.rows} == {model: before[model] for model in now}
    assert (found.amount, found.before.amount) == (now.total(), before.total())
    gone = before.total() - sum(before[model] for model in now)
    assert (found.others.before if found.others else 0) == gone


def test_what_was_spent_only_before_is_in_the_sum_of_before(world: World, alice: Client) -> None:
    charge(world, "bob", "gone", 5_000)
    charge(world, "bob", "here", 1_000)
    spread(world.team, [timedelta(days=3)])
    found = week(world)
    assert ([row.name for row in found.rows], found.before.amount) == (["here"], 5_000)
    assert found.others == spend.Row("", "Spent only before", 0, 0, 0, 5_000)
    assert [one.name for one in found.series] == ["here"]
    assert "Spent only before" in read(alice.get(f"/wallet/spend?from={found.first}&to={found.last}")).words


def test_the_parts_of_every_day_are_what_the_ledger_says(world: World, month: list[tuple[date, str, int]]) -> None:
    found = spend.of_period(world.team, by=By.MODEL, first=today() - timedelta(days=29), last=today())
    assert len(found.rows) == len({model for _, model, _ in month}) > 0
    names = [one.name for one in found.series]
    top = [row.name for row in found.rows[: spend.TOP - 1]]
    assert names == (top + ["All others"] if len(found.rows) > spend.TOP else [row.name for row in found.rows])
    for place, (day, amount) in enumerate(found.days):
        spent = Counter[str]()
        for at, model, part in month:
            if at == day:
                spent[model if model in names else "All others"] += part
        assert [one.days[place] for one in found.series] == [spent[name] for name in names]
        assert sum(one.days[place] for one in found.series) == amount
    assert [one.amount for one in found.series] == [sum(one.days) for one in found.series]


def test_beyond_six_the_smallest_are_one_part(world: World) -> None:
    rows_of_spend(world, "bob", 6)
    assert [one.name for one in week(world).series][-1] == "model-000"
    rows_of_spend(world, "key", 7)
    found = week(world)
    assert [one.name for one in found.series] == [*(row.name for row in found.rows[:5]), "All others"]
    assert sum(one.amount for one in found.series) == found.amount


def test_it_is_what_the_statement_says_was_charged(world: World, month: list[tuple[date, str, int]]) -> None:
    found = week(world, By.KEY)
    start = datetime(found.first.year, found.first.month, found.first.day, tzinfo=UTC)
    said = statements.of_period(world.team, start, start + (found.last - found.first) + timedelta(days=1))
    assert (said.charged, said.counts["charged"]) == (found.amount, found.count)


@pytest.mark.parametrize(
    ("now", "before", "words", "direction"),
    [
        (150, 100, "now 50 % more", "up"),
        (50, 100, "now 50 % less", "down"),
        (1_234, 100, "now 1,134 % more", "up"),
        (100_001, 100_000, "now less than 1 % more", "up"),
        (0, 100, "now 100 % less", "down"),
        (100, 100, "as much", ""),
        (100, 0, "", ""),
        (0, 0, "as much", ""),
    ],
)
def test_the_difference_is_said_in_words(now: int, before: int, words: str, direction: str) -> None:
    first, last = date(2026, 6, 1), date(2026, 6, 30)
    earlier = spend.Before(date(2026, 5, 1), date(2026, 5, 31), before, 1)
    found = spend.Spend(first, last, By.MODEL, now, 1, [], None, 0, [], earlier, [])
    against = comparison.of_spend(found, date(2026, 5, 1))
    assert (against.words, against.direction, against.since) == (words, direction, None)
    assert comparison.of_spend(found, date(2026, 5, 2)).since == date(2026, 5, 2)


def test_the_average_is_of_days_that_were_there() -> None:
    first, last = date(2026, 6, 1), date(2026, 6, 30)
    found = spend.Spend(first, last, By.MODEL, 10_000_000, 1, [], None, 0, [], spend.Before(first, last, 0, 0), [])
    long_ago = date(2026, 1, 1)
    assert comparison.average(found, long_ago, date(2026, 8, 1)) == 330_000  # of 30 days: 0.3333...
    assert comparison.average(found, long_ago, date(2026, 6, 4)) == 2_500_000
    assert comparison.average(found, date(2026, 6, 3), date(2026, 6, 4)) == 5_000_000
    assert comparison.average(found, long_ago, date(2026, 5, 1)) == 0


def file(client: Client, query: str) -> tuple[list[str], list[list[str]], str]:
    """Header, rows and name."""
    response: Any = client.get(f"/wallet/spend.csv?{query}")
    assert (response.status_code, response["Content-Type"]) == (200, csv_safe.CONTENT_TYPE)
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows, response["Content-Disposition"]


def test_the_file_is_the_page(world: World, alice: Client, month: list[tuple[date, str, int]]) -> None:
    found, day = week(world), today()
    query = f"from={found.first}&to={found.last}&by=model"
    header, rows, name = file(alice, query)
    assert header == ["line", "model", "id", "charges", "share_percent", "spent_usd", "spent_credits", "before_usd"]
    shown = [["row", row.name, row.id, str(row.count), spend.percent(row.share)] for row in found.rows]
    assert [row[:5] for row in rows if row[0] == "row"] == shown
    assert rows[-1][0] == "total"
    for column, total in ((5, found.amount), (7, found.before.amount)):
        said = [round(float(row[column]) * 1_000_000) for row in rows]
        assert said[-1] == sum(said[:-1]) == total
    assert name == f'attachment; filename="spend-by-model-studio-{found.first}-{day}.csv"'
    page = read(alice.get(f"/wallet/spend?{query}"))
    links = [e.attrs["href"] for e in page.all("a") if e.attrs["href"].startswith("/wallet/spend.csv")]
    assert links == [f"/wallet/spend.csv?{query}&table=days", f"/wallet/spend.csv?{query}"]
    header, rows, _ = file(alice, f"{query}&table=days")
    assert header == ["from", "to", "spent_usd", *(one.name for one in found.series)]
    assert [(row[0], float(row[2])) for row in rows[:-1]] == [
        (str(day), amount / 1_000_000) for day, amount in found.days if amount
    ]
    for row in rows:
        parts = [round(float(part) * 1_000_000) for part in row[2:]]
        assert parts[0] == sum(parts[1:])
    written = AuditEvent.objects.filter(action=Action.STATEMENT_EXPORTED).order_by("id")
    assert [row.data["of"] for row in written] == ["spend by model, rows", "spend by model, days"]


def test_no_cell_of_the_file_is_a_formula(world: World, alice: Client) -> None:
    charge(world, "bob", '=HYPERLINK("http://x")', 1_000)
    header, _, _ = file(alice, "table=days")
    assert header[-1] == '\'=HYPERLINK("http://x")'
    _, rows, _ = file(alice, "")
    assert rows[0][1] == '\'=HYPERLINK("http://x")'


def test_wrong_files_are_refused(alice: Client) -> None:
    assert alice.get("/wallet/spend.csv?from=2026-02-30").status_code == 422
    assert alice.get("/wallet/spend.csv?table=all").status_code == 422
    assert alice.get("/wallet/spend.csv?page=1").status_code == 422
    assert not AuditEvent.objects.filter(action=Action.STATEMENT_EXPORTED).exists()


def test_it_costs_the_same_for_10_and_10_000_charges(world: World, alice: Client, count_queries: Any) -> None:
    for n in range(10):
        charge(world, "bob", MODELS[n % 3], 1_000)
    asked: list[Callable[[], Any]] = [lambda: read(alice.get("/wallet/spend")), lambda: read(alice.get("/wallet"))]
    for ask in asked:
        ask()
    few = [count_queries(ask) for ask in asked]
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(
            """insert into billing_spendday (team_id, day, membership_id, subject, amount, count)
               select team_id, day - n, membership_id, subject || m, 1000 + m, 333 from billing_spendday,
                 generate_series(0, 29) n, generate_series(1, 9) m where team_id = %s""",
            [world.team.pk],
        )
        cursor.execute("set local session_replication_role = origin")
    assert week(world).count > 10_000
    assert [count_queries(ask) for ask in asked] == few
