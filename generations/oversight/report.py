"""The monthly cost report as a PDF: what the dashboard says of a month, for the books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from generations.oversight import figures, losses
from generations.oversight.figures import Figures
from generations.oversight.lines import By, Line
from generations.oversight.scopes import Scope
from generations.oversight.sums import Sums
from generations.oversight.trends import Trend, percent
from project import pdf
from project.errors import FieldError, Invalid
from project.money import dollars

TOP = 20  # teams


def month_of(text: str, *, today: date) -> Scope:
    """The month `2026-11`, up to today where it is under way. Raises Invalid."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date() if len(text) == 7 else None
    except ValueError:
        first = None
    if first is None or first.year < 2000:
        raise Invalid("There is no such month.", errors=[FieldError("month", "Write the month as 2026-01.", "invalid")])
    if first > today:
        said = "This month has not begun."
        raise Invalid(said, errors=[FieldError("month", said, "out_of_range")])
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return Scope(first, min(last, today))


def as_pdf(scope: Scope, *, now: datetime) -> bytes:
    """The report of a month. Dated at the month's end, or now where that has not come: then it says so."""
    found = figures.of_scope(scope, top=TOP)
    ended = datetime.combine(scope.last + timedelta(days=1), time(), UTC)
    so_far = ended > now
    before = scope.before
    parts: list[pdf.Part] = [
        pdf.Facts(_summary(found), strong=[0, 3, 4]),
        pdf.Note(
            f"Compared with {before.first} to {before.last}, as many days. Cost is what providers reported, and what"
            " we expected where they reported nothing. Days are UTC; amounts are exact."
        ),
        *_table("By provider", found, By.PROVIDER),
        *_losses(found),
        *_table("By model and variant", found, By.VARIANT),
        *_table("By day", found, By.DAY),
        *_table(f"Teams, the {TOP} with the most revenue", found, By.TEAM),
        pdf.Heading("Reconciliation: the providers' charges beside the expected ones"),
        pdf.Grid(head=["Verdict", "Generations"], rows=_verdicts(found.total), right=[1]),
    ]
    return pdf.document(
        title=f"Cost report, {scope.first:%B %Y}",
        subtitle=f"{scope.first} to {scope.last}{', the month is under way' if so_far else ''}",
        made_at=now if so_far else ended,
        parts=parts,
        footer=f"Framehouse cost report {scope.first:%Y-%m}",
    )


def _summary(found: Figures) -> list[tuple[str, str]]:
    now, was = found.total, found.before
    return [
        ("Revenue (captured)", _with(now.revenue, was.revenue)),
        ("Expected provider cost", _with(now.expected, was.expected)),
        ("Actual cost, as reported", f"{_with(now.actual, was.actual)}; {_reported(now)}"),
        ("Best-known cost", _with(now.cost, was.cost)),
        ("Margin", f"{_with(now.margin, was.margin)}; {percent(now.margin_ppm) or 'no revenue'} of revenue"),
        ("At risk (unattributed)", _with(now.at_risk, was.at_risk)),
        ("Succeeded, failed, canceled", f"{now.succeeded:,}, {now.failed:,}, {now.canceled:,}"),
    ]


def _with(now: int, was: int) -> str:
    return f"{dollars(now)} ({Trend(now, was).words})"


def _reported(sums: Sums) -> str:
    share = percent(sums.reported_ppm)
    return f"{share} of the cost" if share else "nothing to report"


def _table(title: str, found: Figures, by: By) -> Sequence[pdf.Part]:
    table = found.tables[by]
    if not table.lines:
        return [pdf.Heading(title), pdf.Note("Nothing ended in these days.")]
    lines = [*table.lines, *([table.rest] if table.rest else [])]
    head = [by.value.capitalize(), "Succeeded", "Revenue", "Expected", "Cost", "Margin", "Share", "Before"]
    return [
        pdf.Heading(title),
        pdf.Grid(
            head=head,
            rows=[[_name(line), *_cells(line.sums), dollars(line.was_revenue)] for line in lines],
            right=range(1, 8),
            total=["All", *_cells(found.total), dollars(found.before.revenue)],
        ),
    ]


def _name(line: Line) -> str:
    return f"{line.about_name}, {line.name}" if line.by == By.VARIANT else line.name


def _cells(sums: Sums) -> list[str]:
    amounts = (sums.revenue, sums.expected, sums.cost, sums.margin)
    return [f"{sums.succeeded:,}", *map(dollars, amounts), percent(sums.margin_ppm)]


def _losses(found: Figures) -> Sequence[pdf.Part]:
    sold = [line for line in found.tables[By.VARIANT].lines if line.sums.margin < 0]
    listed = losses.listed_at_a_loss()
    parts: list[pdf.Part] = [pdf.Heading("Loss-making variants")]
    if sold:
        rows = [[_name(line), *_cells(line.sums)] for line in sorted(sold, key=lambda line: line.sums.margin)]
        head = ["Sold below cost", "Succeeded", "Revenue", "Expected", "Cost", "Margin", "Share"]
        parts.append(pdf.Grid(head=head, rows=rows, right=range(1, 7)))
    else:
        parts.append(pdf.Note("No variant was sold below its cost."))
    if listed:
        amounts = [[dollars(amount) for amount in (each.revenue, each.cost, each.margin)] for each in listed]
        rows = [[each.name, each.whose, *cells] for each, cells in zip(listed, amounts, strict=True)]
        head = ["Listed below cost, per unit", "For", "Price in force", "Expected cost", "Margin"]
        parts.append(pdf.Grid(head=head, rows=rows, right=[2, 3, 4]))
    else:
        parts.append(pdf.Note("No price in force is below its expected cost."))
    return parts


def _verdicts(sums: Sums) -> list[list[str]]:
    return [
        ["Matched", f"{sums.matched:,}"],
        ["Over: charged more than expected", f"{sums.over:,}"],
        ["Under: charged less than expected", f"{sums.under:,}"],
        ["Not reported by the provider", f"{sums.unreported:,}"],
        ["Unattributed: perhaps bought, outcome unknown", f"{sums.unattributed:,}"],
    ]
