"""The mail of django-allauth in the house's way: pairs of text and HTML, links to our own address only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMessage

from accounts import user_agents
from project import mail


class MailAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """What an account adapter sends. The words are below templates/account/email and templates/mfa/email."""

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Sends it to one address; allauth's own would ask the request for the site's name."""
        self.render_mail(template_prefix, email, context).send()

    def render_mail(
        self,
        template_prefix: str,
        email: str,
        context: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
    ) -> EmailMessage:
        """The message of `<prefix>_subject.txt`, `<prefix>_message.txt` and `<prefix>_message.html`."""
        lives = {"hours": _hours(settings.PASSWORD_RESET_TIMEOUT), "days": app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS}
        values = {**context, **lives, "email": email}
        for name, value in context.items():
            if name.endswith("_url"):  # allauth takes the host from the request, which its sender may forge
                values[name] = on_our_site(str(value))
        values["seen_ip"] = context.get("ip") or "an unknown address"
        values["seen_browser"] = seen(str(context.get("user_agent") or ""))
        subject = self.format_email_subject(mail.render(f"{template_prefix}_subject.txt", values).strip())
        values["subject"] = subject
        text, html = (mail.render(f"{template_prefix}_message.{ending}", values) for ending in ("txt", "html"))
        return mail.composed(to=email, subject=subject, text=text, html=html)


def on_our_site(url: str) -> str:
    """The address's path and query at SITE_URL, whatever host it names."""
    parts = urlsplit(url)
    return f"{settings.SITE_URL}{parts.path}{f'?{parts.query}' if parts.query else ''}"


def seen(user_agent: str) -> str:
    """The browser in our own words: what a stranger's program says of itself may be an advertisement with a link."""
    return user_agents.in_short(user_agent) if user_agent.startswith("Mozilla/") else "a program that is no browser"


def _hours(seconds: int) -> str:
    hours = seconds // 3600
    return "an hour" if hours == 1 else f"{hours} hours"
