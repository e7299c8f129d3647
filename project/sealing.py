"""Seals what must be read again and must not be read in a leaked dump: mail that waits, signing secrets of webhooks.

The keys follow from SECRET_KEY, which is not in the database, and from the purpose, which keeps them apart;
SECRET_KEY_FALLBACKS open what earlier ones sealed.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """Sealed with a key that we no longer have, or not by us."""


def seal(content: bytes, *, purpose: str) -> bytes:
    return _box(purpose).encrypt(content)


def unseal(sealed: bytes, *, purpose: str) -> bytes:
    """What was sealed for this purpose. Raises Unreadable."""
    try:
        return _box(purpose).decrypt(sealed)
    except InvalidToken as error:
        raise Unreadable from error


def _box(purpose: str) -> MultiFernet:
    return _box_of(purpose, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=16)
def _box_of(purpose: str, *secrets: str) -> MultiFernet:
    """Writes with the first secret, reads with any."""
    return MultiFernet([_key(secret, purpose) for secret in secrets])


def _key(secret: str, purpose: str) -> Fernet:
    # HKDF (RFC 5869): SECRET_KEY is long and random, so no slow derivation is needed.
    info = f"framehouse {purpose}".encode()
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
