"""The page behind the link: for strangers, for whom it is, for others; and the way from the mail into the team."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.test import Client

from accounts import invitation_links, invitations, sessions, teams
from accounts.models import Invitation, InvitationStatus, Membership, Role, Team, User
from accounts.views_invitations import masked
from tests.accounts.teams.conftest import link_to
from tests.pages.conftest import Browser
from tests.pages.parsing import read
from tests.pages.test_policy import whole
from tests.world import PASSWORD, World, person

Proven = Callable[[User], Client]
NEW = "nina@example.com"


@pytest.fixture
def link(world: World) -> str:
    invitations.invite(by=world.actor(world.alice), email=NEW, role=Role.MEMBER)
    return link_to(NEW)


@pytest.fixture
def nina(db: None) -> User:
    return person("nina")


def _sign_up(client: Client, email: str, where: str) -> object:
    data = {"email": email, "password1": PASSWORD, "password2": PASSWORD, "next": where}
    return client.post("/accounts/signup/", data)


def test_a_stranger_reads_who_invites_to_what_and_nothing_changes(world: World, client: Client, link: str) -> None:
    before = list(Invitation.objects.values())
    for _ in range(2):
        page = whole(client.get(link))
    for words in ("alice invites you to the team Studio as member", NEW):
        assert words in page.words
    targets = [e.attrs["href"] for e in page.all("a", klass="button")]
    assert targets == [f"/accounts/login/?next={link}", f"/accounts/signup/?next={link}"]
    assert page.all("form") == []
    assert list(Invitation.objects.values()) == before
    assert client.post(link).headers["Location"] == link  # not signed in: nothing happens
    assert list(Invitation.objects.values()) == before
    assert "no-store" in client.get(link).headers["Cache-Control"]


def test_signing_up_by_the_link_needs_no_second_confirmation(world: World, client: Client, link: str) -> None:
    read(client.get(link))
    page = read(client.get(f"/accounts/signup/?next={link}"))
    assert page.one("input", name="email").attrs["value"] == NEW
    mail.outbox.clear()
    answer = _sign_up(client, NEW, link)
    assert answer.headers["Location"] == link  # type: ignore[attr-defined]
    assert not any("onfirm" in message.subject for message in mail.outbox)
    user = User.objects.get(email=NEW)
    assert EmailAddress.objects.get(user=user).verified
    page = whole(client.get(link))
    assert not Membership.objects.filter(user=user).exists()  # the page makes no team of one's own
    assert page.one("main").text.count("Studio") >= 2
    answer = client.post(link)  # who has just signed up has just proved who they are
    assert answer.headers["Location"] == "/studio"
    page = read(client.get("/studio"))
    assert "Welcome to Studio. You are member there." in page.words
    assert [row.team.name for row in Membership.objects.filter(user=user)] == ["Studio"]


def test_signing_up_with_another_address_proves_nothing(world: World, client: Client, link: str) -> None:
    read(client.get(link))
    _sign_up(client, "other@example.com", link)
    user = User.objects.get(email="other@example.com")
    assert [(row.email, row.verified) for row in EmailAddress.objects.filter(user=user)] == [
        ("other@example.com", False)
    ]
    assert not User.objects.filter(email=NEW).exists()


def test_the_proof_is_for_one_address_also_when_somebody_has_it_already(
    world: World, client: Client, link: str, nina: User
) -> None:
    """faults.md row 71: nobody gets into nina's account by her invitation."""
    read(client.get(link))
    answer = _sign_up(client, NEW, link)
    assert answer.status_code == 302  # type: ignore[attr-defined]
    assert User.objects.filter(email=NEW).count() == 1
    assert client.get("/studio").headers["Location"].startswith("/accounts/login/")
    _sign_up(client, "other@example.com", link)
    assert User.objects.get(email="other@example.com").emailaddress_set.get().verified is False


def test_signing_in_leads_back_and_counts_as_proof(world: World, client: Client, link: str, nina: User) -> None:
    answer = client.post("/accounts/login/", {"login": NEW, "password": PASSWORD, "next": link})
    assert answer.headers["Location"] == link
    assert "Join Studio" in whole(client.get(link)).words
    assert client.post(link).headers["Location"] == "/studio"
    assert read(client.get("/team")).texts("h1") == ["Studio"]


