"""Tries are limited by account, address and network, and nobody can lock another person out (faults.md row 72, 74)."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, RequestFactory

from accounts import browsers, limits, tries
from accounts.identity import AccountAdapter
from accounts.models import User
from tests.accounts.identity.conftest import LOGIN, RESET, SIGN_UP, SignIn, link_in, mails_to
from tests.pages.parsing import read
from tests.world import PASSWORD, World

WRONG = "a wrong password"


def fail(client: Client, user: User, times: int = 1, **extra: str) -> Any:
    answer = None
    for _ in range(times):
        answer = client.post(LOGIN, {"login": user.email, "password": WRONG}, **extra)  # type: ignore[arg-type]
    return answer


def test_five_wrong_passwords_from_one_network_are_the_end_of_its_tries(world: World) -> None:
    client = Client(REMOTE_ADDR="198.51.100.1")
    assert "is not correct" in read(fail(client, world.alice, times=5)).words
    page = read(client.post(LOGIN, {"login": world.alice.email, "password": PASSWORD}))
    assert "Too many tries" in page.words
    assert page.named("login")[0].attrs["value"] == world.alice.email


def test_the_owner_signs_in_from_elsewhere_meanwhile(world: World, sign_in: SignIn) -> None:
    fail(Client(REMOTE_ADDR="198.51.100.1"), world.alice, times=8)
    sign_in(world.alice, REMOTE_ADDR="203.0.113.7")


def test_a_browser_that_is_known_is_not_locked_out_from_the_same_network(world: World, sign_in: SignIn) -> None:
    known = sign_in(world.alice, REMOTE_ADDR="198.51.100.1")
    known.post("/accounts/logout/")
    fail(Client(REMOTE_ADDR="198.51.100.1"), world.alice, times=6)
    sign_in(world.alice, client=known)


def test_a_browser_known_for_one_address_is_a_stranger_to_another(world: World, sign_in: SignIn) -> None:
    known = sign_in(world.mallory, REMOTE_ADDR="198.51.100.1")
    known.post("/accounts/logout/")
    fail(Client(REMOTE_ADDR="198.51.100.1"), world.alice, times=5)
    assert "Too many tries" in read(fail(known, world.alice)).words


def test_a_forged_cookie_makes_no_browser_known(world: World) -> None:
    client = Client(REMOTE_ADDR="198.51.100.1")
    client.cookies[browsers.cookie_name()] = "eyJuYW1lIjoieCIsImFkZHJlc3NlcyI6W119:1:forged"
    fail(client, world.alice, times=5)
    assert "Too many tries" in read(fail(client, world.alice)).words


def spread(world: World, networks: int = 20) -> None:
    """Strangers in many networks use up what all of them have for one address."""
    for number in range(networks):
        fail(Client(REMOTE_ADDR=f"198.51.100.{number}"), world.alice, times=5)


def test_strangers_in_many_networks_share_one_number_and_the_owner_has_two_ways_in(
    world: World, sign_in: SignIn
) -> None:
    known = sign_in(world.alice, REMOTE_ADDR="203.0.113.7")
    known.post("/accounts/logout/")
    spread(world)
    stranger = Client(REMOTE_ADDR="203.0.113.99")
    assert "Too many tries" in read(fail(stranger, world.alice)).words
    sign_in(world.alice, client=known)  # the browser of before
    stranger.post(RESET, {"email": world.alice.email})  # a new browser, by the mailbox
    entry = stranger.get(link_in(mails_to(world.alice.email)[-1])).headers["Location"]
    new = "a new correct horse"
    assert stranger.post(entry, {"password1": new, "password2": new}).status_code == 302
    spread(world, networks=1)
    sign_in(world.alice, password=new, client=stranger)


def test_wrong_passwords_elsewhere_do_not_stop_a_proof_of_who_is_signed_in(world: World, alice: Client) -> None:
    spread(world)
    assert alice.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def test_an_address_is_the_same_in_upper_case(world: World) -> None:
    client = Client(REMOTE_ADDR="198.51.100.1")
    fail(client, world.alice, times=5)
    page = read(client.post(LOGIN, {"login": world.alice.email.upper(), "password": PASSWORD}))
    assert "Too many tries" in page.words


def test_one_network_has_ten_wrong_passwords_a_minute_over_all_addresses(world: World) -> None:
    client = Client(REMOTE_ADDR="198.51.100.1")
    fail(client, world.alice, times=5)
    fail(client, world.bob, times=5)
    assert "Too many tries" in read(fail(client, world.carol)).words


def test_an_ipv6_network_counts_as_one(world: World) -> None:
    for number in range(5):
        fail(Client(REMOTE_ADDR=f"2001:db8::{number}"), world.alice)
    assert "Too many tries" in read(fail(Client(REMOTE_ADDR="2001:db8::ffff"), world.alice)).words


@pytest.mark.parametrize(
    ("trusted", "header", "seen"),
    [
        (0, "1.1.1.1, 2.2.2.2", "198.51.100.1"),
        (1, "1.1.1.1, 2.2.2.2", "2.2.2.2"),
        (2, "1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "2.2.2.2", "198.51.100.1"),
        (1, "nonsense", "0.0.0.0"),
        (1, "", "198.51.100.1"),
        (1, "6.6.6.6, ::ffff:2.2.2.2", "2.2.2.2"),
    ],
)
def test_the_address_is_the_one_that_our_own_proxy_saw(settings: Any, trusted: int, header: str, seen: str) -> None:
    settings.TRUSTED_PROXY_COUNT = trusted
    request = RequestFactory(REMOTE_ADDR="198.51.100.1").get("/", HTTP_X_FORWARDED_FOR=header)
    assert AccountAdapter().get_client_ip(request) == seen


@pytest.mark.parametrize("trusted", [0, 1, 2])
def test_a_limit_holds_whatever_is_written_before_the_trusted_hops(world: World, settings: Any, trusted: int) -> None:
    settings.TRUSTED_PROXY_COUNT = trusted
    hops = ["203.0.113.1", "203.0.113.2"][:trusted]
    for number in range(5):
        header = ", ".join([f"6.6.6.{number}", *hops])
        fail(Client(REMOTE_ADDR="198.51.100.1"), world.alice, HTTP_X_FORWARDED_FOR=header)
    header = ", ".join(["6.6.6.99", *hops])
    page = read(fail(Client(REMOTE_ADDR="198.51.100.1"), world.alice, HTTP_X_FORWARDED_FOR=header))
    assert "Too many tries" in page.words


def test_thirty_sign_ins_a_minute_then_a_page_that_says_when(world: World) -> None:
    client = Client(REMOTE_ADDR="198.51.100.1")
    answers = [client.post(LOGIN, {"login": "", "password": ""}) for _ in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {200}
    page = read(answers[30], 429)
    assert "Too many tries" in page.words
    assert 10 <= int(answers[30].headers["Retry-After"]) <= 60


def test_resets_for_one_mailbox_are_few_and_the_wait_is_named(world: World) -> None:
    for number in range(3):
        answer = Client(REMOTE_ADDR=f"198.51.100.{number}").post(RESET, {"email": world.alice.email})
        assert answer.status_code == 302
    refused = Client(REMOTE_ADDR="198.51.100.9").post(RESET, {"email": world.alice.email.upper()})
    read(refused, 429)
    assert 800 <= int(refused.headers["Retry-After"]) <= 900
    assert len(mails_to(world.alice.email)) == 3
    entry = Client().get(link_in(mails_to(world.alice.email)[0]))
    assert entry.status_code == 302  # an earlier link opens still


def test_sign_ups_of_one_network_are_limited(db: None) -> None:
    client = Client(REMOTE_ADDR="198.51.100.1")
    for _ in range(20):
        assert client.post(SIGN_UP, {}).status_code == 200
    assert client.post(SIGN_UP, {}).status_code == 429
    assert Client(REMOTE_ADDR="198.51.100.2").post(SIGN_UP, {}).status_code == 200


def test_old_passwords_cannot_be_guessed_in_a_session(alice: Client) -> None:
    form = {"oldpassword": WRONG, "password1": "x" * 12, "password2": "x" * 12}
    for _ in range(5):
        assert alice.post("/accounts/password/change/", form).status_code == 200
    refused = alice.post("/accounts/password/change/", form)
    assert refused.status_code == 429
    assert 10 <= int(refused.headers["Retry-After"]) <= 60


def test_counts_are_not_washed_away_by_many_addresses(world: World) -> None:
    client = Client(REMOTE_ADDR="198.51.100.1")
    fail(client, world.alice, times=5)
    for number in range(400):  # Django's own most is 300
        cache.set(f"other:{number}", 1)
    assert "Too many tries" in read(fail(client, world.alice)).words


def test_every_limit_of_allauth_s_pages_is_written_out() -> None:
    """A new action of allauth would come with a number of its own: it must be looked at."""
    from allauth.account import app_settings

    ours = set(limits.ACCOUNT)
    unused = {"change_phone", "verify_phone", "request_login_code"}  # no phones and no codes by mail here
    assert set(app_settings.RATE_LIMITS) == ours | unused
    assert settings.MFA_RATE_LIMITS == limits.MFA
    assert set(tries.OF_PAGE.values()) <= ours
