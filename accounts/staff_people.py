"""The operator's people: who becomes one."""

from __future__ import annotations

from collections.abc import Collection

from allauth.account.models import EmailAddress

from accounts import audit, duties, teams
from accounts.models import Action, User
from project import db
from project.errors import Conflict


def make(*, email: str, superuser: bool, acts: Collection[str] = ()) -> tuple[User, str | None]:
    """Makes the person of this address staff; `superuser` adds all permissions, `acts` these (duties.py), and nothing
    takes any away. Returns the
    password only for a new account. Raises Conflict for an account that is switched off, or whose address nobody has
    confirmed: its password may be a stranger's who was waiting for this."""
    return db.in_transaction(lambda: _make(email, superuser=superuser, acts=acts))


def _make(email: str, *, superuser: bool, acts: Collection[str]) -> tuple[User, str | None]:
    known = User.objects.select_for_update(no_key=True).filter(email__iexact=email).first()
    if known and not known.is_active:
        raise Conflict(f"The account of {known.email} is switched off.", code="not_active")
    if known and not EmailAddress.objects.filter(user=known, email__iexact=known.email, verified=True).exists():
        raise Conflict(f"{known.email} has not confirmed the address yet.", code="not_confirmed")
    user, password = (known, None) if known else teams.ensure_user(email=email)
    before = {"staff": user.is_staff, "superuser": user.is_superuser}
    user.is_staff = True
    user.is_superuser = user.is_superuser or superuser
    after = {"staff": user.is_staff, "superuser": user.is_superuser}
    if before != after:
        user.save(update_fields=["is_staff", "is_superuser"])
        audit.record(
            Action.STAFF_CHANGED,
            by="create_staff",
            team=None,
            target=audit.name_of(user),
            target_name=user.email,
            data={"did": "changed", "before": before, "after": after},
        )
    if acts:
        duties.give(user, acts, by="create_staff", reason="create_staff")
    return user, password
