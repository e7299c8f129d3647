"""The pages of endpoints: made, changed, turned off and on, deleted; each fault beside its field, and nothing lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Action, AuditEvent, User, WebhookEndpoint, WebhookSecret
from accounts.webhooks import secrets
from project import db
from tests.accounts.webhooks.receiver import Receiver
from tests.accounts.webhooks_pages.conftest import ADDRESS
from tests.pages.parsing import Page, read
from tests.pages.test_policy import whole
from tests.world import World

TEXT = re.compile(r"whsec_[0-9A-Za-z+/]{43}=")


def text_of(response: Any, status: int = 200) -> str:
    (text,) = TEXT.findall(read(response, status).html)
    return str(text)


def errors_of(page: Page) -> set[str]:
    return {e.attrs["id"] for e in page.all("div") if e.attrs.get("id", "").endswith("_error")}


def rotation(client: Client, address: str, hours: int = 24) -> dict[str, Any]:
    page = read(client.get(address))
    return {"overlap_hours": hours, "seen": page.one("input", name="seen").attrs.get("value", "")}


def test_without_an_endpoint_the_page_says_what_one_is_for(world: World, alice: Client) -> None:
    page = whole(alice.get("/webhooks"))
    assert "No webhook endpoints yet" in page.words
    assert page.all("a", href="/webhooks/new")
    assert page.all("a", href="/api/v1/docs#webhooks")
    assert page.one("a", href="/webhooks", aria_current="page").text == "Webhooks"
    assert page.one("a", href="/team", aria_current="page").text.strip() == "Team"


def test_a_new_endpoint_shows_its_secret_once(world: World, alice: Client, receiver: Receiver) -> None:
    form = whole(alice.get("/webhooks/new"))
    assert form.unlabelled() == []
    typed = {"url": receiver.url(), "description": " Render  farm ", "events": ["wallet.low", "payment.paid"]}
    response = alice.post("/webhooks/new", typed)
    text = text_of(response)
    assert "no-store" in response["Cache-Control"]
    row = WebhookEndpoint.objects.get(team=world.team)
    assert (row.url, row.description, row.events) == (receiver.url(), "Render farm", ["wallet.low", "payment.paid"])
    assert secrets.valid(row) == [text]
    shown = Page(response.content.decode())
    assert shown.one("button", data_copy="new-secret")
    assert "webhooks.verify(" in shown.words
    for address in ("/webhooks", f"/webhooks/{row.public_id}"):
        page = whole(alice.get(address))
        assert not TEXT.search(page.html)
        assert receiver.url() in page.words
        assert "The wallet is low, a payment was paid" in page.words
    again = read(alice.post("/webhooks/new", typed), 422)
    assert "Is an endpoint of this team already." in again.words
    assert not TEXT.search(again.html)
    assert WebhookEndpoint.objects.filter(team=world.team).count() == 1


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"url": ""}, {"id_url_error"}),
        ({"url": "http://8.8.8.8/x"}, {"id_url_error"}),
        ({"url": "https://10.0.0.1/"}, {"id_url_error"}),
        ({"url": "https://" + "a" * 2100}, {"id_url_error"}),
        ({"url": "x\x00y"}, {"id_url_error"}),
        ({"events": ["webhook.test"]}, {"id_events_error"}),
        ({"events": ["nothing.done"]}, {"id_events_error"}),
        ({"description": "x" * 201}, {"id_description_error"}),
        ({"description": "a\u202eb", "url": ""}, {"id_description_error", "id_url_error"}),
    ],
)
def test_a_fault_is_told_at_its_field_and_what_was_typed_is_kept(
    world: World, alice: Client, receiver: Receiver, wrong: dict[str, Any], fields: set[str]
) -> None:
    typed = {"url": receiver.url(), "description": "kept “words”", "events": ["wallet.low"], **wrong}
    page = whole(alice.post("/webhooks/new", typed), 422)
    assert errors_of(page) == fields
    assert all(text.strip() for text in page.texts("p", klass="error-text"))
    assert page.one("input", name="description").attrs["value"] == typed["description"]
    assert page.unlabelled() == []
    chosen = [e.attrs["value"] for e in page.named("events") if "checked" in e.attrs]
    assert chosen == (["wallet.low"] if typed["events"] == ["wallet.low"] else [])
    assert not WebhookEndpoint.objects.filter(team=world.team).exists()


def test_the_most_there_may_be(world: World, alice: Client, endpoint_of: Any, receiver: Receiver) -> None:
    for number in range(20):
        endpoint_of(f"{ADDRESS}/{number}")
    page = whole(alice.get("/webhooks"))
    assert page.all("a", href="/webhooks/new") == []
    assert "20 of at most 20" in page.words
    refused = whole(alice.post("/webhooks/new", {"url": receiver.url()}), 409)
    assert "at most 20" in refused.one("div", klass="notice", role="alert").text
    assert refused.one("input", name="url").attrs["value"] == receiver.url()


def test_the_whole_page_of_one(world: World, alice: Client, endpoint_of: Any) -> None:
    row = endpoint_of(description="Render farm")
    page = whole(alice.get(f"/webhooks/{row.public_id}"))
    assert page.unlabelled() == []
    assert "hooks.example.com on" in page.words
    assert "by alice@example.com" in page.words
    assert "Nothing was sent here yet" in page.words
    assert page.one("input", name="url").attrs["value"] == ADDRESS
    assert {e.attrs["id"] for e in page.elements if "id" in e.attrs} >= {"log", "log-live", "id_test_type"}
    assert "hx-get" not in page.one("div", id="log-live").attrs
    WebhookEndpoint.objects.filter(pk=row.pk).update(failing_since=db.now())
    assert "failing" in whole(alice.get(f"/webhooks/{row.public_id}")).texts("span", klass="badge")
    assert "failing" in whole(alice.get("/webhooks")).texts("span", klass="badge")


def test_an_endpoint_is_changed(world: World, alice: Client, endpoint_of: Any, receiver: Receiver) -> None:
    row = endpoint_of(events=["wallet.low"])
    address = f"/webhooks/{row.public_id}"
    typed = {"url": receiver.url(), "description": "Books", "events": []}
    response = alice.post(address, typed)
    assert (response.status_code, response["Location"]) == (302, address)
    row.refresh_from_db()
    assert (row.url, row.description, row.events) == (receiver.url(), "Books", [])
    page = whole(alice.post(address, {**typed, "url": "https://10.0.0.1/", "description": "Kept"}), 422)
    assert errors_of(page) == {"id_url_error"}
    assert page.one("input", name="url").attrs["value"] == "https://10.0.0.1/"
    assert page.one("input", name="description").attrs["value"] == "Kept"
    row.refresh_from_db()
    assert row.description == "Books"
    assert "Books" in read(alice.get(address)).texts("dd")


def test_it_is_turned_off_after_asking_and_on_again(world: World, alice: Client, endpoint_of: Any, told: Any) -> None:
    row = endpoint_of()
    told(row, 2, status="pending")
    address = f"/webhooks/{row.public_id}"
    assert "2 deliveries that wait for another try are canceled" in whole(alice.get(f"{address}/disable")).words
    assert alice.post(f"{address}/disable")["Location"] == address
    page = whole(alice.get(address))
    assert "This endpoint is off. Somebody of the team turned it off." in page.words
    assert page.texts("span", klass="badge") == ["off", "canceled", "canceled"]
    assert page.all("form", action=f"{address}/test") == []
    assert "somebody of the team turned it off" in read(alice.get("/webhooks")).words
    assert "It is off already" in whole(alice.get(f"{address}/disable")).words
    assert alice.post(f"{address}/enable")["Location"] == address
    row.refresh_from_db()
    assert row.status == "enabled"
    assert "on" in whole(alice.get(address)).texts("span", klass="badge")


def test_it_is_deleted_after_asking(world: World, alice: Client, endpoint_of: Any) -> None:
    row = endpoint_of()
    address = f"/webhooks/{row.public_id}"
    assert "This is final" in whole(alice.get(f"{address}/delete")).words
    row.refresh_from_db()
    assert row.deleted_at is None
    assert alice.post(f"{address}/delete")["Location"] == "/webhooks"
    assert alice.get(address).status_code == 404
    assert "No webhook endpoints yet" in read(alice.get("/webhooks")).words
    assert AuditEvent.objects.filter(action=Action.WEBHOOK_ENDPOINT_DELETED, target=row.public_id).count() == 1


def test_rotation_shows_the_new_secret_once(world: World, alice: Client, endpoint_of: Any) -> None:
    row = endpoint_of()
    address = f"/webhooks/{row.public_id}/rotate"
    (before,) = secrets.valid(row)
    whole(alice.get(address))
    form = rotation(alice, address)
    response = alice.post(address, form)
    new = text_of(response)
    assert "no-store" in response["Cache-Control"]
    assert secrets.valid(row) == [new, before]
    again = whole(alice.post(address, form), 409)
    assert "Nothing was done this time" in again.words
    assert not TEXT.search(again.html)
    assert WebhookSecret.objects.filter(endpoint=row).count() == 2
    assert "the one before signs beside it until" in read(alice.get(f"/webhooks/{row.public_id}")).words
    assert "A secret of an earlier rotation signs until" in read(alice.get(address)).words
    at_once = text_of(alice.post(address, rotation(alice, address, 0)))
    assert secrets.valid(row) == [at_once]


def test_too_many_secrets_are_refused_on_the_form(world: World, alice: Client, endpoint_of: Any) -> None:
    row = endpoint_of()
    address = f"/webhooks/{row.public_id}/rotate"
    for _ in range(2):
        text_of(alice.post(address, rotation(alice, address, 1)))
    refused = whole(alice.post(address, rotation(alice, address, 168)), 409)
    assert "3 secrets sign already" in refused.one("div", role="alert").text
    (chosen,) = [e for e in refused.named("overlap_hours") if "checked" in e.attrs]
    assert chosen.attrs["value"] == "168"


@pytest.mark.parametrize("wrong", [{"overlap_hours": "169"}, {"overlap_hours": ""}, {}, {"overlap_hours": "x"}])
def test_an_overlap_that_is_none_is_told(world: World, alice: Client, endpoint_of: Any, wrong: dict[str, str]) -> None:
    row = endpoint_of()
    page = whole(alice.post(f"/webhooks/{row.public_id}/rotate", wrong), 422)
    assert errors_of(page) == {"id_overlap_hours_error"}
    assert WebhookSecret.objects.filter(endpoint=row).count() == 1


def test_the_teams_own_secret(world: World, alice: Client) -> None:
    page = whole(alice.get("/webhooks"))
    assert "Make it, and see it" in page.words
    asked = whole(alice.get("/webhooks/secret/rotate"))
    assert asked.one("input", name="overlap_hours").attrs["type"] == "hidden"  # there is none to overlap with
    form = rotation(alice, "/webhooks/secret/rotate")
    first = text_of(alice.post("/webhooks/secret/rotate", form))
    assert secrets.valid(world.team) == [first]
    assert whole(alice.post("/webhooks/secret/rotate", form), 409)
    second = text_of(alice.post("/webhooks/secret/rotate", rotation(alice, "/webhooks/secret/rotate")))
    assert secrets.valid(world.team) == [second, first]
    page = whole(alice.get("/webhooks"))
    assert "Rotate it" in page.words
    assert "signs beside it until" in page.words
    assert not TEXT.search(page.html)


@pytest.mark.parametrize("page", ["new", "secret/rotate", "{id}/rotate", "{id}/delete"])
def test_dangerous_pages_ask_for_a_fresh_proof(world: World, fresh: Any, endpoint_of: Any, page: str) -> None:
    row = endpoint_of()
    stale = fresh(world.alice, ago=3600)
    address = "/webhooks/" + page.format(id=row.public_id)
    for response in (stale.get(address), stale.post(address, {"url": "https://8.8.8.8/"})):
        assert response.status_code == 302
        assert "reauthenticate" in response["Location"]
    row.refresh_from_db()
    assert row.deleted_at is None
    assert read(stale.get("/webhooks"))


def test_looking_needs_no_fresh_proof_and_changing_does(world: World, fresh: Any, endpoint_of: Any) -> None:
    row = endpoint_of()
    stale = fresh(world.alice, ago=3600)
    address = f"/webhooks/{row.public_id}"
    read(stale.get(address))
    assert "reauthenticate" in stale.post(address, {"url": "https://8.8.8.8/"})["Location"]
    row.refresh_from_db()
    assert row.url == ADDRESS


@pytest.mark.parametrize("name", ["bob", "carol"])
def test_members_and_viewers_are_kept_out_in_words(world: World, fresh: Any, endpoint_of: Any, name: str) -> None:
    row, client = endpoint_of(), fresh(getattr(world, name))
    for page in ("", "/new", "/secret/rotate", f"/{row.public_id}", f"/{row.public_id}/delete"):
        refused = read(client.get(f"/webhooks{page}"), 403)
        assert "it needs the permission “manage”" in refused.words
    assert client.post(f"/webhooks/{row.public_id}/disable").status_code == 403
    assert read(client.get("/team")).all("a", href="/webhooks") == []


def test_an_admin_may(world: World, dora: User, fresh: Any, endpoint_of: Any) -> None:
    row, client = endpoint_of(), fresh(dora)
    for page in ("", "/new", f"/{row.public_id}", f"/{row.public_id}/rotate"):
        read(client.get(f"/webhooks{page}"))


@pytest.mark.parametrize("page", ["", "/rotate", "/disable", "/delete", "/enable", "/test", "/live"])
def test_another_teams_endpoint_is_not_there(world: World, alice: Client, endpoint_of: Any, page: str) -> None:
    foreign = endpoint_of(team=world.other_team)
    for public_id in (foreign.public_id, "whe_" + "0" * 32, "whe_x", "x"):
        address = f"/webhooks/{public_id}{page}"
        statuses = {alice.get(address).status_code, alice.post(address, {"overlap_hours": "1"}).status_code}
        assert statuses <= {404, 405}
        assert 404 in statuses
    foreign.refresh_from_db()
    assert (foreign.status, foreign.deleted_at) == ("enabled", None)


def test_what_people_write_is_shown_as_it_is(world: World, alice: Client, endpoint_of: Any) -> None:
    hostile = """<script>alert(1)</script>"'><img src=x onerror=alert(2)>{{ 7|add:7 }}"""
    row = endpoint_of(f"{ADDRESS}?q=%3Cscript%3E&b='\"><script>alert(3)</script>", description=hostile)
    for address in ("/webhooks", f"/webhooks/{row.public_id}", f"/webhooks/{row.public_id}/delete"):
        page = whole(alice.get(address))
        assert "<script>alert" not in page.html
        assert "onerror=alert" not in re.sub(r"&lt;.*?&gt;", "", page.html)
        if "delete" not in address:
            assert hostile in page.text


def test_as_many_queries_for_1_endpoint_as_for_20(
    world: World, alice: Client, endpoint_of: Any, told: Any, count_queries: Any
) -> None:
    told(endpoint_of())
    alice.get("/webhooks")
    few = count_queries(lambda: read(alice.get("/webhooks")))
    for number in range(19):
        told(endpoint_of(f"{ADDRESS}/{number}"), 2, status="failed" if number % 2 else "delivered")
    assert count_queries(lambda: read(alice.get("/webhooks"))) == few
    page = read(alice.get("/webhooks"))
    heard = page.texts("td", data_label="Heard in 24 h")
    assert (heard.count("100 % of 1"), heard.count("100 % of 2"), heard.count("0 % of 2")) == (1, 10, 9)
