"""A provider's usage export as staff hand it in: a CSV file, read tolerantly, refused with line and column.

The first line names the columns; order, case, blanks, `_` and other columns do not matter:

    task      task id, task_id, taskId, request id, job id                              required
    amount    credits, credits consumed, consumed credits | usd, amount usd, cost usd,
              cost total | cost estimate nano usd (fal's billing events)                one of them
    time      time, created at, create time, timestamp, date, charged at, completed at  required
    model     model, model name, endpoint, endpoint id                                  optional

A column that is called only "amount" or "cost" is refused: nobody could say in what. Amounts are what was taken, never
negative; 1 credit is 5,000 micro-dollars, fractions of a micro-dollar are rounded up. Times are ISO 8601, or Unix
seconds or milliseconds; without an offset they are UTC. Separators are `,`, `;` or tab; the text is UTF-8.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation

from project import csv_safe, money
from project.errors import FieldError, Invalid

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 50_000
MOST_ERRORS = 20
LONGEST_TASK, LONGEST_MODEL = 200, 120

TASK = ("taskid", "requestid", "jobid", "task", "request")
CREDITS = (
    "credits",
    "creditsconsumed",
    "consumedcredits",
    "consumecredits",
    "creditsused",
    "creditcost",
    "costcredits",
)
USD = ("usd", "amountusd", "costusd", "costtotal", "totalusd", "priceusd")
NANO = ("costestimatenanousd", "nanousd")
TIME = ("time", "createdat", "createtime", "timestamp", "date", "chargedat", "completedat", "completetime", "timeutc")
MODEL = ("model", "modelname", "endpoint", "endpointid")
UNITS = {"credits": Decimal(money.CREDIT), "usd": Decimal(money.USD), "nano": Decimal(money.USD) / 10**9}
_NUMBER = re.compile(r"\$?\s*([0-9]{1,12}(?:\.[0-9]{1,15})?(?:[eE][-+]?[0-9]{1,2})?)", re.ASCII)


@dataclass(frozen=True)
class Row:
    """One line: a task, what was taken for it (micro-dollars), when, and the provider's word for the model."""

    line: int
    task_id: str
    amount: int
    at: datetime
    model: str = ""


@dataclass(frozen=True)
class _Columns:
    task: int
    amount: int
    unit: str
    time: int
    model: int | None
    names: list[str]


