"""A person's teams: make one, switch; its settings: name, second factor, handing over, closing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import DatabaseError, transaction
from django.test import Client

from accounts import teams
from accounts.models import Action, AuditEvent, Invitation, Membership, Role, Team, User
from billing import closures, ledger, reconcile
from generations import outcomes, sweeps
from generations.models import Generation
from project.errors import Conflict, Forbidden
from tests.accounts.teams.conftest import join, place
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import accept
from tests.pages.conftest import Browser
from tests.pages.parsing import read
from tests.pages.test_policy import whole
from tests.world import World, person

Proven = Callable[[User], Client]
FLUX = ("flux-kontext-pro", {"prompt": "a fox"})


# --- making and choosing


def test_a_new_team_is_the_one_that_the_session_acts_for(world: World, alice: Client) -> None:
    whole(alice.get("/teams/new"))
    assert alice.post("/teams/new", {"name": "  Night   Shift "}).headers["Location"] == "/team"
    page = read(alice.get("/team"))
    assert page.texts("h1") == ["Night Shift"]
    team = Team.objects.get(name="Night Shift")
    assert Membership.objects.get(team=team).role == "owner"
    assert AuditEvent.objects.get(action=Action.TEAM_CREATED).team == team
    assert "0 credits" in page.words  # its wallet opens at first need


def test_a_team_made_on_the_page_can_hold_and_spend(world: World, alice: Client) -> None:
    from billing import credits

    alice.post("/teams/new", {"name": "Night Shift"})
    row = Membership.objects.select_related("team", "user").get(team__name="Night Shift")
    with transaction.atomic():
        credits.grant(team=row.team, amount=1_000_000, actor="test", reason="test", grant_id=row.uuid)
    actor = type(world.actor())(team=row.team, permissions=world.actor(world.alice).permissions, membership=row)
    assert accept(actor, *FLUX).status == "queued"
    assert reconcile.failures(ALL_CHECKS) == []


BAD_NAMES = ["", "   ", "x" * 121, "a\u202eb", "\u200b", "\u3164", "a\x00b"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_cannot_be_used(world: World, proven: Proven, name: str) -> None:
    alice = proven(world.alice)
    for path in ("/teams/new", "/team/rename"):
        page = whole(alice.post(path, {"name": name}), 422)
        assert page.one("div", id="id_name_error").text.strip()
    assert Team.objects.count() == 2
    assert Team.objects.get(pk=world.team.pk).name == "Studio"


def test_nobody_owns_more_teams_than_the_limit(world: World, alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert teams.OWNED_TEAMS == 20
    monkeypatch.setattr(teams, "OWNED_TEAMS", 2)
    assert alice.post("/teams/new", {"name": "Second"}).status_code == 302
    page = whole(alice.post("/teams/new", {"name": "Third"}), 409)
    assert "You own 2 teams" in page.one("div", role="alert").text
    assert page.one("input", name="name").attrs["value"] == "Third"


def test_switching(world: World, browser: Browser) -> None:
    Membership.objects.create(team=world.other_team, user=world.bob, role=Role.VIEWER)
    bob = browser(world.bob)
    page = whole(bob.get("/team"))
    assert page.texts("h1") == ["Studio"]
    buttons = page.all("button", name="team")
    assert [button.attrs["value"] for button in buttons] == [world.team.public_id, world.other_team.public_id]
    assert [button.attrs.get("aria-current") for button in buttons] == ["true", None]
    assert bob.post("/teams/switch", {"team": world.other_team.public_id}).headers["Location"] == "/studio"
    page = read(bob.get("/team"))
    assert (page.texts("h1"), page.all("form", action="/team/invitations")) == (["Elsewhere"], [])


def test_only_an_own_team_can_be_chosen(world: World, alice: Client) -> None:
    page = read(alice.get("/team"))
    assert page.all("button", name="team") == []  # one team: nothing to switch
    for public_id in (world.other_team.public_id, "team_0", "", "1", f"mem_{world.team.uuid.hex}"):
        assert alice.post("/teams/switch", {"team": public_id}).status_code == 404
    assert alice.get("/teams/switch").status_code == 405
    assert read(alice.get("/team")).texts("h1") == ["Studio"]


def test_who_has_no_team_left_gets_one_and_a_strange_address_gives_no_strange_name(browser: Browser, db: None) -> None:
    for email, name in (
        ("lou@example.com", "lou's team"),
        (f"{'x' * 200}@example.com", f"{'x' * 100}'s team"),
        ('"\x01"@example.com', "My team"),
    ):
        user = User.objects.create_user(email, "x")
        assert teams.ensure_own_team(user).name == name
        assert teams.ensure_own_team(user).name == name
        assert Membership.objects.filter(user=user).count() == 1


# --- settings


def test_renaming(world: World, alice: Client) -> None:
    whole(alice.get("/team/settings"))
    assert alice.post("/team/rename", {"name": "Cafe\u0301"}).headers["Location"] == "/team/settings"
    assert Team.objects.get(pk=world.team.pk).name == "Café"
    assert AuditEvent.objects.get(action=Action.TEAM_RENAMED).data == {"before": "Studio", "after": "Café"}


def test_settings_are_the_owners(world: World, browser: Browser, dave: User) -> None:
    for path in ("/team/settings", "/team/hand-over", "/team/close"):
        assert browser(dave).get(path).status_code == 403
    with pytest.raises(Forbidden):
        teams.rename(by=world.actor(dave), name="Mine")


def test_requiring_a_second_factor(world: World, proven: Proven, browser: Browser) -> None:
    alice = proven(world.alice)
    page = whole(alice.post("/team/second-factor", {"required": "yes"}), 409)
    assert "Add a second factor to your own account first" in page.one("div", role="alert").text
    with pytest.raises(Conflict):
        teams.require_mfa(by=world.actor(world.alice))
    Authenticator.objects.create(user=world.alice, type=Authenticator.Type.WEBAUTHN, data={})
    assert "2 members have none" in read(alice.get("/team/settings")).words
    assert alice.post("/team/second-factor", {"required": "yes"}).status_code == 302
    assert Team.objects.get(pk=world.team.pk).requires_mfa
    bob = browser(world.bob)
    assert bob.get("/team").headers["Location"].startswith("/accounts/2fa/")
    teams.no_longer_require_mfa(by=world.actor(world.alice))
    assert bob.get("/team").status_code == 200
    kinds = [Action.TEAM_MFA_REQUIRED, Action.TEAM_MFA_NOT_REQUIRED]
    assert list(AuditEvent.objects.filter(action__in=kinds).order_by("id").values_list("action", flat=True)) == kinds


DANGEROUS = ("/team/hand-over", "/team/close", "/team/second-factor")


@pytest.mark.parametrize("path", DANGEROUS)
def test_dangerous_pages_ask_for_a_proof(world: World, alice: Client, path: str) -> None:
    answer = alice.post(path, {"name": "Studio", "required": "yes", "to": place(world, world.bob).public_id})
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    team = Team.objects.get(pk=world.team.pk)
    assert (team.status, team.requires_mfa, place(world, world.bob).role) == ("active", False, "member")


def test_handing_over(world: World, proven: Proven) -> None:
    alice = proven(world.alice)
    whole(alice.get("/team/hand-over"))
    assert alice.post("/team/hand-over", {"to": place(world, world.bob).public_id}).headers["Location"] == "/team"
    assert (place(world, world.alice).role, place(world, world.bob).role) == ("admin", "owner")
    event = AuditEvent.objects.get(action=Action.TEAM_HANDED_OVER)
    assert (event.target_name, event.data) == (world.bob.email, {"before": "member", "after": "owner"})
    assert [message.to for message in mail.outbox] == [[world.bob.email]]
    assert alice.get("/team/settings").status_code == 403


def test_handing_over_to_somebody_who_cannot_have_it(world: World, proven: Proven) -> None:
    alice = proven(world.alice)
    olga = join(world, "olga", Role.OWNER)
    foreign = Membership.objects.create(team=world.other_team, user=world.bob, role=Role.MEMBER)
    for public_id in ("", "x", place(world, world.alice).public_id, foreign.public_id):
        page = whole(alice.post("/team/hand-over", {"to": public_id}), 422)
        assert page.one("div", id="id_to_error").text.strip()
    for row in (place(world, world.alice), place(world, olga), foreign):
        with pytest.raises(Exception, match="Choose another member"):
            teams.hand_over(by=world.actor(world.alice), to=row)
    foreign.refresh_from_db()
    assert (place(world, world.alice).role, foreign.role) == ("owner", "member")


# --- closing


def _close(world: World) -> Team:
    return teams.close(by=world.actor(world.alice), typed_name="Studio")


def test_closing_takes_the_typed_name(world: World, proven: Proven) -> None:
    alice = proven(world.alice)
    whole(alice.get("/team/close"))
    page = whole(alice.post("/team/close", {"name": "studio"}), 422)
    assert "Type “Studio” to close the team" in page.one("div", id="id_name_error").text
    assert page.one("input", name="name").attrs["value"] == "studio"
    assert alice.post("/team/close", {"name": " Studio "}).headers["Location"] == "/team"
    assert "This team is closing" in whole(alice.get("/team")).words
    assert Team.objects.get(pk=world.team.pk).status == "closing"


def test_what_is_under_way_ends_first_and_the_books_stay(world: World, browser: Browser) -> None:
    row = accept(world.actor(world.bob), *FLUX)
    before = ledger.wallet(world.team.pk).balance
    _close(world)
    assert closures.finish() == 0
    with pytest.raises(Forbidden) as caught:
        accept(world.actor(world.bob), *FLUX)
    assert caught.value.code == "team_closing"
    outcomes.cancel(generation_id=row.pk, actor="test")
    assert sweeps.sweep()["closed"] == 1
    assert closures.finish() == 0
    team = Team.objects.get(pk=world.team.pk)
    assert team.status == "closed"
    assert team.closed_at is not None
    assert ledger.wallet(world.team.pk).balance == before
    assert reconcile.failures(ALL_CHECKS) == []
    event = AuditEvent.objects.get(action=Action.TEAM_CLOSED)
    assert (event.team, event.actor) == (team, "system")
    assert Generation.objects.get().status == "canceled"


def test_a_key_of_a_closing_team_is_told_so_and_of_a_closed_one_is_unknown(
    world: World, api: Callable[..., object]
) -> None:
    _close(world)
    body = {"model": "flux-kontext-pro", "input": {"prompt": "x"}}
    answer = api("post", "/generations", body, key=world.key)
    assert (answer.status_code, answer.json()["code"]) == (403, "team_closing")  # type: ignore[attr-defined]
    assert api("get", "/wallet", key=world.key).status_code == 200  # type: ignore[attr-defined]
    closures.finish()
    assert api("get", "/wallet", key=world.key).status_code == 401  # type: ignore[attr-defined]


def test_a_closed_team_cannot_be_chosen_any_more(world: World, browser: Browser) -> None:
    Membership.objects.create(team=world.other_team, user=world.bob, role=Role.VIEWER)
    bob, alice = browser(world.bob), browser(world.alice)
    bob.post("/teams/switch", {"team": world.team.public_id})
    _close(world)
    closures.finish()
    page = read(bob.get("/team"))
    assert page.texts("h1") == ["Elsewhere"]
    assert bob.post("/teams/switch", {"team": world.team.public_id}).status_code == 404
    assert read(alice.get("/team")).texts("h1") == ["alice's team"]  # nobody stands outside


def test_closing_withdraws_open_invitations_and_happens_once(world: World) -> None:
    from accounts import invitations

    row = invitations.invite(by=world.actor(world.alice), email="nina@example.com", role=Role.VIEWER)
    _close(world)
    assert Invitation.objects.get(pk=row.pk).status == "withdrawn"
    with pytest.raises(Forbidden):
        _close(world)
    assert AuditEvent.objects.filter(action=Action.TEAM_CLOSING).count() == 1


def test_a_suspended_team_can_be_read_not_changed(world: World, proven: Proven) -> None:
    Team.objects.filter(pk=world.team.pk).update(status="suspended")
    alice = proven(world.alice)
    for path in ("/team", "/team/settings", "/history", "/team/close", "/team/hand-over"):
        assert "suspended" in whole(alice.get(path)).words or path == "/history"
    assert alice.post("/team/rename", {"name": "Other"}).status_code == 403
    assert alice.post("/team/close", {"name": "Studio"}).status_code == 403
    assert alice.post("/team/invitations", {"email": "n@example.com", "role": "viewer"}).status_code == 403
    assert closures.finish() == 0


def test_the_wall_of_open_holds(committed_world: World) -> None:
    world = committed_world
    accept(world.actor(world.bob), *FLUX)
    _close(world)
    with pytest.raises(DatabaseError, match="open holds is not closed"), transaction.atomic():
        Team.objects.filter(pk=world.team.pk).update(status="closed", closed_at=world.team.created_at)


def test_a_stranger_to_all_teams(db: None, browser: Browser) -> None:
    """Signed in without a team: every page gives one, none fails."""
    client = browser(person("lou"))
    assert read(client.get("/team")).texts("h1") == ["lou's team"]
