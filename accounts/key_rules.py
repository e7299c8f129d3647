"""What a key may be like: its name, scopes, networks, models and end. Everything wrong is told at once, by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from accounts import key_format, key_models, key_networks, roles
from project.errors import FieldError, Invalid
from project.text import clean_name

T = TypeVar("T")

LIFETIME = timedelta(days=365)  # by default (faults.md E8)
LONGEST = timedelta(days=5 * 365)
OVERLAP = timedelta(hours=24)  # both secrets work after a rotation
MOST_KEYS = 100  # usable ones of a team
MOST_SECRETS = 5  # of one key that work at once
DAY = timedelta(days=1)
NOTICES = (1, 14)  # days before the end at which its team is told, nearest first


@dataclass(frozen=True)
class Terms:
    """What a key may do, checked."""

    name: str
    scopes: list[str]
    allowed_ips: list[str]
    allowed_models: list[str]
    expires_at: datetime


def terms(
    *,
    name: str,
    scopes: Iterable[str],
    allowed_ips: Iterable[str],
    allowed_models: Iterable[str],
    expires_at: datetime,
    permissions: frozenset[str],
    moment: datetime,
    kept_models: Sequence[str] = (),
) -> Terms:
    """The terms as they are kept. `permissions` are those of whoever gives the key: nobody gives more than they have.
    `kept_models` stand on the key already and stay allowed when the catalogue has dropped them. Raises Invalid."""
    errors: list[FieldError] = []

    def checked(path: str, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except ValueError as error:
            errors.append(FieldError(path, str(error), "not_allowed"))
            return None

    clean = (
        checked("name", lambda: _name(name)),
        checked("scopes", lambda: _scopes(scopes, permissions)),
        checked("allowed_ips", lambda: key_networks.clean(allowed_ips)),
        checked("allowed_models", lambda: _models(allowed_models, kept_models)),
        checked("expires_at", lambda: end(expires_at, moment)),
    )
    if errors:
        raise Invalid("The key cannot be like this.", errors=errors)
    return Terms(*clean)  # type: ignore[arg-type]  # nothing is None without an error


def notice_due(expires_at: datetime, moment: datetime) -> int:
    """How near the end is: 1 or 14 when that many days are left or fewer, 0 when more are."""
    return next((days for days in NOTICES if expires_at - moment <= days * DAY), 0)


def missing_scopes(scopes: Iterable[str], permissions: frozenset[str]) -> list[str]:
    """Those of the scopes that somebody with these permissions could not give."""
    return sorted(set(scopes) - set(roles.grantable_scopes(permissions)))


def end(expires_at: datetime, moment: datetime) -> datetime:
    """The end of a key that is made or renewed at `moment`. Raises ValueError for one past or too far."""
    if expires_at <= moment:
        raise ValueError("must be in the future")
    if expires_at > moment + LONGEST:
        raise ValueError("must be at most 5 years away")
    return expires_at


def _name(text: str) -> str:
    name = clean_name(text)
    if key_format.KEY.search(name):
        raise ValueError("must not hold a key")
    return name


def _scopes(scopes: Iterable[str], permissions: frozenset[str]) -> list[str]:
    wanted = set(scopes)
    if not wanted:
        raise ValueError("choose at least one scope")
    unknown = sorted(wanted - set(roles.SCOPES))
    if unknown:
        raise ValueError(f"“{unknown[0][:40]}” is no scope; there are {', '.join(roles.SCOPES)}")
    beyond = missing_scopes(wanted, permissions)
    if beyond:
        raise ValueError(f"your role cannot give “{beyond[0]}”: nobody gives more than they have")
    return [scope for scope in roles.SCOPES if scope in wanted]


def _models(slugs: Iterable[str], kept: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(slugs))
    known = {*key_models.names(), *kept} if wanted else set()
    unknown = [slug for slug in wanted if slug not in known]
    if unknown:
        raise ValueError(f"“{unknown[0][:40]}” is no model of ours")
    return wanted
