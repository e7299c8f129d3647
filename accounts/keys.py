"""API keys: issue, rotate, change, revoke (design sections 3 and 6, faults.md E8, rows 68 and 69).

A key belongs to the team and outlives whoever made it. Its text is shown once. Rotation gives it a new secret and
keeps its id, budgets and history. Nobody gives more than they have: making, rotating and changing a key needs
permission for every scope on it, because each of these can put its power into the hands of who does it; taking away
(revoke, end old secrets) only needs MANAGE.

`by` is an Actor whose authority is looked at again under the lock. A User, a program's name or None is a command of
ours, which may give everything. Order of locks: key (key_proof.lock), team.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from accounts import access, audit, key_format, key_mail, key_proof, key_rules, roles
from accounts.actors import Actor
from accounts.key_proof import find as find
from accounts.models import Action, ApiKey, ApiKeySecret, Role, Team, TeamStatus, User
from project import db
from project.errors import Conflict, Forbidden
from project.times import stamp


def issue(
    *,
    team: Team,
    name: str,
    scopes: Iterable[str],
    by: audit.Doer | None,
    expires_at: datetime | None = None,
    allowed_ips: Iterable[str] = (),
    allowed_models: Iterable[str] = (),
    once: str = "",
) -> tuple[ApiKey, str]:
    """Makes a key of a team, good for a year by default. Returns the row and the key's text, not to be had again.

    `once` names the wish: the same wish of the same team is fulfilled only once. Raises Invalid by field, Forbidden,
    Conflict (`already_issued` with the key's id, `too_many_keys`, `team_not_active`)."""
    with transaction.atomic():
        team = _locked_team(team.pk)
        permissions = _permissions(by)
        if team.status != TeamStatus.ACTIVE:
            raise Conflict(f"The team is {team.status}: it cannot make keys.", code="team_not_active")
        wish = _wish(team, once)
        if ApiKey.objects.filter(team=team, uuid=wish).exists():
            raise Conflict(
                "This key was made already. Its text was shown once.",
                code="already_issued",
                extra={"key": f"key_{wish.hex}"},
            )
        if ApiKey.objects.filter(team=team, revoked_at=None, expires_at__gt=Now()).count() >= key_rules.MOST_KEYS:
            raise Conflict(
                f"A team has at most {key_rules.MOST_KEYS} keys. Revoke one that is not used.", code="too_many_keys"
            )
        moment = db.now()
        terms = key_rules.terms(
            name=name,
            scopes=scopes,
            allowed_ips=allowed_ips,
            allowed_models=allowed_models,
            expires_at=expires_at or moment + key_rules.LIFETIME,
            permissions=permissions,
            moment=moment,
        )
        key = ApiKey.objects.create(
            uuid=wish,
            team=team,
            lookup=key_format.new_lookup(),
            created_by=by if isinstance(by, User) else by.user if isinstance(by, Actor) else None,
            created_at=moment,
            expiry_notice=key_rules.notice_due(terms.expires_at, moment),
            **vars(terms),
        )
        text = _add_secret(key)
        _record(Action.KEY_ISSUED, key, by, _shown(key))
        if isinstance(by, Actor):  # who ran a command of ours has the key before them
            key_mail.issued(key, by=by)
    return key, text


def rotate(
    *,
    key: ApiKey,
    by: audit.Doer | None,
    overlap: timedelta | None = key_rules.OVERLAP,
    expires_at: datetime | None = None,
    seen: int | None = None,
) -> tuple[ApiKey, str]:
    """Gives a key a new secret and a year more (or until `expires_at`). Returns the row and the new text.

    The present secret ends after `overlap`, or now without one, as after a leak; earlier ones keep their own ends.
    `seen` is how many secrets the key had when this was decided. Raises Conflict (`key_ended`, `rotated_meanwhile`,
    `too_many_secrets`), Forbidden, Invalid."""
    with transaction.atomic():
        key, permissions = _locked(key, by)
        moment = db.now()
        _require_usable(key, moment)
        _require_all_scopes(key, permissions)
        secrets = ApiKeySecret.objects.filter(api_key=key)
        if seen is not None and seen != secrets.count():
            raise Conflict("This key was rotated since you opened the page.", code="rotated_meanwhile")
        ends_at = moment + (overlap or timedelta())
        secrets.filter(ends_at=None).update(ends_at=ends_at)
        if secrets.filter(ends_at__gt=moment).count() >= key_rules.MOST_SECRETS:
            raise Conflict(
                f"{key_rules.MOST_SECRETS} secrets of this key still work. End the earlier ones first.",
                code="too_many_secrets",
            )
        before = key.expires_at
        key.expires_at = _terms(key, permissions, moment, expires_at or moment + key_rules.LIFETIME).expires_at
        key.expiry_notice = key_rules.notice_due(key.expires_at, moment)
        key.save(update_fields=["expires_at", "expiry_notice"])
        text = _add_secret(key)
        data = {
            "before": {"expires_at": stamp(before)},
            "after": {"expires_at": stamp(key.expires_at)},
            "old_secret_ends_at": stamp(ends_at),
        }
        _record(Action.KEY_ROTATED, key, by, data)
        key_mail.rotated(key, by=by, ends_at=ends_at, at_once=not overlap)
    return key, text


def change(
    *,
    key: ApiKey,
    by: audit.Doer | None,
    name: str,
    scopes: Iterable[str],
    allowed_ips: Iterable[str],
    allowed_models: Iterable[str],
    expires_at: datetime | None = None,
) -> ApiKey:
    """Gives a key other terms; without `expires_at` its end stays. Whoever could not have given what it holds now may
    not change it either. Raises Invalid by field, Conflict `key_ended`, Forbidden."""
    with transaction.atomic():
        key, permissions = _locked(key, by)
        moment = db.now()
        _require_usable(key, moment)
        _require_all_scopes(key, permissions)
        before = _shown(key)
        terms = key_rules.terms(
            name=name,
            scopes=scopes,
            allowed_ips=allowed_ips,
            allowed_models=allowed_models,
            expires_at=expires_at or key.expires_at,
            permissions=permissions,
            moment=moment,
            kept_models=key.allowed_models,
        )
        if terms.expires_at != key.expires_at:
            key.expiry_notice = key_rules.notice_due(terms.expires_at, moment)
        for field, value in vars(terms).items():
            setattr(key, field, value)
        after = _shown(key)
        moved = [field for field in after if after[field] != before[field]]
        if moved:
            key.save(update_fields=[*vars(terms), "expiry_notice"])
            data = {"before": {name: before[name] for name in moved}, "after": {name: after[name] for name in moved}}
            _record(Action.KEY_CHANGED, key, by, data)
    return key


def end_old_secrets(*, key: ApiKey, by: audit.Doer | None) -> int:
    """Ends every secret but the present one now. Returns how many still worked."""
    with transaction.atomic():
        key_proof.lock(key.pk)
        _permissions(by)
        ended = ApiKeySecret.objects.filter(api_key=key, ends_at__gt=Now()).update(ends_at=Now())
        if ended:
            _record(Action.KEY_OLD_SECRET_ENDED, key, by, {"secrets": ended})
    return ended


def revoke(*, key: ApiKey, by: audit.Doer | None, reason: str = "") -> ApiKey:
    """Ends a key for good: once this has returned and its transaction is committed, nothing is accepted with it.

    What runs already goes on and is charged (faults.md row 68). A key that is revoked stays as it was."""
    with transaction.atomic():
        key_proof.lock(key.pk)
        _permissions(by)
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
            _record(Action.KEY_REVOKED, key, by, {"reason": reason} if reason else {})
            key_mail.revoked(key, by=by, reason=reason)
        key.refresh_from_db()
    return key


def may_give(key: ApiKey, permissions: frozenset[str]) -> bool:
    """Whether somebody with these permissions may rotate and change this key."""
    return not key_rules.missing_scopes(key.scopes, permissions)


def _locked(key: ApiKey, by: audit.Doer | None) -> tuple[ApiKey, frozenset[str]]:
    """The key anew, its team held against a change of members, and what `by` may give."""
    key_proof.lock(key.pk)
    team = _locked_team(key.team_id)
    permissions = _permissions(by)
    if team.status == TeamStatus.CLOSED:
        raise Conflict("The team is closed: its keys are dead.", code="key_ended")
    rows = ApiKey.objects.select_for_update(no_key=True, of=("self",)).select_related("team")
    return rows.get(pk=key.pk), permissions


def _locked_team(team_id: int) -> Team:
    return Team.objects.select_for_update(no_key=True).get(pk=team_id)


def _permissions(by: audit.Doer | None) -> frozenset[str]:
    """What `by` may give now. Raises Forbidden when they may not manage keys, or not any more."""
    return access.still(by, roles.MANAGE).permissions if isinstance(by, Actor) else roles.of_role(Role.OWNER)


def _require_usable(key: ApiKey, moment: datetime) -> None:
    if key.revoked_at is not None:
        raise Conflict("This key is revoked, and that is final. Make a new one.", code="key_ended")
    if key.expires_at <= moment:
        raise Conflict("This key has expired. Make a new one.", code="key_ended")


def _require_all_scopes(key: ApiKey, permissions: frozenset[str]) -> None:
    beyond = key_rules.missing_scopes(key.scopes, permissions)
    if beyond:
        raise Forbidden(
            f"This key holds the scope “{beyond[0]}”, which your role cannot give. You may revoke the key; "
            "changing it takes somebody who has all of its scopes, such as an owner.",
            code="scope_beyond_role",
        )


def _terms(key: ApiKey, permissions: frozenset[str], moment: datetime, expires_at: datetime) -> key_rules.Terms:
    """The key's present terms with another end."""
    return key_rules.terms(
        name=key.name,
        scopes=key.scopes,
        allowed_ips=key.allowed_ips,
        allowed_models=key.allowed_models,
        expires_at=expires_at,
        permissions=permissions,
        moment=moment,
        kept_models=key.allowed_models,
    )


def _add_secret(key: ApiKey) -> str:
    text = key_format.new_text(key.lookup)
    ApiKeySecret.objects.create(api_key=key, digest=key_format.digest(text))
    return text


def _wish(team: Team, once: str) -> uuid.UUID:
    """The uuid of the key that a wish becomes: the unique column keeps a form that is sent twice from making two."""
    if not once:
        return uuid.uuid4()
    mark = hmac.new(settings.SECRET_KEY.encode(), f"key:{team.pk}:{once}".encode(), hashlib.sha256)
    return uuid.UUID(bytes=mark.digest()[:16], version=4)


def _shown(key: ApiKey) -> dict[str, Any]:
    """A key's terms as the audit log keeps them."""
    return {
        "name": key.name,
        "scopes": list(key.scopes),
        "allowed_ips": list(key.allowed_ips),
        "allowed_models": list(key.allowed_models),
        "expires_at": stamp(key.expires_at),
    }


def _record(action: Action, key: ApiKey, by: audit.Doer | None, data: dict[str, Any]) -> None:
    audit.record(action, by=by or audit.SYSTEM, team=key.team, target=key.public_id, target_name=key.name, data=data)
