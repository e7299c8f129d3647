"""What a person says of themselves."""

from __future__ import annotations

from accounts.models import User
from project import db
from project.errors import FieldError, Invalid
from project.text import clean_name


def rename(*, user: User, name: str) -> str:
    """Sets the name that others see; an empty one takes it away. Returns it as it is kept. Raises Invalid (field
    `name`)."""
    kept = ""
    if name.strip():
        try:
            kept = clean_name(name)
        except ValueError as error:
            raise Invalid("The name cannot be used.", errors=[FieldError("name", f"The name {error}.")]) from error
    db.in_transaction(lambda: User.objects.filter(pk=user.pk).update(name=kept))
    return kept
