"""Fields that nobody asked for (faults.md row 66): the API names each in a 422, a page's form passes over them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tenancy.addresses import Address, addresses
from tests.tenancy.asking import ask, taken_back
from tests.tenancy.effects import effect, models, rows
from tests.tenancy.forms import Fields, fields_of, forms
from tests.tenancy.matrix import JSON, body_of, is_api, path_of, ruled
from tests.tenancy.rules import SAFE
from tests.tenancy.scene import Scene

pytestmark = pytest.mark.django_db

WITH_BODY = [a for a in addresses() if ruled(a).body is not None]
CALLS = [a for a in WITH_BODY if is_api(a)]
PAGES = [a for a in WITH_BODY if not is_api(a)]
DONE = frozenset({200, 201, 302, 303})
CHUNK = 50  # names in one request: an answer names at most 100


def columns() -> dict[str, Any]:
    """Every field of every model, by its name and its column's, with a value that would matter if it were taken."""
    found: dict[str, Any] = {}
    for model in models():
        for field in model._meta.concrete_fields:
            kind = field.get_internal_type()
            value: Any = "evil"
            if field.choices:
                value = [choice for choice, _ in field.choices][0]
            elif kind == "BooleanField":
                value = "on"
            elif "Integer" in kind or "Key" in kind or "Auto" in kind:
                value = "1"
            elif kind == "DateTimeField":
                value = "2100-01-01T00:00:00Z"
            found |= {field.name: value, field.attname: value}
    return {**found, "is_superuser": "on", "credits": "1", "permissions": "own"}


def _in_chunks(fields: dict[str, Any]) -> list[dict[str, Any]]:
    names = sorted(fields)
    return [{name: fields[name] for name in names[at : at + CHUNK]} for at in range(0, len(names), CHUNK)]


def test_the_columns_are_those_that_matter() -> None:
    assert {"team", "team_id", "role", "status", "price", "is_staff", "scopes", "limit", "balance"} <= set(columns())


@pytest.mark.parametrize("address", CALLS, ids=[address.route for address in CALLS])
def test_a_call_names_each_of_them(scene: Scene, address: Address) -> None:
    rule, path = ruled(address), path_of(address, scene.home)
    assert rule.body is not None
    body = body_of(rule.body, scene.home)
    extra = {name: value for name, value in columns().items() if name not in _taken_by_call(address, body)}
    before = rows()
    for some in _in_chunks(extra):
        with taken_back():
            answer = ask(
                scene.programs["all scopes"],
                "PATCH" if "PATCH" in (rule.methods or SAFE) else "POST",
                path,
                data={**body, **some},
                kind=JSON,
            )
            assert answer.status == 422, answer.body
            for name in some:
                assert f'"path":"{name}"'.encode() in answer.body.replace(b'": "', b'":"'), name
            assert set(effect(before, rows())) <= {"ApiKey", "ApiKeySecret"}  # when they were last used


def _taken_by_call(address: Address, body: dict[str, Any]) -> set[str]:
    """The fields of the design's table: what a call takes may bear the name of a column."""
    common = {"max_price", "metadata", "webhook_url"}
    optional = {
        "generations": common | {"quote"},
        "generations/batch": {"mode", "stop_at", "name", "metadata", "webhook_url"},
        "prompt-expansions": common | {"model", "target"},
        "webhook-endpoints": {"events", "description"},
        "webhook-endpoints/<str:public_id>": {"url", "events", "status"},
        "webhook-endpoints/<str:public_id>/test": {"type"},
    }
    return set(body) | optional.get(address.route.removeprefix("api/v1/"), set())


def test_an_upload_takes_a_file_and_nothing_else(scene: Scene) -> None:
    for some in _in_chunks(columns()):
        with taken_back():
            answer = ask(scene.programs["all scopes"], "POST", "/api/v1/uploads", data=some)
        assert answer.status == 422
        assert answer.body.count(b"is not a part of this call") == len(some)


@pytest.fixture(scope="module")
def known(scene: Scene) -> dict[str, Fields]:
    return forms(scene, scene.browsers["owner"])


@pytest.mark.parametrize("address", PAGES, ids=[address.route for address in PAGES])
def test_a_form_passes_over_them(scene: Scene, known: dict[str, Fields], address: Address) -> None:
    """The same form with and without them does the same; and without them it does what it is for."""
    rule, path, owner = ruled(address), path_of(address, scene.home), scene.browsers["owner"]
    plain = body_of(rule.body, scene.home)
    taken = fields_of(address, known)
    extra = {name: value for name, value in columns().items() if name not in taken}
    before, done = rows(), []
    for some in ({}, *_in_chunks(extra)):
        data = {**some, **plain}
        with taken_back():
            answer = ask(owner, "POST", path, data=data)
            done.append((answer.status, effect(before, rows())))
    assert done[0][0] in rule.answers.get("POST", DONE), f"{done[0][0]}: the table's body is not a right one"
    for other in done[1:]:
        assert other == done[0]


def test_no_field_of_an_address_is_read_as_another(scene: Scene) -> None:
    """What stands in the address wins over a field of the same name."""
    for address in PAGES:
        rule = ruled(address)
        for argument, thing in rule.ids.items():
            if "POST" in (rule.methods or SAFE):
                data = {**body_of(rule.body, scene.away), argument: scene.away.ids[thing]}
                with taken_back():
                    answer = ask(scene.browsers["mallory"], "POST", path_of(address, scene.home), data=data)
                assert answer.status in (302, 404), address.route
                assert answer.status == 404 or rule.kind == "person"
