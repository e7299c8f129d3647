"""Mail to people: a text and an HTML page of one template pair, written with the fact that it tells of.

`templates/mail/<name>.txt` holds the subject in its first line, `<name>.html` extends `mail/base.html`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def mail(*, to: str, template: str, context: Mapping[str, Any]) -> None:
    """Sends the pair to one address. In the caller's transaction: the mail backend only queues it (project.mail).
    The context has `site` (our address without a slash at its end) too."""
    values = {"site": settings.SITE_URL, **context}
    head, _, body = render_to_string(f"mail/{template}.txt", values).lstrip().partition("\n")
    message = EmailMultiAlternatives(f"[Framehouse] {' '.join(head.split())}", body.strip() + "\n", to=[to])
    message.attach_alternative(render_to_string(f"mail/{template}.html", values), "text/html")
    message.send()
