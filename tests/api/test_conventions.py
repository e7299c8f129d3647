"""What holds at every address of the API, whoever wrote it: unknown parameters refused, OPTIONS, HEAD, 405, no other
site, headers of every answer (issue 5 item 2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from generations.models import Generation
from project.api import ApiView, Nowhere
from tests.api.conftest import ASK, row_of
from tests.api.shapes import problem
from tests.tenancy.addresses import addresses, filled

CALLS = [address for address in addresses() if issubclass(getattr(address.view, "cls", object), ApiView)]
CALLS = [address for address in CALLS if address.view.cls is not Nowhere]
IDS = [address.route.removeprefix("api/v1/") for address in CALLS]
NOT_BY_ALL = {"Content-Length", "X-Request-Id", "RateLimit", "Content-Type"}


def path_of(address: Any) -> str:
    return filled(address.route, dict.fromkeys(address.arguments, "veo-3.1-fast"))


def methods_of(address: Any) -> set[str]:
    allowed = set(address.view.cls.http_method_names)
    return {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(address.view.cls, name)} & {
        name.upper() for name in allowed
    }


def test_there_are_calls() -> None:
    assert len(CALLS) >= 18


@pytest.mark.parametrize("address", CALLS, ids=IDS)
def test_every_call_keeps_the_conventions(world: Any, client: Client, address: Any) -> None:
    path, methods = path_of(address), methods_of(address)
    headers = {"Authorization": f"Bearer {world.key}", "Origin": "https://evil.example"}

    def ask(method: str, query: str = "", body: bytes = b"") -> Any:
        response = client.generic(method, path + query, body, content_type="application/json", headers=headers)
        assert not [name for name in response.headers if name.lower().startswith(("access-control", "set-cookie"))]
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Request-Id"]
        assert response["RateLimit"]
        assert response["RateLimit-Policy"]
        return response

    for method in methods:
        problem(ask(method, "?unknown=1"), 422, "invalid", "unknown")
        if method != "GET":
            problem(ask(method, "?cursor=1"), 422, "invalid", "cursor")
    options = ask("OPTIONS")
    assert (options.status_code, options.content) == (204, b"")
    allow = set(options["Allow"].split(", "))
    assert allow >= methods | {"OPTIONS"}
    assert allow <= methods | {"OPTIONS", "HEAD"}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
        refused = ask(method)
        problem(refused, 405, "method_not_allowed")
        assert set(refused["Allow"].split(", ")) == allow
    if "HEAD" in allow:
        whole, head = ask("GET"), ask("HEAD")
        assert head.content == b""
        assert head.status_code == whole.status_code
        kept = [{k: v for k, v in one.headers.items() if k not in NOT_BY_ALL} for one in (whole, head)]
        assert kept[0] == kept[1]
    if address.view.cls.permission is not None:
        stranger = client.generic("GET", path)
        assert stranger.status_code == 401
        assert stranger["Cache-Control"] == "no-store"


def test_a_page_stays_in_place_while_rows_come(world: Any, api: Any, make: Any) -> None:
    """Equal time stamps and a new row at the head: nothing is shown twice, nothing is left out."""
    made = [make()["id"] for _ in range(7)]
    moment = row_of({"id": made[0]}).created_at
    Generation.objects.update(created_at=moment)
    whole = [row["id"] for row in api("get", "/generations", key=world.key).json()["results"]]
    assert sorted(whole) == sorted(made)
    first = api("get", "/generations?limit=3", key=world.key).json()
    assert [row["id"] for row in first["results"]] == whole[:3]
    new = make()["id"]
    second = api("get", first["next"].split("/api/v1")[1], key=world.key).json()
    assert [row["id"] for row in second["results"]] == whole[3:6]
    again = api("get", first["next"].split("/api/v1")[1], key=world.key).json()
    assert again == second  # an address of a page is good for as long as one likes
    third = api("get", second["next"].split("/api/v1")[1], key=world.key).json()
    assert ([row["id"] for row in third["results"]], third["next"]) == (whole[6:], None)
    back = api("get", second["previous"].split("/api/v1")[1], key=world.key).json()
    assert [row["id"] for row in back["results"]] == whole[:3]
    head = api("get", back["previous"].split("/api/v1")[1], key=world.key).json()
    assert [row["id"] for row in head["results"]] == [new]


def test_what_was_made_says_where_it_is(world: Any, api: Any, make: Any) -> None:
    made = api("post", "/generations", ASK, key=world.key)
    assert made["Location"] == made.json()["urls"]["self"]
    found = api("get", made["Location"].split("/api/v1")[1], key=world.key)
    assert found.json()["id"] == made.json()["id"]
