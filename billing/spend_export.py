"""Taking the tables of the spend page away: what is shown, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from django.utils.text import slugify

from accounts import audit, authority, roles
from accounts.actors import Actor
from accounts.audit_export import File
from accounts.models import Action
from billing import charts, spend
from billing.spend import By, Spend
from billing.statement_export import credits, usd
from project import csv_safe, db


class Table(StrEnum):
    """A table of the page."""

    ROWS = "rows"
    DAYS = "days"


def as_csv(*, actor: Actor, found: Spend, table: Table) -> File:
    """The rows with their sum, or the days (weeks, where the chart has them) with a column for each part of them.

    The export is an event of the team's log. Raises Forbidden for who may no longer see the team's money."""
    period = {"from": found.first.isoformat(), "to": found.last.isoformat()}

    def write() -> None:
        by = authority.still(actor, roles.BILLING)
        audit.record(
            Action.STATEMENT_EXPORTED,
            by=by,
            team=by.team,
            target=by.team.public_id,
            target_name=by.team.name,
            data={**period, "format": "csv", "of": f"spend by {found.by}, {table}"},
        )

    db.in_transaction(write)
    header, rows = (_rows if table == Table.ROWS else _days)(found)
    return File(name=f"{_name(found, actor, table)}.csv", pieces=csv_safe.rows(header, _batch(rows)))


def _batch(rows: Sequence[Sequence[csv_safe.Value]]) -> Iterator[Sequence[Sequence[csv_safe.Value]]]:
    yield rows


def _name(found: Spend, actor: Actor, table: Table) -> str:
    what = f"by-{found.by}" if table == Table.ROWS else f"by-{found.by}-and-day"
    return f"spend-{what}-{slugify(actor.team.name)[:60] or 'team'}-{found.first}-{found.last}"


def _rows(found: Spend) -> tuple[list[str], list[list[csv_safe.Value]]]:
    compared = found.by != By.DAY
    header = ["line", str(found.by), "id", "charges", "share_percent", "spent_usd", "spent_credits"]
    rows: list[list[csv_safe.Value]] = []
    for row in [*found.rows, *([found.others] if found.others else [])]:
        kind = "others" if row is found.others else "row"
        amounts = [usd(row.amount), credits(row.amount), *([usd(row.before)] if compared else [])]
        rows.append([kind, row.name, row.id, row.count, spend.percent(row.share), *amounts])
    totals = [usd(found.amount), credits(found.amount), *([usd(found.before.amount)] if compared else [])]
    rows.append(["total", None, None, found.count, None, *totals])
    return [*header, *(["before_usd"] if compared else [])], rows


def _days(found: Spend) -> tuple[list[str], list[list[csv_safe.Value]]]:
    header = ["from", "to", "spent_usd", *(csv_safe.cell(one.name) for one in found.series)]
    rows: list[list[csv_safe.Value]] = [
        [str(step.first), str(step.last), usd(step.amount), *map(usd, step.parts)]
        for step in charts.steps_of(found)
        if step.amount
    ]
    total: list[csv_safe.Value] = ["total", None, usd(found.amount), *(usd(one.amount) for one in found.series)]
    return header, [*rows, total]
