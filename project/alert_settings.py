"""Where the operator's people are told of alerts: ALERT_EMAILS, ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET.

Without any of them mails still go to the staff who receive alerts.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from project import env

SECRET_FORM = "ALERT_WEBHOOK_SECRET must be whsec_ and the base64 of 24 to 64 random bytes (Standard Webhooks)."  # noqa: S105 - words
URL_FORM = "ALERT_WEBHOOK_URL must be an https address such as https://hooks.example.com/framehouse."
MOST = 20  # addresses


@dataclass(frozen=True)
class Alerts:
    """`webhook_url` is empty where no webhook is told. `emails` are told beside the staff."""

    emails: tuple[str, ...]
    webhook_url: str
    webhook_secret: str

    @property
    def webhook_host(self) -> str:
        """The webhook's host: what pages show of it, as the path may be as good as a password."""
        return urlsplit(self.webhook_url).hostname or ""


def read(*, production: bool) -> Alerts:
    """The three settings, or the files that they name. Raises ImproperlyConfigured with a sentence that names the one
    that is wrong.

    Outside production the address may be http, for a receiver that OUTBOUND_ALLOW_HOSTS names."""
    url, secret = env.text("ALERT_WEBHOOK_URL"), env.text("ALERT_WEBHOOK_SECRET")
    return Alerts(_emails(env.listed("ALERT_EMAILS")), *_webhook(url or "", secret or "", production=production))


def _emails(found: Sequence[str]) -> tuple[str, ...]:
    for address in found:
        try:
            validate_email(address)
        except ValidationError:
            raise ImproperlyConfigured(
                f"ALERT_EMAILS must be addresses between commas; {address!r} is not one."
            ) from None
    if len(found) > MOST:
        raise ImproperlyConfigured(f"ALERT_EMAILS must be at most {MOST} addresses; use a list of your mail server's.")
    return tuple(dict.fromkeys(address.lower() for address in found))


def _webhook(url: str, secret: str, *, production: bool) -> tuple[str, str]:
    if bool(url) != bool(secret):
        there, missing = ("URL", "SECRET") if url else ("SECRET", "URL")
        raise ImproperlyConfigured(
            f"ALERT_WEBHOOK_{there} is set but ALERT_WEBHOOK_{missing} is not: both, or neither."
        )
    if not url:
        return "", ""
    try:
        parts = urlsplit(url)
        fine = parts.port is None or parts.port > 0
    except ValueError:
        raise ImproperlyConfigured(URL_FORM) from None
    schemes = ("https",) if production else ("https", "http")
    if not fine or parts.scheme not in schemes or not parts.hostname or parts.username or parts.fragment:
        raise ImproperlyConfigured(URL_FORM)
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ImproperlyConfigured(SECRET_FORM) from None
    if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise ImproperlyConfigured(SECRET_FORM)
    return url, secret
