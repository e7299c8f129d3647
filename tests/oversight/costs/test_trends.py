"""A figure beside the one before it, in words that claim nothing where nothing can be claimed."""

from __future__ import annotations

import pytest

from generations.oversight.trends import Trend, percent


@pytest.mark.parametrize(
    ("now", "was", "ppm", "words", "direction"),
    [
        (110, 100, 100_000, "+10.0 %", "up"),
        (90, 100, -100_000, "\N{MINUS SIGN}10.0 %", "down"),
        (2, 3, -333_333, "\N{MINUS SIGN}33.3 %", "down"),
        (5, 3, 666_667, "+66.7 %", "up"),  # to the nearest
        (100, 100, 0, "as before", ""),
        (0, 0, None, "nothing before either", ""),
        (7, 0, None, "nothing before", "up"),
        (7, -3, None, "a loss before", "up"),
        (-9, -3, None, "a loss before", "down"),
        (0, 5, -1_000_000, "\N{MINUS SIGN}100.0 %", "down"),
        (10_001, 10_000, 100, "less than 0.1 %", "up"),
        (9_999, 10_000, -100, "less than \N{MINUS SIGN}0.1 %", "down"),
    ],
)
def test_a_trend(now: int, was: int, ppm: int | None, words: str, direction: str) -> None:
    trend = Trend(now, was)
    assert (trend.ppm, trend.words, trend.direction) == (ppm, words, direction)


def test_a_share_in_words() -> None:
    said = {ppm: percent(ppm) for ppm in (None, 0, 499, 500, 123_456, -123_456, 12_345_678)}
    minus = "\N{MINUS SIGN}"
    assert list(said.values()) == ["", "0.0 %", "less than 0.1 %", "0.1 %", "12.3 %", f"{minus}12.3 %", "1,234.6 %"]
