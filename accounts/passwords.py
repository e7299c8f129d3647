"""What a password may be, beyond Django's own validators (faults.md E5)."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from accounts.models import User

LONGEST = 1024  # characters: far above any passphrase, and far below what makes hashing a weapon


class MaximumLengthValidator:
    """Refuses a password above LONGEST characters. Nobody is asked for its kinds of characters (E5)."""

    def validate(self, password: str, user: User | None = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(f"This password is too long: at most {LONGEST} characters.", code="password_too_long")

    def get_help_text(self) -> str:
        return f"It may have up to {LONGEST} characters: a sentence is good."
