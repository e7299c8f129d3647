"""Second factors: what proves one, once; who has one; which team asks for one.

A code of an authenticator app counts once, and none before it after it (RFC 6238 section 5.2): django-allauth
remembers a used code for 30 s in the cache, while it is valid for 90 s. So the last used step stands in the
factor's own row, written under its lock: of two sign-ins with one code, at once or later, at most one goes on.
"""

from __future__ import annotations

import hashlib

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt, is_mfa_enabled
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from fido2.webauthn import AuthenticatorData

from accounts.models import Team, TeamStatus, User
from project import db

LAST_STEP = "last_step"  # in the data of an authenticator app: the step of the code that was used last
SIGN_COUNT = "sign_count"  # in the data of a passkey: its own count of signatures when it was used last


def has_factor(user: User) -> bool:
    """Whether the person has an authenticator app or a passkey. Recovery codes alone do not count."""
    return bool(is_mfa_enabled(user))


def proven(request: HttpRequest) -> bool:
    """Whether the signed-in person has shown a second factor (or a recovery code) in this very session."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


def teams_that_require_one(user: User) -> list[Team]:
    """The teams of the person that let nobody in without a second factor."""
    teams = Team.objects.filter(memberships__user=user, memberships__ended_at=None, requires_mfa=True)
    return list(teams.exclude(status=TeamStatus.CLOSED).order_by("name"))


def accept_code(user: User, code: str) -> Authenticator | None:
    """The factor that this code proves (an authenticator app, or the recovery codes), or None for a wrong, used or
    old one. The code is spent by it. The caller counts the tries."""
    with transaction.atomic():
        # The lock makes the second of two equal codes wait and then see that the step was used.
        rows = Authenticator.objects.select_for_update(no_key=True).filter(user=user)
        app = rows.filter(type=Authenticator.Type.TOTP).first()
        if app and _spend_step(app, code):
            return app
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return codes if codes and codes.wrap().validate_code(code) else None


def _spend_step(app: Authenticator, code: str) -> bool:
    """The caller holds the row's lock."""
    secret = decrypt(app.data["secret"])
    used = max(app.data.get(LAST_STEP, 0), cache.get(_first_code(app.user_id, secret), 0))
    step = step_of(secret, code, after=used)
    if step is None:
        return False
    app.data[LAST_STEP] = step
    app.save(update_fields=["data"])
    return True


def step_of(secret: str, code: str, *, after: int = 0) -> int | None:
    """The step of 30 s (RFC 6238) later than `after` whose code this is, now or MFA_TOTP_TOLERANCE steps beside."""
    now = int(db.now().timestamp()) // app_settings.TOTP_PERIOD
    for step in range(now - app_settings.TOTP_TOLERANCE, now + app_settings.TOTP_TOLERANCE + 1):
        if step > after and compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return step
    return None


def spend_first_code(user: User, secret: str, step: int) -> bool:
    """Marks the code with which an authenticator app is being added as used, before its row is there. False when
    the same secret is being added already: a form sent twice."""
    validity = (2 * app_settings.TOTP_TOLERANCE + 1) * app_settings.TOTP_PERIOD
    return bool(cache.add(_first_code(user.pk, secret), step, timeout=validity))


def _first_code(user_id: int, secret: str) -> str:
    return f"mfa.first_code:{user_id}:{hashlib.sha256(secret.encode()).hexdigest()}"


def accept_count(passkey: Authenticator, answer: AuthenticatorData) -> bool:
    """Keeps the passkey's count of signatures. False when it did not grow: the answer is a replay, or the key has a
    twin (WebAuthn section 6.1.1). Passkeys that are synchronized always say 0, which is let through."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update(no_key=True).filter(pk=passkey.pk).first()
        if row is None:
            return False
        known = row.data.get(SIGN_COUNT, row.wrap().authenticator_data.counter)
        if (known or answer.counter) and answer.counter <= known:
            return False
        row.data[SIGN_COUNT] = answer.counter
        row.save(update_fields=["data"])
    return True
