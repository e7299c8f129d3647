"""Every figure of the desk of costs equals an independent recount from the ledger, to the micro-dollar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from itertools import product
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey
from generations import books
from generations.models import Generation
from generations.oversight import drill_down, figures, losses, scopes, verdict_sums
from generations.oversight.drill_down import Row, Wanted
from generations.oversight.lines import By, Line, Order, Sort
from generations.oversight.scopes import Scope, scope_of
from generations.oversight.sums import Sums
from project.paging import Page, Window, every
from tests.oversight.costs import recount
from tests.oversight.costs.conftest import day, ended_at, noon
from tests.oversight.costs.conftest import recount as recount_days
from tests.world import World

Key = Callable[[Generation, date], Any]
OVER = ("succeeded", "over")

BYS: dict[By, Key] = {
    By.DAY: lambda made, on: (on.isoformat(), ""),
    By.PROVIDER: lambda made, on: (made.provider, ""),
    By.MODEL: lambda made, on: (made.model, ""),
    By.VARIANT: lambda made, on: (made.variant, made.model),
    By.TEAM: lambda made, on: (made.team.public_id, ""),
    By.KEY: lambda made, on: (made.api_key.public_id, made.team.public_id) if made.api_key else (scopes.NO_KEY, ""),
}


def page(wanted: Wanted, window: Window = Window(50)) -> Page[Row]:  # noqa: B008 - frozen
    return drill_down.page(wanted, window)


def every_row(wanted: Wanted) -> list[Row]:
    return [row for rows in every(lambda window: drill_down.page(wanted, window), batch=5) for row in rows]


def plain(sums: Sums) -> recount.Count:
    return recount.non_zero(asdict(sums).items())


def same(scope: Scope, wanted: Callable[[Generation, date], bool]) -> None:
    """All of a question, every table of it, and the days before, are what a recount says."""
    found = figures.of_scope(scope)
    ended = [fact for fact in recount.facts() if wanted(fact.made, fact.day)]
    within = [fact for fact in ended if scope.first <= fact.day <= scope.last]
    earlier = [fact for fact in ended if scope.before.first <= fact.day <= scope.before.last]

    for by, key in BYS.items():
        told, was = recount.counts(within, key), recount.counts(earlier, key)
        assert plain(found.total) == recount.non_zero(told.pop("all", {}).items())
        assert plain(found.before) == recount.non_zero(was.pop("all", {}).items())
        lines = {(line.id, line.about): line for line in found.tables[by].lines}
        assert {key: plain(line.sums) for key, line in lines.items() if not line.sums.nothing} == {
            key: recount.non_zero(count.items()) for key, count in told.items()
        }, by
        if by != By.DAY:
            before = {key: (line.was_revenue, line.was_cost) for key, line in lines.items()}
            assert {key: pair for key, pair in before.items() if any(pair)} == {
                key: (count.get("revenue", 0), count["cost"])
                for key, count in was.items()
                if count.get("revenue") or count.get("cost")
            }, by


def always(made: Generation, on: date) -> bool:
    return True


def test_what_the_triggers_wrote_is_what_a_recount_says(history: list[Generation]) -> None:
    same(Scope(day(0), day(0)), always)


def test_any_days_are_what_a_recount_says(spread: list[Generation]) -> None:
    for first, last in ((9, 0), (3, 2), (3, 3), (2, 2), (8, 4), (1, 0), (20, 10), (400, 0)):
        same(Scope(day(first), day(last)), always)


def test_filters_are_what_a_recount_says(world: World, second_key: ApiKey, spread: list[Generation]) -> None:
    asked: list[tuple[dict[str, str], Callable[[Generation], bool]]] = [
        ({"provider": "fal"}, lambda made: made.provider == "fal"),
        ({"provider": "kie"}, lambda made: made.provider == "kie"),
        ({"model": "veo-3.1-fast"}, lambda made: made.model == "veo-3.1-fast"),
        (
            {"model": "hailuo-2.3-pro", "variant": "6-768P"},
            lambda made: (made.model, made.variant) == ("hailuo-2.3-pro", "6-768P"),
        ),
        ({"model": "hailuo-2.3-pro", "variant": "10-768P"}, lambda made: False),
        ({"team": world.team.public_id}, lambda made: made.team_id == world.team.pk),
        ({"team": "elsewhere"}, lambda made: made.team_id == world.other_team.pk),
        ({"key": second_key.public_id}, lambda made: made.api_key_id == second_key.pk),
        ({"key": "none"}, lambda made: made.api_key_id is None),
        ({"team": "Studio", "key": "none"}, lambda made: made.team == world.team and made.api_key_id is None),
        (
            {"team": "Studio", "provider": "kie", "model": "veo-3.1-fast"},
            lambda made: made.team == world.team and made.model == "veo-3.1-fast",
        ),
    ]
    for words, wanted in asked:
        for first, last in ((9, 0), (3, 2)):
            scope = scope_of(first=day(first), last=day(last), **words)
            same(scope, lambda made, on, wanted=wanted: wanted(made))  # type: ignore[misc]


def test_the_books_agree(spread: list[Generation]) -> None:
    with connection.cursor() as cursor:
        for name, sql in books.CHECKS:
            if "sums of costs" in name or "revenue by the day" in name:
                cursor.execute(sql)
                assert cursor.fetchone() == (0,), name


def test_what_was_captured_before_midnight_counts_on_that_day(spread: list[Generation]) -> None:
    first = spread[0]
    assert first.finished_at is not None
    assert first.finished_at.date() == day(2)
    assert [fact.day for fact in recount.facts() if fact.made == first] == [day(3)]
    on = {row.id for row in page(Wanted(Scope(day(3), day(3)))).rows}
    after = {row.id for row in page(Wanted(Scope(day(2), day(2)))).rows}
    assert first.public_id in on - after


def test_what_is_not_ordinary_counts_on_the_day_of_its_capture_too(spread: list[Generation]) -> None:
    """Its sums are read from the generations, not from the tables of days."""
    odd = next(made for made in spread if made.status == "succeeded" and made.cost_verdict == "over")
    midnight = noon(2).replace(hour=0)
    tick = timedelta(milliseconds=5)
    ended_at(odd, midnight + tick, captured=midnight - tick)
    recount_days()
    for on, there in ((3, 1), (2, 0)):
        wanted = Wanted(Scope(day(on), day(on)), *OVER)
        assert [row.generation for row in page(wanted).rows] == [odd] * there
        assert drill_down.totals(wanted).revenue == (odd.charged or 0) * there
        assert drill_down.totals(wanted) == Sums.total(
            group.sums for group in verdict_sums.of_scope(wanted.scope) if (group.status, group.verdict) == OVER
        )


def test_the_list_adds_up_to_the_figure(world: World, spread: list[Generation]) -> None:
    for words in ({}, {"provider": "kie"}, {"model": "veo-3.1-fast"}, {"team": "Studio"}, {"key": "none"}):
        for first, last in ((9, 0), (3, 3), (2, 2)):
            wanted = Wanted(scope_of(first=day(first), last=day(last), **words))
            rows = every_row(wanted)
            total = figures.of_scope(wanted.scope).total
            assert drill_down.totals(wanted) == total
            assert sum(row.generation.charged or 0 for row in rows) == total.revenue
            assert sum(row.expected for row in rows) == total.expected
            assert sum(row.cost for row in rows) == total.cost
            assert sum(row.margin for row in rows) == total.margin
            assert len(rows) == total.ended


def test_the_list_of_a_status_and_of_a_verdict_adds_up(spread: list[Generation]) -> None:
    scope = Scope(day(9), day(0))
    everything = figures.totals(scope)
    by_status = [drill_down.totals(Wanted(scope, status=status)) for status in drill_down.STATUSES]
    by_verdict = {verdict: drill_down.totals(Wanted(scope, verdict=verdict)) for verdict in drill_down.VERDICTS}
    assert Sums.total(by_status) == everything
    assert Sums.total(by_verdict.values()) == everything
    counted = (everything.matched, everything.over, everything.under, everything.unreported, everything.unattributed)
    words = ("matched", "over", "under", "unknown", "unattributed")
    assert tuple(by_verdict[word].ended for word in words) == counted
    assert all(counted)
    for word in words:
        assert len(page(Wanted(scope, verdict=word)).rows) == by_verdict[word].ended


def test_pages_of_the_list_go_both_ways(spread: list[Generation]) -> None:
    wanted = Wanted(Scope(day(9), day(0)))
    whole = [row.id for row in page(wanted).rows]
    parts = [page(wanted, Window(4))]
    while (key := parts[-1].older) is not None:
        parts.append(page(wanted, Window(4, "older", key)))
    assert [row.id for part in parts for row in part.rows] == whole
    assert [part.newer is None for part in parts] == [True] + [False] * (len(parts) - 1)
    back = page(wanted, Window(4, "newer", parts[2].newer))
    assert [row.id for row in back.rows] == [row.id for row in parts[1].rows]
    assert (back.newer, back.older) == (parts[1].newer, parts[1].older)


def test_teams_beyond_the_top_stand_in_one_line(spread: list[Generation]) -> None:
    scope = Scope(day(2), day(0))  # three and nine days ago lie partly before
    found = figures.of_scope(scope, top=1)
    for by in (By.TEAM, By.KEY):
        whole = figures.table(scope, by)
        rest = found.tables[by].rest
        assert len(found.tables[by].lines) == 1
        assert found.tables[by].count == whole.count == len(whole.lines)
        assert rest is not None
        assert rest.sums == Sums.total(line.sums for line in whole.lines[1:])
        before = [(line.was_revenue, line.was_cost) for line in whole.lines[1:]]
        assert (rest.was_revenue, rest.was_cost) == tuple(map(sum, zip(*before, strict=True)))
        parts = [figures.table(scope, by, offset=at, limit=1).lines for at in range(whole.count + 1)]
        assert [part[0].id for part in parts[:-1]] == [line.id for line in whole.lines]
        assert parts[-1] == []


def test_every_order_is_kept(spread: list[Generation]) -> None:
    keys: dict[Order, Callable[[Line], int]] = {
        Order.REVENUE: lambda line: line.sums.revenue,
        Order.COST: lambda line: line.sums.cost,
        Order.MARGIN: lambda line: line.sums.margin,
        Order.RATE: lambda line: line.sums.margin_ppm or 0,
        Order.CHANGE: lambda line: line.sums.revenue - line.was_revenue,
        Order.RISK: lambda line: line.sums.at_risk,
        Order.SUCCEEDED: lambda line: line.sums.succeeded,
        Order.FAILED: lambda line: line.sums.failed,
    }
    for order, descending in product(Order, (True, False)):
        found = figures.of_scope(Scope(day(3), day(0)), sort=Sort(order, descending))
        for by in (By.MODEL, By.VARIANT, By.TEAM, By.KEY):
            lines = found.tables[by].lines
            if order == Order.RATE:
                lines = [line for line in lines if line.sums.revenue]
            values = [keys[order](line) for line in lines]
            assert values == sorted(values, reverse=descending), (by, order)


def test_loss_making_variants_show_by_sales_and_by_list(spread: list[Generation]) -> None:
    found = figures.of_scope(Scope(day(9), day(0)))
    sold = {line.id: line.sums.margin for line in found.tables[By.VARIANT].lines if line.sums.margin < 0}
    assert sold["6-768P"] == 2 * (220_000 - 225_000)
    listed = {loss.variant: (loss.revenue, loss.cost) for loss in losses.listed_at_a_loss()}
    assert listed == {"6-768P": (220_000, 225_000), "6-1080P": (390_000, 400_000)}


def test_how_many_queries_never_depends_on_how_much_there_is(world: World, spread: list[Generation]) -> None:
    for scope in (Scope(day(1), day(0)), Scope(day(400), day(0)), scope_of(first=day(9), last=day(0), team="Studio")):
        with CaptureQueriesContext(connection) as seen:
            figures.of_scope(scope)
        assert len(seen) == 2


def test_whole_months_and_the_days_around_them(spread: list[Generation]) -> None:
    for made, days in zip(spread, (2, 20, 33, 45, 61, 62, 75, 90, 91, 121, 150, 10, 0), strict=False):
        ended_at(made, noon(days))
    recount_days()
    for first, last in ((63, 1), (120, 30), (31, 0), (61, 0), (365, 0), (5, 0)):
        same(Scope(day(first), day(last)), always)
        scope = scope_of(first=day(first), last=day(last), provider="kie")
        same(scope, lambda made, on: made.provider == "kie")


def test_months_of_a_period() -> None:
    def of(first: str, last: str) -> tuple[list[str], list[tuple[str, str]]]:
        months, ranges = scopes.months_of(Scope(date.fromisoformat(first), date.fromisoformat(last)))
        return [str(month) for month in months], [(str(one), str(two)) for one, two in ranges]

    assert of("2026-01-01", "2026-01-31") == (["2026-01-01"], [])
    assert of("2026-01-02", "2026-02-27") == ([], [("2026-01-02", "2026-02-27")])
    assert of("2025-12-31", "2026-03-01") == (
        ["2026-01-01", "2026-02-01"],
        [("2025-12-31", "2025-12-31"), ("2026-03-01", "2026-03-01")],
    )
    assert of("2026-02-01", "2026-02-28") == (["2026-02-01"], [])
