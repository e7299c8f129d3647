"""What django-allauth asks the house."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts.models import User
from accounts.teams import ensure_own_team


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """A person who confirms the address gets a team of their own."""

    def confirm_email(self, request: HttpRequest, email_address: object) -> object:
        confirmed = super().confirm_email(request, email_address)
        user = getattr(email_address, "user", None)
        if confirmed and isinstance(user, User):
            ensure_own_team(user)
        return confirmed
