"""invariants.md T2, faults.md row 70: authority is asked when the effect happens, and ends at the next request."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts import access, members, roles
from accounts.models import ApiKey, Membership, Role, Team, User
from billing import ledger
from generations import inputs, intake
from generations.models import Generation
from project import db
from project.errors import Forbidden, Unauthenticated
from tests.accounts.teams.conftest import place
from tests.concurrency.racing import race
from tests.invariants.steps import accept, render, request
from tests.pages.conftest import Browser
from tests.world import World

FLUX = ("flux-kontext-pro", {"prompt": "a fox"})


def _between(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Runs it after a request was validated and priced, before its transaction begins: where images are looked at."""
    looked = inputs.look_at_images

    def look_and_more(**kwargs: object) -> None:
        looked(**kwargs)  # type: ignore[arg-type]
        happens()

    monkeypatch.setattr(inputs, "look_at_images", look_and_more)


def _try(world: World, user: User | None = None) -> None:
    intake.accept(actor=world.actor(user), request=request(*FLUX), render=render)


def test_removed_between_prepare_and_accept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _between(monkeypatch, lambda: members.remove(by=world.actor(world.alice), membership=place(world, world.bob)))
    with pytest.raises(Forbidden) as caught:
        _try(world, world.bob)
    assert caught.value.code == "not_a_member"
    assert not Generation.objects.exists()
    assert ledger.wallet(world.team.pk).held.balance == 0


def test_role_lowered_between_prepare_and_accept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _between(monkeypatch, lambda: Membership.objects.filter(user=world.bob).update(role=Role.VIEWER))
    with pytest.raises(Forbidden, match="needs the permission “make”"):
        _try(world, world.bob)
    assert not Generation.objects.exists()


@pytest.mark.parametrize("field", ["revoked_at", "expires_at"])
def test_key_ended_between_prepare_and_accept(world: World, monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    _between(monkeypatch, lambda: ApiKey.objects.filter(pk=world.api_key.pk).update(**{field: db.now()}))
    with pytest.raises(Unauthenticated):
        _try(world)
    assert not Generation.objects.exists()


def test_scopes_taken_between_prepare_and_accept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _between(monkeypatch, lambda: ApiKey.objects.filter(pk=world.api_key.pk).update(scopes=["read"]))
    with pytest.raises(Forbidden, match="API key"):
        _try(world)


@pytest.mark.parametrize("status", ["suspended", "closing"])
def test_team_that_is_not_active_any_more(world: World, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    _between(monkeypatch, lambda: Team.objects.filter(pk=world.team.pk).update(status=status))
    with pytest.raises(Forbidden) as caught:
        _try(world, world.bob)
    assert caught.value.code == f"team_{status}"


def test_the_wall_behind_the_question_has_a_sentence_too(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The team begins to close after Python has looked, before the hold: the trigger says no, and it is no 500."""
    write = intake._write

    def close_first(*args: object) -> Generation:
        race([lambda: Team.objects.filter(pk=committed_world.team.pk).update(status="closing")])
        return write(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "_write", close_first)
    with pytest.raises(Forbidden) as caught:
        _try(committed_world, committed_world.bob)
    assert caught.value.code == "team_closing"
    assert not Generation.objects.exists()


def test_a_person_who_is_switched_off(world: World) -> None:
    User.objects.filter(pk=world.bob.pk).update(is_active=False)
    with pytest.raises(Forbidden):
        access.still(world.actor(world.bob), roles.SEE)


def test_what_is_permitted_stays_permitted(world: World) -> None:
    assert access.still(world.actor(world.bob), roles.MAKE).membership == place(world, world.bob)
    assert access.still(world.actor(), roles.MANAGE).api_key == world.api_key
    assert accept(world.actor(world.bob), *FLUX).status == "queued"


def test_removal_counts_at_the_next_request(world: World, browser: Browser) -> None:
    bob = browser(world.bob)
    assert bob.get("/history").status_code == 200
    row = accept(world.actor(world.bob), *FLUX)
    assert "Studio" in bob.get(f"/generations/{row.public_id}").content.decode()
    members.remove(by=world.actor(world.alice), membership=place(world, world.bob))
    assert bob.get(f"/generations/{row.public_id}").status_code == 404
    assert "Studio" not in bob.get("/team").content.decode().replace("</svg> Studio</a>", "")  # the page of that name
    row.refresh_from_db()
    assert row.status == "queued"  # it is the team's, and goes on
    assert bob.get("/team").context["actor"].team.name == "bob's team"


def test_a_lowered_role_counts_at_the_next_request(world: World, browser: Browser, dave: User) -> None:
    client = browser(dave)
    remove = f"/team/members/{place(world, world.bob).public_id}/remove"
    assert client.get(remove).status_code == 200
    members.change_role(by=world.actor(world.alice), membership=place(world, dave), role=Role.MEMBER)
    assert client.get(remove).status_code == client.post(remove).status_code == 403
    assert place(world, world.bob).ended_at is None


def test_a_removed_member_chooses_the_team_no_more(world: World, alice: Client, browser: Browser) -> None:
    bob = browser(world.bob)
    assert bob.post("/teams/switch", {"team": world.team.public_id}).status_code == 302
    members.remove(by=world.actor(world.alice), membership=place(world, world.bob))
    assert bob.post("/teams/switch", {"team": world.team.public_id}).status_code == 404
