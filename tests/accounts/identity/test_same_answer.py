"""Whether an address has an account shows neither in an answer nor in the work for it: sign-in, reset, sign-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Action, AuditEvent, User
from tests.accounts.identity.conftest import LOGIN, RESET, SIGN_UP, link_in, mails_to
from tests.accounts.identity.hashers import CountingHasher
from tests.pages.parsing import read
from tests.world import PASSWORD, World

UNKNOWN = "nobody@example.com"


@pytest.fixture(autouse=True)
def _counted(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{CountingHasher.__module__}.CountingHasher"]


@dataclass(frozen=True)
class Seen:
    """What somebody outside can see of an answer, and the work behind it."""

    status: int
    where: str
    body: str
    cookies: tuple[str, ...]
    messages: tuple[str, ...]
    hashes: int
    mails: int


def look(path: str, form: dict[str, str], address: str) -> Seen:
    client = Client()
    client.get(path)
    before, sent = CountingHasher.count, len(mail.outbox)
    answer = client.post(path, form)
    where = answer.headers.get("Location", "")
    page = client.get(where) if where else answer
    body = read(page).words.replace(address, "ADDRESS")
    return Seen(
        answer.status_code,
        where,
        body,
        tuple(sorted(answer.cookies)),
        tuple(str(message).replace(address, "ADDRESS") for message in get_messages(answer.wsgi_request)),
        CountingHasher.count - before,
        len(mail.outbox) - sent,
    )


def test_a_wrong_password_and_an_unknown_address(world: World) -> None:
    known = look(LOGIN, {"login": world.alice.email, "password": "a wrong one"}, world.alice.email)
    assert known == look(LOGIN, {"login": UNKNOWN, "password": "a wrong one"}, UNKNOWN)
    assert (known.status, known.hashes, known.mails) == (200, 1, 0)


def test_a_switched_off_account_and_an_unknown_address(world: World) -> None:
    User.objects.filter(pk=world.alice.pk).update(is_active=False)
    known = look(LOGIN, {"login": world.alice.email, "password": "a wrong one"}, world.alice.email)
    assert known == look(LOGIN, {"login": UNKNOWN, "password": "a wrong one"}, UNKNOWN)
    known = look(RESET, {"email": world.alice.email}, world.alice.email)
    assert known == look(RESET, {"email": UNKNOWN}, UNKNOWN)


def test_an_account_without_a_password_and_an_unknown_address(world: World) -> None:
    world.alice.set_unusable_password()
    world.alice.save()
    known = look(LOGIN, {"login": world.alice.email, "password": "a wrong one"}, world.alice.email)
    assert known == look(LOGIN, {"login": UNKNOWN, "password": "a wrong one"}, UNKNOWN)


def test_a_password_that_nobody_can_have_is_not_even_hashed(world: World) -> None:
    long = "x" * 1025
    known = look(LOGIN, {"login": world.alice.email, "password": long}, world.alice.email)
    assert known == look(LOGIN, {"login": UNKNOWN, "password": long}, UNKNOWN)
    assert (known.status, known.hashes) == (200, 0)


def test_the_queries_of_a_failed_sign_in_are_as_many(world: World) -> None:
    counts = []
    for address in (world.alice.email, UNKNOWN):
        client = Client(REMOTE_ADDR="198.51.100.1" if address == UNKNOWN else "198.51.100.2")
        with CaptureQueriesContext(connection) as captured:
            client.post(LOGIN, {"login": address, "password": "a wrong one"})
        counts.append(len(captured))
    assert abs(counts[0] - counts[1]) <= 1  # whose teams there are to tell


def test_a_reset(world: World) -> None:
    known = look(RESET, {"email": world.alice.email}, world.alice.email)
    assert known == look(RESET, {"email": UNKNOWN}, UNKNOWN)
    assert (known.status, known.hashes, known.mails) == (302, 0, 1)


def test_a_sign_up(world: World) -> None:
    known, unknown = (
        look(SIGN_UP, {"email": address, "password1": PASSWORD, "password2": PASSWORD}, address)
        for address in (world.alice.email, UNKNOWN)
    )
    assert known == unknown
    assert (known.status, known.hashes, known.mails) == (302, 1, 1)
    assert User.objects.filter(email=world.alice.email).count() == 1


def test_a_sign_up_with_faults(world: World) -> None:
    known, unknown = (
        look(SIGN_UP, {"email": address, "password1": "short", "password2": "short"}, address)
        for address in (world.alice.email, UNKNOWN)
    )
    assert known == unknown
    assert known.status == 200


def test_signing_up_and_then_in_tells_nothing(world: World) -> None:
    """Whoever signs up with somebody's address and then in with the password just chosen learns nothing."""
    other = "another correct horse"
    answers = []
    for address in (world.alice.email, UNKNOWN):
        Client().post(SIGN_UP, {"email": address, "password1": other, "password2": other})
        answers.append(look(LOGIN, {"login": address, "password": other}, address))
    assert answers[0] == answers[1]
    assert "not confirmed yet" in answers[0].body


def test_signing_in_before_confirming_sends_the_link_again(world: World) -> None:
    from django.core.cache import cache

    client = Client()
    client.post(SIGN_UP, {"email": UNKNOWN, "password1": PASSWORD, "password2": PASSWORD})
    cache.clear()  # three minutes later
    assert client.post(LOGIN, {"login": UNKNOWN, "password": PASSWORD}).status_code == 200
    first, second = mails_to(UNKNOWN)
    assert link_in(first).startswith("/accounts/confirm-email/")
    client.post(link_in(second))
    assert client.post(LOGIN, {"login": UNKNOWN, "password": PASSWORD}).headers["Location"] == "/studio"


def test_a_failure_is_in_the_log_of_a_known_account_and_typed_text_nowhere(world: World) -> None:
    Client().post(LOGIN, {"login": world.alice.email, "password": "my secret typo"})
    Client().post(LOGIN, {"login": "my secret typo@example.com", "password": "x"})
    Client().post(LOGIN, {"login": "typo@example.com", "password": "my secret typo"})
    rows = AuditEvent.objects.filter(action=Action.SIGN_IN_FAILED).order_by("id")
    assert [(row.team, row.target, row.actor) for row in rows] == [
        (world.team, f"user:{world.alice.pk}", "unknown"),
        (None, "", "unknown"),
    ]
    for row in AuditEvent.objects.values():
        assert "typo" not in str(row)
