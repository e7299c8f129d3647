"""How the desk of prices writes shares: `{% load prices %}`."""

from __future__ import annotations

from django import template

from generations.pricing import percent

register = template.Library()


@register.filter
def ppm(value: int) -> str:
    """Parts per million as an exact percentage: "12.5 %"."""
    return percent(value)
