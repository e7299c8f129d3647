"""A chart's figures: bars in proportion, within the picture, made of their parts, a level above the largest."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import charts
from billing.charts import HEIGHT, WIDTH
from billing.spend import Before, By, Series, Spend

FIRST = date(2026, 1, 1)  # a Thursday


def spend_of(*series: list[int], by: By = By.MODEL) -> Spend:
    """A period with these parts of its days; by day, the one list is the days themselves."""
    totals = [sum(parts) for parts in zip(*series, strict=True)]
    days = [(FIRST + timedelta(days=n), amount) for n, amount in enumerate(totals)]
    last = FIRST + timedelta(days=max(len(totals) - 1, 0))
    parts = [] if by == By.DAY else [Series(f"model {n}", sum(one), one) for n, one in enumerate(series, 1)]
    before = Before(FIRST, FIRST, 0, 0)
    return Spend(FIRST, last, by, sum(totals), 0, [], None, 0, days, before, parts)


def drawn(*series: list[int], by: By = By.MODEL) -> charts.Chart:
    chart = charts.of_spend(spend_of(*series, by=by))
    assert chart is not None
    return chart


@pytest.mark.parametrize(
    ("amount", "top"),
    [(1, 1), (3, 5), (10, 10), (11, 20), (50, 50), (51, 100), (1_000_000, 1_000_000), (1_000_001, 2_000_000)],
)
def test_the_top_is_the_next_round_amount(amount: int, top: int) -> None:
    assert charts.ceiling(amount) == top


def test_nothing_spent_is_no_chart() -> None:
    assert charts.of_spend(spend_of([0, 0])) is None
    assert charts.of_spend(spend_of([])) is None


def test_bars_are_in_proportion_and_say_what_they_are() -> None:
    chart = drawn([500_000, 0, 1_000_000], by=By.DAY)
    low, none, high = chart.bars
    assert float(high.parts[0].height) == 2 * float(low.parts[0].height) == HEIGHT
    assert (low.label, high.label, none.parts) == ("2026-01-01: $0.50", "2026-01-03: $1.00", [])
    assert chart.levels == ["$1", "$0.50", "$0"]
    assert (chart.largest, chart.title) == (high, "Spent by day from 2026-01-01 to 2026-01-03")
    assert [(tick.label, tick.amount) for tick in chart.ticks] == [("Jan 1", "$0.50"), ("2", ""), ("3", "$1.00")]


def test_parts_stand_on_each_other_in_the_order_of_the_series() -> None:
    (bar,) = drawn([600_000], [0], [400_000]).bars
    assert bar.label == "2026-01-01: $1.00: model 1 $0.60, model 3 $0.40"
    assert [(part.place, part.y, part.height) for part in bar.parts] == [(1, "80.0", "120.0"), (3, "0.0", "80.0")]


amounts = st.lists(st.tuples(st.integers(0, 10**15), st.integers(0, 10**9)), min_size=1, max_size=366)


@settings(max_examples=60, deadline=None)
@given(amounts=amounts.filter(lambda days: any(map(any, days))))
def test_every_bar_lies_within_and_beside_the_others(amounts: list[tuple[int, int]]) -> None:
    chart = drawn([first for first, _ in amounts], [second for _, second in amounts])
    assert len(chart.bars) == len(chart.ticks) <= charts.MOST_BARS
    assert sum(bar.step.amount for bar in chart.bars) == sum(map(sum, amounts))
    for bar in chart.bars:
        assert bool(bar.parts) == bool(bar.step.amount)
        assert 0 <= float(bar.bar_x) <= WIDTH - float(bar.width)
        edges = [HEIGHT - sum(float(part.height) for part in bar.parts[:n]) for n in range(len(bar.parts) + 1)]
        assert [float(part.y) for part in bar.parts] == pytest.approx(edges[1:])
        assert edges[-1] >= 0
        if bar.parts:
            assert HEIGHT - edges[-1] >= 1
    for left, right in pairwise(chart.bars):
        assert float(left.bar_x) + float(left.width) < float(right.bar_x)


def test_long_periods_are_drawn_by_week_from_monday() -> None:
    quarter, more = drawn([1] * 92), drawn([1] * 93)
    assert (len(quarter.bars), quarter.by_week) == (92, False)
    assert (len(more.bars), more.by_week) == (14, True)
    assert [bar.step.amount for bar in more.bars[:2]] == [4, 7]
    assert more.bars[1].label == "2026-01-05 to 2026-01-11: $0.000007: model 1 $0.000007"
    assert more.bars[-1].step.last == FIRST + timedelta(days=92)


def test_dates_below_are_few_and_at_both_ends() -> None:
    for count in (15, 30, 92):
        ticks = drawn([1] * count).ticks
        dated = [place for place, tick in enumerate(ticks) if tick.label]
        assert (len(dated), dated[0], dated[-1]) == (5, 0, count - 1)
        assert sum(tick.minor for tick in ticks) == 2
    assert drawn([1_004_999, 1_005_000, 1]).ticks[0].amount == "$1.00"
    assert [tick.amount for tick in drawn([1_004_999, 1_005_000, 1]).ticks] == ["$1.00", "$1.01", "<$0.01"]


def test_a_small_share_can_be_seen() -> None:
    assert [charts.share(part, 1_000) for part in (0, 1, 10, 1_000)] == [0, 1, 1, 100]
    assert charts.share(0, 0) == 0
