"""What every page for members has in common: sign-in, the actor, what the role may, a second factor where the team
requires one, and a fresh proof before what is dangerous."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.cache import patch_cache_control
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts import access, viewing
from accounts.actors import Actor
from accounts.models import User

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request of a signed-in member, as the views of pages see it."""

    actor: Actor
    htmx: HtmxDetails
    user: User


Page = Callable[Concatenate[MemberRequest, P], HttpResponseBase]
Guarded = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def member_page(permission: str, *, fresh: bool = False) -> Callable[[Page[P]], Guarded[P]]:
    """Lets members in whose role has `permission`, with `request.actor` set. `fresh` asks for a proof of identity
    that is not older than ACCOUNT_REAUTHENTICATION_TIMEOUT seconds, and goes on with the same request after it.

    Staff who look at a team's pages only read, and see none that asks for a fresh proof (viewing.py).

    Others are sent to sign in (an htmx request by a redirect of the whole page), to add a second factor, or get
    Forbidden. The answer is private: no shared cache may keep a team's page."""

    def decorate(view: Page[P]) -> Guarded[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            member = cast(MemberRequest, request)
            if not request.user.is_authenticated:
                return _sign_in(member)
            member.actor = access.actor_of_session(request)
            access.require(member.actor, permission)
            if member.actor.viewer is not None and (fresh or request.method not in ("GET", "HEAD")):
                raise viewing.refusal(member.actor)
            if member.actor.team.requires_mfa and not is_mfa_enabled(member.user):
                return _add_a_factor(member)
            if fresh:
                require_fresh(request)
            response = view(member, *args, **kwargs)
            patch_cache_control(response, private=True, no_cache=True)
            return response

        return guarded

    return decorate


def person_page(*, fresh: bool = False) -> Callable[[Page[P]], Guarded[P]]:
    """Lets in whoever is signed in, with or without a team, whatever their role: for pages about the person. `fresh`
    as in member_page. A team's wish for a second factor does not bar them: it is added on such a page."""

    def decorate(view: Page[P]) -> Guarded[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            person = cast(MemberRequest, request)
            if not request.user.is_authenticated:
                return _sign_in(person)
            if fresh:
                require_fresh(request)
            response = view(person, *args, **kwargs)
            patch_cache_control(response, private=True, no_cache=True)
            return response

        return guarded

    return decorate


def require_fresh(request: HttpRequest) -> None:
    """Asks for a fresh proof of identity where only one branch of a page is dangerous, and comes back here."""
    if is_reauthentication_required(request, app="accounts"):
        raise ReauthenticationRequired  # allauth's middleware asks


def _add_a_factor(request: MemberRequest) -> HttpResponse:
    """To the page of second factors, with the reason."""
    messages.warning(request, f"{request.actor.team.name} requires a second factor. Add one to go on.")
    address = resolve_url("mfa_index")
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def _sign_in(request: MemberRequest) -> HttpResponse:
    """To the sign-in page and back; a fragment's request brings back the page that it stood on."""
    login = resolve_url("account_login")
    if request.htmx:
        back = request.htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(back, login).url)
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/studio", login)
