"""How times look at the desk of operations: `{% load operations_desk %}`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone

register = template.Library()


@register.filter
def seconds(milliseconds: int | None) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s` of milliseconds; nothing for None."""
    if milliseconds is None:
        return ""
    if milliseconds < 10_000:
        return f"{milliseconds / 1000:.1f} s"
    whole = round(milliseconds / 1000)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


@register.filter
def is_past(moment: datetime | None) -> bool:
    """Whether a moment is over."""
    return moment is not None and moment <= timezone.now()


@register.filter
def of_key(values: Mapping[str, Any], name: str) -> Any:
    """A mapping's value."""
    return values.get(name)


@register.filter
def add_text(before: str, after: object) -> str:
    """Two texts as one."""
    return f"{before}{after}"
