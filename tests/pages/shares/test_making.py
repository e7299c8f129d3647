"""Share links on a generation's page: making one, seeing the open ones, revoking; who may, how many, what is kept."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client

from accounts.models import Action, AuditEvent, Membership, Role, Team, TeamStatus
from generations import shares
from generations.models import Generation, Removal, Share
from project import db
from project.errors import Conflict, Forbidden, Invalid, NotFound
from tests.pages.conftest import Browser, delivered
from tests.pages.parsing import Page, read
from tests.world import World

Make = Callable[..., Generation]
DAY = timedelta(days=1)


def page_of(client: Client, row: Generation, status: int = 200) -> Page:
    return read(client.get(f"/generations/{row.public_id}"), status)


def press(client: Client, row: Generation, **fields: str) -> Any:
    return client.post(f"/generations/{row.public_id}/shares", {"press": uuid.uuid4().hex, **fields})


def test_a_link_is_made_listed_and_revoked(alice: Client, world: World, make: Make) -> None:
    row = delivered(make())
    page = page_of(alice, row)
    assert [e.attrs["value"] for e in page.all("input", name="days") if "checked" in e.attrs] == ["7"]
    key = page.one("form", action=f"/generations/{row.public_id}/shares")
    assert key.attrs["method"] == "post"
    answer = press(alice, row, days="30")
    assert answer.headers["Location"] == f"/generations/{row.public_id}#shares"
    share = Share.objects.get()
    assert share.expires_at - share.created_at == 30 * DAY
    assert (share.team, share.generation, share.shows_inputs) == (world.team, row, False)
    page = page_of(alice, row)
    (link,) = [e for e in page.all("a") if e.attrs.get("id") == share.public_id]
    assert link.text == shares.link(share) == f"http://localhost:8000{link.attrs['href']}"
    assert "made by alice@example.com" in page.words
    assert Client().get(link.attrs["href"]).status_code == 200
    (revoke,) = [e.attrs["action"] for e in page.all("form") if e.attrs.get("action", "").endswith("/revoke")]
    for _ in range(2):  # a second press finds it ended
        assert alice.post(revoke).headers["Location"] == f"/generations/{row.public_id}#shares"
    share.refresh_from_db()
    assert share.revoked_by == f"user:{world.alice.pk}"
    page = page_of(alice, row)
    assert page.all("a", id=share.public_id) == []
    assert "The link is revoked." in page.words
    kinds = list(AuditEvent.objects.order_by("id").values_list("action", "target")[:10])
    told = [pair for pair in kinds if pair[0] in (Action.SHARE_MADE, Action.SHARE_REVOKED)]
    assert told == [(Action.SHARE_MADE, row.public_id), (Action.SHARE_REVOKED, row.public_id)]


def test_htmx_gets_the_section_alone(alice: Client, make: Make) -> None:
    row = delivered(make())
    headers = {"HX-Request": "true"}
    answer = alice.post(f"/generations/{row.public_id}/shares", {"days": "7"}, headers=headers)
    page = read(answer)
    share = Share.objects.get()
    assert page.one("section").attrs["id"] == "shares"
    assert shares.link(share) in page.one("li", klass="made").text
    assert page.one("form", hx_post=f"/generations/{row.public_id}/shares/{share.public_id}/revoke")
    assert page.one("form", hx_post=f"/generations/{row.public_id}/shares")
    answer = alice.post(f"/generations/{row.public_id}/shares", {"days": "3"}, headers=headers)
    assert "Choose 1, 7, 30 or 90 days." in read(answer).words
    path = f"/generations/{row.public_id}/shares/{share.public_id}/revoke"
    assert "The link is revoked." in read(alice.post(path, headers=headers)).words


def test_one_press_makes_one_link(alice: Client, make: Make) -> None:
    row, other = delivered(make()), delivered(make())
    key = uuid.uuid4().hex
    for _ in range(2):
        assert press(alice, row, press=key, days="7").status_code == 302
    assert Share.objects.count() == 1
    press(alice, other, press=key, days="7")
    press(alice, row, days="7")
    assert Share.objects.count() == 3


@pytest.mark.parametrize("days", ["", "0", "2", "365", "7 ", "-7", "9" * 30, "٧"])
def test_another_lifetime_is_refused_and_the_choice_is_kept(alice: Client, make: Make, days: str) -> None:
    row = delivered(make())
    page = read(press(alice, row, days=days, shows_inputs="on"), 422)
    assert "Choose 1, 7, 30 or 90 days." in page.words
    assert "checked" in page.one("input", name="shows_inputs").attrs
    assert not Share.objects.exists()


def test_only_results_that_are_there_can_be_shared(alice: Client, world: World, make: Make) -> None:
    text = delivered(make("prompt-expansion-text", model="google/gemini-2.5-flash"), text="words")
    removed = delivered(make())
    waiting = make()
    Removal.objects.create(generation=removed, team=removed.team, removed_by=f"user:{world.alice.pk}")
    for row in (text, removed, waiting):
        assert page_of(alice, row).all("form", action=f"/generations/{row.public_id}/shares") == []
        page = read(press(alice, row, days="7"), 409)
        assert row.public_id in page.words
    assert not Share.objects.exists()


def test_twenty_are_open_at_most(alice: Client, world: World, make: Make) -> None:
    row, by = delivered(make()), world.actor(world.bob)
    moment = db.now()
    rest = {"team": world.team, "generation": row, "created_by": by.name}
    ended = Share.objects.create(created_at=moment - 2 * DAY, expires_at=moment - DAY, **rest)
    for _ in range(shares.OPEN_OF_A_GENERATION - 1):
        Share.objects.create(expires_at=moment + DAY, **rest)
    last = shares.make(by=by, generation=row, days=1, shows_inputs=False)
    with pytest.raises(Conflict, match="20 open links"):
        shares.make(by=by, generation=row, days=1, shows_inputs=False)
    page = page_of(alice, row)
    assert page.all("input", name="days") == []
    assert "as many open links as it may have" in page.words
    assert ended.public_id not in page.html
    shares.revoke(by=by, share=last)
    shares.make(by=by, generation=row, days=1, shows_inputs=False)


def test_whoever_only_sees_makes_and_revokes_nothing(world: World, browser: Browser, make: Make) -> None:
    row, carol = delivered(make()), browser(world.carol)
    share = shares.make(by=world.actor(world.bob), generation=row, days=7, shows_inputs=False)
    page = page_of(carol, row)
    assert page.one("a", id=share.public_id).text == shares.link(share)
    assert [e for e in page.all("form") if "/shares" in e.attrs.get("action", "")] == []
    read(press(carol, row, days="7"), 403)
    read(carol.post(f"/generations/{row.public_id}/shares/{share.public_id}/revoke"), 403)
    share.refresh_from_db()
    assert share.revoked_at is None
    for made in (lambda: shares.make(by=world.actor(world.carol), generation=row, days=7, shows_inputs=False),):
        with pytest.raises(Forbidden):
            made()
    with pytest.raises(Forbidden):
        shares.revoke(by=world.actor(world.carol), share=share)


def test_strangers_and_wrong_ids(world: World, alice: Client, browser: Browser, make: Make) -> None:
    row, other = delivered(make()), delivered(make())
    share = shares.make(by=world.actor(world.bob), generation=row, days=7, shows_inputs=False)
    mallory = browser(world.mallory)
    read(press(mallory, row, days="7"), 404)
    read(mallory.post(f"/generations/{row.public_id}/shares/{share.public_id}/revoke"), 404)
    for name in (share.id.hex, "shr_0", f"shr_{uuid.uuid4().hex}", f"gen_{share.id.hex}"):
        read(alice.post(f"/generations/{row.public_id}/shares/{name}/revoke"), 404)
    read(alice.post(f"/generations/{other.public_id}/shares/{share.public_id}/revoke"), 404)
    theirs = Membership.objects.select_related("user", "team").get(user=world.mallory)
    actor = world.actor(world.alice).__class__(
        team=theirs.team, permissions=world.actor(world.alice).permissions, membership=theirs
    )
    with pytest.raises(NotFound):
        shares.make(by=actor, generation=row, days=7, shows_inputs=False)
    with pytest.raises(NotFound):
        shares.revoke(by=actor, share=share)
    assert Share.objects.count() == 1


def test_what_somebody_may_is_asked_again_when_it_is_written(world: World, make: Make) -> None:
    row, by = delivered(make()), world.actor(world.bob)
    share = shares.make(by=by, generation=row, days=7, shows_inputs=False)
    Membership.objects.filter(user=world.bob).update(role=Role.VIEWER)
    with pytest.raises(Forbidden):
        shares.make(by=by, generation=row, days=7, shows_inputs=False)
    with pytest.raises(Forbidden):
        shares.revoke(by=by, share=share)


def test_a_suspended_team_makes_none_and_may_revoke(world: World, make: Make) -> None:
    row, by = delivered(make()), world.actor(world.bob)
    share = shares.make(by=by, generation=row, days=7, shows_inputs=False)
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.SUSPENDED)
    with pytest.raises((Conflict, Forbidden), match="suspended"):
        shares.make(by=by, generation=row, days=7, shows_inputs=False)
    assert shares.revoke(by=by, share=share).revoked_at is not None


def test_no_row_holds_a_link(world: World, make: Make) -> None:
    share = shares.make(by=world.actor(world.bob), generation=delivered(make()), days=7, shows_inputs=False)
    signature = shares.token(share).rpartition(".")[2]
    assert len(signature) >= 43
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{signature}%"])
            assert cursor.fetchone() == (0,), table


def test_lifetimes_are_bounded_below_the_pages(world: World, make: Make) -> None:
    row, by = delivered(make()), world.actor(world.bob)
    with pytest.raises(Invalid):
        shares.make(by=by, generation=row, days=8, shows_inputs=False)
    with pytest.raises(IntegrityError):
        Share.objects.create(team=world.team, generation=row, created_by="x", expires_at=db.now() - DAY)
