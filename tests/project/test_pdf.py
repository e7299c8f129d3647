"""project.pdf: what is put in can be read out again, the same bytes each time, and no text breaks it."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from project import pdf

AT = datetime(2026, 11, 21, 13, 5, 9, tzinfo=UTC)
TABLE = pdf.Grid(
    head=["What", "Amount"],
    rows=[[f"Line {n}", f"−${n}.00"] for n in range(120)],
    right=[1],
    total=["Sum", "−$7,140.00"],
)


def made(*parts: pdf.Part, title: str = "Receipt") -> bytes:
    return pdf.document(title=title, subtitle="A video", made_at=AT, parts=parts, footer="Receipt of gen_1")


def pages(data: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(data), strict=True).pages]


def lines(data: bytes) -> list[str]:
    return [line.strip() for page in pages(data) for line in page.splitlines()]


def test_every_part_can_be_read_out_again() -> None:
    data = made(pdf.Facts([("Team", "Studio"), ("Charged", "42 credits ($0.21)")], [1]), pdf.Note("Times are UTC."))
    for text in ("Framehouse", "Receipt", "A video", "Team", "Studio", "Charged", "42 credits ($0.21)"):
        assert text in lines(data)
    assert "Times are UTC." in lines(data)
    assert "Receipt of gen_1" in lines(data)


def test_a_long_table_goes_on_with_its_head_and_pages_are_counted() -> None:
    read = pages(made(pdf.Heading("Lines"), TABLE))
    assert len(read) == 4  # about 33 rows a page
    for number, text in enumerate(read, 1):
        words = " ".join(text.split())
        assert words.startswith(f"Receipt of gen_1 Page {number} of 4 ")
        assert words.count("What Amount") == 1
    together = " ".join(" ".join(read).split())
    assert [f"Line {n} −${n}.00" in together for n in range(120)] == [True] * 120
    assert "Sum −$7,140.00" in together


def test_the_same_content_is_the_same_bytes_and_its_date_is_the_one_given() -> None:
    data = made(TABLE)
    assert data == made(TABLE)
    info = PdfReader(io.BytesIO(data)).metadata
    assert info is not None
    assert (info.title, info.author, info.creation_date, info.modification_date) == ("Receipt", "Framehouse", AT, AT)
    assert data != pdf.document(title="Receipt", made_at=AT.replace(second=10), parts=[TABLE])


def test_documents_made_at_once_are_the_ones_made_one_by_one() -> None:
    wanted = [made(pdf.Note(f"Number {n} Ελληνικά {chr(0x410 + n)}"), TABLE) for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        got = list(pool.map(lambda n: made(pdf.Note(f"Number {n} Ελληνικά {chr(0x410 + n)}"), TABLE), range(6)))
    assert got == wanted


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("Студия Łódź Ελλάδα Ñandú", "Студия Łódź Ελλάδα Ñandú"),
        ("Nguyễn Thị", "Nguyễn Thị"),  # composed
        ("ＦＵＬＬ", "FULL"),
        ("中文", "[U+4E2D][U+6587]"),
        ("a😀b\ufe0f", "a[U+1F600]b"),
        ("<b>Tom</b> & Co &amp; {{ 7 }}", "<b>Tom</b> & Co &amp; {{ 7 }}"),
        ("a\u202eb\x00c\u200bd", "abcd"),
        ("two\n lines", "two lines"),
    ],
)
def test_names_of_any_script_show_something(name: str, read: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        data = made(pdf.Facts([("Team", name)]), pdf.Grid(head=["Name"], rows=[[name]]), title=name)
    text = " ".join(" ".join(pages(data)).split())
    assert text.count(read) == 3
    assert caplog.records == []


TEXTS = st.text(max_size=60) | st.sampled_from(["W\n" * 3000, "W" * 3000, "中" * 300, "W " * 900, "\n", ""])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(TEXTS, min_size=8, max_size=8), max_size=5))
@example([["W" * 3000] * 7 + ["中\nW\nW\nW\nW\nW\nW\nW\nW\n" + "W" * 3000]] * 2)
def test_no_text_breaks_a_document(rows: Sequence[Sequence[str]]) -> None:
    grid = pdf.Grid(head="abcdefgh", rows=rows, right=[0, 7])
    assert pages(made(pdf.Facts([(row[0], row[1]) for row in rows]), grid))


def test_a_row_of_another_length_is_a_defect_of_the_caller() -> None:
    with pytest.raises(ValueError, match="as long as its head"):
        made(pdf.Grid(head=["a", "b"], rows=[["a"]]))


def test_fonts_are_embedded_by_the_letters_in_use() -> None:
    data = made(pdf.Note("Ж"))
    assert len(data) < 60_000
    fonts = PdfReader(io.BytesIO(data)).pages[0]["/Resources"]["/Font"].values()
    names = [font.get_object()["/BaseFont"].rpartition("+") for font in fonts]
    assert {name for prefix, _, name in names if prefix} == {pdf.PLAIN, pdf.BOLD}


def test_a_response_is_a_file_for_its_reader_alone() -> None:
    answer = pdf.response(made(), filename="receipt-1.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="receipt-1.pdf"'
    assert "private" in answer["Cache-Control"]
    assert answer.content.startswith(b"%PDF-")


def test_the_fonts_are_the_ones_that_were_noted() -> None:
    notes = (pdf.FONTS / "README.md").read_text(encoding="utf-8")
    for path in pdf.FONTS.glob("*.ttf"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in notes
