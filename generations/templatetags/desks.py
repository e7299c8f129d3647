"""How figures look at the staff's desks: `{% load desks %}`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

from generations.oversight import figures
from generations.oversight.lines import Line
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
def of_line(form: CostsForm, line: Line) -> str:
    """What is asked, narrowed to one line: the end of an address."""
    return urlencode(figures.of_line(form.question, line))


@register.simple_tag
def of_days(form: CostsForm, first: date, last: date) -> str:
    """What is asked, of other days."""
    return urlencode(form.question.kept | {"from": first.isoformat(), "to": last.isoformat()})
