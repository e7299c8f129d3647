"""Filters stand in the address and in the form; a wrong one is said beside its field and nothing is listed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts import keys
from accounts.models import Membership
from generations import labels, outcomes
from generations.models import Generation
from tests.pages.history.reading import IMAGE, ended_copies, ids
from tests.pages.parsing import Page, read
from tests.world import World

Make = Callable[..., Generation]


def listed(client: Client, **filters: str) -> list[str]:
    return ids(read(client.get("/history", filters)))


def test_status_kind_and_model(alice: Client, make: Make) -> None:
    film, picture = make(), make("nano-banana-pro")
    outcomes.cancel(generation_id=picture.pk, actor="test")
    assert listed(alice, status="open") == [film.public_id]
    assert listed(alice, status="canceled") == [picture.public_id]
    assert listed(alice, kind="video") == [film.public_id]
    assert listed(alice, kind="image", status="canceled") == [picture.public_id]
    assert listed(alice, model="nano-banana-pro", status="queued") == []
    page = read(alice.get("/history?model=nano-banana-pro"))
    assert ids(page) == [picture.public_id]
    assert "selected" in page.one("option", value="nano-banana-pro").attrs


def test_members_by_address_those_who_left_too(alice: Client, make: Make, world: World) -> None:
    hers, his = make(by=world.alice), make(by=world.bob)
    assert listed(alice, member="alice@example.com") == [hers.public_id]
    assert listed(alice, member="BOB@example.com") == [his.public_id]
    Membership.objects.filter(team=world.team, user=world.bob).update(ended_at=datetime.now(UTC))
    page = read(alice.get("/history?member=bob@example.com"))
    assert ids(page) == [his.public_id]
    assert "bob (bob@example.com), has left" in page.texts("option")
    wrong = read(alice.get("/history?member=mallory@example.com"), 422)
    assert "Nobody of this address belongs or belonged to this team." in wrong.words


def test_keys_by_public_id_revoked_ones_too(alice: Client, make: Make, world: World) -> None:
    by_key, _ = make(), make()
    Generation.objects.filter(pk=by_key.pk).update(membership=None, api_key=world.api_key)
    keys.revoke(key=world.api_key, by=world.actor(world.alice))
    page = read(alice.get(f"/history?key={world.api_key.public_id}"))
    assert ids(page) == [by_key.public_id]
    assert "test key, revoked" in page.texts("option")
    assert "test key, revoked" in page.texts("a", klass="chip")[0]


def test_days_are_utc_and_both_included(alice: Client, make: Make) -> None:
    rows = [make(prompt=f"number {n}") for n in range(4)]
    moments = (
        "2026-01-30T23:59:59.999999Z",
        "2026-01-31T00:00:00Z",
        "2026-02-01T23:59:59.999999Z",
        "2026-02-02T00:00:00Z",
    )
    for row, at in zip(rows, moments, strict=True):
        Generation.objects.filter(pk=row.pk).update(created_at=datetime.fromisoformat(at))
    wanted = [rows[2].public_id, rows[1].public_id]
    assert listed(alice, **{"from": "2026-01-31", "to": "2026-02-01"}) == wanted
    assert len(listed(alice, **{"from": "2026-01-31"})) == 3
    assert len(listed(alice, to="2026-02-01")) == 3


def test_favourites_are_ones_own_and_tags_the_teams(alice: Client, make: Make, world: World, browser: Any) -> None:
    first, second = make(), make()
    labels.favour(actor=world.actor(world.alice), generations=[first])
    labels.tag(actor=world.actor(world.alice), generations=[second], name="Autumn")
    assert listed(alice, favourite="1") == [first.public_id]
    assert listed(alice, tag="autumn") == [second.public_id]
    assert listed(browser(world.bob), favourite="1") == []
    assert listed(browser(world.bob), tag="Autumn") == [second.public_id]
    assert listed(alice, favourite="1", tag="Autumn") == []


def test_several_filters_meet_old_rows_too(alice: Client, make: Make, world: World) -> None:
    rare, newest = make(prompt="an old one"), make("nano-banana-pro")
    outcomes.cancel(generation_id=rare.pk, actor="test")
    ended_copies(newest, 2500)  # more than is looked through in order
    Generation.objects.filter(pk=rare.pk).update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    filters = {"model": "veo-3.1-fast", "status": "canceled", "member": "bob@example.com"}
    assert listed(alice, **filters) == [rare.public_id]
    assert len(listed(alice, **{**filters, "model": "nano-banana-pro"})) == 12


WRONG = {
    "status": ("failing", "There is no such status."),
    "kind": ("sound", "There is no such kind."),
    "model": ("nonsense", "There is no such model."),
    "member": ("nobody", "Nobody of this address"),
    "key": ("key_x", "This team has no such API key."),
    "tag": ("nothing", "This team has no such tag."),
    "from": ("yesterday", "Write the day as 2026-01-31."),
    "to": ("2026-02-30", "Write the day as 2026-01-31."),
    "favourite": ("2", "This is 1 or left out."),
    "batch": ("bat_1", "This is no batch"),
    "view": ("poster", "There is no such view."),
    "q": ("x" * 201, "A search has at most 200 characters."),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_filter_is_said_beside_its_field_and_can_be_taken_away(alice: Client, make: Make, name: str) -> None:
    make()
    value, words = WRONG[name]
    page = read(alice.get("/history", {name: value, "kind": "video"} if name != "kind" else {name: value}), 422)
    assert words in page.words
    assert ids(page) == []
    assert page.unlabelled() == []
    if name not in ("view", "q"):
        chips = page.all("a", klass="chip")
        assert any(f"{name}=" not in e.attrs["href"] for e in chips)
    if name not in ("view", "favourite", "batch"):
        error = page.one("div", id=f"filter-{name}_error")
        assert words in error.text
        (field,) = [e for e in page.elements if e.attrs.get("id") == f"filter-{name}"]
        assert (field.attrs["aria-invalid"], field.attrs["aria-describedby"]) == ("true", f"filter-{name}_error")


def test_days_in_the_wrong_order(alice: Client) -> None:
    assert "The last day lies before" in read(alice.get("/history?from=2026-02-01&to=2026-01-31"), 422).words


@pytest.mark.parametrize("query", ["stauts=failed", "status=failed&status=queued", "q=%00", "before=x%00", "page=2"])
def test_what_is_no_filter_is_refused_and_not_left_out(alice: Client, query: str) -> None:
    assert alice.get(f"/history?{query}").status_code == 422


def chips(page: Page) -> dict[str, str]:
    return {" ".join(e.text.split()).removesuffix(" , remove"): e.attrs["href"] for e in page.all("a", klass="chip")}


def test_each_filter_in_use_is_a_chip_that_takes_it_away(alice: Client, world: World) -> None:
    labels.tag(actor=world.actor(world.alice), generations=[], name="Autumn")
    asked = {"view": "table", "q": "red fox", "status": "open", "member": "bob@example.com", "from": "2026-01-31"}
    asked |= {"favourite": "1", "tag": "Autumn"}
    page = read(alice.get("/history", asked))
    found = chips(page)
    assert list(found) == [
        "“red fox”", "Status: under way", "bob (bob@example.com)", "From: 2026-01-31", "Tag: Autumn", "my favourites",
    ]  # fmt: skip
    assert found["“red fox”"] == (
        "/history?status=open&member=bob%40example.com&from=2026-01-31&tag=Autumn&favourite=1&view=table"
    )
    assert "Filters 5 in use" in page.texts("summary")
    last = read(alice.get("/history?q=fox"))
    assert chips(last) == {"“fox”": "/history"}
    assert "Filters" in last.texts("summary")


def test_the_view_changes_by_a_link_that_keeps_the_filters(alice: Client, make: Make) -> None:
    make()
    page = read(alice.get("/history?q=dog&kind=video"))
    gallery, table = (
        page.all("a", href="/history?q=dog&kind=video"),
        page.all("a", href="/history?q=dog&kind=video&view=table"),
    )
    assert gallery[0].attrs["aria-current"] == "true"
    assert "aria-current" not in table[0].attrs
    assert page.one("ol", id="rows")
    page = read(alice.get(table[0].attrs["href"]))
    assert page.one("tbody", id="rows")
    assert page.named("view")[0].attrs["value"] == "table"


def test_choices_of_other_teams_are_not_offered(browser: Any, world: World, make: Make) -> None:
    labels.tag(
        actor=world.actor(world.alice), generations=[make("seedream-v4-edit", image_urls=[IMAGE])], name="Autumn"
    )
    page = read(browser(world.mallory).get("/history"))
    words = " ".join(page.texts("option"))
    assert "mallory@example.com" in words
    for secret in ("bob@example.com", "Autumn", world.api_key.public_id):
        assert secret not in page.html
    for query in (f"key={world.api_key.public_id}", "tag=Autumn", "member=bob@example.com"):
        assert browser(world.mallory).get(f"/history?{query}").status_code == 422
