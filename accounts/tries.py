"""Counting tries against the limits of limits.py, and saying when there is room again."""

from __future__ import annotations

from math import ceil
from time import time

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from project.errors import RateLimited

APP = "allauth.account"
OF_PAGE = {
    "account_login": "login",
    "account_signup": "signup",
    "account_reauthenticate": "reauthenticate",
    "mfa_reauthenticate": "reauthenticate",
    "account_change_password": "change_password",
    "account_reset_password": "reset_password",
    "account_reset_password_from_key": "reset_password_from_key",
    "settings_address": "change_address",
    "address_change": "confirm_address",
}
LEAST_WAIT = 10  # seconds, where a page has no limit of its own


def spend(request: HttpRequest, action: str, *, key: str | None = None) -> None:
    """Counts one try of an action of limits.ACCOUNT. Raises RateLimited, with when to come back, for one too many."""
    if ratelimit.consume(request, app=APP, action=action, key=key, limit_get=True) is None:
        wait = seconds_to_wait(request, action=action, key=key)
        raise RateLimited(
            "This was asked for too often in a short time. Wait, then try again.", headers={"Retry-After": str(wait)}
        )


def seconds_to_wait(request: HttpRequest, *, action: str, key: str | None = None) -> int:
    """Seconds until a try like this one has room again, by the counts that refused it."""
    waits = [LEAST_WAIT]
    for rate in ratelimit.get_rates(app=APP, action=action):
        if (rate.per == "user" and not request.user.is_authenticated) or (rate.per == "key" and key is None):
            continue
        tries = cache.get(ratelimit.get_cache_key(request, app=APP, action=action, rate=rate, key=key), [])
        if len(tries) >= rate.amount:
            waits.append(ceil(tries[rate.amount - 1] + rate.duration - time()))
    return max(waits)


def too_many(request: HttpRequest) -> HttpResponse:
    """The page for one try too many, with Retry-After: what allauth shows by the name handler429."""
    match = request.resolver_match
    action = OF_PAGE.get(match.url_name or "") if match else None
    typed = request.POST.get("email", "").strip().lower()
    wait = seconds_to_wait(request, action=action, key=typed) if action else LEAST_WAIT
    answer = render(request, "429.html", {"wait": wait}, status=429)
    answer["Retry-After"] = str(wait)
    return answer
