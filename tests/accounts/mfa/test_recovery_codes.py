"""Recovery codes: shown once, good once each."""

from __future__ import annotations

from urllib.parse import unquote

from django.test import Client

from tests.accounts.mfa.conftest import (
    CODES,
    INDEX,
    SECOND,
    add_app,
    code_of,
    first_step,
    is_in,
    see_codes,
    signed_in,
    step_now,
)
from tests.concurrency.racing import race
from tests.pages.parsing import read
from tests.world import World

NEW = "/accounts/2fa/recovery-codes/generate/"


def test_codes_are_shown_once_with_a_file_to_keep(alice: Client) -> None:
    add_app(alice)
    assert "See and save the codes" in read(alice.get(INDEX)).words
    page = read(alice.get(CODES))
    codes = page.one("textarea", id="recovery_codes").text.split()
    assert len(set(codes)) == 10
    assert all(len(code) == 8 and code.isdigit() for code in codes)
    download = next(link for link in page.all("a") if "download" in link.attrs)
    assert unquote(download.attrs["href"]).split("\r\n")[2:-1] == codes
    again = read(alice.get(CODES))
    assert not again.all("textarea")
    assert not [code for code in codes if code in again.html]
    assert alice.get("/accounts/2fa/recovery-codes/download/").status_code == 403


def test_each_code_opens_once(alice: Client, world: World) -> None:
    add_app(alice)
    codes = see_codes(alice)
    for code, works in ((codes[3], True), (codes[3], False), (codes[0], True)):
        client = Client()
        first_step(client, world.alice)
        client.post(SECOND, {"code": f"{code[:4]}-{code[4:]}"})
        assert is_in(client) is works
    assert "8 left" in read(alice.get(INDEX)).words


def test_one_code_used_by_many_at_once_opens_once(committed_world: World) -> None:
    client = signed_in(committed_world.alice)
    add_app(client)
    code = see_codes(client)[0]
    clients = [Client() for _ in range(4)]
    for other in clients:
        first_step(other, committed_world.alice)
    race([lambda c=other: c.post(SECOND, {"code": code}).status_code for other in clients])  # type: ignore[misc]
    assert sum(is_in(other) for other in clients) == 1


def test_new_codes_end_the_old_ones(alice: Client, world: World) -> None:
    add_app(alice)
    old = see_codes(alice)
    page = read(alice.get(NEW))
    assert "The 10 codes that you have now end." in page.words
    assert alice.post(NEW).headers["Location"] == CODES
    new = see_codes(alice)
    assert not set(old) & set(new)
    for code, works in ((old[0], False), (new[0], True)):
        client = Client()
        first_step(client, world.alice)
        client.post(SECOND, {"code": code})
        assert is_in(client) is works


def test_codes_without_a_factor_are_not_made(alice: Client) -> None:
    page = read(alice.post(NEW))
    assert "Add an authenticator app or a passkey first." in page.words
    assert alice.get(CODES).status_code == 404


def test_codes_of_others_do_not_open(alice: Client, bob: Client, world: World) -> None:
    add_app(alice)
    secret = add_app(bob)
    codes = see_codes(bob)
    client = Client()
    first_step(client, world.alice)
    for code in (codes[0], code_of(secret, step_now())):
        client.post(SECOND, {"code": code})
        assert not is_in(client)
