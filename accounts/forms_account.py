"""django-allauth's forms in the words of the house: one name for an address, one short sentence about passwords, and
where the mail went (settings.ACCOUNT_FORMS)."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth
from django.http import HttpRequest

PASSWORD_HINT = "At least 10 characters, and not one of the common ones. A sentence is good."  # noqa: S105 - a hint
MAIL_WENT_TO = "mail_went_to"  # in the session: the address as typed, whether it has an account or not


class InWords:
    """The fields as the house names them. No placeholder repeats a label."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields  # type: ignore[attr-defined]  # a form's
        for name, field in fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in ("email", "login"):
                field.label = "E-mail address"
            elif name == "password1":
                field.help_text = PASSWORD_HINT


class LoginForm(InWords, allauth.LoginForm):  # type: ignore[misc]  # allauth ships no types
    pass


class ReauthenticateForm(InWords, allauth.ReauthenticateForm):  # type: ignore[misc]
    pass


class ChangePasswordForm(InWords, allauth.ChangePasswordForm):  # type: ignore[misc]
    pass


class SetPasswordForm(InWords, allauth.SetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordFromKeyForm(InWords, allauth.ResetPasswordKeyForm):  # type: ignore[misc]
    pass


class ResetPasswordForm(InWords, allauth.ResetPasswordForm):  # type: ignore[misc]
    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Sends the mail, and keeps where it went for the next page. The address."""
        address: str = super().save(request, **kwargs)
        request.session[MAIL_WENT_TO] = address
        return address
