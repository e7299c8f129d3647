"""From where a request comes: its address, browser and id, for limits and for the audit log.

The address is the one that the last proxy of ours saw: with TRUSTED_PROXY_COUNT = n it is the n-th from the right of
X-Forwarded-For, never the leftmost, which anybody can write (faults.md row 74).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from project.text import printable

UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - a word for "none", nothing listens there


@dataclass(frozen=True)
class Origin:
    """`ip` is None outside a request (a worker, a command)."""

    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""


_NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)


def current() -> Origin:
    """Where the request that is being answered comes from; an empty Origin outside of one."""
    return _current.get()


def client_ip(request: HttpRequest) -> str:
    """The caller's address, normalized; an IPv4 address in IPv6 clothes is unwrapped."""
    text = request.META.get("REMOTE_ADDR") or UNKNOWN_ADDRESS
    trusted: int = settings.TRUSTED_PROXY_COUNT
    if trusted:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        if len(hops) >= trusted:
            text = hops[-trusted]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return UNKNOWN_ADDRESS
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


class OriginMiddleware:
    """Remembers the origin while the request is answered. Stands after RequestIdMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        origin = Origin(
            ip=client_ip(request),
            user_agent=printable(request.headers.get("User-Agent", ""))[:200],
            request_id=request.META.get("FRAMEHOUSE_REQUEST_ID", ""),
        )
        token = _current.set(origin)
        try:
            return self.get_response(request)
        finally:
            _current.reset(token)
