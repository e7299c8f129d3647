"""The page of members: who sees what, controls only for who manages, faults beside the fields, few queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts import invitations
from accounts.models import Invitation, Membership, Role, Team, User
from tests.accounts.teams.conftest import join, place
from tests.pages.conftest import Browser
from tests.pages.parsing import Page, read
from tests.pages.test_policy import whole
from tests.world import World

Proven = Callable[[User], Client]


def _row(page: Page, text: str) -> str:
    """The first line with this text: members stand before invitations."""
    return next(row for row in page.texts("tr") if text in row)


def test_everybody_of_the_team_sees_who_belongs_to_it(world: World, browser: Browser, erin: User) -> None:
    invitations.invite(by=world.actor(world.alice), email="nina@example.com", role=Role.VIEWER)
    for user in (world.alice, world.bob, world.carol, erin):
        page = whole(browser(user).get("/team"))
        for other in (world.alice, world.bob, world.carol, erin):
            assert other.email in page.words
        assert "nina@example.com" in page.words
        assert page.unlabelled() == []
        assert bool(page.all("form", action="/team/invitations")) == (user == world.alice)
        assert bool(page.named("role")) == (user == world.alice)
        assert ("Second factor" in page.words) == (user == world.alice)
        assert "you" in _row(page, user.email)
    assert "nina" not in read(browser(world.mallory).get("/team")).words


def test_the_second_factor_of_each_is_shown_to_who_manages(world: World, alice: Client) -> None:
    Authenticator.objects.create(user=world.bob, type=Authenticator.Type.TOTP, data={})
    Authenticator.objects.create(user=world.carol, type=Authenticator.Type.RECOVERY_CODES, data={})
    page = read(alice.get("/team"))
    shown = [" ".join(e.text.split()) for e in page.all("td", data_label="Second factor")]
    assert shown == ["no", "yes", "no"]  # alice, bob, carol: recovery codes alone are none


def test_an_admin_has_controls_for_whom_they_may_change(world: World, browser: Browser, dave: User) -> None:
    page = read(browser(dave).get("/team"))
    actions = {form.attrs["action"] for form in page.all("form", method="post")}
    assert f"/team/members/{place(world, world.bob).public_id}/role" in actions
    for user in (world.alice, dave):
        assert f"/team/members/{place(world, user).public_id}/role" not in actions
    assert {option.attrs["value"] for option in page.all("option")} == {"admin", "member", "viewer"}


def test_the_number_of_queries_does_not_depend_on_the_members(
    world: World, alice: Client, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    read(alice.get("/team"))
    few = count_queries(lambda: read(alice.get("/team")))
    for number in range(97):
        user = join(world, f"member{number}", Role.MEMBER)
        Invitation.objects.create(
            team=world.team,
            email=f"n{number}@example.com",
            role=Role.VIEWER,
            invited_by=place(world, user),
            expires_at=user.date_joined + invitations.LIFETIME,
        )
    assert Membership.current.filter(team=world.team).count() == 100
    assert count_queries(lambda: read(alice.get("/team"))) == few


def test_inviting_by_the_form(world: World, alice: Client) -> None:
    answer = alice.post("/team/invitations", {"email": "nina@example.com", "role": "viewer"})
    assert answer.headers["Location"] == "/team"
    page = read(alice.get("/team"))
    assert "An invitation is on its way to nina@example.com" in page.words
    row = Invitation.objects.get()
    assert f"/team/invitations/{row.public_id}/withdraw" in page.html
    assert alice.post(f"/team/invitations/{row.public_id}/withdraw").status_code == 302
    assert "Nobody is invited" in read(alice.get("/team")).words


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"email": "nina", "role": "viewer"}, "email", "valid e-mail address"),
        ({"email": "", "role": "viewer"}, "email", "required"),
        ({"email": "bob@example.com", "role": "viewer"}, "email", "belongs to the team already"),
        ({"email": "nina@example.com", "role": "owner"}, "role", "not one of the available choices"),
        ({"email": "nina@example.com", "role": "king"}, "role", "not one of the available choices"),
        ({"email": "nina@example.com"}, "role", "required"),
        ({}, "email", "required"),
    ],
)
def test_faults_stand_beside_the_field_and_what_was_typed_stays(
    world: World, alice: Client, data: dict[str, str], field: str, words: str
) -> None:
    page = whole(alice.post("/team/invitations", data), 422)
    assert words in page.one("div", id=f"id_{field}_error").text
    assert len(page.all("p", klass="error-text")) == len(page.all("div", klass="wrong"))  # each said once
    assert page.one("input", name="email").attrs.get("value", "") == data.get("email", "")
    assert not Invitation.objects.exists()


def test_sending_again_too_soon_is_said_on_the_page(world: World, alice: Client) -> None:
    row = invitations.invite(by=world.actor(world.alice), email="nina@example.com", role=Role.VIEWER)
    page = whole(alice.post(f"/team/invitations/{row.public_id}/resend"), 429)
    assert "sent a moment ago" in page.one("div", role="alert").text
    page = whole(alice.post("/team/invitations", {"email": "nina@example.com", "role": "viewer"}), 422)
    assert "send it again from the list" in page.words


def test_changing_a_role(world: World, alice: Client, proven: Proven) -> None:
    where = f"/team/members/{place(world, world.bob).public_id}/role"
    assert alice.post(where, {"role": "admin"}).headers["Location"] == "/team"
    assert place(world, world.bob).role == "admin"
    answer = alice.post(where, {"role": "owner"})  # asks for a proof first
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert place(world, world.bob).role == "admin"
    assert proven(world.alice).post(where, {"role": "owner"}).status_code == 302
    assert place(world, world.bob).role == "owner"
    page = whole(alice.post(where, {"role": "king"}), 422)
    assert "no such role" in page.words


def test_the_last_owner_is_told_on_the_page(world: World, alice: Client) -> None:
    page = whole(alice.post(f"/team/members/{place(world, world.alice).public_id}/role", {"role": "viewer"}), 409)
    assert "Studio needs an owner" in page.one("div", role="alert").text
    page = whole(alice.get("/team/leave"))
    assert "only owner" in page.words
    assert "Studio needs an owner" in whole(alice.post("/team/leave"), 409).words


def test_removing_asks_first(world: World, alice: Client) -> None:
    bob = place(world, world.bob)
    where = f"/team/members/{bob.public_id}/remove"
    page = whole(alice.get(where))
    assert "What they have under way goes on" in page.words
    assert place(world, world.bob).ended_at is None
    assert alice.post(where).headers["Location"] == "/team"
    assert "bob@example.com no longer belongs to Studio" in read(alice.get("/team")).words
    assert alice.get(where).status_code == alice.post(where).status_code == 404


def test_leaving_asks_first(world: World, browser: Browser) -> None:
    bob = browser(world.bob)
    whole(bob.get("/team/leave"))
    assert place(world, world.bob).ended_at is None
    assert bob.post("/team/leave").headers["Location"] == "/studio"
    page = read(bob.get("/studio"))
    assert "You have left Studio" in page.words
    assert page.texts("summary") == ["bob's team"]


@pytest.mark.parametrize("public_id", ["mem_0", "mem_" + "0" * 32, "x", "key_" + "0" * 32])
def test_members_that_are_not_there(world: World, alice: Client, public_id: str) -> None:
    for path in (f"/team/members/{public_id}/role", f"/team/members/{public_id}/remove"):
        assert alice.post(path, {"role": "member"}).status_code == 404


def test_members_and_invitations_of_another_team_are_not_there(world: World, browser: Browser) -> None:
    row = invitations.invite(by=world.actor(world.alice), email="nina@example.com", role=Role.VIEWER)
    mallory, bob = browser(world.mallory), place(world, world.bob)
    paths = [f"/team/members/{bob.public_id}/{verb}" for verb in ("role", "remove")]
    paths += [f"/team/invitations/{row.public_id}/{verb}" for verb in ("resend", "withdraw")]
    for path in paths:
        assert mallory.post(path, {"role": "viewer"}).status_code == 404
    bob.refresh_from_db()
    row.refresh_from_db()
    assert (bob.role, bob.ended_at, row.status, row.version) == ("member", None, "open", 1)


@pytest.mark.parametrize("name", ["bob", "carol", "erin"])
def test_who_does_not_manage_changes_nothing(world: World, browser: Browser, erin: User, name: str) -> None:
    row = invitations.invite(by=world.actor(world.alice), email="nina@example.com", role=Role.VIEWER)
    client = browser(User.objects.get(email=f"{name}@example.com"))
    alice = place(world, world.alice)
    for path in (
        "/team/invitations",
        f"/team/invitations/{row.public_id}/resend",
        f"/team/invitations/{row.public_id}/withdraw",
        f"/team/members/{alice.public_id}/role",
        f"/team/members/{alice.public_id}/remove",
        "/team/rename",
        "/team/second-factor",
        "/team/hand-over",
        "/team/close",
    ):
        assert client.post(path, {"email": "x@example.com", "role": "viewer", "name": "Studio"}).status_code == 403
    alice.refresh_from_db()
    assert (alice.role, alice.ended_at, Invitation.objects.count()) == ("owner", None, 1)
    assert Team.objects.get(pk=world.team.pk).status == "active"


def test_names_cannot_break_out_of_the_page(world: World, alice: Client) -> None:
    User.objects.filter(pk=world.bob.pk).update(name='<script src="//evil.example/x.js"></script>')
    page = whole(alice.get("/team"))
    assert "<script src=" in page.words
