"""The duties of the operator's people: which acts each of them may do, and who changes that.

An act is a permission of its own. Which acts there are, and in which bundles people usually have them, is the product's
to say: settings.DUTIES names it. They hang on the person alone (no groups), so taking one away takes effect at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from accounts import audit
from accounts.audit import Staff
from accounts.models import Action, User
from project import db
from project.errors import Conflict, FieldError, Forbidden, Invalid, NotFound

LONGEST_REASON = 200
CODE = "not_your_duty"


@dataclass(frozen=True)
class Bundle:
    """Acts that one kind of work needs: `finance`, "Finance", what it is for, and the codenames."""

    name: str
    label: str
    about: str
    acts: tuple[str, ...]


def bundles() -> tuple[Bundle, ...]:
    """The usual bundles, each act in one at least."""
    return cast("tuple[Bundle, ...]", import_string(settings.DUTIES))


def acts() -> dict[str, str]:
    """All acts with what they are called, in the order of their bundles."""
    known = dict(_permissions().values_list("codename", "name"))
    return {act: known[act] for bundle in bundles() for act in bundle.acts}


def of_bundle(name: str) -> tuple[str, ...]:
    """The acts of a bundle. Raises NotFound."""
    for bundle in bundles():
        if bundle.name == name:
            return bundle.acts
    raise NotFound(f"There is no bundle “{name}”: {', '.join(bundle.name for bundle in bundles())}.")


def may(user: object, act: str) -> bool:
    """Whether this person may do an act: active staff who have it, or a superuser. The one rule of all pages."""
    return isinstance(user, User) and user.is_staff and user.has_perm(f"{settings.STAFF_ACTS}.{act}")


def require(by: Staff, *acts: str) -> User:
    """The person as the database knows them now. The caller holds the transaction. Raises Forbidden where none of the
    acts is (any more) among their duties."""
    now = User.objects.filter(pk=by.user.pk, is_active=True, is_staff=True).first()
    if now is None or not any(may(now, act) for act in acts):
        raise Forbidden("This is not among your duties. Ask a superuser for it.", code=CODE)
    return now


def who_may(act: str) -> list[User]:
    """Everybody who may do an act now, by address. One query."""
    given = Q(is_superuser=True) | Q(user_permissions__in=_permissions().filter(codename=act))
    return list(User.objects.filter(given, is_staff=True, is_active=True).distinct().order_by("email"))


def of_person(user: User) -> frozenset[str]:
    """The acts that somebody was given; a superuser may do everything besides."""
    return frozenset(_permissions().filter(user=user).values_list("codename", flat=True))


def of_people(user_ids: Collection[int]) -> dict[int, list[str]]:
    """The same of many, in the order of the bundles. One query and the acts'."""
    order = {act: place for place, act in enumerate(acts())}
    found: dict[int, list[str]] = {}
    rows = _permissions().filter(user__in=user_ids).values_list("user", "codename")
    for user_id, act in sorted(rows, key=lambda row: order[row[1]]):
        found.setdefault(user_id, []).append(act)
    return found


def reason_of(text: str, *, path: str = "reason") -> str:
    """A reason as it is kept. Raises Invalid for none, or one that is too long."""
    reason = text.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        words = f"Say why, in at most {LONGEST_REASON} characters."
        raise Invalid("A reason is missing.", errors=[FieldError(path, words, "required")])
    return reason


def change(*, user: User, wanted: Collection[str], superuser: bool, staff: bool, by: Staff, reason: str) -> User:
    """Sets what somebody of the staff may do, by a superuser, with a reason. Its own transaction.

    `staff` False ends their work here: they keep no act. Raises Forbidden for who is no superuser, or changes their own
    duties; Conflict where nobody would be left who can; Invalid for acts that do not exist, or without a reason."""
    return db.in_transaction(
        lambda: _change(user, frozenset(wanted), superuser=superuser, staff=staff, by=by, reason=reason_of(reason))
    )


def give(user: User, wanted: Collection[str], *, by: str, reason: str) -> None:
    """Adds acts, for the command on the server's own shell. The caller holds the transaction."""
    had = of_person(user)
    if not set(wanted) <= had:
        _write(user, had | frozenset(wanted), had=had, by=by, reason=reason, extra={})


def _change(user: User, wanted: frozenset[str], *, superuser: bool, staff: bool, by: Staff, reason: str) -> User:
    people = User.objects.select_for_update(no_key=True).order_by("id")
    supers = list(people.filter(is_superuser=True, is_staff=True, is_active=True))  # one change at a time
    if by.user.pk not in {row.pk for row in supers}:
        raise Forbidden("Duties are changed by superusers.", code=CODE)
    if user.pk == by.user.pk:
        raise Forbidden("Nobody changes their own duties. Ask another superuser.", code="own_duties")
    row = people.get(pk=user.pk)
    if not row.is_staff:
        raise Conflict(f"{row.email} is not staff any more.", code="not_staff")
    if not wanted <= set(acts()):
        raise Invalid("There is no such duty.", errors=[FieldError("acts", "names an act that there is not", "choice")])
    superuser = superuser and staff
    if row.is_superuser and not superuser and not {item.pk for item in supers} - {row.pk}:
        raise Conflict("The last superuser stays one.", code="last_superuser")
    had, was = of_person(row), (row.is_staff, row.is_superuser)
    wanted = wanted if staff else frozenset()
    if wanted == had and was == (staff, superuser):
        return row
    row.is_staff, row.is_superuser = staff, superuser
    row.save(update_fields=["is_staff", "is_superuser"])
    extra = {"superuser": superuser, "staff": staff} if was != (staff, superuser) else {}
    _write(row, wanted, had=had, by=by, reason=reason, extra=extra)
    return row


def _write(
    user: User,
    wanted: frozenset[str],
    *,
    had: frozenset[str],
    by: Staff | str,
    reason: str,
    extra: Mapping[str, object],
) -> None:
    user.user_permissions.remove(*_permissions().filter(codename__in=had - wanted))
    user.user_permissions.add(*_permissions().filter(codename__in=wanted - had))
    data = {"added": sorted(wanted - had), "removed": sorted(had - wanted), **extra, "reason": reason}
    audit.record(Action.DUTIES_CHANGED, by=by, team=None, target=audit.name_of(user), target_name=user.email, data=data)


def _permissions() -> QuerySet[Permission]:
    listed = [act for bundle in bundles() for act in bundle.acts]
    return Permission.objects.filter(content_type__app_label=settings.STAFF_ACTS, codename__in=listed)
