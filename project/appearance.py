"""Light, dark or as the system has it: a choice of this browser, kept in a cookie for a year."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

COOKIE, KEPT = "theme", 365 * 24 * 3600  # seconds
THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}


def theme(request: HttpRequest) -> dict[str, object]:
    """For every template: the theme that was chosen, `system` without a choice, and all there are."""
    chosen = request.COOKIES.get(COOKIE, "")
    return {"theme": chosen if chosen in THEMES else "system", "themes": THEMES}


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """POST /appearance: `theme`; then back to the page that it was chosen on. What is no theme changes nothing."""
    response = HttpResponseRedirect(_back(request), status=303)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie(
            COOKIE, chosen, max_age=KEPT, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    return response


def _back(request: HttpRequest) -> str:
    """The page that the browser came from, if it is one of ours: no page repeats its own address in its body."""
    try:
        came = urlsplit(request.headers.get("Referer", ""))
    except ValueError:  # no address at all
        return "/"
    if came.netloc != request.get_host() or not came.path.startswith("/") or came.path.startswith("//"):
        return "/"
    return came.path + (f"?{came.query}" if came.query else "")
