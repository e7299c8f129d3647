"""What every page for members has in common: sign-in, the actor, and what the role may."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts import access
from accounts.actors import Actor
from accounts.models import User

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request of a signed-in member, as the views of pages see it."""

    actor: Actor
    htmx: HtmxDetails
    user: User


Page = Callable[Concatenate[MemberRequest, P], HttpResponse]
Guarded = Callable[Concatenate[HttpRequest, P], HttpResponse]


def member_page(permission: str) -> Callable[[Page[P]], Guarded[P]]:
    """Lets members in whose role has `permission`, with `request.actor` set.

    Others are sent to sign in (an htmx request by a redirect of the whole page), or get Forbidden. The answer is
    private: no shared cache may keep a team's page."""

    def decorate(view: Page[P]) -> Guarded[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            member = cast(MemberRequest, request)
            if not request.user.is_authenticated:
                return _sign_in(member)
            member.actor = access.actor_of_session(request)
            access.require(member.actor, permission)
            response = view(member, *args, **kwargs)
            patch_cache_control(response, private=True, no_cache=True)
            return response

        return guarded

    return decorate


def _sign_in(request: MemberRequest) -> HttpResponse:
    """To the sign-in page and back; a fragment's request brings back the page that it stood on."""
    login = resolve_url("account_login")
    if request.htmx:
        back = request.htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(back, login).url)
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/studio", login)
