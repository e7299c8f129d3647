"""Light, dark or as the system has it: a choice of this browser, kept in a cookie for a year."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

COOKIE, KEPT = "theme", 365 * 24 * 3600  # seconds
THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}


def theme(request: HttpRequest) -> dict[str, object]:
    """For every template: the theme that was chosen, `system` without a choice, and all there are."""
    chosen = request.COOKIES.get(COOKIE, "")
    return {"theme": chosen if chosen in THEMES else "system", "themes": THEMES}


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """POST /appearance: `theme`, and `next` to come back to. What is no theme changes nothing."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    response.status_code = HTTPStatus.SEE_OTHER
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie(
            COOKIE, chosen, max_age=KEPT, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    return response
