"""The pages: shown once and never kept, sent twice and made once, usable by who may and by nobody else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import key_proof, keys
from accounts.models import Action, ApiKey, ApiKeySecret, AuditEvent, User
from project import db
from project.errors import Unauthenticated
from tests.pages.parsing import Page, read
from tests.world import World

TEXT = re.compile(r"fh_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{36}")


def filled(page: Page) -> dict[str, Any]:
    """What a browser sends when nothing is touched."""
    values: dict[str, Any] = {}
    for element in page.elements:
        name, kind = element.attrs.get("name"), element.attrs.get("type")
        if not name or name == "csrfmiddlewaretoken" or element.tag not in ("input", "textarea"):
            continue
        if kind == "checkbox":
            values.setdefault(name, [])
            if "checked" in element.attrs:
                values[name].append(element.attrs["value"])
        elif kind != "radio" or "checked" in element.attrs:
            values[name] = element.text.strip() if element.tag == "textarea" else element.attrs.get("value", "")
    return values


def new_form(client: Client, **other: Any) -> dict[str, Any]:
    return {**filled(read(client.get("/team/keys/new"))), "name": "Robot", **other}


def text_of(response: Any, status: int = 200) -> str:
    (text,) = TEXT.findall(read(response, status).html)
    return str(text)


def test_a_new_key_is_shown_once_and_works(world: World, alice: Client) -> None:
    response = alice.post("/team/keys/new", new_form(alice))
    text = text_of(response)
    key = key_proof.find(text).api_key
    assert key is not None
    assert (key.name, key.scopes, key.created_by) == ("Robot", ["read", "generate"], world.alice)
    assert "no-store" in response["Cache-Control"]
    for address in ("/team/keys", f"/team/keys/{key.public_id}"):
        page = read(alice.get(address))
        assert text not in page.html
        assert text.split("_")[3] not in page.html
        assert f"fh_live_{key.lookup}_…" in page.html


def test_sending_the_form_again_makes_no_second_key(world: World, alice: Client) -> None:
    form = new_form(alice)
    text_of(alice.post("/team/keys/new", form))
    again = alice.post("/team/keys/new", {**form, "name": "Another"})
    page = read(again, 409)
    assert not TEXT.search(page.html)
    assert "shown once" in page.words
    assert ApiKey.objects.filter(team=world.team).count() == 2  # the world's and this one
    text_of(alice.post("/team/keys/new", new_form(alice)))


def test_a_form_with_faults_keeps_what_was_typed(world: World, alice: Client) -> None:
    typed = new_form(alice, name="Farm\u202e", allowed_ips="10.0.0.0/8\nrubbish", ends="date", day="2001-01-01")
    page = read(alice.post("/team/keys/new", typed), 422)
    assert page.one("input", name="name").attrs["value"] == "Farm\u202e"
    assert "rubbish" in page.one("textarea", name="allowed_ips").text
    assert page.one("input", name="day").attrs["value"] == "2001-01-01"
    errors = {e.attrs["id"] for e in page.all("div") if e.attrs.get("id", "").endswith("_error")}
    assert errors == {"id_name_error", "id_allowed_ips_error", "id_day_error"}
    assert page.unlabelled() == []
    fixed = {**typed, "name": "Farm", "allowed_ips": "10.0.0.0/8, 192.0.2.1", "ends": "30"}
    text_of(alice.post("/team/keys/new", fixed))
    key = ApiKey.objects.get(name="Farm")
    assert key.allowed_ips == ["10.0.0.0/8", "192.0.2.1/32"]
    assert abs(key.expires_at - db.now() - timedelta(days=30)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"scopes": []},
        {"scopes": ["root"]},
        {"ends": "7000"},
        {"ends": ""},
        {"ends": "date", "day": ""},
        {"ends": "date", "day": "9999-12-31"},
        {"ends": "date", "day": "yesterday"},
        {"allowed_models": ["gpt-5"]},
        {"allowed_ips": "10.0.0.1/8"},
        {"allowed_ips": "1" * 3000},
        {"name": "a\x00b"},
    ],
)
def test_bad_input_is_told_at_a_field_and_makes_nothing(world: World, alice: Client, wrong: dict[str, Any]) -> None:
    page = read(alice.post("/team/keys/new", new_form(alice, **wrong)), 422)
    assert page.all("p", klass="error-text")
    assert ApiKey.objects.filter(team=world.team).count() == 1


def test_an_admin_is_offered_what_they_may_give(world: World, dora: User, fresh: Any) -> None:
    client = fresh(dora)
    page = read(client.get("/team/keys/new"))
    assert {e.attrs["value"] for e in page.named("scopes")} == {"read", "generate", "manage"}
    read(client.post("/team/keys/new", new_form(client, scopes=["billing"])), 422)
    shown = read(client.get(f"/team/keys/{world.api_key.public_id}"))
    assert "your role cannot give" in shown.words
    assert shown.named("name") == []
    assert (
        client.post(f"/team/keys/{world.api_key.public_id}/rotate", {"overlap": "day", "ends": "365"}).status_code
        == 403
    )
    read(client.get(f"/team/keys/{world.api_key.public_id}/revoke"))


def test_a_key_is_changed_and_what_is_not_touched_stays(world: World, alice: Client, key_of: Any) -> None:
    key, _ = key_of(allowed_ips=["203.0.113.0/24"], allowed_models=["flux-kontext-pro"], scopes=["read", "billing"])
    address = f"/team/keys/{key.public_id}"
    form = filled(read(alice.get(address)))
    response = alice.post(address, {**form, "name": "Renamed"})
    assert (response.status_code, response["Location"]) == (302, address)
    after = ApiKey.objects.get(pk=key.pk)
    assert after.name == "Renamed"
    for field in ("scopes", "allowed_ips", "allowed_models", "expires_at"):
        assert getattr(after, field) == getattr(key, field)
    page = read(alice.post(address, {**form, "allowed_ips": "x", "name": "Kept"}), 422)
    assert page.one("input", name="name").attrs["value"] == "Kept"
    assert "not an address" in page.words


def test_rotation_shows_the_new_text_once(world: World, alice: Client) -> None:
    address = f"/team/keys/{world.api_key.public_id}/rotate"
    form = filled(read(alice.get(address)))
    response = alice.post(address, form)
    new = text_of(response)
    assert "no-store" in response["Cache-Control"]
    assert key_proof.find(new).api_key == key_proof.find(world.key).api_key == world.api_key
    again = read(alice.post(address, form), 409)
    assert not TEXT.search(again.html)
    assert ApiKeySecret.objects.filter(api_key=world.api_key).count() == 2
    detail = read(alice.get(f"/team/keys/{world.api_key.public_id}"))
    assert "an earlier one" in detail.words
    assert "earlier secret until" in read(alice.get("/team/keys")).words


def test_a_leaked_secret_ends_at_once(world: World, alice: Client) -> None:
    address = f"/team/keys/{world.api_key.public_id}/rotate"
    new = text_of(alice.post(address, {**filled(read(alice.get(address))), "overlap": "none"}))
    with pytest.raises(Unauthenticated):
        key_proof.find(world.key)
    key_proof.find(new)


def test_earlier_secrets_are_ended_after_asking(world: World, alice: Client) -> None:
    keys.rotate(key=world.api_key, by=None)
    address = f"/team/keys/{world.api_key.public_id}/end-old"
    read(alice.get(address))
    key_proof.find(world.key)
    assert alice.post(address).status_code == 302
    with pytest.raises(Unauthenticated):
        key_proof.find(world.key)
    assert "No earlier secret" in read(alice.get(address)).words


def test_a_key_is_revoked_after_asking_and_can_only_be_looked_at(world: World, alice: Client, api: Any) -> None:
    address = f"/team/keys/{world.api_key.public_id}"
    read(alice.get(f"{address}/revoke"))
    assert api("get", "/key", key=world.key).status_code == 200
    assert alice.post(f"{address}/revoke")["Location"] == "/team/keys"
    assert api("get", "/key", key=world.key).status_code == 401
    assert AuditEvent.objects.filter(action=Action.KEY_REVOKED, target=world.api_key.public_id).count() == 1
    page = read(alice.get(address))
    assert page.named("name") == []
    assert "This is final" in page.words
    assert alice.post(f"{address}/rotate", {"overlap": "day", "ends": "365"}).status_code == 409
    read(alice.get(f"{address}/rotate"))
    read(alice.get(f"{address}/end-old"))
    read(alice.get(f"{address}/revoke"))
    ended = read(alice.get("/team/keys"))
    assert "Ended" in ended.words
    assert "Programs of this team get a 401" in ended.words


def test_without_a_key_the_page_says_what_one_is_for(world: World, fresh: Any) -> None:
    from accounts import teams

    nora = User.objects.create_user("nora@example.com", "x" * 20)
    teams.ensure_own_team(nora)
    page = read(fresh(nora).get("/team/keys"))
    assert "No API keys yet" in page.words
    assert "curl http://testserver/api/v1/generations" in page.words


@pytest.mark.parametrize("page", ["new", "{id}/rotate", "{id}/end-old", "{id}/revoke"])
def test_dangerous_pages_ask_for_a_fresh_proof(world: World, fresh: Any, page: str) -> None:
    stale = fresh(world.alice, ago=3600)
    address = "/team/keys/" + page.format(id=world.api_key.public_id)
    for response in (stale.get(address), stale.post(address, {"name": "x"})):
        assert response.status_code == 302
        assert "reauthenticate" in response["Location"]
    assert read(stale.get("/team/keys"))


def test_looking_needs_no_fresh_proof_and_changing_does(world: World, fresh: Any) -> None:
    stale = fresh(world.alice, ago=3600)
    address = f"/team/keys/{world.api_key.public_id}"
    form = filled(read(stale.get(address)))
    assert "reauthenticate" in stale.post(address, {**form, "name": "x"})["Location"]
    world.api_key.refresh_from_db()
    assert world.api_key.name == "test key"


@pytest.mark.parametrize("page", ["", "/rotate", "/end-old", "/revoke"])
def test_another_teams_key_is_not_there(world: World, alice: Client, page: str) -> None:
    foreign = ApiKey.objects.get(team=world.other_team)
    for public_id in (foreign.public_id, "key_" + "0" * 32, "key_x", "x"):
        address = f"/team/keys/{public_id}{page}"
        for response in (alice.get(address), alice.post(address, {"overlap": "day", "ends": "365"})):
            assert response.status_code == 404
    foreign.refresh_from_db()
    assert foreign.revoked_at is None


@pytest.mark.parametrize("name", ["bob", "carol"])
def test_members_and_viewers_are_kept_out(world: World, fresh: Any, name: str) -> None:
    client = fresh(getattr(world, name))
    for page in ("", "/new", f"/{world.api_key.public_id}", f"/{world.api_key.public_id}/revoke"):
        assert client.get(f"/team/keys{page}").status_code == 403
    assert client.post(f"/team/keys/{world.api_key.public_id}/revoke").status_code == 403


def test_as_many_queries_for_3_keys_as_for_100(world: World, alice: Client) -> None:
    def fill(count: int) -> None:
        year = db.now() + timedelta(days=365)
        rows = [
            ApiKey(
                team=world.team,
                name=f"{n}",
                lookup=f"{count}x{n:05}",
                scopes=["read"],
                expires_at=year,
                created_by=world.bob,
            )
            for n in range(count)
        ]
        ApiKeySecret.objects.bulk_create(
            [ApiKeySecret(api_key=row, digest=row.uuid.bytes * 2) for row in ApiKey.objects.bulk_create(rows)]
        )

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            read(alice.get("/team/keys"))
        return len(asked)

    fill(2)
    queries()
    few = queries()
    fill(97)
    assert queries() == few
    assert len(read(alice.get("/team/keys")).all("tr")) == 1 + 100


def test_a_leaked_dump_holds_no_usable_key(world: World, alice: Client, api: Any) -> None:
    """Every column of every row of every table, after issuing and rotating on the pages (issue 3, invariants.md K1)."""
    made = text_of(alice.post("/team/keys/new", new_form(alice)))
    address = f"/team/keys/{world.api_key.public_id}/rotate"
    rotated = text_of(alice.post(address, filled(read(alice.get(address)))))
    cache.set("something", "cached")
    for text in (made, rotated, world.key):
        assert api("get", "/key", key=text).status_code == 200
    secret_parts = {part for text in (made, rotated, world.key) for part in (text, text.split("_")[3], text[17:47])}
    seen = 0
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'select t::text from "{table}" t')  # noqa: S608 - every column as its text, bytes as hex
            for (row,) in cursor.fetchall():
                seen += 1
                assert not any(part in row or part.encode().hex() in row for part in secret_parts), table
                for candidate in TEXT.findall(row):
                    with pytest.raises(Unauthenticated):
                        key_proof.find(candidate)
    assert seen > 50
    for secret in ApiKeySecret.objects.select_related("api_key"):
        mark = bytes(secret.digest).hex()
        for guess in (mark, f"fh_live_{secret.api_key.lookup}_{mark[:36]}"):
            with pytest.raises(Unauthenticated):
                key_proof.find(guess)
