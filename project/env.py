"""Reads settings from the environment, and says in a sentence what is wrong with one (design section 7).

Every value may also come from a file: NAME_FILE names it (secrets kept by a store). A wrong or missing
value raises ImproperlyConfigured with the setting's name in it, so that a start stops with that sentence.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str | None = None) -> str | None:
    """The value of NAME, or the content of the file that NAME_FILE names, stripped; default when empty."""
    value = os.environ.get(name, "").strip()
    path = os.environ.get(f"{name}_FILE", "").strip()
    if value and path:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; keep one of them.")
    if path:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}.") from error
        if not value:
            raise ImproperlyConfigured(f"{name}_FILE names an empty file.")
    return value or default


def required(name: str, why: str) -> str:
    """The value of NAME; without one the start stops and says why it is needed."""
    value = text(name)
    if value is None:
        raise ImproperlyConfigured(f"{name} is missing: {why}")
    return value


def flag(name: str, default: bool | None = None) -> bool | None:  # noqa: FBT001 - a default, not a switch
    """1, true, yes, on or 0, false, no, off."""
    value = text(name)
    if value is None:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number between least and most."""
    value = text(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}, not {value!r}.")
    return int(value)


def listed(name: str) -> tuple[str, ...]:
    """Comma-separated words."""
    return tuple(part.strip() for part in (text(name) or "").split(",") if part.strip())


def base_url(name: str, default: str | None = None) -> str | None:
    """An http or https address without query, fragment or trailing slash."""
    value = text(name, default)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if (
        not port_is_fine
        or parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or parts.username
    ):
        raise ImproperlyConfigured(f"{name} must be an http or https address such as https://example.com.")
    return value.rstrip("/")
