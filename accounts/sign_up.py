"""The sign-up form: one answer for known and unknown addresses, in the same time, also when two ask at once."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import SignupForm
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from accounts import audit
from accounts.forms_account import MAIL_WENT_TO, InWords
from accounts.models import Action, User


class SignUpForm(InWords, SignupForm):  # type: ignore[misc]  # allauth ships no types
    """allauth's form, with the account, its address and the event in one transaction."""

    account_already_exists: bool  # allauth's word: found while the fields were cleaned

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """The new user, or None with the answer when the address has an account already: the same page, a mail to
        the address, and a password hashed for nothing, so that the time tells nothing either."""
        request.session[MAIL_WENT_TO] = self.cleaned_data["email"]
        if not self.account_already_exists:
            try:
                with transaction.atomic():
                    user: User = self.save(request)
                    audit.record_for_person(Action.SIGNED_UP, user=user)
            except IntegrityError as error:
                if "user_email_once" not in str(error):
                    raise
                self.account_already_exists = True  # somebody signed up with it between the check and now
            else:
                return user, None
        else:
            make_password(self.cleaned_data["password1"])
        answer: Any = super().try_save(request)
        return answer  # type: ignore[no-any-return]
