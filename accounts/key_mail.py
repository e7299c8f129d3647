"""Mail about a team's API keys: a new one, a new secret, an end, and an end that comes near."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from accounts import audit, key_format, key_rules, notify
from accounts.actors import Actor
from accounts.models import ApiKey, Membership, Role, TeamStatus, User
from project import db, origin

log = logging.getLogger(__name__)
ROUND = 200  # keys that one sweep warns of


def issued(key: ApiKey, *, by: audit.Doer) -> None:
    """To the owners, in the transaction that made the key."""
    _to(key, [Role.OWNER], "key_issued", by=by)


def rotated(key: ApiKey, *, by: audit.Doer | None, ends_at: datetime, at_once: bool) -> None:
    """To the owners: a new secret opens as much as a new key does. `ends_at` is when the one before ends."""
    _to(key, [Role.OWNER], "key_rotated", by=by, ends_at=ends_at, at_once=at_once)


def revoked(key: ApiKey, *, by: audit.Doer | None, reason: str) -> None:
    """To the owners. `reason` is a sentence of the operator's people, or nothing."""
    _to(key, [Role.OWNER], "key_revoked", by=by, reason=reason)


def warn_of_expiry() -> int:
    """Tells owners and admins 14 days and 1 day before a key ends, once each. For the minute's sweep; safe beside
    itself. Returns how many keys it warned of; one that fails is logged and does not stop the others."""
    moment = db.now()
    near, far = key_rules.NOTICES
    due = Q(expiry_notice=0, expires_at__lte=moment + far * key_rules.DAY) | Q(
        expiry_notice=far, expires_at__lte=moment + near * key_rules.DAY
    )
    keys = ApiKey.objects.filter(due, revoked_at=None, expires_at__gt=moment).exclude(team__status=TeamStatus.CLOSED)
    warned = 0
    for pk in keys.order_by("expires_at").values_list("pk", flat=True)[:ROUND]:
        try:
            warned += db.in_transaction(lambda pk=pk: _warn(pk))  # type: ignore[misc]
        except Exception:
            log.exception("no warning that key %s ends", pk)
    return warned


def _warn(pk: int) -> bool:
    locked = ApiKey.objects.select_for_update(skip_locked=True, no_key=True, of=("self",)).select_related("team")
    key = locked.filter(pk=pk, revoked_at=None, expires_at__gt=Now()).first()
    if key is None:
        return False
    due = key_rules.notice_due(key.expires_at, db.now())
    if due in (0, key.expiry_notice) or key.expiry_notice == key_rules.NOTICES[0]:
        return False
    key.expiry_notice = due
    key.save(update_fields=["expiry_notice"])
    _to(key, [Role.OWNER, Role.ADMIN], "key_expires", days=due)
    return True


def _to(key: ApiKey, roles: Iterable[str], template: str, *, by: audit.Doer | None = None, **more: Any) -> None:
    people = Membership.current.filter(team_id=key.team_id, role__in=list(roles), user__is_active=True)
    context = {
        "key": key,
        "start": key_format.start_of(key.lookup),
        "team": key.team,
        "by": _doer(by),
        "ip": origin.current().ip,
        **more,
    }
    for membership in people.select_related("user").order_by("id"):
        notify.mail(to=membership.user.email, template=template, context={**context, "role": membership.role})


def _doer(by: audit.Doer | None) -> str:
    """How a mail names who did it: the operator's people are not named to a team."""
    if isinstance(by, Actor):
        return by.user.email if by.user else f"the API key {by.name}"
    return by.email if isinstance(by, User) else "the operators of Framehouse"
