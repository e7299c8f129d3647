"""Mail as a pair: the same words as text and as HTML, rendered by engines of their own (settings.TEMPLATES).

The text engine escapes nothing, the HTML engine everything, and both refuse a name they were not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

# RFC 3834: no auto-responder answers; Exchange wants its own word.
HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


def render(name: str, context: Mapping[str, Any]) -> str:
    """The template (.txt or .html below templates/) filled in; `site`, our public address without a slash at its
    end, is in every context. Raises LookupError for a name that is not there (in production: a hole)."""
    engine = "mail_html" if name.endswith(".html") else "mail_text"
    return render_to_string(name, {"site": settings.SITE_URL, **context}, using=engine)


def one_line(text: str) -> str:
    """The text on one line, as a header must be."""
    return " ".join(text.split())


def composed(*, to: str, subject: str, text: str, html: str) -> EmailMultiAlternatives:
    """The message, not sent yet. One recipient, no reply-to, and a word to auto-responders that no person wrote it."""
    message = EmailMultiAlternatives(one_line(subject), text.strip() + "\n", to=[to], headers=dict(HEADERS))
    message.attach_alternative(html.strip() + "\n", "text/html")
    return message
