"""How often the API may be asked: by a key and its team, or by an address (issue 5 item 3).

Whoever shows a key counts for it and for its team. Requests without one count for the network that they come from, and
so, apart, do keys that are none: a neighbor's guesses never cost a good key its calls.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpResponseBase

from accounts.actors import Actor
from project import limits, origin
from project.errors import RateLimited
from project.limits import Taken

WHO = {
    "key": "This API key",
    "team": "The team, with all its API keys,",
    "address": "This address, without an API key,",
    "failed-keys": "This address, with keys that do not open,",
}


def of_caller(actor: object) -> list[Taken]:
    """Counts one request of whoever has been recognized, or of a stranger."""
    policies = settings.RATE_LIMITS
    if isinstance(actor, Actor) and actor.api_key is not None:
        return limits.take_all([(policies["key"], str(actor.api_key.pk)), (policies["team"], str(actor.team.pk))])
    return [limits.take(policy=policies["address"], subject=_network())]


def of_failed_key() -> list[Taken]:
    """Counts one request with a key that does not open."""
    return [limits.take(policy=settings.RATE_LIMITS["failed-keys"], subject=_network())]


def refuse_if_too_many(standing: Sequence[Taken]) -> None:
    """Raises RateLimited, which names the limit that takes longest to open."""
    full = [taken for taken in standing if not taken.allowed]
    if not full:
        return
    worst = max(full, key=lambda taken: taken.retry_after_seconds)
    policy, wait = worst.policy, worst.retry_after_seconds
    raise RateLimited(
        f"{WHO[policy.name]} may make {policy.quota} requests in {policy.seconds} seconds. "
        f"Try again in {wait} second{'s' if wait > 1 else ''}. Nothing was done.",
        headers={"Retry-After": str(wait)},
        extra={"rate_limit": {"policy": policy.name, "requests": policy.quota, "seconds": policy.seconds}},
    )


def tell(response: HttpResponseBase, standing: Sequence[Taken]) -> None:
    """Writes `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): of each policy the quota and
    window; what remains, and in how many seconds it grows."""
    if standing:
        response["RateLimit-Policy"] = ", ".join(
            f'"{taken.policy.name}";q={taken.policy.quota};w={taken.policy.seconds}' for taken in standing
        )
        response["RateLimit"] = ", ".join(
            f'"{taken.policy.name}";r={taken.remaining};t={taken.opens_in}' for taken in standing
        )


def _network() -> str:
    return limits.network(origin.current().ip or origin.UNKNOWN_ADDRESS)
