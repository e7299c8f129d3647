"""What a person does at the door stands in the log of each of their teams, by hooks and without signals."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from accounts.identity import TOLD, AccountAdapter
from accounts.models import Action, AuditEvent, Membership, Role, User
from tests.accounts.identity.conftest import LOGIN, RESET, SIGN_UP, SignIn, link_in, mails_to
from tests.world import PASSWORD, World

NEW_PASSWORD = "a new correct horse"


def actions(user: User) -> list[str]:
    return list(AuditEvent.objects.filter(target=f"user:{user.pk}").order_by("id").values_list("action", flat=True))


def test_a_life_from_sign_up_to_sign_out(client: Client, db: None) -> None:
    client.post(SIGN_UP, {"email": "dora@example.com", "password1": PASSWORD, "password2": PASSWORD})
    dora = User.objects.get()
    client.post(link_in(mails_to(dora.email)[0]))
    client.post(LOGIN, {"login": dora.email, "password": "wrong one"})
    client.post(LOGIN, {"login": dora.email, "password": PASSWORD})
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post("/accounts/password/change/", form)
    client.post("/accounts/logout/")
    client.post(RESET, {"email": dora.email})
    entry = client.get(link_in(mails_to(dora.email)[-1])).headers["Location"]
    client.post(entry, {"password1": PASSWORD, "password2": PASSWORD})
    assert actions(dora) == [
        Action.SIGNED_UP,
        Action.SIGN_IN_FAILED,
        Action.SIGNED_IN,
        Action.PASSWORD_CHANGED,
        Action.SIGNED_OUT,
        Action.PASSWORD_RESET,
    ]
    text = str(list(AuditEvent.objects.values()))
    for secret in (PASSWORD, NEW_PASSWORD, "wrong one", entry):
        assert secret not in text


def test_an_event_says_from_where(world: World, sign_in: SignIn) -> None:
    sign_in(world.alice, REMOTE_ADDR="198.51.100.1", HTTP_USER_AGENT="Browser/1\r\nX")
    event = AuditEvent.objects.get(action=Action.SIGNED_IN)
    assert (event.ip, event.team, event.data) == ("198.51.100.1", world.team, {"methods": ["password"]})
    assert event.actor == f"user:{world.alice.pk}"
    assert "\n" not in event.user_agent
    assert event.request_id


def test_each_team_of_the_person_is_told(world: World, sign_in: SignIn) -> None:
    Membership.objects.create(team=world.other_team, user=world.bob, role=Role.VIEWER)
    sign_in(world.bob)
    events = AuditEvent.objects.filter(action=Action.SIGNED_IN)
    assert {event.team for event in events} == {world.team, world.other_team}


@pytest.mark.parametrize("template", sorted(TOLD))
def test_what_a_person_is_told_of_the_log_is_told_of(world: World, alice: Client, template: str) -> None:
    from allauth.core import context

    request = RequestFactory().post("/accounts/2fa/")
    request.session, request.user = alice.session, world.alice  # type: ignore[assignment]
    with context.request_context(request):
        AccountAdapter().send_notification_mail(template, world.alice)
    action, data = TOLD[template]
    event = AuditEvent.objects.get(action=action)
    assert (event.target, event.team, event.data) == (f"user:{world.alice.pk}", world.team, data)
    assert len(mails_to(world.alice.email)) == 1


def test_every_notification_of_allauth_is_in_the_table() -> None:
    """By the templates that it ships: a new one must be looked at. Those of pages that are closed are not ours."""
    from pathlib import Path

    import allauth

    root = Path(allauth.__file__).parent / "templates"
    told = {
        path.relative_to(root).as_posix().removesuffix("_message.txt")
        for folder in ("account/email", "mfa/email")
        for path in (root / folder).glob("*_message.txt")
        if "base_notification" in path.read_text(encoding="utf-8")
    }
    closed = {f"account/email/email_{word}" for word in ("changed", "confirm", "deleted")}
    assert told - closed == set(TOLD)


def test_a_failed_fresh_proof_is_told(world: World, alice: Client) -> None:
    alice.post("/accounts/reauthenticate/", {"password": "wrong one"})
    assert actions(world.alice)[-1] == Action.SIGN_IN_FAILED
