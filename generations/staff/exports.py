"""Tables of the desks as CSV: formula-safe, streamed, and in the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.http import StreamingHttpResponse

from accounts import audit
from accounts.models import Action
from generations.oversight.team_cells import Cell, Column, Doer, Money, Table
from generations.staff.desk import StaffRequest
from project import csv_safe
from project.money import usd
from project.times import stamp


def csv_of(
    request: StaffRequest,
    *,
    name: str,
    header: Sequence[str],
    batches: Iterable[Iterable[Sequence[csv_safe.Value]]],
    about: str = "",
) -> StreamingHttpResponse:
    """A table as a file `name`.csv. Money stands in whole micro-dollars in columns that end in `_micro`, and as exact
    dollars beside. `about` says in the audit log what was asked for (a period, a filter)."""
    audit.record(Action.COSTS_EXPORTED, by=request.staff, team=None, target=name, target_name=name, data={"of": about})
    answer = StreamingHttpResponse(csv_safe.rows(header, batches), content_type=csv_safe.CONTENT_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def csv_of_table(request: StaffRequest, table: Table, *, name: str, about: str) -> StreamingHttpResponse:
    """A table about a team as a file: all its rows."""
    header: list[str] = []
    for column in table.columns:
        head = column.name.lower().replace(" ", "_")
        header += money_heads(head) if column.money else [head]
    batches = ([_line(row, table.columns) for row in rows] for rows in table.batches())
    return csv_of(request, name=name, header=header, batches=batches, about=about)


def _line(row: Sequence[Cell], columns: Sequence[Column]) -> list[csv_safe.Value]:
    out: list[csv_safe.Value] = []
    for cell, column in zip(row, columns, strict=True):
        value = cell.value
        if column.money:
            out += money(value.micro if isinstance(value, Money) else None)
        elif isinstance(value, datetime):
            out.append(stamp(value))
        elif isinstance(value, Doer):
            out.append(value.name)
        else:
            assert not isinstance(value, Money), f"amounts stand in columns of money: {column.name}"
            out.append(value)
    return out


def money(*amounts: int | None) -> list[csv_safe.Value]:
    """Two cells an amount: micro-dollars and exact dollars; both empty for none."""
    return [cell for amount in amounts for cell in ((None, None) if amount is None else (amount, Decimal(usd(amount))))]


def money_heads(*names: str) -> list[str]:
    """The headings of `money`'s cells."""
    return [head for name in names for head in (f"{name}_micro", f"{name}_usd")]
