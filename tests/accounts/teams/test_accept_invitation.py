"""Accepting: bound to the address, once, within a week; and what a leaked database is worth."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import signing
from django.db import connection
from django.db.models.functions import Now

from accounts import invitation_links, invitations, members
from accounts.models import Action, AuditEvent, Invitation, Membership, Role, User
from project.errors import Forbidden, Gone, NotFound
from project.models import Mail
from tests.accounts.teams.conftest import place
from tests.world import World, person


@pytest.fixture
def nina(db: None) -> User:
    """Belongs to no team."""
    return person("nina")


def _invite(world: World, email: str = "nina@example.com", role: str = Role.MEMBER) -> Invitation:
    return invitations.invite(by=world.actor(world.alice), email=email, role=role)


def _accept(row: Invitation, user: User) -> Membership:
    return invitations.accept(token=invitation_links.token(row), user=user)


def test_accepting_gives_the_place_once(world: World, nina: User) -> None:
    row = _invite(world, role=Role.ADMIN)
    membership = _accept(row, nina)
    assert (membership.role, membership.team, membership.ended_at) == ("admin", world.team, None)
    row.refresh_from_db()
    assert (row.status, row.accepted_by, row.ended_at is not None) == ("accepted", membership, True)
    event = AuditEvent.objects.get(action=Action.MEMBER_JOINED)
    assert (event.actor_name, event.data) == (nina.email, {"role": "admin", "invitation": row.public_id})
    with pytest.raises(Gone) as caught:
        _accept(row, nina)
    assert caught.value.code == "invitation_accepted"
    assert Membership.objects.filter(user=nina).count() == 1


def test_the_address_decides_not_its_letters_case(world: World, nina: User) -> None:
    EmailAddress.objects.filter(user=nina).update(email="NINA@Example.com")
    assert _accept(_invite(world), nina).user == nina


def test_another_confirmed_address_of_the_person_counts(world: World, nina: User) -> None:
    EmailAddress.objects.create(user=nina, email="nina@work.example", verified=True)
    assert _accept(_invite(world, "nina@work.example"), nina).user == nina


@pytest.mark.parametrize("whose", ["another", "unconfirmed", "changed"])
def test_whoever_has_not_confirmed_the_address_cannot(world: World, nina: User, whose: str) -> None:
    """faults.md row 71: takeover by a change of address: what is asked is who has confirmed it now."""
    row = _invite(world)
    if whose == "unconfirmed":
        EmailAddress.objects.filter(user=nina).update(verified=False)
    elif whose == "changed":
        EmailAddress.objects.filter(user=nina).update(email="nina@new.example")
    with pytest.raises(Forbidden) as caught:
        _accept(row, world.mallory if whose == "another" else nina)
    assert caught.value.code == "other_address"
    row.refresh_from_db()
    assert row.status == "open"


def test_a_person_who_is_switched_off_cannot(world: World, nina: User) -> None:
    User.objects.filter(pk=nina.pk).update(is_active=False)
    with pytest.raises(Forbidden):
        _accept(_invite(world), nina)


def test_who_comes_back_has_the_same_place_with_the_new_role(world: World) -> None:
    bob = place(world, world.bob)
    members.remove(by=world.actor(world.alice), membership=bob)
    back = _accept(_invite(world, world.bob.email, Role.ADMIN), world.bob)
    assert (back.pk, back.role, back.ended_at) == (bob.pk, "admin", None)
    assert AuditEvent.objects.filter(action=Action.MEMBER_JOINED).count() == 1


def test_who_belongs_to_the_team_keeps_their_role(world: World) -> None:
    """Alice, the only owner, was invited as a viewer at an address that she confirmed later."""
    row = _invite(world, "alice@home.example", Role.VIEWER)
    EmailAddress.objects.create(user=world.alice, email="alice@home.example", verified=True)
    assert _accept(row, world.alice).role == "owner"
    row.refresh_from_db()
    assert row.status == "accepted"
    assert not AuditEvent.objects.filter(action=Action.MEMBER_JOINED).exists()


def test_after_a_week_it_is_over(world: World, nina: User) -> None:
    row = _invite(world)
    Invitation.objects.filter(pk=row.pk).update(expires_at=Now())
    with pytest.raises(Gone) as caught:
        _accept(row, nina)
    assert caught.value.code == "invitation_expired"


@pytest.mark.parametrize("part", range(3))
def test_a_link_that_was_changed(world: World, nina: User, part: int) -> None:
    row, other = _invite(world), _invite(world, "other@example.com")
    parts, others = invitation_links.token(row).split("."), invitation_links.token(other).split(".")
    parts[part] = "2" if part == 1 else others[part]
    with pytest.raises(NotFound):
        invitations.accept(token=".".join(parts), user=nina)


@pytest.mark.parametrize("text", ["", ".", "..", "x", "\x00", "a" * 5000, "inv_" + "0" * 32, "ñ.1.x", "0.1."])
def test_texts_that_are_no_link(world: World, nina: User, text: str) -> None:
    with pytest.raises(NotFound):
        invitation_links.find(text)
    with pytest.raises(NotFound):
        invitations.accept(token=text, user=nina)


def test_signatures_of_other_links_do_not_serve(world: World) -> None:
    """The salt keeps them apart: a reset link's or session's signature over the same words is none of ours."""
    row = _invite(world)
    body = f"{row.uuid.hex}.{row.version}"
    for salt in (None, "", "accounts", "django.core.signing", "account"):
        with pytest.raises(NotFound):
            invitation_links.find(signing.Signer(salt=salt, sep=".").sign(body))


def test_a_leaked_database_holds_no_usable_invitation(world: World, nina: User, settings: Any) -> None:
    """Everything in every table, tried as a link and as the key of one; only SECRET_KEY is not there. The mail with
    the link waits in the outbox meanwhile, sealed."""
    settings.EMAIL_BACKEND = "project.mail.QueuedBackend"
    row = _invite(world)
    dump = _dump()
    assert row.uuid.hex in dump["invitation"] or str(row.uuid) in dump["invitation"]
    genuine = invitation_links.token(row)
    signature = genuine.rpartition(".")[2]
    assert Mail.objects.get().sealed
    assert not any(form in text for text in dump.values() for form in (signature, signature.encode().hex()))
    words = {str(value) for value in _values(row)} | {row.uuid.hex, row.public_id, f"{row.uuid.hex}.{row.version}"}
    tries = set(words) | {f"{left}.{right}" for left, right in product(words, words)}
    for word in words:
        signer = signing.Signer(key=word, salt=invitation_links.SALT, sep=".") if word else None
        if signer:
            tries.add(signer.sign(f"{row.uuid.hex}.{row.version}"))
    assert genuine not in tries
    for text in tries:
        with pytest.raises(NotFound):
            invitations.accept(token=text, user=nina)
    assert not Membership.objects.filter(user=nina).exists()
    assert _accept(row, nina).user == nina  # the link of the mail is the only way


def _values(row: Invitation) -> list[object]:
    return [getattr(row, field.attname) for field in Invitation._meta.concrete_fields]


def _dump() -> dict[str, str]:
    """Every table of the database as text, as pg_dump would show it."""
    texts = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT coalesce(json_agg(t), '[]') FROM \"{table}\" t")  # a name of the catalog
            found = cursor.fetchone()
            texts[table.removeprefix("accounts_")] = json.dumps(found[0]) if found else ""
    return texts


def test_secret_key_alone_makes_the_link(world: World, nina: User, settings: Any) -> None:
    """Whoever signs with another key makes nothing usable; after a change the earlier key is still read."""
    row = _invite(world)
    genuine, key = invitation_links.token(row), settings.SECRET_KEY
    settings.SECRET_KEY = "another key of more than fifty characters, as long as it has to be"
    assert invitation_links.token(row) != genuine
    with pytest.raises(NotFound):
        invitations.accept(token=genuine, user=nina)
    settings.SECRET_KEY_FALLBACKS = [key]
    assert invitations.accept(token=genuine, user=nina).user == nina
