"""Passkeys, by a security key of software against the real pages: good ones, and every lie that we know of."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AuthenticatorData

from accounts import factors
from tests.accounts.mfa.conftest import (
    CODES,
    INDEX,
    KEYS,
    SECOND,
    add_key,
    first_step,
    is_in,
    page_data,
    raw_data,
    signed_in,
)
from tests.accounts.mfa.security_key import SecurityKey, posted
from tests.concurrency.racing import race
from tests.pages.parsing import read
from tests.world import World

ALONE = "/accounts/2fa/webauthn/login/"
SECURE = {"secure": True, "headers": {"host": "testserver"}}


def challenge(client: Client, **how: Any) -> dict[str, Any]:
    """What the sign-in page's script asks for."""
    answer = client.get(ALONE, headers={"accept": "application/json"}, **how)
    options: dict[str, Any] = answer.json()["request_options"]
    return options


def sign_in_alone(key: SecurityKey, client: Client | None = None) -> Client:
    client = client or Client()
    client.post(ALONE, posted(key.sign(challenge(client))))
    return client


def test_a_passkey_is_added_and_opens_alone(alice: Client, world: World) -> None:
    key = SecurityKey()
    assert add_key(alice, key, name="Laptop").headers["Location"] == CODES
    assert "Laptop" in read(alice.get(INDEX)).words
    client = sign_in_alone(key)
    assert is_in(client)
    assert int(client.session["_auth_user_id"]) == world.alice.pk


def test_a_security_key_is_the_second_step(alice: Client, world: World) -> None:
    key = SecurityKey(verifies=False)
    add_key(alice, key, alone=False)
    client = Client()
    assert first_step(client, world.alice).headers["Location"] == SECOND
    assert not is_in(client)
    options = page_data(client.get(SECOND))["request_options"]
    assert client.post(SECOND, posted(key.sign(options))).status_code == 302
    assert is_in(client)


def test_synchronized_passkeys_that_count_nothing_work_again(alice: Client) -> None:
    key = SecurityKey(counts=False)
    add_key(alice, key)
    assert all(is_in(sign_in_alone(key)) for _ in range(2))


def test_a_key_with_a_touch_only_never_opens_alone(alice: Client, bob: Client, world: World) -> None:
    """Not even with the challenge of somebody's second step, which does not ask for a finger, face or PIN."""
    key = SecurityKey(verifies=False)
    add_key(alice, key, alone=False)
    assert not is_in(sign_in_alone(key))
    own = SecurityKey()
    add_key(bob, own)
    client = Client()
    first_step(client, world.bob)
    options = page_data(client.get(SECOND))["request_options"]
    session = client.session
    session["account_login"]["initiated_at"] -= 3600  # bob's half sign-in is over, its challenge is still there
    session.save()
    client.post(ALONE, posted(key.sign(options)))
    assert not is_in(client)


def test_a_challenge_is_answered_once(alice: Client) -> None:
    key = SecurityKey(counts=False)
    add_key(alice, key)
    client = Client()
    answer = posted(key.sign(challenge(client)))
    client.post(ALONE, answer)
    assert is_in(client)
    client.logout()
    client.post(ALONE, answer)
    assert not is_in(client)
    other = Client()
    challenge(other)
    other.post(ALONE, answer)
    assert not is_in(other)


def test_a_count_that_does_not_grow_is_a_twin(alice: Client, world: World) -> None:
    key = SecurityKey()
    add_key(alice, key)
    for _ in range(3):
        assert is_in(sign_in_alone(key))
    twin = copy.copy(key)
    assert is_in(sign_in_alone(key))
    assert not is_in(sign_in_alone(twin))
    stopped = copy.copy(key)
    stopped.counts, stopped.counter = False, 0
    assert not is_in(sign_in_alone(stopped))
    client = Client()
    first_step(client, world.alice)
    options = page_data(client.get(SECOND))["request_options"]
    page = read(client.post(SECOND, posted(stopped.sign(options))))
    assert "This passkey was not accepted" in page.words
    assert not is_in(client)


