"""A chart's figures: bars in proportion, within the picture, a level above the largest."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import charts

FIRST = date(2026, 1, 1)


def days(amounts: list[int]) -> list[tuple[date, int]]:
    return [(FIRST + timedelta(days=n), amount) for n, amount in enumerate(amounts)]


@pytest.mark.parametrize(
    ("amount", "top"),
    [(1, 1), (3, 5), (10, 10), (11, 20), (50, 50), (51, 100), (1_000_000, 1_000_000), (1_000_001, 2_000_000)],
)
def test_the_top_is_the_next_round_amount(amount: int, top: int) -> None:
    assert charts.ceiling(amount) == top


def test_nothing_spent_is_no_chart() -> None:
    assert charts.of_days(days([0, 0])) is None
    assert charts.of_days([]) is None


def test_bars_are_in_proportion_and_say_what_they_are() -> None:
    chart = charts.of_days(days([500_000, 0, 1_000_000]))
    assert chart is not None
    low, high = chart.bars
    assert float(high.height) == 2 * float(low.height) == charts.HEIGHT - charts.TOP - charts.BOTTOM
    assert (low.label, high.label) == ("2026-01-01: $0.50", "2026-01-03: $1.00")
    assert [line.label for line in chart.lines] == ["$0", "$0.50", "$1"]
    assert chart.title == "Spent by day from 2026-01-01 to 2026-01-03; most on 2026-01-03: $1.00"
    assert [tick.label for tick in chart.ticks] == ["2026-01-01", "2026-01-02", "2026-01-03"]


@settings(max_examples=60, deadline=None)
@given(amounts=st.lists(st.integers(0, 10**15), min_size=1, max_size=366).filter(any))
def test_every_bar_lies_within_and_beside_the_others(amounts: list[int]) -> None:
    chart = charts.of_days(days(amounts))
    assert chart is not None
    assert len(chart.bars) == sum(amount > 0 for amount in amounts)
    for bar in chart.bars:
        assert charts.LEFT <= float(bar.x) <= charts.WIDTH - float(bar.width)
        assert float(bar.y) >= charts.TOP
        assert float(bar.y) + float(bar.height) == pytest.approx(charts.HEIGHT - charts.BOTTOM)
        assert float(bar.height) >= 1
    for left, right in pairwise(chart.bars):
        assert float(left.x) + float(left.width) < float(right.x)


def test_a_small_share_can_be_seen() -> None:
    assert [charts.share(part, 1_000) for part in (0, 1, 500, 1_000)] == [0, 1, 50, 100]
    assert charts.share(0, 0) == 0
