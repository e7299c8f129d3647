"""Who presents a key: finds the actor behind a text, and asks again in the transaction that spends."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts import key_format, key_networks, roles
from accounts.actors import Actor
from accounts.models import ApiKeySecret, TeamStatus
from project import origin
from project.errors import Forbidden, Unauthenticated

TOUCH_EVERY = timedelta(minutes=1)

# At most one write a minute, whoever asks at once; a row that is being changed is not waited for.
_TOUCH = """
WITH due_key AS (
  SELECT id FROM accounts_apikey WHERE id = %(key)s
    AND (last_used_at IS NULL OR last_used_at <= statement_timestamp() - make_interval(secs => %(every)s))
    FOR NO KEY UPDATE SKIP LOCKED
), key AS (
  UPDATE accounts_apikey k SET last_used_at = statement_timestamp() FROM due_key WHERE k.id = due_key.id
), due_secret AS (
  SELECT id FROM accounts_apikeysecret WHERE id = %(secret)s
    AND (last_used_at IS NULL OR last_used_at <= statement_timestamp() - make_interval(secs => %(every)s))
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE accounts_apikeysecret s SET last_used_at = statement_timestamp() FROM due_secret WHERE s.id = due_secret.id
"""


def find(text: str) -> Actor:
    """The actor behind a presented key: one query, and a write at most once a minute.

    Raises Unauthenticated (unknown, expired, revoked, rotated away and of a closed team all look alike), or Forbidden
    `address_not_allowed`. A suspended team's keys still open (to read); what starts something new checks the team."""
    lookup = key_format.lookup_of(text)
    if lookup is None:
        raise Unauthenticated("This is not an API key of ours.")
    given = key_format.digest(text)
    secrets = list(_live().filter(api_key__lookup=lookup).select_related("api_key__team"))
    proof = next((secret for secret in secrets if hmac.compare_digest(bytes(secret.digest), given)), None)
    if proof is None:
        raise _refused()
    key = proof.api_key
    address = origin.current().ip
    if not key_networks.allows(key.allowed_ips, address):
        raise Forbidden(f"This key may not be used from {address or 'here'}.", code="address_not_allowed")
    moment: datetime = proof.moment  # type: ignore[attr-defined]  # annotated
    if any(used is None or used <= moment - TOUCH_EVERY for used in (key.last_used_at, proof.last_used_at)):
        with connection.cursor() as cursor:
            cursor.execute(_TOUCH, {"key": key.pk, "secret": proof.pk, "every": TOUCH_EVERY.total_seconds()})
    return Actor(team=key.team, permissions=roles.of_scopes(key.scopes), api_key=key, secret=proof)


def require_live(actor: Actor) -> Actor:
    """The actor of a key anew, in the transaction that acts for it; a member in a browser as they are.

    Until that transaction ends nobody can revoke, rotate or change the key, so nothing is accepted by a key after its
    revocation has been answered. Raises Unauthenticated."""
    if actor.api_key is None:
        return actor
    lock(actor.api_key.pk, shared=True)
    secrets = _live().filter(api_key=actor.api_key).select_related("api_key__team")
    if actor.secret is not None:
        secrets = secrets.filter(pk=actor.secret.pk)
    proof = secrets.first()
    if proof is None:
        raise _refused()
    key = proof.api_key
    return replace(actor, team=key.team, permissions=roles.of_scopes(key.scopes), api_key=key)


def lock(key_id: int, *, shared: bool = False) -> None:
    """Holds the key until the transaction ends: shared by those who act with it, alone by those who change it.

    An advisory lock and not the row's: its queue is fair, so a flood of requests cannot hold off a revocation, and
    `last_used_at` can be written meanwhile."""
    how = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {how}(hashtextextended(%s, 0))", [f"framehouse:key:{key_id}"])  # noqa: S608


def _live() -> QuerySet[ApiKeySecret]:
    """Every secret that opens a door now, by the database's clock."""
    return (
        ApiKeySecret.objects.filter(
            Q(ends_at=None) | Q(ends_at__gt=Now()), api_key__revoked_at=None, api_key__expires_at__gt=Now()
        )
        .exclude(api_key__team__status=TeamStatus.CLOSED)
        .annotate(moment=Now())
    )


def _refused() -> Unauthenticated:
    return Unauthenticated("This API key is unknown, expired or revoked.")