def test_one_count_used_by_many_at_once_opens_once(committed_world: World) -> None:
    key = SecurityKey()
    add_key(signed_in(committed_world.alice), key)
    works = []
    for _ in range(4):
        client, twin = Client(), copy.copy(key)
        answer = posted(twin.sign(challenge(client)))
        works.append((client, answer))
    race([lambda c=client, a=answer: c.post(ALONE, a).status_code for client, answer in works])  # type: ignore[misc]
    assert sum(is_in(client) for client, _ in works) == 1


def test_one_count_is_taken_once_however_close_the_answers(committed_world: World) -> None:
    key = SecurityKey()
    add_key(signed_in(committed_world.alice), key)
    passkey = Authenticator.objects.get(type="webauthn")
    for count in range(1, 11):
        data = AuthenticatorData.create(bytes(32), AuthenticatorData.FLAG.UP, count)
        assert sum(race([lambda d=data: factors.accept_count(passkey, d)] * 4)) == 1  # type: ignore[misc]


def test_a_key_of_another_person_opens_nothing_of_mine(alice: Client, bob: Client, world: World) -> None:
    mine, theirs = SecurityKey(), SecurityKey()
    add_key(alice, mine)
    add_key(bob, theirs)
    theirs.user_handle = mine.user_handle
    assert not is_in(sign_in_alone(theirs))
    client = Client()
    first_step(client, world.alice)
    options = page_data(client.get(SECOND))["request_options"]
    client.post(SECOND, posted(theirs.sign(options)))
    assert not is_in(client)


def test_a_signature_of_another_key_under_my_name_opens_nothing(alice: Client) -> None:
    key = SecurityKey()
    add_key(alice, key)
    forged = SecurityKey(id=key.id, user_handle=key.user_handle, counter=50)
    assert not is_in(sign_in_alone(forged))


@pytest.mark.parametrize(
    "origin", ["https://testserver.evil.example", "https://evil.example", "http://testserver", "https://eviltestserver"]
)
def test_answers_made_for_another_origin_are_refused(alice: Client, world: World, settings: Any, origin: str) -> None:
    """As in production, where the origin must be https and ours."""
    key = SecurityKey()
    add_key(alice, key)
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
    for lie, works in ((origin, False), ("https://testserver", True)):
        key.origin, client = lie, Client()
        client.post(ALONE, posted(key.sign(challenge(client, secure=True))), secure=True)
        assert is_in(client) is works
    options = page_data(alice.get(KEYS))["creation_options"]
    before = Authenticator.objects.count()
    alice.post(KEYS, {"name": "x", **posted(SecurityKey(origin=origin).make(options))})
    assert Authenticator.objects.count() == before


def test_answers_made_for_another_site_are_refused(alice: Client) -> None:
    key = SecurityKey()
    add_key(alice, key)
    key.rp_id = "evil.example"
    assert not is_in(sign_in_alone(key))
    read(add_key(alice, SecurityKey(rp_id="evil.example")))
    assert Authenticator.objects.filter(type="webauthn").count() == 1


def test_the_challenge_of_another_browser_is_no_use(alice: Client, bob: Client) -> None:
    key = SecurityKey()
    add_key(alice, key)
    client, other = Client(), Client()
    challenge(client)
    client.post(ALONE, posted(key.sign(challenge(other))))
    assert not is_in(client)
    stranger = page_data(bob.get(KEYS))["creation_options"]
    alice.get(KEYS)
    page = read(alice.post(KEYS, {"name": "x", **posted(SecurityKey().make(stranger))}))
    assert "This passkey was not accepted" in page.words


def test_a_key_that_is_removed_opens_nothing(alice: Client, world: World) -> None:
    key = SecurityKey()
    add_key(alice, key)
    row = Authenticator.objects.get(type="webauthn")
    page = read(alice.get(f"/accounts/2fa/webauthn/keys/{row.pk}/remove/"))
    assert "This is your only second factor" in page.words
    assert alice.post(f"/accounts/2fa/webauthn/keys/{row.pk}/remove/").status_code == 302
    assert not is_in(sign_in_alone(key))
    assert not factors.has_factor(world.alice)


