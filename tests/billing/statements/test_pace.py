"""How long credit lasts: said only where some days of charges tell it, and never from the log."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import pace, recharge_queries
from billing.models import BalanceWatch
from billing.pace import Pace
from tests.billing.statements.test_spend import charge, today
from tests.pages.parsing import read
from tests.world import World

DOLLAR = 1_000_000
TODAY = date(2026, 11, 22)


def spent(world: World, days: dict[int, int]) -> None:
    """Charges so many days before TODAY, past the guard."""
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.executemany(
            "insert into billing_spendday (team_id, day, subject, amount, count) values (%s, %s, 'm', %s, 2)",
            [(world.team.pk, TODAY - timedelta(days=ago), amount) for ago, amount in days.items()],
        )
        cursor.execute("set local session_replication_role = origin")


def test_the_month_and_the_whole_days_before_today(world: World) -> None:
    spent(world, {0: 50 * DOLLAR, 1: DOLLAR, 2: 2 * DOLLAR, 10: 3 * DOLLAR, 15: 40 * DOLLAR, 22: 7 * DOLLAR})
    found = pace.of(world.team, TODAY)
    assert found == Pace(month=96 * DOLLAR, count=10, spent=6 * DOLLAR, days=10, with_charges=3)
    assert (found.a_day, found.lasts(12 * DOLLAR), found.lasts(12 * DOLLAR - 1)) == (600_000, 20, 19)


def test_the_window_reaches_into_the_month_before(world: World) -> None:
    spent(world, {21: DOLLAR, 22: DOLLAR})
    early = TODAY.replace(day=3)
    assert pace.of(world.team, early) == Pace(month=DOLLAR, count=2, spent=2 * DOLLAR, days=3, with_charges=2)


@pytest.mark.parametrize("days", [{}, {1: DOLLAR, 2: DOLLAR}, {0: DOLLAR, 1: DOLLAR, 14: DOLLAR, 15: DOLLAR}])
def test_of_few_days_nothing_is_said(world: World, days: dict[int, int]) -> None:
    spent(world, days)
    found = pace.of(world.team, TODAY)
    assert (found.lasts(10 * DOLLAR), found.lasts_in_words(10 * DOLLAR), found.a_day) == (None, "", 0)


@pytest.mark.parametrize(
    ("available", "words"),
    [
        (DOLLAR - 1, "less than a day"),
        (DOLLAR, "about 1 day"),
        (12 * DOLLAR, "about 12 days"),
        (365 * DOLLAR, "about 365 days"),
        (366 * DOLLAR, "more than a year"),
    ],
)
def test_it_is_said_in_words(available: int, words: str) -> None:
    assert Pace(0, 0, 14 * DOLLAR, 14, 3).lasts_in_words(available) == words


def test_it_reads_the_totals_alone(world: World) -> None:
    with CaptureQueriesContext(connection) as asked:
        pace.of(world.team, TODAY)
    (query,) = asked.captured_queries
    assert "billing_spendday" in query["sql"]
    assert "billing_entry" not in query["sql"]


def test_another_team_s_spending_is_not_in_it(world: World) -> None:
    spent(world, {1: DOLLAR, 2: DOLLAR, 3: DOLLAR})
    assert pace.of(world.other_team, TODAY) == Pace(0, 0, 0, 0, 0)


def test_the_wallet_says_it(world: World, browser: Any) -> None:
    charge(world, "bob", "veo-3.1-fast", 300_000)
    client = browser(world.alice)
    page = read(client.get("/wallet"))
    assert page.texts("dd")[3] == "60 credits $0.30"
    month = f"from={today().replace(day=1)}&to={today()}"
    assert f"/wallet/spend?{month}" in [e.attrs["href"] for e in page.all("a")]
    assert "lasts" not in page.words
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(
            "insert into billing_spendday (team_id, day, subject, amount, count) select %s, %s::date - n, 'm', 970000,"
            " 1 from generate_series(1, 14) n",
            [world.team.pk, today()],
        )
        cursor.execute("set local session_replication_role = origin")
    page = read(client.get("/wallet"))
    assert "What is available lasts about 10 days at the rate of the last 14 days, $0.97 a day." in page.words


def test_a_low_balance_is_said(world: World, browser: Any) -> None:
    client = browser(world.alice)
    BalanceWatch.objects.create(team=world.team, low_balance=10 * DOLLAR)
    assert "Low:" not in read(client.get("/wallet")).words
    charge(world, "bob", "veo-3.1-fast", 10_000)
    assert recharge_queries.state(world.team).available < 10 * DOLLAR
    assert "Low: less than $10.00 is available" in read(client.get("/wallet")).words
