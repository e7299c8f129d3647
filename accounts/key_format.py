"""The text of an API key: `fh_live_<id>_<secret><checksum>` (design section 6, faults.md E8, invariants.md K1).

The id finds the row, the secret proves it, the checksum lets a mistyped or invented key be refused before any
database hit. Only an HMAC under a pepper of its own is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib

from django.conf import settings

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LOOKUP_LENGTH = 8
SECRET_LENGTH = 30  # 178 bits; a fast hash needs 112 (ASVS 6.5.2)
CHECKSUM_LENGTH = 6
KEY = re.compile(r"fh_live_([0-9A-Za-z]{8})_([0-9A-Za-z]{30})([0-9A-Za-z]{6})", re.ASCII)


def new_lookup() -> str:
    """The `<id>` of a new key."""
    return _random(LOOKUP_LENGTH)


def new_text(lookup: str) -> str:
    """A key's text with this id and a new secret."""
    secret = _random(SECRET_LENGTH)
    return f"fh_live_{lookup}_{secret}{checksum(lookup + secret)}"


def lookup_of(text: str) -> str | None:
    """The `<id>` in a key's text; None when its form or its checksum is wrong."""
    match = KEY.fullmatch(text)
    if match is None or not hmac.compare_digest(checksum(match[1] + match[2]), match[3]):
        return None
    return match[1]


def found_in(text: str) -> list[str]:
    """All keys' texts with a right checksum in a longer text, each once, in the order of their appearance."""
    return [found for found in dict.fromkeys(match[0] for match in KEY.finditer(text)) if lookup_of(found)]


def start_of(lookup: str) -> str:
    """What a page shows of a key: enough to tell it from others, nothing that opens a door."""
    return f"fh_live_{lookup}_…"


def digest(text: str) -> bytes:
    """HMAC-SHA256 under the pepper: what a database dump holds of a key."""
    return hmac.new(settings.API_KEY_PEPPER.encode(), text.encode(), hashlib.sha256).digest()


def checksum(body: str) -> str:
    """Six base62 digits of a CRC32, as GitHub's tokens have."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, rest = divmod(number, 62)
        digits = ALPHABET[rest] + digits
    return digits


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
