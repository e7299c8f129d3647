"""CSV that a spreadsheet may open: no cell becomes a formula, and every text can be had back (faults.md row 81).

Format: RFC 4180, every cell in quotes, lines end in CR LF. UTF-8 with a byte order mark: whoever opens a log opens it
in Excel, which takes a file without the mark for the machine's old code page and spoils every name; programs read it
as `utf-8-sig`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

BOM = "\ufeff"
CONTENT_TYPE = "text/csv; charset=utf-8; header=present"

# OWASP "CSV Injection": = + - @ TAB CR begin a formula, full-width forms in East Asian versions too. Blanks, quotes and
# marks that cannot be seen are trimmed by some programs before they look. Where the list separator is a semicolon, a
# cell breaks at semicolons, tabs and line breaks in spite of its quotes: the rest of it is then a cell of its own.
_SKIPPED = r"(?:[^\S\t\r\n]|[\"'\u200b-\u200f\u2060\ufeff\x00])*"
_FORMULA = r"=+\-@\uff1d\uff0b\uff0d\uff20"
_AT_START = rf"(?={_SKIPPED}[{_FORMULA}\t\r\n\x00])"
_INSIDE = rf"(?={_SKIPPED}[{_FORMULA}])"
_DANGER = re.compile(rf"^{_AT_START}|(?<=[;\t\r\n]){_INSIDE}")
_GUARD = re.compile(rf"^'{_AT_START}|(?<=[;\t\r\n])'{_INSIDE}")

Value = str | int | Decimal | None


def cell(value: Value) -> str:
    """The text of one cell. An apostrophe goes before whatever a spreadsheet might run; numbers stay numbers; None is
    an empty cell."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return _DANGER.sub("'", value)


def text_of(given: str) -> str:
    """The text that `cell` was given: the apostrophes it has added are taken away, and no others."""
    return _GUARD.sub("", given)


def rows(header: Sequence[str], batches: Iterable[Iterable[Sequence[Value]]]) -> Iterator[bytes]:
    """A file in pieces: the mark with the header, then a piece a batch. Holds one batch in memory at a time."""
    lines: list[str] = []
    writer = csv.writer(_Lines(lines), quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    yield (BOM + lines.pop()).encode()
    for batch in batches:
        writer.writerows([cell(value) for value in row] for row in batch)
        yield "".join(lines).encode()
        lines.clear()


class _Lines:
    """What csv.writer takes for a file."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append
