"""How amounts and times look on every page: credits with the dollars beside, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from project.money import CREDIT, cents, in_dollars, to_json

register = template.Library()

Amount = int | Mapping[str, str] | None


@register.filter
def money(value: Amount) -> SafeString | str:
    """`42 credits` with `$0.21` beside, of micro-dollars or of the JSON form; nothing for None."""
    if value is None:
        return ""
    words = _json(value)
    noun = "credit" if words["credits"] == "1" else "credits"
    return format_html(
        '<span class="money">{} {} <span class="usd">${}</span></span>',
        grouped(words["credits"]),
        noun,
        cents(words["usd"]),
    )


@register.filter
def line_dollars(value: Amount) -> str:
    """`$0.21`, and `\N{MINUS SIGN}$0.02` for what is taken off; nothing for None."""
    return "" if value is None else in_dollars(_json(value)["usd"])


@register.filter
def change(value: int) -> SafeString | str:
    """A signed amount of credits for a statement; nothing for 0."""
    if not value:
        return ""
    words = to_json(abs(value))
    sign = "+" if value > 0 else "\N{MINUS SIGN}"
    return format_html(
        '<span class="money">{}{} <span class="usd">{}${}</span></span>',
        sign,
        grouped(words["credits"]),
        sign,
        cents(words["usd"]),
    )


@register.filter
def credits_of(value: Amount) -> str:
    """`1,958.5` of an amount: the credits alone."""
    return "" if value is None else grouped(_json(value)["credits"])


@register.filter
def whole_credits(value: int) -> str:
    """`1,958` of micro-dollars: the credits that are there in full, where room is scarce."""
    return f"{value // CREDIT:,}"


@register.filter
def dollars_of(value: Amount) -> str:
    """`0.20` of an amount: the dollars alone, exact, with at least two decimals."""
    return "" if value is None else cents(_json(value)["usd"])


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """`2026-11-21 13:05 UTC`, machine-readable too."""
    if value is None:
        return ""
    utc = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}">{}\N{NO-BREAK SPACE}UTC</time>',
        utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        utc.strftime("%Y-%m-%d %H:%M"),
    )


@register.filter
def span(seconds: int) -> str:
    """`45 s`, `2 min 30 s`, `2 h 5 min`: how long something took or takes."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


def grouped(text: str) -> str:
    """`1,958.5` of `1958.5`: thousands apart."""
    whole, dot, rest = text.partition(".")
    return f"{int(whole):,}{dot}{rest}"


def _json(value: int | Mapping[str, str]) -> Mapping[str, str]:
    return to_json(value) if isinstance(value, int) else value
