"""Seals what waits to be sent: a leaked dump of the database holds no usable link (issue 3, "done when").

The keys follow from SECRET_KEY, which is not in the database; SECRET_KEY_FALLBACKS open what earlier ones sealed.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """Sealed with a key that we no longer have, or not by us."""


def seal(content: bytes) -> bytes:
    return _keys().encrypt(content)


def unseal(sealed: bytes) -> bytes:
    """What was sealed. Raises Unreadable."""
    try:
        return _keys().decrypt(sealed)
    except InvalidToken as error:
        raise Unreadable from error


def _keys() -> MultiFernet:
    return MultiFernet([_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"framehouse mail").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