class _Bad(ValueError):
    """What is wrong with one cell."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def parse(raw: bytes, *, since: datetime, until: datetime) -> list[Row]:
    """Every line of a file that covers a period, `until` not included. Raises Invalid with up to 20 faults, each naming
    its line and column; a file with one fault is refused whole."""
    text = _text(raw)
    lines = _lines(text)
    try:
        header = next(lines, (0, []))[1]
        columns = _columns(header)
        rows, errors = _rows(lines, columns, since, until)
    except csv.Error as error:
        raise _refuse([f"This is not a CSV file: {error}."]) from error
    if errors:
        raise _refuse(errors)
    if not rows:
        raise _refuse(["The file names its columns and has no line below."])
    return rows


def _text(raw: bytes) -> str:
    if len(raw) > MOST_BYTES:
        raise _refuse([f"The file is larger than {MOST_BYTES // 1024 // 1024} MB: export a shorter period."])
    if b"\x00" in raw:
        raise _refuse(["This is not a text file. Export it as CSV."])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refuse(["The file is not UTF-8. Export it as CSV in UTF-8."]) from None
    if not text.strip():
        raise _refuse(["The file is empty."])
    return text


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _rows(
    lines: Iterator[tuple[int, list[str]]], columns: _Columns, since: datetime, until: datetime
) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    errors: list[str] = []
    seen: dict[str, int] = {}
    for number, cells in lines:
        if len(rows) >= MOST_ROWS:
            errors.append(f"The file has more than {MOST_ROWS:,} lines: export a shorter period.")
            break
        try:
            row = _row(number, cells, columns, since, until)
            if row.task_id in seen:
                raise _Bad(columns.names[columns.task], f"this task stands on line {seen[row.task_id]} already")
        except _Bad as bad:
            errors.append(f'Line {number}, column "{bad.column}": {bad}.')
            if len(errors) >= MOST_ERRORS:
                break
            continue
        seen[row.task_id] = number
        rows.append(row)
    return rows, errors


def _columns(header: list[str]) -> _Columns:
    names = [name.strip() for name in header]
    known = {re.sub(r"[^a-z0-9]", "", name.lower()): index for index, name in reversed(list(enumerate(names)))}

    def first(wanted: tuple[str, ...]) -> int | None:
        return next((known[name] for name in wanted if name in known), None)

    errors = []
    task, time = first(TASK), first(TIME)
    amounts = {unit: first(wanted) for unit, wanted in (("credits", CREDITS), ("usd", USD), ("nano", NANO))}
    unit = next((unit for unit in amounts if amounts[unit] is not None), None)
    if task is None:
        errors.append('Line 1: no column for the task. Call it "task id" or "request id".')
    if time is None:
        errors.append('Line 1: no column for the time. Call it "time" or "created at".')
    if unit is None:
        unclear = [name for name in names if name.lower() in ("amount", "cost", "price", "charge", "total")]
        more = f' "{unclear[0]}" does not say in what.' if unclear else ""
        errors.append(f'Line 1: no column for the amount. Call it "credits" or "usd".{more}')
    if task is None or time is None or unit is None:
        raise _refuse(errors)
    column = amounts[unit]
    assert column is not None
    return _Columns(task, column, unit, time, first(MODEL), names)


def _row(number: int, cells: list[str], columns: _Columns, since: datetime, until: datetime) -> Row:
    def cell(index: int) -> str:
        if index >= len(cells) or not cells[index].strip():
            raise _Bad(columns.names[index], "it is empty")
        return csv_safe.text_of(cells[index].strip())

    task = cell(columns.task)
    if len(task) > LONGEST_TASK:
        raise _Bad(columns.names[columns.task], f"longer than {LONGEST_TASK} characters")
    name = columns.names[columns.time]
    at = _moment(cell(columns.time), name)
    if not since <= at < until:
        raise _Bad(name, f"{at:%Y-%m-%d %H:%M} UTC lies outside of the period that the file is said to cover")
    amount = _amount(cell(columns.amount), columns.unit, columns.names[columns.amount])
    has_model = columns.model is not None and columns.model < len(cells)
    model = csv_safe.text_of(cells[columns.model].strip()) if has_model and columns.model is not None else ""
    return Row(number, task, amount, at, model[:LONGEST_MODEL])


def _amount(text: str, unit: str, column: str) -> int:
    if text.lstrip("$ ").startswith("-"):
        raise _Bad(column, "an amount is what was taken, and not below 0")
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise _Bad(column, "an amount is a number such as 18 or 0.09, without separators of thousands")
    try:
        micro = Decimal(found.group(1)) * UNITS[unit]
    except InvalidOperation:
        raise _Bad(column, "an amount is a number such as 18 or 0.09") from None
    if micro >= money.CEILING:
        raise _Bad(column, "no task costs that much")
    return int(micro.to_integral_value(rounding=ROUND_CEILING))


def _moment(text: str, column: str) -> datetime:
    try:
        if re.fullmatch(r"[0-9]{10}|[0-9]{13}", text, re.ASCII):
            return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
        found = datetime.fromisoformat(text.removesuffix(" UTC").replace("/", "-"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise _Bad(column, "a time is written like 2026-11-21 13:05:00, in UTC") from None


def _refuse(messages: list[str]) -> Invalid:
    return Invalid("The file was not taken.", errors=[FieldError("file", text) for text in messages[:MOST_ERRORS]])
