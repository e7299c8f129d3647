"""What django-allauth's second factors ask the house: how their secrets rest in the database, and our words.

A dump of the database holds no usable secret: the authenticator app's secret and the seed of the recovery codes are
encrypted with a key that is derived from SECRET_KEY, which no table holds (faults.md E6). After SECRET_KEY was
changed, the keys in SECRET_KEY_FALLBACKS still open what was written before.
"""

from __future__ import annotations

import base64
import logging
from functools import lru_cache
from typing import ClassVar

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from accounts.models import User
from project.errors import Unavailable

log = logging.getLogger(__name__)

VERSION = "v1:"  # of the way in which a secret is written; a new way gets a new word before it
_PURPOSE = b"framehouse: secrets of second factors, v1"


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Secrets encrypted at rest, and error messages in our words."""

    error_messages: ClassVar[dict[str, str]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is wrong, was used already, or is too old. Try the next one.",
        "unverified_email": "Confirm your e-mail address first: without it you could be locked out.",
        "cannot_generate_recovery_codes": "Add an authenticator app or a passkey first.",
        "wrong_key": "This passkey was not accepted. Try again, or use another way.",
        "known_key": "This passkey is in your list already, or the list is full.",
    }

    def encrypt(self, text: str) -> str:
        """The text as it may be stored: `v1:` and a Fernet token."""
        return VERSION + _box().encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` was given. Raises Unavailable when none of our keys opens it: nothing falls back to
        reading it as plain text."""
        try:
            if not encrypted_text.startswith(VERSION):
                raise InvalidToken
            return _box().decrypt(encrypted_text.removeprefix(VERSION).encode()).decode()
        except InvalidToken:
            log.error("a second factor's secret is not readable with SECRET_KEY or SECRET_KEY_FALLBACKS")  # noqa: TRY400 - a trace would say no more
            raise Unavailable("Your second factor cannot be read here any more. Please write to our staff.") from None

    def is_mfa_enabled(self, user: User, types: list[str] | None = None) -> bool:
        """Recovery codes alone are no second factor: they only stand in for one."""
        return bool(super().is_mfa_enabled(user, types or [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]))

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002 - allauth's name
        """The name that the form for a new passkey proposes."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def _get_site_name(self) -> str:
        return "Framehouse"


def _box() -> MultiFernet:
    return _box_of(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=8)
def _box_of(*secrets: str) -> MultiFernet:
    """Writes with the first secret, reads with any."""
    return MultiFernet([Fernet(_derived(secret)) for secret in secrets])


def _derived(secret: str) -> bytes:
    # HKDF (RFC 5869): SECRET_KEY is long and random, so no slow derivation is needed; the purpose keeps it apart.
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
