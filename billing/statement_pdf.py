"""A statement as a PDF for the books: the sums, and every line that changed the balance."""

from __future__ import annotations

from datetime import UTC, datetime

from accounts.actors import Actor
from billing import details, queries, statement_export, statements, words
from billing.queries import Line
from billing.statements import Statement
from project import db, pdf
from project.errors import FieldError, Invalid
from project.money import dollars
from project.times import stamp

MINUS = "\N{MINUS SIGN}"
MOST_LINES = 2_000  # a thousand take a second


def answer(*, actor: Actor, start: datetime, end: datetime) -> tuple[bytes, str]:
    """The file and its name. It is dated at the end of the period, or now where that has not come.

    An event of the team's log, as the CSV is. Raises Invalid for a period of more than 2,000 lines, and what
    statement_export.as_csv raises."""
    found = statements.of_period(actor.team, start, end)
    if sum(found.counts.values()) > MOST_LINES:
        message = f"A PDF has at most {MOST_LINES:,} lines. Choose a shorter period, or take the CSV file."
        raise Invalid(message, errors=[FieldError("to", message, "too_long")])
    statement_export.record(actor, found, kind="pdf")
    name = statement_export.name_of(found, actor)
    now = db.now()
    data = pdf.document(
        title="Statement",
        subtitle=actor.team.name,
        made_at=min(found.end, now),
        parts=[*_head(actor, found, now), *_lines(actor, found)],
        footer=f"Statement of {actor.team.public_id}",
    )
    return data, f"{name}.pdf"


def _head(actor: Actor, found: Statement, now: datetime) -> list[pdf.Part]:
    to = details.of(actor.team)
    facts = [
        ("Team", actor.team.name),
        *([("To", ", ".join(to.lines))] if to.lines else []),
        *([("Tax id", to.tax_id)] if to.tax_id else []),
        ("From", _when(found.start)),
        ("To (not included)" if found.end <= now else "Up to", _when(min(found.end, now))),
    ]
    back = ("+ Given back", found.given_back) if found.taken_back < 0 else (f"{MINUS} Taken back", found.taken_back)
    rows = [
        ("Opening balance", found.opening.balance),
        ("+ Bought", found.bought),
        ("+ Granted", found.granted),
        (f"{MINUS} Charged", found.charged),
        (f"{MINUS} Expired", found.expired),
        back,
    ]
    return [
        pdf.Facts(facts),
        pdf.Heading("Balance"),
        pdf.Grid(
            head=["", "USD"],
            rows=[[name, signed(amount)] for name, amount in rows],
            right=[1],
            total=["= Closing balance", signed(found.closing.balance)],
        ),
    ]


def _lines(actor: Actor, found: Statement) -> list[pdf.Part]:
    rows = [_row(line) for batch in queries.batches(actor.team, found.within) for line in batch if line.change]
    if not rows:
        return [pdf.Note("Nothing changed the balance in this period. 1 credit is $0.005. All times are UTC.")]
    return [
        pdf.Heading("Lines"),
        pdf.Grid(head=["When", "What", "About", "USD", "Balance"], rows=rows, right=[3, 4]),
        pdf.Note("Credit that was held and released again is left out. 1 credit is $0.005. All times are UTC."),
    ]


def _row(line: Line) -> list[str]:
    transfer = line.transfer
    about = transfer.hold.reference if transfer.hold else transfer.payment.public_id if transfer.payment else ""
    return [_when(line.at), words.what(transfer), about, signed(line.change), signed(line.left)]


def signed(micro: int) -> str:
    """`$0.30`, `−$0.30`."""
    return dollars(micro) if micro >= 0 else f"{MINUS}{dollars(-micro)}"


def _when(moment: datetime) -> str:
    return stamp(moment.astimezone(UTC).replace(microsecond=0)).replace("T", " ").replace("Z", "")
