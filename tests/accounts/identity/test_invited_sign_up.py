"""An address that an invitation's link has proven needs no second proof, and proves no other address."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.identity import STASH, AccountAdapter
from accounts.models import Membership, User
from tests.accounts.identity.conftest import SIGN_UP, is_signed_in
from tests.pages.parsing import read
from tests.world import PASSWORD, World

INVITED = "dora@example.com"


def invited(address: str = INVITED) -> Client:
    """A browser that has opened an invitation's link."""
    client = Client()
    session = client.session
    holder = type("Holder", (), {"session": session})()
    AccountAdapter().stash_verified_email(holder, address)
    session.save()
    client.cookies["session"] = session.session_key
    return client


def sign_up(client: Client, address: str, **more: str) -> str:
    form = {"email": address, "password1": PASSWORD, "password2": PASSWORD, **more}
    return str(client.post(SIGN_UP, form).headers["Location"])


def test_the_form_knows_the_address() -> None:
    page = read(invited().get(SIGN_UP))
    assert page.named("email")[0].attrs["value"] == INVITED


@pytest.mark.parametrize("typed", [INVITED, "Dora@Example.COM"])
def test_signing_up_with_it_signs_in_at_once(db: None, typed: str) -> None:
    client = invited()
    assert sign_up(client, typed, next="/invitations/abc") == "/invitations/abc"
    row = EmailAddress.objects.get()
    assert (row.email, row.verified, row.primary, row.user.email) == (INVITED, True, True, INVITED)
    assert not Membership.objects.exists()  # the invitation brings the team
    assert is_signed_in(client)
    assert mail.outbox == []


def test_it_proves_no_other_address(db: None) -> None:
    client = invited()
    assert sign_up(client, "other@example.com") == "/accounts/confirm-email/"
    row = EmailAddress.objects.get()
    assert (row.email, row.verified, row.user.email) == ("other@example.com", False, "other@example.com")
    assert not is_signed_in(client)
    assert client.session.get(STASH) is None


def test_it_proves_one_account_only(db: None) -> None:
    client = invited()
    sign_up(client, INVITED)
    client.post("/accounts/logout/")
    assert sign_up(client, "other@example.com") == "/accounts/confirm-email/"
    assert EmailAddress.objects.filter(verified=True).count() == 1


def test_it_opens_no_account_that_is_there(world: World) -> None:
    client = invited(world.alice.email)
    assert sign_up(client, world.alice.email) == "/accounts/confirm-email/"
    assert not is_signed_in(client)
    assert User.objects.get(pk=world.alice.pk).check_password(PASSWORD)
    assert User.objects.filter(email=world.alice.email).count() == 1
