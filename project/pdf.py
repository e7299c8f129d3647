"""PDF documents of plain parts: receipts, statements. The same content gives the same bytes.

    data = pdf.document(
        title="Receipt",
        subtitle="Veo 3.1 Fast",
        made_at=generation.finished_at,             # the document's own date: nothing else of it depends on a clock
        parts=[
            pdf.Facts([("Team", team.name), ("Charged", "42 credits ($0.21)")], strong=[1]),
            pdf.Heading("Lines"),
            pdf.Grid(head=["What", "Amount"], rows=[["8 s, 720p", "$0.20"]], right=[1], total=["Sum", "$0.20"]),
            pdf.Note("All times are UTC."),
        ],
        footer="Receipt of gen_...",
    )
    return pdf.response(data, filename="receipt.pdf")

Every text is plain text: nothing in it is markup. The font holds Latin, Greek, Cyrillic, Armenian, Georgian; any other
character is written as its code point, `[U+4E2D]`, so that a name is never nothing and two names never look the same.
Amounts and times come as text, in the words of the page that shows the same. A thousand rows take about a second, and
documents are built one after the other: whoever offers a period of any length says how many rows are too many.
"""

from __future__ import annotations

import io
import threading
import unicodedata
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.http import HttpResponse
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

CONTENT_TYPE = "application/pdf"
FONTS = Path(__file__).with_name("fonts")
PLAIN, BOLD = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold"
INK, QUIET, RULE = HexColor("#14171c"), HexColor("#59616c"), HexColor("#cfd4db")
MARGIN = 20 * mm
WIDTH = A4[0] - 2 * MARGIN
FIELD = 0.3 * WIDTH  # the names of Facts
PAD = 6  # points between columns
BASIC = 0xFFFF  # above it reportlab writes letters that readers cannot copy or find
LONGEST = 2_000  # characters of a paragraph
CELL, LINES, COLUMNS = 250, 10, 8  # characters and line ends of a cell, columns of a grid: so a row fits on a page

_TEXT = ParagraphStyle("text", fontName=PLAIN, fontSize=9, leading=13, textColor=INK, splitLongWords=1)
_STRONG = ParagraphStyle("strong", _TEXT, fontName=BOLD)
_NAME = ParagraphStyle("name", _TEXT, textColor=QUIET)
_NOTE = ParagraphStyle("note", _TEXT, textColor=QUIET, spaceBefore=4, spaceAfter=4)
_TITLE = ParagraphStyle("title", _TEXT, fontName=BOLD, fontSize=18, leading=24)
_HEADING = ParagraphStyle("heading", _TEXT, fontName=BOLD, fontSize=11, leading=15, spaceBefore=14)

_letters: frozenset[int] = frozenset()
_one_at_a_time = threading.Lock()  # reportlab promises nothing to threads: its fonts keep a place in their file


@dataclass(frozen=True)
class Heading:
    """A line above what follows, on the same page as its beginning."""

    text: str


@dataclass(frozen=True)
class Note:
    """A paragraph in a quieter color."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Names with their values, one a line; `strong` are the numbers of the lines that matter most, from 0."""

    rows: Sequence[tuple[str, str]]
    strong: Sequence[int] = ()


