"""Whatever is sent to the pages of the door gets an answer in words, never a 500, and keeps what was typed."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts import teams
from accounts.models import User
from tests.accounts.identity.conftest import LOGIN, RESET, SIGN_UP, link_in, mails_to
from tests.concurrency.racing import race, split
from tests.pages.parsing import read
from tests.world import PASSWORD, World

NASTY = [
    "",
    "\x00",
    "a\x00b@example.com",
    "x" * 10_000,
    "x" * 10_000 + "@example.com",
    f"{'x' * 64}@{'y' * 60}.{'z' * 60}.{'w' * 60}.{'v' * 60}.example",
    "a@" + "b." * 5000 + "com",
    "\ud800@example.com",
    "'; drop table accounts_user; --",
    "<script>alert(1)</script>",
    "a@example.com\r\nBcc: b@example.com",
    "١٢@example.com",
    "a@[127.0.0.1]",
    "a@-.com",
    "@",
]


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_nasty_text_in_every_field(world: World, nasty: str, accept: str) -> None:
    client, text = Client(headers={"Accept": accept}), nasty.encode("utf-8", "surrogatepass").decode("latin-1")
    for path, form in [
        (LOGIN, {"login": text, "password": text, "next": text}),
        (SIGN_UP, {"email": text, "password1": text, "password2": text, "next": text}),
        (SIGN_UP, {"email": "new@example.com", "password1": text, "password2": PASSWORD}),
        (RESET, {"email": text, "next": text}),
    ]:
        assert client.post(path, form).status_code in (200, 302, 400), (path, nasty)
    assert client.get(LOGIN, {"next": text}).status_code == 200
    assert client.get(SIGN_UP, {"email": text, "next": text}).status_code == 200
    assert not User.objects.filter(email="new@example.com").exists()


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/password/reset/key/zzzzzzzzzzzzz-set-password/",
        "/accounts/password/reset/key/zzzzzzzzzzzzzzzzzzzzzzzzz-abc/",
        "/accounts/password/reset/key/1-%00/",
        "/accounts/password/reset/key/1-" + "x" * 5000 + "/",
        "/accounts/confirm-email/" + "x" * 5000 + "/",
        "/accounts/confirm-email/1:1:1/",
        "/address-changes/" + "x" * 5000,
        "/address-changes/%00",
    ],
)
def test_links_that_never_were(world: World, path: str) -> None:
    assert Client().get(path).status_code in (200, 302, 404, 410)
    assert Client().post(
        path, {"password1": "a new correct horse", "password2": "a new correct horse"}
    ).status_code in (
        200,
        302,
        404,
    )


@pytest.mark.parametrize(
    "address",
    [
        "alice@ＥXAMPLE.com",
        "ALICE@EXAMPLE.COM",
        " alice@example.com ",
        "alice@exa\u00admple.com",
    ],
)
def test_one_mailbox_is_one_account(world: World, address: str) -> None:
    """Other spellings of an address that mail would be sent to all the same."""
    answer = Client().post(SIGN_UP, {"email": address, "password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 302
    assert "/accounts/confirm-email/" not in str(mails_to(world.alice.email)[-1].body)
    assert User.objects.count() == 4
    assert set(User.objects.values_list("email", flat=True)) == set(
        EmailAddress.objects.values_list("email", flat=True)
    )


@pytest.mark.parametrize(
    "address", ["аlice@example.com", "alıce@example.com", "ａlice@example.com", "alice@example\u3002com"]
)
def test_letters_that_look_alike_are_no_address(world: World, address: str) -> None:
    for path, form in [
        (SIGN_UP, {"email": address, "password1": PASSWORD, "password2": PASSWORD}),
        (RESET, {"email": address}),
    ]:
        page = read(Client().post(path, form))
        assert "valid" in " ".join(page.texts("p", klass="error-text"))
    assert mails_to(world.alice.email) == []


def test_a_host_in_another_script_is_kept_as_mail_names_it(db: None) -> None:
    Client().post(SIGN_UP, {"email": "dora@Exämple.com", "password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get().email == "dora@xn--exmple-cua.com"


def test_an_address_of_254_characters_is_whole_and_of_255_refused(db: None) -> None:
    host = ".".join(["y" * 60] * 3) + ".example"
    longest = "x" * (254 - len(host) - 1) + "@" + host
    for address in (longest, "x" + longest):
        Client().post(SIGN_UP, {"email": address, "password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get().email == longest
    assert EmailAddress.objects.get().email == longest


def test_a_link_of_a_sign_up_pressed_twice_at_once_makes_one_team(transactional_db: None) -> None:
    from accounts.models import Team

    Client().post(SIGN_UP, {"email": "dora@example.com", "password1": PASSWORD, "password2": PASSWORD})
    link = link_in(mails_to("dora@example.com")[0])
    results, raised = split(race([lambda: Client().post(link).status_code] * 6))
    assert raised == []
    assert set(results) <= {302, 404}
    assert Team.objects.count() == 1
    assert Client().post(link).status_code == 404


def test_a_reset_s_link_works_once(world: World) -> None:
    client = Client()
    client.post(RESET, {"email": world.alice.email})
    link = link_in(mails_to(world.alice.email)[0])
    entry = client.get(link).headers["Location"]
    new = {"password1": "a new correct horse", "password2": "a new correct horse"}
    assert client.post(entry, new).status_code == 302
    assert "This link is over" in read(Client().get(link)).words
    assert "This link is over" in read(client.post(entry, new)).words


def test_a_reset_s_link_opens_for_an_hour(world: World) -> None:
    from datetime import timedelta

    import time_machine
    from django.utils import timezone

    Client().post(RESET, {"email": world.alice.email})
    link = link_in(mails_to(world.alice.email)[0])
    with time_machine.travel(timezone.now() + timedelta(minutes=59)):
        assert Client().get(link).status_code == 302
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert "This link is over" in read(Client().get(link)).words


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(world: World, where: str) -> None:
    answer = Client().post(LOGIN, {"login": world.alice.email, "password": PASSWORD, "next": where})
    assert answer.headers["Location"] == "/studio"


def test_who_is_made_by_a_command_with_capitals_can_sign_in(db: None) -> None:
    user, password = teams.ensure_user(email="Dora@Example.COM")
    assert user.email == "dora@example.com"
    for typed in ("Dora@Example.COM", "dora@example.com"):
        assert Client().post(LOGIN, {"login": typed, "password": password}).status_code == 302
