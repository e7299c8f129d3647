"""Browsers that are known for an address: they signed in with it before, or reached its mailbox.

What strangers try does not count against them (limits.py), so nobody can lock a person out. The cookie is a signature
over a random name and the digests of addresses: it opens nothing, and ends with nothing but a limit of its own.
"""

from __future__ import annotations

import secrets
from typing import TypedDict

from allauth.core.internal.ratelimit import truncate_ip
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from project.origin import client_ip

SALT = "accounts.browsers"
LIFETIME = 180 * 24 * 3600  # seconds
MOST_ADDRESSES = 5  # people who share one browser
REACHED = "reached_mailbox"  # session: the digest of an address whose mailbox this browser has reached


class Known(TypedDict):
    name: str
    addresses: list[str]


def cookie_name() -> str:
    return "__Host-known" if settings.SESSION_COOKIE_SECURE else "known"


def caller(request: HttpRequest, address: str) -> str:
    """Who tries to sign in with this address: the known browser's name, or else the network of the request."""
    known = _read(request)
    if known and digest(address) in known["addresses"]:
        return f"browser:{known['name']}"
    if request.session.get(REACHED) == digest(address):
        return f"mailbox:{request.session.session_key}"
    return f"network:{truncate_ip(client_ip(request))}"


def is_known(request: HttpRequest, address: str) -> bool:
    """Whether this browser is known for the address."""
    return not caller(request, address).startswith("network:")


def remember(request: HttpRequest, response: HttpResponse, address: str) -> None:
    """From now on this browser is known for the address, beside those it was known for."""
    known = _read(request) or Known(name=secrets.token_urlsafe(16), addresses=[])
    mark = digest(address)
    others = [other for other in known["addresses"] if other != mark]
    known = Known(name=known["name"], addresses=[mark, *others][:MOST_ADDRESSES])
    response.set_cookie(
        cookie_name(),
        signing.dumps(known, salt=SALT),
        max_age=LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def reached_mailbox(request: HttpRequest, address: str) -> None:
    """This session opened a link that only the mailbox has: known until it ends."""
    request.session[REACHED] = digest(address)


def digest(address: str) -> str:
    """What a cookie says of an address."""
    return salted_hmac(SALT, address.lower()).hexdigest()[:32]


def _read(request: HttpRequest) -> Known | None:
    try:
        known: Known = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return known
