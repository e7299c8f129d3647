"""How figures look at the staff's desks: `{% load desks %}`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from generations.oversight import figures
from generations.oversight.costs_chart import Chart, Pair
from generations.oversight.lines import By, Line, Table
from generations.oversight.trends import percent as in_percent
from project.money import dollars as in_dollars

if TYPE_CHECKING:
    from generations.staff.forms_costs import CostsForm
    from generations.staff.names import Names

register = template.Library()
NOTHING = "\N{EN DASH}"


@register.filter
def dollars(value: int | None) -> str:
    """`$1,234.56`, exact, with a minus for a loss; nothing for None."""
    return "" if value is None else in_dollars(value)


@register.filter
def percent(ppm: int | None) -> str:
    """`12.3 %` of parts per million; nothing for None."""
    return in_percent(ppm)


@register.simple_tag(takes_context=True)
def who(context: Context, actor: str) -> str:
    """Who did something, as a row names them (audit.actor_of): the address of a person."""
    names: Names = context["staff_names"]
    return names.gap(actor)


@register.simple_tag
def cells(line: Line) -> SafeString:
    """The figures of a line as the cells of its row: written here, for a page has thousands of them."""
    sums, loss = line.sums, " loss" if line.sums.margin < 0 else ""
    trend = line.revenue.words if line.revenue.now or line.revenue.was else NOTHING
    canceled = f' <span class="quiet">+ {sums.canceled:,} canceled</span>' if sums.canceled else ""
    row = [
        ("", f"{sums.succeeded:,}"),
        ("", f"{sums.failed:,}{canceled}"),
        ("", in_dollars(sums.revenue)),
        (" trend", trend),
        ("", in_dollars(sums.cost)),
        (loss, in_dollars(sums.margin)),
        (loss, in_percent(sums.margin_ppm) or NOTHING),
        ("", in_dollars(sums.at_risk) if sums.at_risk else NOTHING),
        ("", in_dollars(sums.expected)),
        ("", in_dollars(sums.actual)),
    ]
    return mark_safe("".join(f'<td class="number{kind}">{text}</td>' for kind, text in row))  # noqa: S308 - figures


@register.simple_tag
def rows(form: CostsForm, table: Table) -> SafeString:
    """The lines of a table as its rows, each with the ways to its figures and to its generations."""
    desk, listed = reverse("costs"), reverse("costs_generations")
    return SafeString("".join(_row(form, line, desk, listed) for line in table.lines))


def _row(form: CostsForm, line: Line, desk: str, listed: str) -> SafeString:
    query = of_line(form, line)
    if line.by == By.DAY:
        head = format_html('<a href="{}?{}">{}</a>', listed, query, line.name)
    else:
        name = f"{line.about_name}, {line.name}" if line.by == By.VARIANT else line.name
        whose = line.about_name if line.by == By.KEY else ""
        head = format_html(
            '<a href="{}?{}"><bdi>{}</bdi></a>{} <a class="quiet" href="{}?{}" aria-label="Generations of {}">list</a>',
            *(desk, query, name),
            format_html(' <span class="quiet"><bdi>{}</bdi></span>', whose) if whose else "",
            *(listed, query, line.name),
        )
    return format_html('<tr><th scope="row">{}</th>{}</tr>', head, cells(line))


@register.simple_tag
def columns(form: CostsForm, chart: Chart) -> SafeString:
    """The bars of the chart, each step a way to its generations."""
    listed = reverse("costs_generations")
    return SafeString("".join(_column(form, pair, chart, listed) for pair in chart.pairs if pair.sums.ended))


def _column(form: CostsForm, pair: Pair, chart: Chart, listed: str) -> SafeString:
    cost = format_html('x="{}" y="{}" width="{}" height="{}"', pair.cost_x, pair.cost_y, pair.width, pair.cost_height)
    return format_html(
        '<a class="column" href="{}?{}" aria-label="{}" tabindex="{}"><title>{}</title>'
        '<rect class="reach" x="{}" width="{}" height="{}" />'
        '<rect class="c1" x="{}" y="{}" width="{}" height="{}" />'
        '<rect class="c2" {} /><rect fill="url(#t2)" {} /></a>',
        *(listed, of_days(form, pair.step.first, pair.step.last)),
        *(pair.label, 0 if pair is chart.worst else -1, pair.label),
        *(pair.x, pair.column, chart.height),
        *(pair.revenue_x, pair.revenue_y, pair.width, pair.revenue_height),
        *(cost, cost),
    )


@register.simple_tag
def of_line(form: CostsForm, line: Line) -> str:
    """What is asked, narrowed to one line: the end of an address."""
    return urlencode(figures.of_line(form.question, line))


@register.simple_tag
def of_days(form: CostsForm, first: date, last: date) -> str:
    """What is asked, of other days."""
    return urlencode(form.question.kept | {"from": first.isoformat(), "to": last.isoformat()})