def test_keys_of_others_are_not_there(alice: Client, bob: Client) -> None:
    add_key(bob, SecurityKey(), name="Bob's")
    row = Authenticator.objects.get(type="webauthn")
    for verb in ("edit", "remove"):
        for method in (alice.get, alice.post):
            assert method(f"/accounts/2fa/webauthn/keys/{row.pk}/{verb}/", {"name": "mine"}).status_code == 404
    row.refresh_from_db()
    assert row.data["name"] == "Bob's"


def test_the_same_key_is_not_added_twice(alice: Client) -> None:
    key = SecurityKey()
    add_key(alice, key)
    page = read(add_key(alice, key))
    assert "in your list already" in page.words
    assert Authenticator.objects.filter(type="webauthn").count() == 1


def test_a_key_made_without_finger_face_or_pin_is_no_passkey(alice: Client) -> None:
    read(add_key(alice, SecurityKey(verifies=False), alone=True))
    assert not Authenticator.objects.exists()


def test_only_what_we_know_of_an_answer_is_kept(alice: Client) -> None:
    options = page_data(alice.get(KEYS))["creation_options"]
    made = SecurityKey().make(options) | {"extra": "much"}
    made["clientExtensionResults"]["note"] = "more"
    assert alice.post(KEYS, {"name": "A\x07 key\u202e", **posted(made)}).status_code == 302
    assert "extra" not in raw_data()
    assert "note" not in raw_data()


def test_names_are_cleaned_and_faults_are_said(alice: Client) -> None:
    add_key(alice, SecurityKey(), name="  My\u202e phone  ")
    row = Authenticator.objects.get(type="webauthn")
    assert row.data["name"] == "My phone"
    address = f"/accounts/2fa/webauthn/keys/{row.pk}/edit/"
    for bad in ("\u202eevil", "", "x" * 61, "\u200b"):
        assert read(alice.post(address, {"name": bad})).all("p", klass="error-text")
    assert alice.post(f"{address}?next={INDEX}", {"name": "Neu: Schlüssel"}).headers["Location"] == INDEX
    assert "Neu: Schlüssel" in read(alice.get("/accounts/2fa/webauthn/")).words


def _broken(good: dict[str, Any]) -> list[Any]:
    """Shapes that are no answer of a browser."""
    shapes: list[Any] = [None, [], "x", 1, {}, {"id": 1}, {"response": []}, {"response": "x"}, {"response": None}]
    for name in good:
        shapes += [{**good, name: value} for value in (None, [], "%%%", {"a": []})]
    for name, value in good["response"].items():
        cut = websafe_encode(websafe_decode(value)[:-1]) if value else ""
        for other in (None, 7, "A", cut):
            shapes.append({**good, "response": {**good["response"], name: other}})
    return shapes


def test_no_shape_of_an_answer_breaks_a_page(alice: Client, world: World, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS, settings.MFA_RATE_LIMITS = False, False
    key = SecurityKey(counts=False)
    add_key(alice, key)
    client, known = Client(), Authenticator.objects.count()
    forged = SecurityKey(id=key.id, user_handle=key.user_handle)  # a good answer in another shape may be good still
    texts = ["", "{", "[" * 3000, '{"id": "\\ud800"}', '{"id": "\\u0000"}', "9" * 5000, "NaN"]
    texts += [json.dumps(shape) for shape in _broken(forged.sign(challenge(client)))]
    first_step(second := Client(), world.alice)
    for text in texts:
        for person, address in ((client, ALONE), (second, SECOND), (alice, "/accounts/2fa/webauthn/reauthenticate/")):
            assert person.post(address, {"credential": text}).status_code in (200, 302), (address, text[:300])
    assert not is_in(client)
    assert not is_in(second)
    options = page_data(alice.get(KEYS))["creation_options"]
    for text in [json.dumps(shape) for shape in _broken(SecurityKey().make(options))] + texts:
        assert alice.post(KEYS, {"name": "x", "credential": text}).status_code in (200, 302), text[:300]
    assert Authenticator.objects.count() - known <= 1  # an answer without its optional parts is one all the same
