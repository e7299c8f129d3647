"""Changing the address that a person signs in with: confirmed on both, or nothing changes.

The old mailbox and the new one each get a link. A link is a signature over the wish and the side, so the table holds
nothing that could be used, and neither link can stand for the other. A new wish ends the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import audit, emails, sessions
from accounts.models import Action, AddressChange, User
from accounts.notify import mail
from project import db
from project.errors import FieldError, Invalid

SALT = "accounts.addresses"
LIFETIME = timedelta(hours=24)


class Side(StrEnum):
    """Whose mailbox a link went to."""

    OLD = "old"
    NEW = "new"


class State(StrEnum):
    """What a link still is: open until its side confirms, waiting for the other side then; done; or over."""

    OPEN = "open"
    WAITING = "waiting"
    DONE = "done"
    OVER = "over"


@dataclass(frozen=True)
class Standing:
    """A link and what became of its wish. `change` is None for a link that never was one of ours, or is too old."""

    state: State
    side: Side | None = None
    change: AddressChange | None = None


def ask(*, user: User, new: str) -> AddressChange:
    """Notes the wish and writes to both mailboxes. An address that somebody else has gets a message that says so, and
    the answer here is the same. Raises Invalid (field `email`) for what is no address, and for their own one."""
    try:
        address = emails.normal(new)
    except ValidationError as error:
        message = " ".join(error.messages)
        raise Invalid("The address cannot be used.", errors=[FieldError("email", message)]) from error
    return db.in_transaction(lambda: _ask(user, address))


def _ask(user: User, address: str) -> AddressChange:
    person = _locked(user)
    if address == person.email.lower():
        raise Invalid("Nothing to change.", errors=[FieldError("email", "This is your address already.", "same")])
    _end_open(person)
    moment = db.now()
    change = AddressChange.objects.create(
        user=person, old_email=person.email, new_email=address, expires_at=moment + LIFETIME
    )
    context = {"old": person.email, "new": address, "hours": int(LIFETIME.total_seconds() // 3600)}
    mail(to=person.email, template="address_confirm_old", context={**context, "token": token(change, Side.OLD)})
    if emails.owner(address) is None:
        mail(to=address, template="address_confirm_new", context={**context, "token": token(change, Side.NEW)})
    else:
        mail(to=address, template="address_taken", context=context)
    audit.record_for_person(Action.ADDRESS_CHANGE_ASKED, user=person, data={"before": person.email, "after": address})
    return change


def cancel(*, user: User) -> bool:
    """Ends the person's open wish; both links are dead. False when there was none."""
    return db.in_transaction(lambda: _end_open(_locked(user)) > 0)


def refuse(text: str) -> Standing:
    """What `It was not me` behind a link does: ends the wish, if it is open. Never raises for a bad link."""
    found = _read(text)
    if found:
        uuid, _ = found
        db.in_transaction(lambda: _refuse(uuid))
    return look(text)


def _refuse(uuid: UUID) -> None:
    change = AddressChange.objects.select_related("user").filter(uuid=uuid).first()
    if change:
        _locked(change.user)
        AddressChange.objects.filter(pk=change.pk, ended_at=None).update(ended_at=db.now())


def confirm(text: str, *, keep_session: str | None = None) -> Standing:
    """Confirms the link's side, once however often it is pressed. With both sides confirmed the address changes: the
    person's sessions end but the one with the key `keep_session`, if it is theirs. Never raises for a bad link."""
    found = _read(text)
    if found:
        uuid, side = found
        db.in_transaction(lambda: _confirm(uuid, side, keep_session))
    return look(text)


def _confirm(uuid: UUID, side: Side, keep_session: str | None) -> None:
    change = AddressChange.objects.select_related("user").filter(uuid=uuid).first()
    if change is None:
        return
    person = _locked(change.user)
    change = AddressChange.objects.select_for_update(no_key=True).get(pk=change.pk)
    moment = db.now()
    if change.ended_at is not None or change.expires_at <= moment:
        return
    if not person.is_active or person.email != change.old_email:
        AddressChange.objects.filter(pk=change.pk).update(ended_at=moment)
        return
    if side == Side.OLD:
        change.old_confirmed_at = change.old_confirmed_at or moment
    else:
        change.new_confirmed_at = change.new_confirmed_at or moment
    if change.old_confirmed_at and change.new_confirmed_at:
        change.done = _take_effect(person, change, keep_session)
        change.ended_at = moment
    change.save(update_fields=["old_confirmed_at", "new_confirmed_at", "done", "ended_at"])


def _take_effect(person: User, change: AddressChange, keep_session: str | None) -> bool:
    """False when somebody else took the address meanwhile: then nothing is changed."""
    try:
        with transaction.atomic():
            User.objects.filter(pk=person.pk).update(email=change.new_email)
            EmailAddress.objects.filter(user_id=person.pk).delete()
            EmailAddress.objects.create(user=person, email=change.new_email, verified=True, primary=True)
    except IntegrityError:
        return False
    person.email = change.new_email
    change_of = {"before": change.old_email, "after": change.new_email}
    audit.record_for_person(Action.ADDRESS_CHANGED, user=person, data=change_of)
    sessions.end_others(user=person, keep=keep_session)
    for address in (change.old_email, change.new_email):
        mail(to=address, template="address_changed", context={"old": change.old_email, "new": change.new_email})
    return True


def look(text: str) -> Standing:
    """What a link is now: for the page behind it. Changes nothing."""
    found = _read(text)
    change = AddressChange.objects.filter(uuid=found[0]).first() if found else None
    if found is None or change is None:
        return Standing(State.OVER)
    side = found[1]
    if change.done:
        return Standing(State.DONE, side, change)
    if change.ended_at is not None or change.expires_at <= db.now():
        return Standing(State.OVER, side, change)
    confirmed = change.old_confirmed_at if side == Side.OLD else change.new_confirmed_at
    return Standing(State.WAITING if confirmed else State.OPEN, side, change)


def open_change(user: User) -> AddressChange | None:
    """The person's wish that still waits, or None."""
    change = AddressChange.objects.filter(user=user, ended_at=None).first()
    return change if change and change.expires_at > db.now() else None


def token(change: AddressChange, side: Side) -> str:
    """What a link carries. It is nowhere in the database."""
    return signing.dumps([change.uuid.hex, side.value], salt=SALT)


def _read(text: str) -> tuple[UUID, Side] | None:
    try:
        uuid, side = signing.loads(text, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return UUID(hex=uuid), Side(side)


def _locked(user: User) -> User:
    """The person's row, locked and read again: all verbs on a person's address meet there."""
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _end_open(user: User) -> int:
    return AddressChange.objects.filter(user=user, ended_at=None).update(ended_at=db.now())
