"""What django-allauth asks the house: limits, the audit log, one answer for known and unknown addresses."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.email_verification import send_verification_email_at_login
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress, Login
from allauth.account.utils import has_verified_email
from allauth.core.internal import ratelimit
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import access, audit, browsers, emails, sessions, tries
from accounts.identity_mail import MailAdapter
from accounts.models import Action, User
from accounts.passwords import LONGEST
from accounts.teams import ensure_own_team
from project import origin

# What allauth tells a person by mail is what the log keeps, by the mail's template.
TOLD: dict[str, tuple[Action, dict[str, str]]] = {
    "account/email/password_changed": (Action.PASSWORD_CHANGED, {}),
    "account/email/password_set": (Action.PASSWORD_CHANGED, {}),
    "account/email/password_reset": (Action.PASSWORD_RESET, {}),
    "mfa/email/totp_activated": (Action.FACTOR_ADDED, {"factor": "authenticator app"}),
    "mfa/email/totp_deactivated": (Action.FACTOR_REMOVED, {"factor": "authenticator app"}),
    "mfa/email/webauthn_added": (Action.FACTOR_ADDED, {"factor": "passkey"}),
    "mfa/email/webauthn_removed": (Action.FACTOR_REMOVED, {"factor": "passkey"}),
    "mfa/email/recovery_codes_generated": (Action.RECOVERY_CODES_MADE, {}),
}
# After these the person's other sessions are over (faults.md E4).
ENDS_OTHER_SESSIONS = {
    Action.PASSWORD_CHANGED,
    Action.PASSWORD_RESET,
    Action.FACTOR_ADDED,
    Action.FACTOR_REMOVED,
}
NOBODY = audit.NOBODY
STASH = "account_verified_email"  # allauth's own key in the session


class AccountAdapter(MailAdapter):
    """The hooks of allauth, in place of signals. Each event stands in the transaction of what follows from it."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # One sentence for a wrong password, an unknown address and one that is not confirmed yet.
        "email_password_mismatch": (
            "The address or the password is not correct. "
            "If the address is not confirmed yet, a message with a link is on its way to it."
        ),
        "too_many_login_attempts": "Too many tries. Wait five minutes, or set a new password by mail.",
        "enter_current_password": "This is not your current password.",
    }

    # --- limits (limits.py)

    def get_client_ip(self, request: HttpRequest) -> str:
        """By TRUSTED_PROXY_COUNT, never by what the caller writes (faults.md row 74)."""
        return origin.client_ip(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        address = _address(credentials)
        return f"{address}|{browsers.caller(request, address)}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth counts per network and per caller and address; strangers count together too."""
        super().pre_authenticate(request, **credentials)
        address = _address(credentials)
        if browsers.is_known(request, address) or request.user.is_authenticated:
            return
        spent = ratelimit.consume(request, app=tries.APP, action="login_failed_by_strangers", key=address)
        if spent is None:
            self._rollback_login_failed_rl_usage()
            raise self.validation_error("too_many_login_attempts")
        self._login_failed_rl_usage.usage.extend(spent.usage)

    # --- signing in and out

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person behind address and password. Whoever has not confirmed the address is answered like a wrong
        password, and gets the link again: or else signing up with somebody's address, and then in, would tell
        whether it had an account."""
        if len(credentials.get("password", "")) > LONGEST:  # nobody has such a one: spare the hashing
            return None
        user: User | None = super().authenticate(request, **credentials)
        if user is None or not user.is_active or request.user.is_authenticated:
            return user
        address = _address(credentials)
        if has_verified_email(user, address):
            return user
        send_verification_email_at_login(request, Login(user=user, email=address))
        return None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Into the log of whom it concerns; for an unknown address the same work, and nothing of what was typed."""
        with transaction.atomic():
            user = User.objects.filter(email__iexact=_address(credentials)).first()
            if user:
                audit.record_for_person(Action.SIGN_IN_FAILED, user=user, by=NOBODY)
            else:
                audit.record(Action.SIGN_IN_FAILED, by=NOBODY, team=None)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where nobody asked for a page: staff who belong to no team go to their own pages."""
        if request.user.is_authenticated and request.user.is_staff and access.actor_if_any(request) is None:
            return reverse("admin:index")
        return str(super().get_login_redirect_url(request))

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        sessions.begin(request)
        methods = [str(record.get("type") or record["method"]) for record in get_authentication_records(request, user)]
        with transaction.atomic():
            audit.record_for_person(Action.SIGNED_IN, user=user, data={"methods": methods})
        browsers.remember(request, response, user.email)
        return response

    def logout(self, request: HttpRequest) -> None:
        user, key = request.user, request.session.session_key
        with transaction.atomic():
            if isinstance(user, User):
                audit.record_for_person(Action.SIGNED_OUT, user=user)
            sessions.forget(key)
        super().logout(request)

    # --- addresses

    def clean_email(self, email: str) -> str:
        """The address as it is kept. Raises ValidationError for one that cannot be."""
        return emails.normal(email)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """A person who confirms the address gets a team of their own, once, also when the link is pressed twice."""
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=email_address.user_id)
            current = EmailAddress.objects.filter(pk=email_address.pk).first()
            if current is None or current.verified:
                return current is not None
            confirmed = bool(super().confirm_email(request, email_address))
            if confirmed:
                ensure_own_team(email_address.user)
        return confirmed

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002
        """An address that an invitation has proven counts for that address alone."""
        stashed = request.session.get(STASH)
        if stashed and stashed.lower() != form.cleaned_data["email"].lower():
            request.session[STASH] = None
        saved: User = super().save_user(request, user, form, commit=commit)
        return saved

    # --- what a person is told of, the log is told of

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """The mail, the event, and the end of other sessions where the proof of who it is has changed."""
        action, data = TOLD.get(template_prefix, (None, {}))
        with transaction.atomic():
            super().send_notification_mail(template_prefix, user, context, email)
            if action is None:
                return
            audit.record_for_person(action, user=user, data=data)
            if action in ENDS_OTHER_SESSIONS:
                mine = self.request.user.pk == user.pk
                sessions.end_others(user=user, keep=self.request.session.session_key if mine else None)
        if action == Action.PASSWORD_RESET:
            browsers.reached_mailbox(self.request, user.email)


def _address(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email", "")).lower()
