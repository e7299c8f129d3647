"""One line for each request of the API: what was asked by whom, how it ended and how long it took.

The route and never the path, and nothing of the query: neither may hold what a caller typed.
"""

from __future__ import annotations

import logging
import time

from django.http import HttpRequest, HttpResponse

from accounts.actors import Actor
from project.middleware import Handler

log = logging.getLogger("project.access")


class AccessLogMiddleware:
    """`GET /api/v1/generations/<str:public_id> 200 7 ms key=key_... team=team_...`; the request id stands before it.

    Stands after RequestIdMiddleware."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            match = request.resolver_match
            actor = getattr(request, "auth", None)  # REST framework leaves it there
            key = actor.api_key if isinstance(actor, Actor) else None
            log.info(
                "%s /%s %d %d ms key=%s team=%s",
                str(request.method)[:20],
                match.route if match else "",
                response.status_code,
                (time.perf_counter() - begun) * 1000,
                key.public_id if key else "-",
                actor.team.public_id if isinstance(actor, Actor) else "-",
            )
        return response
