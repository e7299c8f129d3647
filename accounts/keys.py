"""API keys: `fh_live_<id>_<secret><checksum>` (issue, find, revoke).

The id finds the row, the secret proves it (HMAC-SHA256 with a pepper of its own), the checksum lets a mistyped or
invented key be refused before any database hit (faults.md E8, invariants.md K1).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from accounts import roles
from accounts.actors import Actor
from accounts.models import ApiKey, ApiKeySecret, Team, TeamStatus, User
from project import db
from project.errors import Unauthenticated

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_LENGTH = 30  # 178 bits
LIFETIME = timedelta(days=365)
TOUCH_EVERY = timedelta(minutes=1)
KEY = re.compile(r"fh_live_([0-9A-Za-z]{8})_([0-9A-Za-z]{30})([0-9A-Za-z]{6})", re.ASCII)


def issue(
    *, team: Team, name: str, scopes: Sequence[str], by: User | None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Makes a key of a team. Returns the row and the key's text, which is never to be had again."""
    unknown = set(scopes) - set(roles.SCOPES)
    if unknown or not scopes:
        raise ValueError(f"scopes are among {', '.join(roles.SCOPES)}")
    lookup, secret = _random(8), _random(SECRET_LENGTH)
    text = f"fh_live_{lookup}_{secret}{checksum(lookup + secret)}"
    key = ApiKey.objects.create(
        team=team,
        name=name,
        lookup=lookup,
        scopes=list(scopes),
        created_by=by,
        expires_at=expires_at or db.now() + LIFETIME,
    )
    ApiKeySecret.objects.create(api_key=key, digest=digest(text))
    return key, text


def find(text: str) -> Actor:
    """The actor behind a presented key. Raises Unauthenticated: unknown, expired, revoked and mistyped look alike.

    A suspended or closed team's keys still open (to read); what starts something new checks the team itself.
    """
    match = KEY.fullmatch(text)
    if match is None or not hmac.compare_digest(checksum(match[1] + match[2]), match[3]):
        raise Unauthenticated("This is not an API key of ours.")
    moment = db.now()
    given = digest(text)
    live = Q(ends_at=None) | Q(ends_at__gt=moment)
    secrets_of_key = ApiKeySecret.objects.filter(live, api_key__lookup=match[1]).select_related("api_key__team")
    proof = next((secret for secret in secrets_of_key if hmac.compare_digest(bytes(secret.digest), given)), None)
    if proof is None:
        raise Unauthenticated("This API key is unknown, expired or revoked.")
    key = proof.api_key
    if key.revoked_at is not None or key.expires_at <= moment or key.team.status == TeamStatus.CLOSED:
        raise Unauthenticated("This API key is unknown, expired or revoked.")
    if key.last_used_at is None or key.last_used_at < moment - TOUCH_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=moment - TOUCH_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now())
    return Actor(team=key.team, permissions=roles.of_scopes(key.scopes), api_key=key)


def digest(text: str) -> bytes:
    """HMAC-SHA256 under the pepper: what a database dump holds of a key."""
    return hmac.new(settings.API_KEY_PEPPER.encode(), text.encode(), hashlib.sha256).digest()


def checksum(body: str) -> str:
    """Six base62 digits of a CRC32, as GitHub's tokens have."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = ALPHABET[rest] + digits
    return digits


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