def test_an_old_session_proves_itself_first(world: World, browser: Browser, link: str, nina: User) -> None:
    client = browser(nina)
    assert "Join Studio" in whole(client.get(link)).words
    session = client.session
    session[sessions.SIGNED_IN_AT] -= settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + 1
    session.save()
    answer = client.post(link)
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not Membership.objects.filter(user=nina).exists()
    answer = client.post(answer.headers["Location"], {"password": PASSWORD, "next": link})
    assert answer.headers["Location"] == "/studio"  # the request that waited has been done
    assert Membership.objects.get(user=nina).team == world.team


def test_the_team_is_chosen_at_once_and_the_others_stay(world: World, proven: Proven, link: str, nina: User) -> None:
    own = teams.ensure_own_team(nina)
    client = proven(nina)
    assert read(client.get("/team")).texts("h1") == [own.name]
    client.post(link)
    page = read(client.get("/team"))
    assert page.texts("h1") == ["Studio"]
    assert [e.attrs["value"] for e in page.all("button", name="team")] == [own.public_id, world.team.public_id]


def test_somebody_else_is_told_and_can_sign_out(world: World, proven: Proven, link: str) -> None:
    client = proven(world.mallory)
    page = whole(client.get(link))
    assert NEW not in page.html
    assert "n•••@e•••.com" in page.words
    assert "signed in as mallory@example.com" in page.words
    assert "Join Studio" not in page.texts("button")
    page = whole(client.post(link), 403)
    assert "this invitation is for another address" in page.words
    assert not Membership.objects.filter(user=world.mallory, team=world.team).exists()
    assert page.one("input", type="hidden", name="next").attrs["value"] == link
    answer = client.post("/accounts/logout/", {"next": link})
    assert answer.headers["Location"] == link
    assert "Sign up" in whole(client.get(link)).words


@pytest.mark.parametrize("end", [InvitationStatus.WITHDRAWN, InvitationStatus.EXPIRED, InvitationStatus.ACCEPTED])
def test_what_has_ended_is_gone_for_everybody(
    world: World, client: Client, browser: Browser, link: str, nina: User, end: str
) -> None:
    row = Invitation.objects.get()
    if end == InvitationStatus.WITHDRAWN:
        invitations.withdraw(by=world.actor(world.alice), invitation=row)
    elif end == InvitationStatus.ACCEPTED:
        invitations.accept(token=invitation_links.token(row), user=nina)
    else:
        Invitation.objects.filter(pk=row.pk).update(expires_at=row.created_at)
    said = set()
    for who in (client, browser(world.mallory), browser(nina), browser(world.alice)):
        for answer in (who.get(link), who.post(link)):
            said.add(whole(answer, 410).one("main").text)
    assert len(said) == 1


def test_what_we_did_not_sign_is_not_found_for_everybody(
    world: World, client: Client, alice: Client, link: str
) -> None:
    row = Invitation.objects.get()
    for path in (link[:-1], link + "x", "/invitations/x", "/invitations/%00", f"/invitations/{row.public_id}"):
        for who in (client, alice):
            assert "not one of ours" in whole(who.get(path), 404).words
            assert who.post(path).status_code == 404


def test_a_team_that_closes_takes_nobody(world: World, client: Client, link: str) -> None:
    Team.objects.filter(pk=world.team.pk).update(status="closing")
    assert "takes no new members" in whole(client.get(link), 410).words


def test_the_link_is_not_given_to_others(client: Client, link: str) -> None:
    """The page loads nothing from elsewhere (whole) and tells nobody its address."""
    assert client.get(link).headers["Referrer-Policy"] == "same-origin"


def test_masked_addresses() -> None:
    assert masked("nina@example.com") == "n•••@e•••.com"
    assert masked("n@a.b.example") == "n•••@a•••.example"
    assert masked("n@localhost") == "n•••@l•••"
