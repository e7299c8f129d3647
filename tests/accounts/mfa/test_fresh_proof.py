"""The fresh proof before something dangerous: by password, code or passkey, and then the same request goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client

from accounts.models import Action, ApiKey, AuditEvent
from tests.accounts.keys.test_key_pages import new_form
from tests.accounts.mfa.conftest import (
    KEYS,
    add_app,
    add_key,
    code_of,
    first_step,
    is_in,
    page_data,
    signed_in,
    step_now,
)
from tests.accounts.mfa.security_key import SecurityKey, posted
from tests.pages.parsing import read
from tests.world import PASSWORD, World

TOTP_OFF = "/accounts/2fa/totp/deactivate/"
ASK = "/accounts/reauthenticate/"


@pytest.fixture
def stale(world: World) -> Client:
    """alice, signed in by password long ago."""
    client = Client()
    first_step(client, world.alice)
    return client


def age(client: Client, seconds: int) -> None:
    """Makes the proofs of this session that much older."""
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= seconds
    session.save()


def test_a_page_asks_and_goes_on(stale: Client) -> None:
    where = stale.get(KEYS).headers["Location"]
    assert where == f"{ASK}?next={KEYS.replace('/', '%2F')}"
    page = read(stale.get(where))
    assert "Is it you?" in page.words
    assert page.unlabelled() == []
    page = read(stale.post(where, {"password": "wrong", "next": KEYS}))
    assert page.all("p", klass="error-text")
    assert stale.post(ASK, {"password": PASSWORD, "next": KEYS}).headers["Location"] == KEYS
    assert stale.get(KEYS).status_code == 200


def test_a_proof_holds_five_minutes(alice: Client) -> None:
    age(alice, 299 - 10)
    assert alice.get(KEYS).status_code == 200
    age(alice, 20)
    assert alice.get(KEYS).headers["Location"].startswith(ASK)


def test_a_post_that_was_interrupted_is_done_once_after_the_proof(alice: Client, world: World) -> None:
    form = new_form(alice, name="From a script")
    age(alice, 400)
    answer = alice.post("/team/keys/new", form)
    assert answer.headers["Location"] == f"{ASK}?next=%2Fteam%2Fkeys%2Fnew"
    assert not ApiKey.objects.filter(name="From a script").exists()
    for _ in range(2):
        alice.post(ASK, {"password": PASSWORD, "next": "/team/keys/new"})
        assert ApiKey.objects.filter(name="From a script").count() == 1


@pytest.mark.parametrize("way", ["code", "passkey"])
def test_other_ways_to_prove_it(alice: Client, world: World, way: str) -> None:
    key = SecurityKey()
    secret = add_app(alice)
    add_key(alice, key)
    age(alice, 400)
    page = read(alice.get(alice.get(KEYS).headers["Location"]))
    links = {link.text.strip(): link.attrs["href"] for link in page.all("a", klass="quiet")}
    assert len(links) == 2
    address = next(href for href in links.values() if ("webauthn/reauthenticate" in href) == (way == "passkey"))
    page = read(alice.get(address))
    proof: dict[str, Any] = {"code": code_of(secret, step_now() + 1)}
    if way == "passkey":
        proof = posted(key.sign(page_data(alice.get(address))["request_options"]))
    assert alice.post(address, {**proof, "next": KEYS}).headers["Location"] == KEYS
    assert alice.get(KEYS).status_code == 200


def test_a_code_counts_once_for_a_proof_too(alice: Client, world: World) -> None:
    secret = add_app(alice)
    code = code_of(secret, step_now() + 1)
    alice.post("/accounts/2fa/reauthenticate/", {"code": code})
    age(alice, 400)
    read(alice.post("/accounts/2fa/reauthenticate/", {"code": code}))
    assert alice.get(KEYS).headers["Location"].startswith(ASK)


def test_a_changed_factor_ends_the_other_sessions_is_told_and_logged(committed_world: World) -> None:
    """Each change, by app or passkey, and never the session at hand."""
    alice, team = committed_world.alice, committed_world.team
    mine, key = signed_in(alice), SecurityKey()
    changes: list[tuple[Callable[[], Any], Action, str]] = [
        (lambda: add_app(mine), Action.FACTOR_ADDED, "An authenticator app was added"),
        (lambda: add_key(mine, key), Action.FACTOR_ADDED, "A passkey was added"),
        (
            lambda: mine.post("/accounts/2fa/totp/deactivate/"),
            Action.FACTOR_REMOVED,
            "The authenticator app was removed",
        ),
        (lambda: mine.post(removal()), Action.FACTOR_REMOVED, "A passkey was removed"),
    ]
    for change, action, subject in changes:
        other = Client()
        other.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert is_in(other)
        mail.outbox.clear()
        known = AuditEvent.objects.filter(action=action, team=team).count()
        change()
        assert is_in(mine)
        assert not is_in(other), subject
        assert AuditEvent.objects.filter(action=action, team=team).count() == known + 1
        (message,) = mail.outbox
        assert (message.to, message.subject) == ([alice.email], f"[Framehouse] {subject}")


def removal() -> str:
    row = Authenticator.objects.get(type="webauthn")
    return f"/accounts/2fa/webauthn/keys/{row.pk}/remove/"
