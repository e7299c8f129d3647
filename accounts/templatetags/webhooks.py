"""Words of the pages and mails about webhooks."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Delivery, DeliveryAttempt, EventType, TryOutcome

register = template.Library()

_UNITS = (("day", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_TONES = {"pending": "running", "delivered": "succeeded", "failed": "failed", "canceled": ""}


@register.filter
def host(url: str) -> str:
    """`hooks.example.com:8443` of an address: what a mail may name without its being a link."""
    return urlsplit(url).netloc.rpartition("@")[2]


@register.filter
def ago(value: datetime | None) -> SafeString | str:
    """`5 min ago` or `in 2 h`, with the whole stamp for who points at it; nothing for None."""
    if value is None:
        return ""
    stamp = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        stamp.isoformat(timespec="seconds").replace("+00:00", "Z"),
        stamp.strftime("%Y-%m-%d %H:%M:%S"),
        _relative(int((timezone.now() - value).total_seconds())),
    )


@register.filter
def due(value: datetime | None) -> SafeString | str:
    """`in 2 h` of a moment to come, `now` of one that has come."""
    return ago(value) if value is not None and value > timezone.now() else "now"


@register.filter
def tone(delivery: Delivery) -> str:
    """The class of a delivery's badge."""
    return _TONES[delivery.status]


@register.filter
def type_in_words(name: str) -> str:
    """`A generation succeeded` of `generation.succeeded`."""
    return EventType(name).label if name in EventType.values else name


@register.filter
def lower_first(text: str) -> str:
    """Words that go on a sentence."""
    return f"{text[:1].lower()}{text[1:]}"


@register.filter
def outcome_in_words(attempt: DeliveryAttempt) -> str:
    """What became of a try, as a sentence without its full stop."""
    if not attempt.outcome:
        return "Under way"
    if attempt.outcome == TryOutcome.REFUSED and attempt.status:
        return f"It answered {attempt.status}, and only 2xx counts as heard"
    return TryOutcome(attempt.outcome).label


@register.filter
def milliseconds(value: int | None) -> str:
    """`340 ms`, `1.2 s`: how long a try took."""
    if value is None:
        return ""
    return f"{value} ms" if value < 1_000 else f"{value // 1_000}.{value % 1_000 // 100} s"


def _relative(seconds: int) -> str:
    size = abs(seconds)
    if size < 5:
        return "just now" if seconds >= 0 else "in a moment"
    unit, whole = next((unit, size // span) for unit, span in _UNITS if size >= span)
    count = f"{whole} {unit}{'s' if unit == 'day' and whole != 1 else ''}"
    return f"{count} ago" if seconds >= 0 else f"in {count}"
