"""How many requests the API takes from whom: `RATE_LIMIT_KEY=600/60` is 600 in any 60 seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

MOST, LONGEST = 1_000_000, 86_400  # requests, seconds
_NUMBERS = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,4})", re.ASCII)


@dataclass(frozen=True)
class Policy:
    """At most `quota` in any `seconds`; `name` says which limit it is, in headers and in the database."""

    name: str
    quota: int
    seconds: int


# By the name in headers: the setting, and the numbers without it.
SETTINGS = {
    "key": ("RATE_LIMIT_KEY", "600/60"),
    "team": ("RATE_LIMIT_TEAM", "1200/60"),
    "address": ("RATE_LIMIT_IP", "300/60"),
    "failed-keys": ("RATE_LIMIT_FAILED_KEYS", "20/60"),
}


def read(values: Mapping[str, str | None]) -> dict[str, Policy]:
    """The API's policies, by name, of the settings' texts. Raises ImproperlyConfigured with a sentence."""
    return {name: _policy(name, setting, values.get(setting) or usual) for name, (setting, usual) in SETTINGS.items()}


def _policy(name: str, setting: str, text: str) -> Policy:
    found = _NUMBERS.fullmatch(text)
    if found is None or int(found[1]) > MOST or int(found[2]) > LONGEST:
        raise ImproperlyConfigured(
            f"{setting} must be requests/seconds such as 600/60, of at most {MOST}/{LONGEST}, not {text!r}."
        )
    return Policy(name, int(found[1]), int(found[2]))
