"""What the tables about a team are made of: columns, cells, and rows that are read a page at a time or all of them.

Money in micro-dollars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from accounts import duties
from project import paging
from project.money import dollars
from project.paging import Page, Window
from project.times import stamp

MOST = 25  # rows of a table on the page

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Sight:
    """What whoever reads may see beside the team's own records, and what they may go on to."""

    costs: bool
    payments: bool

    @classmethod
    def of(cls, user: object) -> Sight:
        return cls(costs=duties.may(user, "see_costs"), payments=duties.may(user, "refund_payments"))


@dataclass(frozen=True)
class Money:
    """An amount in a cell."""

    micro: int

    @property
    def text(self) -> str:
        """`$0.30`, with a minus before it for less than nothing."""
        return dollars(self.micro)


@dataclass(frozen=True)
class Doer:
    """Who did something, as a row keeps it (audit.actor_of): the page says their address, the file the name."""

    name: str


Value = str | int | datetime | Money | Doer | None


@dataclass(frozen=True)
class Cell:
    """A value of a table; `href` leads on, `short` is what the page has of a long one."""

    value: Value
    href: str = ""
    short: str = ""

    @property
    def kind(self) -> str:
        """What the page makes of it."""
        kinds: Mapping[type, str] = {Money: "money", int: "number", datetime: "moment", Doer: "doer"}
        return kinds.get(type(self.value), "plain")


Line = Sequence[Value | Cell]
Read = Callable[[Window], Page[Line]]


@dataclass(frozen=True)
class Column:
    """A heading, and whether amounts or other numbers stand below it."""

    name: str
    money: bool = False
    number: bool = False

    @property
    def right(self) -> bool:
        return self.money or self.number


def columns(*names: str, money: Sequence[str] = (), numbers: Sequence[str] = ()) -> tuple[Column, ...]:
    """Columns by their headings; which of them are of amounts, and which of other numbers."""
    return tuple(Column(name, money=name in money, number=name in numbers) for name in names)


@dataclass(frozen=True)
class Part:
    """Some rows of a table. `more`: there are others, and the file has them."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    none: str
    more: bool = False


@dataclass(frozen=True)
class Table:
    """A table, and how it is read; nothing is read before it is asked for. `none` says that there are no rows. A file
    may have them in an order of its own (`filed`), where that of the page changes while it is read."""

    name: str
    title: str
    columns: tuple[Column, ...]
    none: str
    read: Read
    filed: Read | None = field(default=None)

    def first(self) -> Part:
        """What the team's page shows."""
        page = self.read(Window(MOST))
        return self.part(page.rows, more=page.older is not None)

    def part(self, lines: Sequence[Line], *, more: bool = False) -> Part:
        """These lines as a table."""
        return Part(self.name, self.title, self.columns, [_cells(line) for line in lines], self.none, more)

    def batches(self) -> Iterator[list[list[Cell]]]:
        """All rows, some at a time: for the file."""
        return ([_cells(line) for line in lines] for lines in paging.every(self.filed or self.read))


NUMBERED: Mapping[str, Callable[[str], Any]] = {"id": int}


def newest(
    rows: QuerySet[M], cells: Callable[[M], Line], *, keys: Mapping[str, Callable[[str], Any]] = NUMBERED
) -> Read:
    """The rows of a query, the newest first by `keys` (fields, and how their text is read back)."""

    def key_of(row: M) -> tuple[str, ...]:
        values = [getattr(row, name) for name in keys]
        return tuple(stamp(value) if isinstance(value, datetime) else str(value) for value in values)

    def read(window: Window) -> Page[Line]:
        values = paging.read_key(window, *keys.values())
        page = paging.page_of_rows(rows, window, fields=list(keys), values=values, newest_first=True, key_of=key_of)
        return Page([cells(row) for row in page.rows], page.older, page.newer)

    return read


def listed(lines: Callable[[], Sequence[Line]]) -> Read:
    """Rows that are few, or sums: read once."""
    once = cache(lines)
    return lambda window: paging.page_of_list(once(), window)


def _cells(line: Line) -> list[Cell]:
    return [value if isinstance(value, Cell) else Cell(value) for value in line]
