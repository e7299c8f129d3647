"""No cell of a file of ours is a formula, whatever text it holds, and the text can be had back (faults.md row 81)."""

from __future__ import annotations

import csv
import io
import re
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from project import csv_safe

FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
BEGINS = FORMULA + "\t\r\n\0"
NASTY = st.text(alphabet=st.sampled_from("=+-@＝＋－＠\t\r\n\0 \"',;a1\u00a0\u200b\ufeff"), max_size=12)
TEXTS = st.one_of(NASTY, st.text(st.characters(exclude_categories=["Cs"]), max_size=40))


def read_back(rows: list[list[csv_safe.Value]]) -> list[list[str]]:
    """What a reader of CSV makes of our file."""
    text = b"".join(csv_safe.rows(["first", "second"], [rows])).decode("utf-8-sig")
    found = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert found[0] == ["first", "second"]
    return found[1:]


def harmless(cell: str) -> bool:
    """By a judge of its own: no program that trims, or cuts at semicolons and line breaks, meets a formula."""
    if cell[:1] and cell[0] in BEGINS:
        return False
    return not any(
        piece.strip(' "\0\u00a0\u200b\ufeff' + "\x1c\x1d\x1e\x1f\x0b\x0c\x85")[:1] in FORMULA
        for piece in re.split(r"[;\t\r\n]", cell)
        if piece.strip(' "\0\u00a0\u200b\ufeff' + "\x1c\x1d\x1e\x1f\x0b\x0c\x85")
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
@example([("=1", "'=1")])
@example([("'\tabc", "\t'=1")])
@example([("a;'=1", "''")])
def test_no_cell_is_a_formula_and_each_text_can_be_had_back(pairs: list[tuple[str, str]]) -> None:
    back = read_back([list(pair) for pair in pairs])
    assert [[csv_safe.text_of(cell) for cell in row] for row in back] == [list(pair) for pair in pairs]
    assert all(harmless(cell) for row in back for cell in row), back


@pytest.mark.parametrize(
    "text", ["", "alice@example.com", "a-b", "1+1", "it's", '{"a":-1}', "Mozilla/5.0 (X11; Linux)"]
)
def test_what_is_no_danger_stays_as_it_is(text: str) -> None:
    assert csv_safe.cell(text) == text


def test_numbers_stay_numbers() -> None:
    assert [csv_safe.cell(value) for value in (-5, 0, 7, None)] == ["-5", "0", "7", ""]


def test_a_long_text_of_blanks_takes_no_longer_than_others() -> None:
    for text in ("\n" * 50_000, " " * 50_000, "; " * 50_000, "'" * 50_000):
        began = time.thread_time()
        assert csv_safe.text_of(csv_safe.cell(text)) == text
        assert time.thread_time() - began < 1


def test_one_batch_at_a_time() -> None:
    taken = []

    def batches() -> object:
        for number in range(3):
            taken.append(number)
            yield [[f"row {number}", None]]

    pieces = csv_safe.rows(["a", "b"], batches())  # type: ignore[arg-type]
    assert (next(pieces), taken) == (b'\xef\xbb\xbf"a","b"\r\n', [])
    assert (next(pieces), taken) == (b'"row 0",""\r\n', [0])
