"""The tables of the desk of costs as rows of a file. Money twice: whole micro-dollars, and exact dollars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from generations.oversight.drill_down import Row
from generations.oversight.lines import By, Line, Table
from generations.oversight.losses import Loss
from generations.oversight.sums import Sums
from generations.staff.exports import money, money_heads
from project.csv_safe import Value
from project.times import stamp

MONEY = ("revenue", "expected", "actual", "cost", "margin", "at_risk")
COUNTS = ("succeeded", "failed", "canceled", "matched", "over", "under", "unreported", "unattributed")


def header_of(by: By) -> list[str]:
    named = {
        By.VARIANT: ["model", "variant"],
        By.KEY: ["team_id", "team", "key_id", "key"],
        By.TEAM: ["team_id", "team"],
    }
    return [
        *named.get(by, [by.value]),
        *COUNTS,
        *money_heads(*MONEY),
        "margin_ppm",
        *money_heads("revenue_before", "cost_before"),
    ]


def lines_of(table: Table) -> Iterator[Sequence[Value]]:
    for line in table.lines:
        yield [*_named(line), *sums_of(line.sums), *money(line.was_revenue), *money(line.was_cost)]


def sums_of(sums: Sums) -> list[Value]:
    amounts = [cell for name in MONEY for cell in money(getattr(sums, name))]
    return [*(getattr(sums, name) for name in COUNTS), *amounts, sums.margin_ppm]


def _named(line: Line) -> list[Value]:
    if line.by == By.VARIANT:
        return [line.about, line.id]
    if line.by == By.KEY:
        return [line.about, line.about_name, line.id, line.name]
    return [line.id, line.name] if line.by == By.TEAM else [line.id]


LISTED = ["provider", "model", "variant", "teams", *money_heads("price", "expected_cost", "margin"), "margin_ppm"]


def listed(rows: Iterable[Loss]) -> Iterator[Sequence[Value]]:
    for row in rows:
        amounts = [cell for amount in (row.revenue, row.cost, row.margin) for cell in money(amount)]
        yield [row.provider, row.model, row.variant, row.whose, *amounts, row.margin_ppm]


GENERATIONS = [
    "id",
    "ended_at",
    "team_id",
    "team",
    "key_id",
    "provider",
    "model",
    "variant",
    "status",
    "reason",
    *money_heads("charged", "expected", "actual", "difference", "margin"),
    "provider_charge",
    "task_id",
    "price_version_id",
    "discount_ppm",
]


def generations(batches: Iterable[Iterable[Row]]) -> Iterator[Iterator[Sequence[Value]]]:
    for batch in batches:
        yield (_generation(row) for row in batch)


def _generation(row: Row) -> list[Value]:
    made = row.generation
    assert made.finished_at is not None
    amounts = (made.charged, row.expected, made.actual_cost, row.difference, row.margin)
    return [
        row.id,
        stamp(made.finished_at),
        made.team.public_id,
        made.team.name,
        made.api_key.public_id if made.api_key else None,
        made.provider,
        made.model,
        made.variant,
        made.status,
        made.reason,
        *(cell for amount in amounts for cell in money(amount)),
        row.verdict,
        made.provider_task_id,
        made.price_version_id,
        made.discount_ppm,
    ]
