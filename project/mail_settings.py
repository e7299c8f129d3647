"""What the settings need of mail, apart from project/mail because that imports models."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

log = logging.getLogger(__name__)

SMTP = "django.core.mail.backends.smtp.EmailBackend"
PRINTED = "project.mail.PrintedTransport"
PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
FORM = "smtp+tls://user:password@host:587 (STARTTLS), smtp+ssl://user:password@host:465, or smtp://host:25"
FROM_FORM = "DEFAULT_FROM_EMAIL must look like Name <name@example.com>."
TIMEOUT = 10  # seconds for each answer of the mail server; the whole talk is bounded by the job's timeout


@dataclass(frozen=True)
class Transport:
    """The backend that the worker sends by, and the server that it talks to."""

    backend: str
    host: str = "localhost"
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def transport(url: str | None, *, production: bool) -> Transport:
    """What EMAIL_URL says.

    Without one mail is printed and kept in DATA_DIR/mail; a production start is refused, as it would lose every
    mail. Raises ImproperlyConfigured. A user or password with one of @ : / % is written percent-encoded."""
    if not url and not production:
        return Transport(PRINTED)
    if not url:
        raise ImproperlyConfigured(f"EMAIL_URL is missing: people confirm addresses by mail. Set {FORM}.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured(f"EMAIL_URL must look like {FORM}.") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"EMAIL_URL must look like {FORM}.")
    if bool(parts.username) != bool(parts.password):
        raise ImproperlyConfigured("EMAIL_URL must name both user and password, or neither.")
    return Transport(
        SMTP,
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+tls",
        tls=parts.scheme == "smtp+ssl",
    )


def sender(address: str | None, *, site: str) -> str:
    """The From of all mail: DEFAULT_FROM_EMAIL, or no-reply at the site's own host. Raises ImproperlyConfigured."""
    if address is None:
        return f"Framehouse <no-reply@{urlsplit(site).hostname}>"
    plain = parseaddr(address)[1]
    try:
        validate_email(plain)
    except ValidationError:
        if not plain.endswith("@localhost"):
            raise ImproperlyConfigured(FROM_FORM) from None
    if not address.isprintable():  # a line break would be a second header
        raise ImproperlyConfigured(FROM_FORM)
    return address


def templates(folder: Path, *, strict: bool) -> list[dict[str, Any]]:
    """The engines of mail for settings.TEMPLATES: text escapes nothing, HTML everything; strict ones raise for a name
    that the mail was not given. No context processors: a mail is about its fact, not about the request."""
    options = {"string_if_invalid": Missing(raises=strict)}
    backend = {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [folder], "APP_DIRS": False}
    return [
        {**backend, "NAME": "mail_text", "OPTIONS": {**options, "autoescape": False}},
        {**backend, "NAME": "mail_html", "OPTIONS": options},
    ]


class Missing(str):
    """Stands where a mail's template names what it was not given: an error, or in production, where half a mail
    is better than a page that fails, a hole and a line in the log."""

    raises: bool

    def __new__(cls, *, raises: bool) -> Missing:
        self = super().__new__(cls, "%s")  # Django fills the variable's name in, see django.template.base
        self.raises = raises
        return self

    def __mod__(self, name: object) -> str:
        if self.raises:
            raise LookupError(f"the mail's template names {name}, which it was not given")
        log.error("a mail's template names %s, which it was not given", name)
        return ""
