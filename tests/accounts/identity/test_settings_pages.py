"""A person's own pages: open to whoever is signed in, whatever their role, and whole without scripts."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership, Role, User
from tests.accounts.identity.conftest import SignIn, prove
from tests.pages.parsing import read
from tests.world import World, person, team_of

PAGES = ["/settings/profile", "/settings/address", "/settings/sessions", "/accounts/password/change/"]


@pytest.mark.parametrize("path", [*PAGES, "/settings"])
def test_strangers_are_sent_to_sign_in_and_back(client: Client, world: World, path: str) -> None:
    answer = client.get(path, follow=path == "/settings")
    where = answer.redirect_chain[-1][0] if path == "/settings" else answer.headers["Location"]
    assert where.startswith("/accounts/login/?next=")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", list(Role))
def test_every_role_reaches_them(world: World, sign_in: SignIn, path: str, role: Role) -> None:
    Membership.objects.filter(user=world.carol).update(role=role)
    client = sign_in(world.carol)
    prove(client)
    page = read(client.get(path))
    assert page.unlabelled() == []
    current = [link.attrs["href"] for link in page.all("a", aria_current="page")]
    assert current == [path]


@pytest.mark.parametrize("path", PAGES)
def test_a_person_without_a_team_reaches_them(world: World, sign_in: SignIn, path: str) -> None:
    client = sign_in(person("erin"))
    prove(client)
    assert read(client.get(path)).unlabelled() == []


def test_a_person_whose_team_requires_a_second_factor_reaches_them(world: World, sign_in: SignIn) -> None:
    world.team.requires_mfa = True
    world.team.save()
    client = sign_in(world.bob)
    prove(client)
    for path in PAGES:
        read(client.get(path))


def test_settings_lead_to_the_profile(alice: Client) -> None:
    assert alice.get("/settings").headers["Location"] == "/settings/profile"


def test_the_profile_shows_teams_with_roles_and_leads_to_each(world: World, alice: Client) -> None:
    Membership.objects.create(team=world.other_team, user=world.alice, role=Role.VIEWER)
    gone, _, _ = team_of("Gone", world.alice)
    Membership.objects.create(team=gone, user=world.bob, role=Role.OWNER)
    Membership.objects.filter(team=gone, user=world.alice).update(ended_at="2026-01-01T00:00Z")
    page = read(alice.get("/settings/profile"))
    assert "Studio in use owner" in page.words
    assert "Elsewhere viewer" in page.words
    assert "Gone" not in page.words
    form = page.one("form", action="/teams/switch", **{"data-busy": "One moment…"})
    team = page.one("input", name="team").attrs["value"]
    alice.post(form.attrs["action"], {"team": team})
    assert "Elsewhere in use viewer" in read(alice.get("/settings/profile")).words


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("Alice Liddell", "Alice Liddell"), ("  Alice   L.  ", "Alice L."), ("", ""), ("   ", ""), ("Zoë", "Zoë")],
)
def test_a_name_is_saved(world: World, alice: Client, typed: str, kept: str) -> None:
    page = read(alice.post("/settings/profile", {"name": typed}, follow=True))
    assert "Your name is saved." in page.words
    world.alice.refresh_from_db()
    assert world.alice.name == kept


@pytest.mark.parametrize(
    "typed", ["a\x00b", "x" * 121, "x" * 10_000, "Ali\u202ece", "\u200b\u200b", "\ufeffAlice", "\u00ad"]
)
def test_a_name_that_cannot_be_is_said_beside_the_field(world: World, alice: Client, typed: str) -> None:
    page = read(alice.post("/settings/profile", {"name": typed}), 422)
    assert page.one("p", klass="error-text").text
    world.alice.refresh_from_db()
    assert world.alice.name == "alice"


def test_what_was_typed_stays_in_the_field(alice: Client) -> None:
    page = read(alice.post("/settings/profile", {"name": "y" * 121}), 422)
    assert page.named("name")[0].attrs["value"] == "y" * 121


def test_a_name_is_text_wherever_it_stands(world: World, alice: Client) -> None:
    alice.post("/settings/profile", {"name": "<script>alert(1)</script>"})
    page = read(alice.get("/settings/profile"))
    assert page.named("name")[0].attrs["value"] == "<script>alert(1)</script>"


@pytest.mark.parametrize("path", PAGES)
def test_no_cache_that_others_share_keeps_them(alice: Client, path: str) -> None:
    prove(alice)
    answer = alice.get(path)
    if path.startswith("/settings"):
        assert "private" in answer.headers["Cache-Control"]
    assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/settings/sessions", "/settings/address/cancel", "/settings/profile"])
@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_methods_that_mean_nothing_are_refused(alice: Client, path: str, method: str) -> None:
    prove(alice)
    assert getattr(alice, method)(path).status_code == 405


def test_forms_are_refused_without_a_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    for path in ("/settings/profile", "/settings/address", "/settings/sessions/end-others", "/address-changes/x"):
        assert client.post(path).status_code == 403
    assert User.objects.get(pk=world.alice.pk).name == "alice"
