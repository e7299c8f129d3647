"""A person's address changes when both mailboxes have confirmed it, and by no other way (issue 3 point 1)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.account.views import EmailView, email
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from accounts import addresses
from accounts.addresses import Side, State
from accounts.models import Action, AddressChange, AuditEvent, User
from project.errors import Invalid
from tests.accounts.identity.conftest import LOGIN, RESET, SIGN_UP, SignIn, is_signed_in, link_in, mails_to, prove
from tests.pages.parsing import Page, read
from tests.world import PASSWORD, World

OLD, NEW, PAGE = "alice@example.com", "alice@new.example", "/settings/address"


def ask(client: Client, new: str = NEW) -> Any:
    return client.post(PAGE, {"email": new}, follow=True)


def links() -> tuple[str, str]:
    """The links of the old mailbox and of the new one."""
    return link_in(mails_to(OLD)[-1]), link_in(mails_to(NEW)[-1])


def press(link: str, answer: str = "confirm", client: Client | None = None) -> Page:
    browser = client or Client()
    return read(browser.post(link, {"answer": answer}, follow=True))


def address_of(user: User) -> str:
    user.refresh_from_db()
    return user.email


@pytest.fixture
def fresh(alice: Client) -> Client:
    prove(alice)
    return alice


def test_the_page_asks_for_a_fresh_proof(alice: Client) -> None:
    assert alice.get(PAGE).headers["Location"].startswith("/accounts/reauthenticate/")
    asked = alice.post(PAGE, {"email": NEW})
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not AddressChange.objects.exists()
    alice.post(asked.headers["Location"], {"password": PASSWORD})  # goes on with what was typed
    assert AddressChange.objects.get().new_email == NEW


def test_both_confirm_signed_out_and_the_address_changes(world: World, fresh: Client, sign_in: SignIn) -> None:
    other = sign_in(world.alice)
    page = read(ask(fresh))
    assert "We have written to both addresses" in page.words
    old, new = links()
    page = read(Client().get(old))
    assert NEW in page.words
    assert "Confirmed on this side" in press(old).words
    assert address_of(world.alice) == OLD
    page = read(fresh.get(PAGE))
    assert page.text.count("not yet confirmed") == 1
    assert "The address has changed" in press(new).words
    assert address_of(world.alice) == NEW
    row = EmailAddress.objects.get(user=world.alice)
    assert (row.email, row.verified, row.primary) == (NEW, True, True)
    assert not is_signed_in(other)
    assert not is_signed_in(fresh)
    event = AuditEvent.objects.get(action=Action.ADDRESS_CHANGED)
    assert (event.team, event.data) == (world.team, {"before": OLD, "after": NEW})
    assert "has changed" in mails_to(OLD)[-1].subject
    assert "has changed" in mails_to(NEW)[-1].subject
    sign_in(world.alice)
    assert Client().post(LOGIN, {"login": OLD, "password": PASSWORD}).status_code == 200


def test_who_confirms_last_in_a_browser_of_theirs_stays_signed_in(world: World, fresh: Client) -> None:
    ask(fresh)
    old, new = links()
    press(new)
    press(old, client=fresh)
    assert address_of(world.alice) == NEW
    assert is_signed_in(fresh)


def test_a_scanner_that_opens_the_links_confirms_nothing(world: World, fresh: Client) -> None:
    ask(fresh)
    for link in links():
        for _ in range(3):
            assert Client().get(link).status_code == 200
            assert Client().head(link).status_code == 200
    row = AddressChange.objects.get()
    assert (row.old_confirmed_at, row.new_confirmed_at, row.ended_at) == (None, None, None)


@pytest.mark.parametrize("side", [0, 1])
def test_one_mailbox_alone_changes_nothing_however_often_it_confirms(world: World, fresh: Client, side: int) -> None:
    ask(fresh)
    for _ in range(3):
        assert "Confirmed on this side" in press(links()[side]).words
    assert address_of(world.alice) == OLD
    assert Client().post(LOGIN, {"login": NEW, "password": PASSWORD}).status_code == 200


def test_links_pressed_again_after_the_change_do_nothing(world: World, fresh: Client) -> None:
    ask(fresh)
    for link in links() * 2:
        page = press(link)
    assert "The address has changed" in page.words
    assert AuditEvent.objects.filter(action=Action.ADDRESS_CHANGED).count() == 1
    press(links_before(), "refuse")
    assert address_of(world.alice) == NEW


def links_before() -> str:
    return link_in(next(message for message in mails_to(OLD) if "/address-changes/" in str(message.body)))


@pytest.mark.parametrize("side", [0, 1])
def test_either_mailbox_can_refuse(world: World, fresh: Client, side: int) -> None:
    ask(fresh)
    pair = links()
    press(pair[1 - side])
    refused = Client().post(pair[side], {"answer": "refuse"}, follow=True)
    assert "This link is over" in read(refused, 410).words
    assert "This link is over" in read(Client().post(pair[side], follow=True), 410).words
    assert address_of(world.alice) == OLD


def test_the_person_can_cancel(world: World, fresh: Client) -> None:
    ask(fresh)
    page = read(fresh.post(f"{PAGE}/cancel", follow=True))
    assert "Your address stays as it is" in page.words
    for link in links():
        read(Client().post(link, follow=True), 410)
    assert address_of(world.alice) == OLD
    assert not addresses.cancel(user=world.alice)


def test_a_new_wish_ends_the_one_before(world: World, fresh: Client) -> None:
    ask(fresh)
    old, new = links()
    ask(fresh, "alice@third.example")
    for link in (old, new):
        read(Client().post(link, follow=True), 410)
    assert AddressChange.objects.filter(ended_at=None).get().new_email == "alice@third.example"


def test_links_are_over_after_a_day(world: World, fresh: Client) -> None:
    ask(fresh)
    AddressChange.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for link in links():
        read(Client().get(link), 410)
        read(Client().post(link, follow=True), 410)
    assert address_of(world.alice) == OLD
    AddressChange.objects.update(expires_at=timezone.now() + timedelta(days=30))
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1)):
        read(Client().get(links()[0]), 410)  # the signature is too old, whatever the row says


def test_a_link_for_one_side_cannot_stand_for_the_other(world: World, fresh: Client) -> None:
    ask(fresh)
    change = AddressChange.objects.get()
    token = addresses.token(change, Side.OLD)
    body, rest = token.split(":", 1)
    forged = [f"{body}x:{rest}", f"x{token}", token[:-1], token[::-1], "nonsense", ":::", "%00", change.uuid.hex, "é"]
    for text in forged:
        assert addresses.look(text).state == State.OVER
        assert addresses.confirm(text).state == State.OVER
        assert Client().get(f"/address-changes/{text}").status_code in (404, 410)
        assert Client().post(f"/address-changes/{text}").status_code in (302, 404)
    change.refresh_from_db()
    assert (change.old_confirmed_at, change.new_confirmed_at) == (None, None)


def test_other_signatures_of_ours_are_no_links(world: World, fresh: Client) -> None:
    from django.core import signing

    ask(fresh)
    body = [AddressChange.objects.get().uuid.hex, "old"]
    assert addresses.confirm(signing.dumps(body)).state == State.OVER
    assert addresses.confirm(signing.dumps(body, salt="account")).state == State.OVER


def test_the_database_holds_nothing_that_could_be_used(world: World, fresh: Client) -> None:
    ask(fresh)
    tokens = [link.rpartition("/")[2] for link in links()]
    with connection.cursor() as cursor:
        cursor.execute("select row_to_json(t)::text from accounts_addresschange t")
        rows = str(cursor.fetchall())
        cursor.execute("select row_to_json(t)::text from accounts_auditevent t")
        rows += str(cursor.fetchall())
    for token in tokens:
        assert token not in rows
        assert token.rpartition(":")[2] not in rows


def test_somebody_else_s_address_gets_the_same_answer(world: World, fresh: Client) -> None:
    pages, queues = [], []
    for wanted in (NEW, world.mallory.email):
        before = len(mail.outbox)
        words = read(ask(fresh, wanted)).words.replace(wanted, "WANTED")
        pages.append(re.sub(r"until \S+ \S+", "until THEN", words))
        queues.append(len(mail.outbox) - before)
    assert pages[0] == pages[1]
    assert "Waiting for confirmation" in pages[0]
    assert queues == [2, 2]
    told = mails_to(world.mallory.email)[-1]
    assert "have an account already" in told.subject
    assert "/address-changes/" not in str(told.body)
    press(link_in(mails_to(OLD)[-1]))
    assert address_of(world.alice) == OLD


def test_an_address_taken_meanwhile_is_not_taken_again(world: World, fresh: Client) -> None:
    ask(fresh)
    old, new = links()
    press(old)
    Client().post(SIGN_UP, {"email": NEW, "password1": PASSWORD, "password2": PASSWORD})
    answer = Client().post(new, follow=True)
    assert "This link is over" in read(answer, 410).words
    assert address_of(world.alice) == OLD
    assert EmailAddress.objects.get(user=world.alice).email == OLD


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "required"),
        ("nonsense", "valid"),
        ("a@b", "valid"),
        (OLD, "your address already"),
        ("ALICE@Example.com", "your address already"),
        ("alice@ＥXAMPLE.com", "your address already"),
        ("x" * 250 + "@example.com", "254"),
        ("x" * 10_000, "500"),
        ("a\x00b@example.com", "Null"),
        ("аlice@example.com", "valid"),
        ("a\u202eb@example.com", "valid"),
        ("a@example.com\nBcc: all@example.com", "valid"),
    ],
)
def test_what_cannot_be_an_address_is_said_beside_the_field(fresh: Client, typed: str, reason: str) -> None:
    answer = fresh.post(PAGE, {"email": typed})
    page = read(answer, 422)
    assert reason in " ".join(page.texts("p", klass="error-text"))
    assert not AddressChange.objects.exists()
    assert page.unlabelled() == []


def test_wishes_are_limited_and_what_was_typed_stays(world: World, fresh: Client) -> None:
    for number in range(5):
        ask(fresh, f"alice{number}@new.example")
    refused = fresh.post(PAGE, {"email": NEW})
    page = read(refused, 429)
    assert "too often" in page.words
    assert page.named("email")[0].attrs["value"] == NEW
    assert 3000 < int(refused.headers["Retry-After"]) <= 3600
    assert mails_to(NEW) == []


def test_a_stranger_s_mailbox_gets_three_messages_an_hour(world: World, sign_in: SignIn) -> None:
    answers = []
    for user in (world.alice, world.bob, world.carol, world.mallory):
        client = sign_in(user)
        prove(client)
        answers.append(client.post(PAGE, {"email": NEW}).status_code)
    assert answers == [302, 302, 302, 429]
    assert len(mails_to(NEW)) == 3


def test_a_reset_s_link_dies_with_the_address(world: World, fresh: Client) -> None:
    Client().post(RESET, {"email": OLD})
    reset = link_in(mails_to(OLD)[-1])
    ask(fresh)
    for link in links():
        press(link)
    assert "This link is over" in read(Client().get(reset)).words


def test_who_is_switched_off_changes_nothing(world: World, fresh: Client) -> None:
    ask(fresh)
    User.objects.filter(pk=world.alice.pk).update(is_active=False)
    for link in links():
        read(Client().post(link, follow=True), 410)
    assert address_of(world.alice) == OLD


@pytest.mark.parametrize(
    "form",
    [
        {"action_add": "", "email": NEW},
        {"action_primary": "", "email": NEW},
        {"action_remove": "", "email": OLD},
        {"action_send": "", "email": NEW},
    ],
)
def test_allauth_s_own_page_of_addresses_is_closed(world: World, fresh: Client, form: dict[str, str]) -> None:
    EmailAddress.objects.create(user=world.alice, email="second@example.com", verified=True)
    sent, before = len(mail.outbox), list(EmailAddress.objects.order_by("id").values())
    form = {**form, "email": form["email"].replace(NEW, "second@example.com")} if "primary" in str(form) else form
    for accept in ("text/html", "application/json"):
        answer = fresh.post("/accounts/email/", form, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    assert fresh.get("/accounts/email/").headers["Location"] == PAGE
    assert (len(mail.outbox), list(EmailAddress.objects.order_by("id").values())) == (sent, before)


def test_no_other_page_adds_an_address() -> None:
    """allauth has one view that does, and no address of ours leads to it."""
    patterns = [get_resolver()]
    views = []
    while patterns:
        for pattern in patterns.pop().url_patterns:
            if isinstance(pattern, URLResolver):
                patterns.append(pattern)
            else:
                views.append((resolved(pattern), pattern.callback))
    reachable = [path for path, view in views if getattr(view, "view_class", None) is EmailView]
    assert reachable == ["/accounts/email/"]  # the pattern is there, and ours stands before it
    assert resolve("/accounts/email/").func is not email
    assert settings.ACCOUNT_MAX_EMAIL_ADDRESSES == 1


def resolved(pattern: URLPattern) -> str:
    return reverse(pattern.name) if pattern.callback is email else ""


def test_the_verbs_refuse_nonsense(world: World) -> None:
    with pytest.raises(Invalid):
        addresses.ask(user=world.alice, new="\udcff@example.com")
    with pytest.raises(Invalid):
        addresses.ask(user=world.alice, new=OLD)
