"""Taking a statement away as a file: every line for a spreadsheet, or a sheet for the books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.utils.text import slugify

from accounts import audit, authority, roles
from accounts.actors import Actor
from accounts.audit_export import File
from accounts.models import Action
from billing import queries, statements, words
from billing.queries import Line
from billing.statements import Statement
from project import csv_safe, db, money
from project.times import stamp

COLUMNS = (
    "time",
    "id",
    "kind",
    "description",
    "generation",
    "payment",
    "amount_usd",
    "amount_credits",
    "balance_usd",
    "balance_credits",
    "available_usd",
    "held_usd",
)


def as_csv(*, actor: Actor, start: datetime, end: datetime) -> File:
    """The opening balance, every line of the period, oldest first, and the closing balance. `amount` is what a line
    did to the balance, `balance` what it left: opening and all amounts make the closing.

    The export is an event of the team's log. Raises Forbidden for who may no longer see the team's money, and what
    statements.of_period raises."""
    found = statements.of_period(actor.team, start, end)
    record(actor, found, kind="csv")
    return File(name=f"{name_of(found, actor)}.csv", pieces=csv_safe.rows(COLUMNS, _batches(actor, found)))


def record(actor: Actor, found: Statement, *, kind: str) -> None:
    """Writes down who took which statement away. Raises Forbidden for who may no longer see the team's money."""

    def write() -> None:
        by = authority.still(actor, roles.BILLING)
        audit.record(
            Action.STATEMENT_EXPORTED,
            by=by,
            team=by.team,
            target=by.team.public_id,
            target_name=by.team.name,
            data={"from": stamp(found.start), "to": stamp(found.end), "format": kind},
        )

    db.in_transaction(write)


def name_of(found: Statement, actor: Actor) -> str:
    """The name of the file, without its ending; the last day is one of the period."""
    last = (found.end - statements.TICK if found.end > found.start else found.end).date()
    return f"statement-{slugify(actor.team.name)[:60] or 'team'}-{found.start.date()}-{last}"


def _batches(actor: Actor, found: Statement) -> Iterator[Sequence[Sequence[csv_safe.Value]]]:
    yield [_edge(found.start, "opening", "Opening balance", found.opening)]
    for batch in queries.batches(actor.team, found.within):
        yield [_row(line) for line in batch]
    yield [_edge(found.end, "closing", "Closing balance", found.closing)]


def _edge(at: datetime, kind: str, text: str, balance: statements.Balance) -> list[csv_safe.Value]:
    left = [usd(balance.balance), credits(balance.balance), usd(balance.available), usd(balance.held)]
    return [stamp(at), None, kind, text, None, None, None, None, *left]


def _row(line: Line) -> list[csv_safe.Value]:
    transfer = line.transfer
    return [
        stamp(line.at),
        queries.public_id(transfer),
        transfer.kind,
        words.what(transfer),
        transfer.hold.reference if transfer.hold else None,
        transfer.payment.public_id if transfer.payment else None,
        usd(line.change),
        credits(line.change),
        usd(line.left),
        credits(line.left),
        usd(line.available.after),
        usd(line.held.after),
    ]


def usd(micro: int) -> Decimal:
    """Dollars as a number that a spreadsheet takes for one."""
    return Decimal(money.usd(micro))


def credits(micro: int) -> Decimal:
    """Credits likewise."""
    return Decimal(money.credits(micro))
