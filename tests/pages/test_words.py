"""How amounts and times look: exact, in credits with dollars beside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from project.templatetags import pages


@pytest.mark.parametrize(
    ("micro", "words"),
    [
        (210_000, "42 credits $0.21"),
        (5_000, "1 credit $0.005"),
        (17_500, "3.5 credits $0.0175"),
        (0, "0 credits $0.00"),
        (1, "0.0002 credits $0.000001"),
        (1_234_567_800_000, "246,913,560 credits $1,234,567.80"),
    ],
)
def test_money(micro: int, words: str) -> None:
    text = str(pages.money(micro)).replace('<span class="money">', "").replace('<span class="usd">', "")
    assert text.replace("</span>", "") == words


def test_money_of_the_stored_form_is_escaped() -> None:
    assert pages.money({"usd": "0.2", "credits": "40"}) == pages.money(200_000)
    assert pages.money(None) == ""


def test_a_change_has_its_sign_on_both() -> None:
    assert "−42" in str(pages.change(-210_000))
    assert "+42" in str(pages.change(210_000))
    assert "−$0.21" in str(pages.change(-210_000))
    assert pages.change(0) == ""


def test_moments_are_utc() -> None:
    there = datetime(2026, 11, 21, 1, 5, 30, tzinfo=timezone(timedelta(hours=2)))
    assert str(pages.moment(there)) == '<time datetime="2026-11-20T23:05:30Z">2026-11-20 23:05\u00a0UTC</time>'
    assert pages.moment(datetime(2026, 1, 1, tzinfo=UTC)).startswith('<time datetime="2026-01-01T00:00:00Z">')
    assert pages.moment(None) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (-3, "0 s"), (59, "59 s"), (60, "1 min"), (150, "2 min 30 s"), (3600, "1 h"), (7380, "2 h 3 min")],
)
def test_spans(seconds: int, words: str) -> None:
    assert pages.span(seconds) == words
