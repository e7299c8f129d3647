"""Mail to people: a text and an HTML page of one template pair, written with the fact that it tells of.

`templates/mail/<name>.txt` holds the subject in its first line, `<name>.html` extends `mail/base.html`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from project import mail as post


def mail(*, to: str, template: str, context: Mapping[str, Any]) -> None:
    """Sends the pair to one address. In the caller's transaction: the mail backend only queues it (project.mail).
    The context has `site` (our address without a slash at its end) too. Raises LookupError when a template names what
    the context has not; in production it is left out instead."""
    head, _, text = post.render(f"mail/{template}.txt", context).lstrip().partition("\n")
    subject = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + post.one_line(head)
    html = post.render(f"mail/{template}.html", {**context, "subject": subject})
    text = f"{text.strip()}\n\n{post.render('mail/_footer.txt', {})}"
    post.composed(to=to, subject=subject, text=text, html=html).send()
