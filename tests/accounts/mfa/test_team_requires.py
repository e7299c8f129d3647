"""A team that requires a second factor: its pages wait for one, its keys do not, other teams neither."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts import access
from accounts.models import Membership, Role, Team
from tests.accounts.mfa.conftest import INDEX, add_app, signed_in
from tests.accounts.mfa.security_key import SecurityKey
from tests.accounts.mfa.test_passkeys import add_key
from tests.pages.parsing import read
from tests.world import World

PAGES = ["/studio", "/history", "/wallet", "/studio/veo-3.1-fast"]


@pytest.fixture
def strict(world: World) -> Team:
    Team.objects.filter(pk=world.team.pk).update(requires_mfa=True)
    return world.team


@pytest.mark.parametrize("address", PAGES)
def test_pages_send_to_add_one_with_the_reason(strict: Team, alice: Client, address: str) -> None:
    assert alice.get(address).headers["Location"] == INDEX
    page = read(alice.get(INDEX))
    assert "Studio requires a second factor. Add one to go on." in page.words
    assert "Studio requires one." in page.words


def test_fragments_send_the_whole_page(strict: Team, alice: Client) -> None:
    answer = alice.get("/history", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/history"})
    assert answer.headers["HX-Redirect"] == INDEX


def test_posts_do_nothing(strict: Team, alice: Client) -> None:
    from generations.models import Generation

    answer = alice.post("/studio/veo-3.1-fast", {"prompt": "a dog"})
    assert answer.headers["Location"] == INDEX
    assert not Generation.objects.exists()


@pytest.mark.parametrize("kind", ["app", "key"])
def test_with_a_factor_one_goes_on(strict: Team, alice: Client, kind: str) -> None:
    add_app(alice) if kind == "app" else add_key(alice, SecurityKey())
    assert alice.get("/history").status_code == 200


def test_recovery_codes_alone_are_no_factor(strict: Team, alice: Client, world: World) -> None:
    add_app(alice)
    Authenticator.objects.filter(user=world.alice, type="totp").delete()
    assert Authenticator.objects.filter(user=world.alice).exists()
    assert alice.get("/history").headers["Location"] == INDEX


def test_keys_of_the_team_go_on(strict: Team, world: World, api: Callable[..., Any]) -> None:
    assert api("GET", "/wallet", key=world.key).status_code == 200


def test_a_team_that_does_not_ask_lets_in(strict: Team, alice: Client, world: World) -> None:
    Membership.objects.create(team=world.other_team, user=world.alice, role=Role.VIEWER)
    assert alice.get("/history").headers["Location"] == INDEX
    session = alice.session
    session[access.SESSION_TEAM] = world.other_team.pk
    session.save()
    assert alice.get("/history").status_code == 200


def test_removing_the_last_one_says_what_follows_and_then_it_does(strict: Team, alice: Client) -> None:
    add_app(alice)
    page = read(alice.get("/accounts/2fa/totp/deactivate/"))
    assert "Studio requires a second factor: until you add another one, you stay outside." in page.words
    alice.post("/accounts/2fa/totp/deactivate/")
    assert alice.get("/history").headers["Location"] == INDEX
    add_app(alice)
    assert alice.get("/history").status_code == 200


def test_one_of_two_goes_without_warning(strict: Team, alice: Client) -> None:
    add_app(alice)
    add_key(alice, SecurityKey())
    assert "only second factor" not in read(alice.get("/accounts/2fa/totp/deactivate/")).words
    alice.post("/accounts/2fa/totp/deactivate/")
    assert alice.get("/history").status_code == 200


def test_who_requires_is_said_in_one_sentence(strict: Team, world: World) -> None:
    for name in ("Atelier", "Zebra"):
        Membership.objects.create(
            team=Team.objects.create(name=name, requires_mfa=True), user=world.alice, role=Role.VIEWER
        )
    page = read(signed_in(world.alice).get(INDEX))
    assert "Atelier, Studio and Zebra require one." in page.words