@dataclass(frozen=True)
class Grid:
    """A table over as many pages as it needs, its head on each. `right` are the numbers of the columns of amounts,
    from 0; `total` is a last, strong row. Every row is as long as the head, at most 8 cells.
    A cell of more than 250 letters or 10 lines is cut."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()
    total: Sequence[str] | None = None


Part = Heading | Note | Facts | Grid


def document(*, title: str, made_at: datetime, parts: Sequence[Part], subtitle: str = "", footer: str = "") -> bytes:
    """An A4 document, its pages numbered "Page 1 of 3" beside `footer`. `made_at` is written into it as its date."""
    with _one_at_a_time:
        _open_fonts()
        out = io.BytesIO()
        frame = SimpleDocTemplate(
            out,
            pagesize=A4,
            leftMargin=MARGIN - PAD,  # the frame pads its content by as much
            rightMargin=MARGIN - PAD,
            topMargin=MARGIN,
            bottomMargin=MARGIN + 8 * mm,
            title=_text(title),
            author="Framehouse",
            creator="Framehouse",
            lang="en",
            invariant=1,
        )
        day = made_at.astimezone(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")

        def decorate(canvas: Canvas, _: object) -> None:
            canvas.setDateFormatter(lambda *_: day)
            _decorate(canvas, _text(footer))

        frame.build(
            [*_top(title, subtitle), *(flowable for part in parts for flowable in _flowables(part))],
            onFirstPage=decorate,
            onLaterPages=decorate,
            canvasmaker=_Numbered,
        )
        return out.getvalue()


def response(data: bytes, *, filename: str) -> HttpResponse:
    """A document to keep under `filename`, for its reader alone."""
    answer = HttpResponse(data, content_type=CONTENT_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{filename}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _text(text: str, longest: int = LONGEST, lines: int = LONGEST) -> str:
    """A text as the font can show it: composed, white space as single spaces but for line ends, the unseen left out,
    what the font lacks by its code point, what is too long with an ellipsis at its end."""
    has = _open_fonts()
    whole = unicodedata.normalize("NFC", text[: longest + 1]).splitlines()
    letters = "\n".join("".join(_letter(one, has) for one in " ".join(line.split())) for line in whole[:lines])
    return letters if len(letters) <= longest and len(whole) <= lines else letters[: longest - 1] + "…"


def _letter(letter: str, has: Container[int]) -> str:
    if unicodedata.category(letter) in ("Cc", "Cf") or 0xFE00 <= ord(letter) <= 0xFE0F:  # and variation selectors
        return ""
    for text in (letter, unicodedata.normalize("NFKC", letter)):  # full-width and other dressed letters as plain ones
        if all(ord(one) in has and ord(one) <= BASIC for one in text):
            return text
    return f"[U+{ord(letter):04X}]"


class _Numbered(Canvas):
    """Draws how many pages there are where `_decorate` left room for it: known only at the end."""

    def save(self) -> None:
        count = self.getPageNumber() - 1
        self.beginForm("pages")
        self.setFont(PLAIN, 8)
        self.setFillColor(QUIET)
        self.drawString(0, 0, str(count))
        self.endForm()
        super().save()


def _decorate(canvas: Canvas, footer: str) -> None:
    canvas.saveState()
    bottom = MARGIN
    canvas.setStrokeColor(RULE)
    canvas.line(MARGIN, bottom + 12, A4[0] - MARGIN, bottom + 12)
    canvas.setFont(PLAIN, 8)
    canvas.setFillColor(QUIET)
    canvas.drawString(MARGIN, bottom, _fitting(footer, WIDTH - 30 * mm))
    room = A4[0] - MARGIN - pdfmetrics.stringWidth("000", PLAIN, 8)
    canvas.drawRightString(room, bottom, f"Page {canvas.getPageNumber()} of ")
    canvas.translate(room, bottom)
    canvas.doForm("pages")
    canvas.restoreState()


def _fitting(text: str, width: float) -> str:
    """The text, or as much of its beginning as fits with an ellipsis."""
    if pdfmetrics.stringWidth(text, PLAIN, 8) <= width:
        return text
    while text and pdfmetrics.stringWidth(text + "…", PLAIN, 8) > width:
        text = text[:-1]
    return text + "…"


def _top(title: str, subtitle: str) -> list[Flowable]:
    parts: list[Flowable] = [Paragraph("Framehouse", _NAME), _paragraph(title, _TITLE)]
    return [*parts, *([_paragraph(subtitle, _NOTE)] if subtitle else []), Spacer(0, 8)]


def _flowables(part: Part) -> list[Flowable]:
    match part:
        case Heading(text):
            return [CondPageBreak(30 * mm), _paragraph(text, _HEADING)]
        case Note(text):
            return [_paragraph(text, _NOTE)]
        case Facts(rows, strong):
            return [_facts(rows, strong)] if rows else []
        case Grid():
            return [_grid(part)]


def _paragraph(text: str, style: ParagraphStyle, *limits: int) -> Paragraph:
    return Paragraph(escape(_text(text, *limits)).replace("\n", "<br/>"), style)


def _facts(rows: Sequence[tuple[str, str]], strong: Sequence[int]) -> Flowable:
    cells = [
        [_paragraph(name, _NAME, CELL, LINES), _paragraph(value, _STRONG if number in strong else _TEXT, CELL, LINES)]
        for number, (name, value) in enumerate(rows)
    ]
    style = TableStyle([*_FRAME, ("LINEBELOW", (0, 0), (-1, -2), 0.3, RULE)])
    return LongTable(cells, colWidths=[FIELD, WIDTH - FIELD], style=style, spaceBefore=4, spaceAfter=4)


_FRAME: list[tuple[str, tuple[int, int], tuple[int, int], Any, *tuple[Any, ...]]] = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("FONT", (0, 0), (-1, -1), PLAIN, 9, 13),
    ("TEXTCOLOR", (0, 0), (-1, -1), INK),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), PAD),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
]


def _grid(part: Grid) -> Flowable:
    rows = [part.head, *part.rows, *([part.total] if part.total is not None else [])]
    if len(part.head) > COLUMNS or any(len(row) != len(part.head) for row in rows):
        raise ValueError("every row of a grid is as long as its head, and no longer than COLUMNS")
    texts = [[_text(text, CELL, LINES) for text in row] for row in rows]
    heavy = {0, len(rows) - 1} if part.total is not None else {0}
    widths = _widths(texts)
    cells = [
        [
            _cell(text, widths[column], bold=number in heavy, right=column in part.right)
            for column, text in enumerate(row)
        ]
        for number, row in enumerate(texts)
    ]
    style = [
        *_FRAME,
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE),
        *(("FONT", (0, number), (-1, number), BOLD, 9, 13) for number in heavy),
        *(("ALIGN", (column, 0), (column, -1), "RIGHT") for column in part.right),
    ]
    if part.total is not None:
        style.append(("LINEABOVE", (0, -1), (-1, -1), 0.8, INK))
    return LongTable(cells, colWidths=widths, repeatRows=1, style=TableStyle(style), spaceBefore=4, spaceAfter=4)


def _cell(text: str, width: float, *, bold: bool, right: bool) -> str | Paragraph:
    """A text that fits stands as it is, which is many times quicker; others are wrapped."""
    if "\n" not in text and pdfmetrics.stringWidth(text, BOLD if bold else PLAIN, 9) <= width - PAD:
        return text
    style = _STRONG if bold else _TEXT
    if right:
        style = ParagraphStyle(style.name + "-right", style, alignment=TA_RIGHT)
    return Paragraph(escape(text).replace("\n", "<br/>"), style)


def _widths(texts: Sequence[Sequence[str]]) -> list[float]:
    """Each column as wide as its widest text while there is room; the widest give way first. What is left over goes
    to the first."""
    wanted = [
        max(pdfmetrics.stringWidth(line, BOLD, 9) for text in column for line in text.split("\n")) + PAD + 1
        for column in zip(*texts, strict=True)
    ]
    cap, left = WIDTH, sorted(wanted)
    spare = WIDTH
    for place, width in enumerate(left):
        cap = spare / (len(left) - place)
        if width > cap:
            break
        spare -= width
        cap = WIDTH
    widths = [min(width, cap) for width in wanted]
    widths[0] += WIDTH - sum(widths)
    return widths


def _open_fonts() -> Container[int]:
    """Opens them once; the letters that both hold."""
    global _letters
    if not _letters:
        fonts = [TTFont(name, str(FONTS / f"{name}.ttf")) for name in (BOLD, PLAIN)]
        for font in fonts:
            pdfmetrics.registerFont(font)
        _letters = frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in fonts))
    return _letters
