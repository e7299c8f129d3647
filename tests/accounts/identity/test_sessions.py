"""Sessions end when idle, when old, when their person says so, and when the proof of who it is has changed (E4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import sessions
from accounts.models import Action, AuditEvent, User
from tests.accounts.identity.conftest import LOGIN, RESET, SignIn, is_signed_in, link_in, mails_to, prove
from tests.concurrency.racing import race
from tests.pages.parsing import read
from tests.world import PASSWORD, World

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"


def test_an_idle_session_ends_after_twelve_hours(world: World, alice: Client) -> None:
    start = timezone.now()
    with time_machine.travel(start + timedelta(hours=11, minutes=59), tick=True):
        assert is_signed_in(alice)
    with time_machine.travel(start + timedelta(hours=23, minutes=58), tick=True):
        assert is_signed_in(alice)
    with time_machine.travel(start + timedelta(hours=35, minutes=59), tick=True):
        assert not is_signed_in(alice)
        assert not UserSession.objects.filter(user=world.alice).exists()
    event = AuditEvent.objects.get(action=Action.SESSION_ENDED)
    assert (event.actor, event.data, event.team) == ("system", {"reason": "idle"}, world.team)


def test_staff_have_half_an_hour(world: World, sign_in: SignIn) -> None:
    User.objects.filter(pk=world.bob.pk).update(is_staff=True)
    staff, member = sign_in(world.bob), sign_in(world.alice)
    with time_machine.travel(timezone.now() + timedelta(minutes=29), tick=True):
        assert is_signed_in(staff)
    with time_machine.travel(timezone.now() + timedelta(minutes=60), tick=True):
        assert not is_signed_in(staff)
        assert is_signed_in(member)


def test_a_session_in_use_ends_after_fourteen_days(alice: Client) -> None:
    start = timezone.now()
    for hours in range(10, 14 * 24, 10):
        with time_machine.travel(start + timedelta(hours=hours), tick=True):
            assert is_signed_in(alice), hours
    with time_machine.travel(start + timedelta(days=14, minutes=1), tick=True):
        assert not is_signed_in(alice)


def test_a_session_writes_at_most_every_five_minutes(alice: Client) -> None:
    is_signed_in(alice)

    def writes() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert is_signed_in(alice)
        return [query["sql"] for query in captured if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]

    assert writes() == []
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=True):
        assert len(writes()) == 2  # the session, and its row in the person's list
        assert writes() == []


def test_the_middleware_asks_the_database_nothing_of_its_own(
    world: World, alice: Client, settings: Any, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    is_signed_in(alice)
    with_it = count_queries(lambda: is_signed_in(alice))
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "SessionAge" not in name]
    without = Client()
    without.cookies = alice.cookies
    assert count_queries(lambda: is_signed_in(without)) == with_it


def test_a_sign_in_that_was_not_ours_is_stamped_and_listed(world: World) -> None:
    client = Client(HTTP_USER_AGENT=FIREFOX)
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert is_signed_in(client)
    assert UserSession.objects.get().session_key == client.session.session_key
    with time_machine.travel(timezone.now() + timedelta(hours=12, minutes=1), tick=True):
        assert not is_signed_in(client)


def test_the_key_of_a_session_changes_at_sign_in(world: World, sign_in: SignIn) -> None:
    client = Client()
    session = client.session
    session["planted"] = "yes"
    session.save()
    planted = session.session_key
    client.cookies["session"] = planted
    sign_in(world.alice, client=client)
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()


def test_the_list_shows_where_and_when_and_this_one(world: World, sign_in: SignIn) -> None:
    here = sign_in(world.alice, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="198.51.100.1")
    sign_in(world.alice, HTTP_USER_AGENT=IPHONE, REMOTE_ADDR="203.0.113.7")
    sign_in(world.bob, HTTP_USER_AGENT=IPHONE, REMOTE_ADDR="192.0.2.99")
    page = read(here.get("/settings/sessions"))
    assert "Firefox 128 on Linux this one 198.51.100.1" in page.words
    assert "Safari 17 on iPhone 203.0.113.7" in page.words
    assert "192.0.2.99" not in page.words
    assert here.get("/accounts/sessions/").headers["Location"] == "/settings/sessions"


def test_one_session_is_ended_with_a_fresh_proof(world: World, sign_in: SignIn) -> None:
    here, there, third = sign_in(world.alice), sign_in(world.alice), sign_in(world.alice)
    row = UserSession.objects.get(session_key=there.session.session_key)
    path = f"/settings/sessions/{row.pk}/end"
    asked = here.post(path)
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    assert is_signed_in(there)
    done = here.post(asked.headers["Location"], {"password": PASSWORD})  # goes on with what was asked
    assert done.headers["Location"] == "/settings/sessions"
    assert not is_signed_in(there)
    assert is_signed_in(here)
    assert is_signed_in(third)
    assert AuditEvent.objects.filter(action=Action.SESSION_ENDED, actor=f"user:{world.alice.pk}").count() == 1


def test_sessions_of_others_cannot_be_ended(world: World, alice: Client, sign_in: SignIn) -> None:
    bob = sign_in(world.bob)
    prove(alice)
    row = UserSession.objects.get(user=world.bob)
    assert alice.post(f"/settings/sessions/{row.pk}/end").status_code == 404
    assert alice.post("/settings/sessions/999999999999999999999/end").status_code == 404
    alice.post("/settings/sessions/end-others")
    assert is_signed_in(bob)
    assert is_signed_in(alice)


def test_all_others_are_ended(world: World, alice: Client, sign_in: SignIn) -> None:
    others = [sign_in(world.alice) for _ in range(3)]
    prove(alice)
    alice.get("/settings/sessions/end-others")
    assert all(is_signed_in(other) for other in others)  # looking ends nothing
    alice.post("/settings/sessions/end-others")
    assert not any(is_signed_in(other) for other in others)
    assert is_signed_in(alice)
    assert AuditEvent.objects.get(action=Action.SESSION_ENDED).data == {"sessions": 3}


def test_a_new_password_ends_all_others(world: World, alice: Client, sign_in: SignIn) -> None:
    other, before = sign_in(world.alice), alice.session.session_key
    new = "a new correct horse"
    alice.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert is_signed_in(alice)
    assert not is_signed_in(other)
    assert alice.session.session_key != before
    assert Session.objects.count() == UserSession.objects.filter(user=world.alice).count() == 1


def test_a_reset_ends_all(world: World, alice: Client, sign_in: SignIn) -> None:
    stranger = Client()
    stranger.post(RESET, {"email": world.alice.email})
    entry = stranger.get(link_in(mails_to(world.alice.email)[0])).headers["Location"]
    new = "a new correct horse"
    assert stranger.post(entry, {"password1": new, "password2": new}).status_code == 302
    assert not is_signed_in(alice)
    assert not UserSession.objects.exists()
    assert stranger.post(LOGIN, {"login": world.alice.email, "password": PASSWORD}).status_code == 200
    sign_in(world.alice, password=new)


@pytest.mark.parametrize(
    ("template", "ends"),
    [
        ("mfa/email/totp_activated", True),
        ("mfa/email/totp_deactivated", True),
        ("mfa/email/webauthn_added", True),
        ("mfa/email/webauthn_removed", True),
        ("mfa/email/recovery_codes_generated", False),
    ],
)
def test_another_second_factor_ends_all_others(
    world: World, alice: Client, sign_in: SignIn, template: str, ends: bool
) -> None:
    from allauth.core import context
    from django.test import RequestFactory

    from accounts.identity import AccountAdapter

    other = sign_in(world.alice)
    request = RequestFactory().post("/accounts/2fa/totp/deactivate/")
    request.session, request.user = alice.session, world.alice  # type: ignore[assignment]
    with context.request_context(request):
        AccountAdapter().send_notification_mail(template, world.alice)
    assert is_signed_in(other) is not ends
    assert is_signed_in(alice)


def test_who_is_switched_off_is_out_at_once_and_stays_out(world: World, alice: Client) -> None:
    User.objects.filter(pk=world.alice.pk).update(is_active=False)
    assert not is_signed_in(alice)
    sessions.end_all(user=world.alice)
    User.objects.filter(pk=world.alice.pk).update(is_active=True)
    assert not is_signed_in(alice)


def test_signing_out_takes_the_session_from_the_list(world: World, alice: Client) -> None:
    alice.post("/accounts/logout/")
    assert not UserSession.objects.exists()
    assert not is_signed_in(alice)


def test_an_ended_session_is_not_brought_back_by_a_request_under_way(committed_world: World, sign_in: SignIn) -> None:
    """Many requests of one session stamp it while it is ended elsewhere: it stays ended, and none is a 500."""
    client = sign_in(committed_world.alice)
    key = client.session.session_key

    def use() -> int:
        mine = Client()
        mine.cookies = client.cookies
        return mine.get("/settings/profile").status_code

    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=True):
        answers = race([use, use, use, lambda: sessions.end_all(user=committed_world.alice), use, use])
    assert set(answers) <= {200, 302, 1}, answers
    assert not Session.objects.filter(session_key=key).exists()
    assert not is_signed_in(client)
