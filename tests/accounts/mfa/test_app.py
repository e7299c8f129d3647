"""An authenticator app: added, used once a code, limited, removed; and how its secret rests."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts import factors
from accounts.models import Action, AuditEvent
from tests.accounts.mfa.conftest import (
    CODES,
    INDEX,
    SECOND,
    TOTP,
    add_app,
    code_of,
    first_step,
    is_in,
    raw_data,
    see_codes,
    signed_in,
    step_now,
)
from tests.concurrency.racing import race
from tests.pages.parsing import read
from tests.world import PASSWORD, World


def test_the_page_shows_the_secret_as_picture_and_as_text(alice: Client) -> None:
    page = read(alice.get(TOTP))
    secret = page.one("code", id="totp-secret").text
    assert len(base64.b32decode(secret)) == 20
    picture = page.one("img", klass="qr").attrs["src"]
    assert picture.startswith("data:image/svg+xml;base64,")
    assert b"<svg" in base64.b64decode(picture.partition(",")[2])
    assert page.unlabelled() == []


def test_an_app_is_added_and_asked_for_at_the_next_sign_in(alice: Client, world: World) -> None:
    secret = add_app(alice)
    assert "Added" in read(alice.get(INDEX)).words
    client = Client()
    assert first_step(client, world.alice).headers["Location"] == SECOND
    assert not is_in(client)
    page = read(client.get(SECOND))
    assert page.unlabelled() == []
    assert page.named("code")[0].attrs["autocomplete"] == "one-time-code"
    assert client.post(SECOND, {"code": code_of(secret, step_now())}).status_code == 302
    assert is_in(client)


def test_the_page_asked_for_is_reached_after_both_steps(alice: Client, world: World) -> None:
    secret = add_app(alice)
    client = Client()
    first_step(client, world.alice, next="/history")
    assert client.post(SECOND, {"code": code_of(secret, step_now())}).headers["Location"] == "/history"


def test_a_wrong_code_adds_no_app_and_keeps_the_secret_on_the_page(alice: Client, world: World) -> None:
    secret = read(alice.get(TOTP)).one("code", id="totp-secret").text
    page = read(alice.post(TOTP, {"code": code_of(secret, step_now() + 9)}))
    assert page.one("code", id="totp-secret").text == secret
    assert "This code is wrong" in page.words
    assert not factors.has_factor(world.alice)


@pytest.mark.parametrize("code", ["", "abc", "١٢٣٤٥٦", "1" * 5000, "12345\u200b6", "\ud83d", "0x1234"])
def test_codes_that_are_none_are_refused_beside_the_field(alice: Client, world: World, code: str) -> None:
    add_app(alice)
    client = Client()
    first_step(client, world.alice)
    page = read(client.post(SECOND, {"code": code.encode("utf-8", "replace").decode()}))
    assert page.all("p", klass="error-text")
    assert not is_in(client)


@pytest.mark.parametrize("beside", [-2, 2, -30])
def test_only_one_step_either_way_counts(alice: Client, world: World, beside: int) -> None:
    secret = add_app(alice)
    client = Client()
    first_step(client, world.alice)
    read(client.post(SECOND, {"code": code_of(secret, step_now() + beside)}))
    assert not is_in(client)


def test_blanks_in_a_code_do_not_matter(alice: Client, world: World) -> None:
    secret = add_app(alice)
    client = Client()
    first_step(client, world.alice)
    code = code_of(secret, step_now())
    assert client.post(SECOND, {"code": f" {code[:3]} {code[3:]} "}).status_code == 302


def test_a_code_counts_once_and_none_before_it_after_it(alice: Client, world: World) -> None:
    now = step_now()  # before the app is added, by the code of this step or of the one before: neither counts again
    secret = add_app(alice)
    for step, works in ((now - 1, False), (now + 1, True), (now + 1, False), (now, False)):
        client = Client()
        first_step(client, world.alice)
        client.post(SECOND, {"code": code_of(secret, step)})
        assert is_in(client) is works, (step - now, works)


def test_a_used_code_stays_used_when_the_cache_is_lost(alice: Client, world: World) -> None:
    secret = add_app(alice)
    code = code_of(secret, step_now() + 1)
    for works in (True, False):
        client = Client()
        first_step(client, world.alice)
        client.post(SECOND, {"code": code})
        assert is_in(client) is works
        cache.clear()


def test_one_code_used_by_many_at_once_signs_in_one(committed_world: World) -> None:
    secret = add_app(signed_in(committed_world.alice))
    code = code_of(secret, step_now() + 1)
    clients = [Client() for _ in range(4)]
    for client in clients:
        assert first_step(client, committed_world.alice).headers["Location"] == SECOND
    results = race([lambda c=client: c.post(SECOND, {"code": code}).status_code for client in clients])  # type: ignore[misc]
    assert sorted(str(result) for result in results) == ["200", "200", "200", "302"]
    assert sum(is_in(client) for client in clients) == 1


def test_one_code_is_taken_once_however_close_the_tries(committed_world: World) -> None:
    secret = add_app(signed_in(committed_world.alice))
    now = step_now()
    for step in (now, now + 1):
        code = code_of(secret, step)
        taken = race([lambda c=code: factors.accept_code(committed_world.alice, c)] * 4)  # type: ignore[misc]
        assert sum(isinstance(factor, Authenticator) for factor in taken) == 1, taken


def test_guessing_ends_before_it_begins(committed_world: World) -> None:
    """Thirty guesses at once, then the right code: too late for now."""
    secret = add_app(signed_in(committed_world.alice))
    first = Client()
    first_step(first, committed_world.alice)
    clients = []
    for _ in range(6):  # the same half sign-in, from many connections
        client = Client()
        client.cookies = first.cookies
        clients.append(client)
    now = step_now()
    wrong = [code_of(secret, now + 10 + n) for n in range(5)]

    def guess(client: Client) -> list[int]:
        return [client.post(SECOND, {"code": code}).status_code for code in wrong]

    answers = race([lambda c=client: guess(c) for client in clients])  # type: ignore[misc]
    assert all(answer == [200] * 5 for answer in answers), answers
    heard = AuditEvent.objects.filter(action=Action.SIGN_IN_FAILED, data={"with": "code"}).count()
    assert 0 < heard <= 5
    page = read(first.post(SECOND, {"code": code_of(secret, step_now())}))
    assert page.all("p", klass="error-text")
    assert not is_in(first)


def test_one_secret_makes_one_app_however_often_its_form_is_sent(committed_world: World) -> None:
    client = signed_in(committed_world.alice)
    secret = read(client.get(TOTP)).one("code", id="totp-secret").text
    code = code_of(secret, step_now())
    results = race([lambda: client.post(TOTP, {"code": code}).status_code for _ in range(3)])
    assert all(result in (200, 302) for result in results), results
    assert Authenticator.objects.filter(type="totp").count() == 1


def test_a_dump_of_the_database_holds_no_usable_secret(alice: Client, world: World) -> None:
    secret = add_app(alice)
    codes = see_codes(alice)
    dump = raw_data()
    app = Authenticator.objects.get(type="totp")
    assert decrypt(app.data["secret"]) == secret
    assert secret not in dump
    assert not [code for code in codes if code in dump]
    for row in Authenticator.objects.all():
        kept = row.data.get("secret") or row.data["seed"]
        assert kept.startswith("v1:gAAAA")
        for text in (kept, kept.removeprefix("v1:")):
            raw = base64.urlsafe_b64decode(text + "==") if not text.startswith("v1:") else text.encode()
            assert secret.encode() not in raw
            assert binascii.hexlify(base64.b32decode(secret)) not in raw


def test_a_changed_secret_key_reads_on_by_its_fallbacks(alice: Client, world: World, settings: Any) -> None:
    secret = add_app(alice)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [settings.SECRET_KEY]
    assert decrypt(Authenticator.objects.get(type="totp").data["secret"]) == secret


def test_a_secret_that_no_key_opens_lets_nobody_in_and_says_so(alice: Client, world: World) -> None:
    add_app(alice)
    row = Authenticator.objects.get(type="totp")
    for planted in ("v1:gAAAAAnonsense", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", ""):
        row.data["secret"] = planted
        row.save()
        client = Client()
        first_step(client, world.alice)
        answer = client.post(SECOND, {"code": code_of("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", step_now())})
        assert "cannot be read" in read(answer, 503).words
        assert not is_in(client)


def test_removing_the_app_needs_a_press_of_a_button_and_a_fresh_proof(alice: Client, world: World) -> None:
    add_app(alice)
    page = read(alice.get("/accounts/2fa/totp/deactivate/"))
    assert "This is your only second factor" in page.words
    assert factors.has_factor(world.alice)
    stale = Client()
    stale.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "reauthenticate" in stale.post("/accounts/2fa/totp/deactivate/").headers["Location"]
    assert factors.has_factor(world.alice)
    assert alice.post("/accounts/2fa/totp/deactivate/").headers["Location"] == INDEX
    assert not Authenticator.objects.filter(user=world.alice).exists()
    assert not any(PASSWORD in message.body for message in mail.outbox)


def test_adding_goes_on_to_the_codes(alice: Client) -> None:
    add_app(alice)
    assert "Save them now" in read(alice.get(CODES)).words
