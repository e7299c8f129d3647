"""Signed links to stored files: whoever holds one may fetch one file until it expires (faults.md row 83).

Whether somebody may have a link is decided where it is made. The end is rounded up to a full hour, so that
the same file has the same address for an hour and browsers keep what they have.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.signing import Signer
from django.utils.crypto import constant_time_compare

_STEP = 3600
_SALT = "generations.media_links"  # of links that are out in the world


@dataclass(frozen=True)
class Link:
    """What a genuine link allows: one stored name until `expires` (Unix seconds), as a download when named."""

    name: str
    expires: int
    filename: str


class LinkExpired(Exception):
    """The link was ours, and its time is over."""


def signed_url(name: str, *, lifetime_seconds: int, filename: str | None = None) -> str:
    """An absolute address of a stored file, good for at least lifetime_seconds and less than an hour more.

    With `filename` the browser saves the file under it instead of showing it.
    """
    expires = -(-(int(time.time()) + lifetime_seconds) // _STEP) * _STEP
    return signed_until(name, expires=expires, filename=filename)


def signed_until(name: str, *, expires: int, filename: str | None = None) -> str:
    """The same, good until `expires` (Unix seconds) and not a second more."""
    signature = Signer(salt=_SALT).signature(_said(name, expires, filename or ""))
    query = {"expires": str(expires), "signature": signature}
    if filename:
        query["filename"] = filename
    return f"{settings.SITE_URL}/media/{quote(name)}?{urlencode(query)}"


def verify(path: str, query: Mapping[str, str]) -> Link | None:
    """The link behind a path (after /media/) and its query; None for a forged one.

    Raises LinkExpired for a genuine one whose time is over.
    """
    expires, filename = query.get("expires", ""), query.get("filename", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
        return None
    given, said = query.get("signature", ""), _said(path, int(expires), filename)
    signer = Signer(salt=_SALT)
    keys = (signer.key, *signer.fallback_keys)
    if not any(constant_time_compare(given, signer.signature(said, key)) for key in keys):
        return None
    if time.time() >= int(expires):
        raise LinkExpired
    return Link(path, int(expires), filename)


def _said(name: str, expires: int, filename: str) -> str:
    return f"{name}\n{expires}\n{filename}"
