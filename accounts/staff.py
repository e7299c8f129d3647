"""The staff's gate: who may see the admin, and where the others are sent.

Only active staff who have a second factor, in a session that has shown one. Django's own sign-in form of the admin is
never shown: it knows neither the limits of sign-in nor second factors. Its change of password is ours too.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from accounts import factors
from accounts.models import User
from project.errors import Forbidden


class StaffSite(AdminSite):
    """The admin, behind sign-in with a second factor."""

    site_header = site_title = "Framehouse staff"
    index_title = "What staff may look at and switch"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this request is of active staff who have a second factor and have shown it in this session."""
        user = request.user
        if not (isinstance(user, User) and user.is_active and user.is_staff):
            return False
        return factors.has_factor(user) and factors.proven(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sends on: to sign in, to add a second factor, to show it, or to the page asked for. Raises Forbidden for
        those who are no staff."""
        return _gate(request, self)

    def password_change(  # type: ignore[override]  # a redirect, not a page
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The one page of ours that changes passwords: it asks for a fresh proof and ends other sessions."""
        return redirect("account_change_password")


@never_cache
def _gate(request: HttpRequest, site: StaffSite) -> HttpResponse:
    wanted = _wanted(request)
    user = request.user
    if not isinstance(user, User):
        return redirect_to_login(wanted, resolve_url("account_login"))
    if not (user.is_staff and user.is_active):
        raise Forbidden("This part is for Framehouse's own staff.")
    if not factors.has_factor(user):
        messages.warning(request, "Staff need a second factor. Add one to go on.")
        return redirect("mfa_index")
    if not site.has_permission(request):
        by_code = is_mfa_enabled(user, [Authenticator.Type.TOTP])
        proof = "mfa_reauthenticate" if by_code else "mfa_reauthenticate_webauthn"
        return redirect_to_login(wanted, reverse(proof))
    return HttpResponseRedirect(wanted)


def _wanted(request: HttpRequest) -> str:
    """The page of ours that was asked for; the admin's first page when none was, or one of another host."""
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours and not wanted.startswith(reverse("admin:login")) else reverse("admin:index")
