"""A usage export is read tolerantly, and refused with line and column."""

from __future__ import annotations

from datetime import timedelta

import pytest

from generations.oversight import usage_files
from project.errors import Invalid
from tests.oversight.reconciliation.conftest import csv_file, midnight, parsed

pytestmark = pytest.mark.django_db


def noon(text: str = "%Y-%m-%d %H:%M:%S") -> str:
    return (midnight(1) + timedelta(hours=12)).strftime(text)


def faults(raw: bytes) -> list[str]:
    with pytest.raises(Invalid) as refused:
        parsed(raw)
    assert {error.path for error in refused.value.errors} == {"file"}
    return [error.message for error in refused.value.errors]


@pytest.mark.parametrize(
    ("header", "line", "amount"),
    [
        ("task id,credits,time", "t-1,18,{}", 90_000),
        ("Task ID;Credits Consumed;Created At", "t-1;0.1;{}", 500),
        ("time\ttaskId\tcreditsConsumed\tprice", "{}\tt-1\t45.5\t$1", 227_500),
        ("request_id,endpoint_id,cost_total,timestamp", "t-1,fal-ai/x,0.0078643,{}", 7_865),
        ("request_id,cost_estimate_nano_usd,timestamp", "t-1,7864300,{}", 7_865),
        ("request id,usd,date", 't-1,"$0.30",{}', 300_000),
        ("request id,usd,date", "t-1,3e-5,{}", 30),
    ],
)
def test_columns_by_many_names(header: str, line: str, amount: int) -> None:
    (row,) = parsed(csv_file(line.format(noon()), header=header))
    assert (row.line, row.task_id, row.amount, row.at) == (2, "t-1", amount, midnight(1) + timedelta(hours=12))


@pytest.mark.parametrize(
    "form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S UTC", "%Y/%m/%d %H:%M", "%Y-%m-%dT14:00+02:00"]
)
def test_times_in_many_forms(form: str) -> None:
    (row,) = parsed(csv_file(f"t-1,18,{noon(form)},m"))
    assert row.at == midnight(1) + timedelta(hours=12)


def test_unix_times_and_the_mark_of_excel() -> None:
    seconds = int((midnight(1) + timedelta(hours=12)).timestamp())
    rows = parsed(b"\xef\xbb\xbf" + csv_file(f"t-1,18,{seconds},m", f"t-2,18,{seconds}000,m"))
    assert {row.at for row in rows} == {midnight(1) + timedelta(hours=12)}


def test_every_fault_names_its_line_and_column() -> None:
    raw = csv_file(
        f"t-1,18,{noon()},m",
        f",18,{noon()},m",
        f"t-3,many,{noon()},m",
        f"t-4,-18,{noon()},m",
        "t-5,18,yesterday,m",
        f"t-1,18,{noon()},m",
        "t-7,18,2001-01-01 00:00,m",
        f't-8,"1,800",{noon()},m',
        "t-9,18",
    )
    assert faults(raw) == [
        'Line 3, column "task id": it is empty.',
        'Line 4, column "credits": an amount is a number such as 18 or 0.09, without separators of thousands.',
        'Line 5, column "credits": an amount is what was taken, and not below 0.',
        'Line 6, column "time": a time is written like 2026-11-21 13:05:00, in UTC.',
        'Line 7, column "task id": this task stands on line 2 already.',
        'Line 8, column "time": 2001-01-01 00:00 UTC lies outside of the period that the file is said to cover.',
        'Line 9, column "credits": an amount is a number such as 18 or 0.09, without separators of thousands.',
        'Line 10, column "time": it is empty.',
    ]


def test_an_amount_without_a_unit_is_refused() -> None:
    (said,) = faults(csv_file(f"t-1,18,{noon()}", header="task id,amount,time"))
    assert said == 'Line 1: no column for the amount. Call it "credits" or "usd". "amount" does not say in what.'


def test_all_missing_columns_are_named_at_once() -> None:
    assert len(faults(csv_file("1", header="something"))) == 3


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf", "The file is empty."),
        (b"\xef\xbb\xbf\r\n \n", "The file is empty."),
        (b"PK\x03\x04\x00\x00", "This is not a text file. Export it as CSV."),
        (b"task id,credits,time\n\xff\xfe,1,2\n", "The file is not UTF-8. Export it as CSV in UTF-8."),
        (b"task id,credits,time\n", "The file names its columns and has no line below."),
    ],
)
def test_files_that_are_none(raw: bytes, said: str) -> None:
    assert faults(raw) == [said]


def test_a_quote_that_never_ends_is_no_csv() -> None:
    assert faults(csv_file('"t-1,18,x')) == ["This is not a CSV file: unexpected end of data."]


def test_too_many_faults_are_cut_and_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(faults(csv_file(*("t,x,y,z" for _ in range(50))))) == usage_files.MOST_ERRORS
    monkeypatch.setattr(usage_files, "MOST_ROWS", 2)
    (said,) = faults(csv_file(*(f"t-{number},18,{noon()},m" for number in range(3))))
    assert said == "The file has more than 2 lines: export a shorter period."
    monkeypatch.setattr(usage_files, "MOST_BYTES", 10)
    assert faults(csv_file("t-1,18,x,m"))[0].startswith("The file is larger")


def test_what_a_spreadsheet_was_guarded_from_is_taken_back() -> None:
    (row,) = parsed(csv_file(f"'=t-1,18,{noon()},'-m"))
    assert (row.task_id, row.model) == ("=t-1", "-m")
