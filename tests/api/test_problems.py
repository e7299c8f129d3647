"""Everything that goes wrong answers as a problem: status, code, headers, no details of ours (design section 6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, OperationalError
from django.http import Http404
from django.http.request import UnreadablePostError
from django.test import Client
from django.urls import path
from rest_framework import exceptions

from accounts import keys
from accounts.models import ApiKey, Team, TeamStatus
from project import db
from project.api import ApiView, Nowhere
from tests.api.conftest import ASK
from tests.api.shapes import problem


class Raises(ApiView):
    """A call that fails as its query parameter says."""

    permission = None
    parameters = frozenset({"what"})
    errors: tuple[Exception, ...] = (
        ZeroDivisionError("the secret detail"),
        Http404("secret"),
        PermissionDenied("secret"),
        exceptions.NotAuthenticated(),
        exceptions.PermissionDenied(),
        exceptions.ParseError("secret"),
        SuspiciousOperation("secret"),
        UnreadablePostError("secret"),
        OperationalError("secret connection string"),
        DatabaseError("secret statement"),
    )

    def get(self, request: Any) -> Any:
        raise self.errors[int(request.query_params["what"])]


urlpatterns = [path("api/v1/raises", Raises.as_view()), path("api/v1/<path:rest>", Nowhere.as_view())]

EXPECTED = [
    (500, "internal_error"),
    (404, "not_found"),
    (403, "forbidden"),
    (401, "unauthenticated"),
    (403, "forbidden"),
    (400, "malformed_request"),
    (400, "malformed_request"),
    (400, "malformed_request"),
    (503, "unavailable"),
    (500, "internal_error"),
]


@pytest.mark.urls("tests.api.test_problems")
@pytest.mark.parametrize("number", range(len(EXPECTED)))
def test_each_exception_has_its_problem(db: None, number: int) -> None:
    status, code = EXPECTED[number]
    response = Client().get(f"/api/v1/raises?what={number}", headers={"X-Request-Id": "caller-0001"})
    extra = frozenset({"request_id"}) if status == 500 else frozenset()
    body = problem(response, status, code, extra=extra)
    assert b"secret" not in response.content
    if status == 500:
        assert body["request_id"] == response["X-Request-Id"] == "caller-0001"
    if status == 503:
        assert response["Retry-After"]


@pytest.mark.urls("tests.api.test_problems")
def test_a_defect_is_logged_with_its_request_and_trace(db: None, caplog: Any) -> None:
    response = Client().get("/api/v1/raises?what=0")
    record = next(record for record in caplog.records if record.name == "project.api")
    assert response["X-Request-Id"] in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


BAD_KEYS = [
    "",
    "Basic abc",
    "Bearer",
    "Bearer ",
    "Bearer nonsense",
    "Bearer fh_test_" + "a" * 45,
    "Bearer fh_live_" + "a" * 45,
    "Bearer fh_live_ÄÄÄÄÄÄÄÄ_x",
    "Bearer \x01",
]


@pytest.mark.parametrize("header", BAD_KEYS)
@pytest.mark.parametrize(("method", "call"), [("get", "/key"), ("post", "/generations"), ("get", "/generations/x")])
def test_without_a_good_key_it_answers_401(world: Any, api: Any, header: str, method: str, call: str) -> None:
    response = api(method, call, headers={"Authorization": header} if header else {})
    problem(response, 401, "unauthenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_checksum_is_never_looked_up(world: Any, api: Any, count_queries: Any) -> None:
    """One statement: the count of keys that do not open."""
    wrong = world.key[:-1] + ("a" if world.key[-1] != "a" else "b")
    assert count_queries(lambda: problem(api("get", "/key", key=wrong), 401, "unauthenticated")) == 1


def test_a_key_that_ended_answers_401_at_once(world: Any, api: Any) -> None:
    assert api("get", "/key", key=world.key).status_code == 200
    now = db.now()
    for change in (
        {"created_at": now - timedelta(days=2), "expires_at": now},
        {"revoked_at": now, "expires_at": now + timedelta(days=1)},
    ):
        ApiKey.objects.filter(pk=world.api_key.pk).update(**change)
        problem(api("get", "/key", key=world.key), 401, "unauthenticated")


def test_a_closed_teams_key_answers_401(world: Any, api: Any) -> None:
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.CLOSING)
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.CLOSED, closed_at=db.now())
    problem(api("get", "/key", key=world.key), 401, "unauthenticated")


CALLS = {
    ("get", "/generations"): {"read", "generate", "billing", "manage"},
    ("get", "/wallet"): {"read", "generate", "billing", "manage"},
    ("get", "/key"): {"read", "generate", "billing", "manage"},
    ("get", "/wallet/entries"): {"billing"},
    ("post", "/generations"): {"generate"},
    ("post", "/quotes"): {"generate"},
    ("post", "/uploads"): {"generate"},
    ("post", "/generations/gen_0/cancel"): {"generate"},
}


@pytest.mark.parametrize("scope", ["read", "generate", "billing", "manage"])
def test_a_key_does_what_its_scopes_say_and_no_more(world: Any, api: Any, scope: str) -> None:
    _, text = keys.issue(team=world.team, name=scope, scopes=[scope], by=None)
    for (method, call), scopes in CALLS.items():
        response = api(method, call, ASK if method == "post" else None, key=text)
        if scope in scopes:
            assert response.status_code not in (401, 403), (call, response.content)
        else:
            body = problem(response, 403, "forbidden")
            assert "This API key may not" in body["detail"]


@pytest.mark.parametrize(
    ("method", "call", "allow"),
    [
        ("delete", "/generations", "GET, POST, HEAD, OPTIONS"),
        ("put", "/wallet", "GET, HEAD, OPTIONS"),
        ("post", "/models", "GET, HEAD, OPTIONS"),
        ("get", "/quotes", "POST, OPTIONS"),
        ("put", "/uploads", "GET, POST, HEAD, OPTIONS"),
        ("patch", "/generations/gen_0", "GET, HEAD, OPTIONS"),
        ("get", "/generations/gen_0/cancel", "POST, OPTIONS"),
    ],
)
def test_a_method_that_is_none_answers_405_with_allow(world: Any, api: Any, method: str, call: str, allow: str) -> None:
    response = api(method, call, key=world.key)
    problem(response, 405, "method_not_allowed")
    assert response["Allow"] == allow


def test_options_and_head_answer_without_a_body(world: Any, api: Any) -> None:
    response = api("options", "/generations")
    assert (response.status_code, response.content) == (204, b"")
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"
    response = api("head", "/generations", key=world.key)
    assert (response.status_code, response.content) == (200, b"")
    problem(api("get", "/generations"), 401, "unauthenticated")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_is_no_json_answers_415(world: Any, client: Client, content_type: str) -> None:
    headers = {"Authorization": f"Bearer {world.key}"}
    for call in ("/generations", "/quotes"):
        response = client.generic("POST", f"/api/v1{call}", b"{}", content_type=content_type, headers=headers)
        problem(response, 415, "unsupported_media_type")


def test_json_with_a_charset_is_json(world: Any, client: Client) -> None:
    response = client.post(
        "/api/v1/quotes",
        ASK,
        content_type="application/json; charset=utf-8",
        headers={"Authorization": f"Bearer {world.key}"},
    )
    assert response.status_code == 201


def test_a_body_without_a_length_answers_411(world: Any, client: Client) -> None:
    headers = {"Authorization": f"Bearer {world.key}", "Transfer-Encoding": "chunked"}
    response = client.generic("POST", "/api/v1/quotes", b"", content_type="application/json", headers=headers)
    problem(response, 411, "length_required")


@pytest.mark.parametrize("accept", ["text/html", "application/problem+json", "image/png;q=0.1", "*/*", "nonsense"])
def test_accept_changes_nothing(world: Any, api: Any, accept: str) -> None:
    response = api("get", "/wallet", key=world.key, headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


NOWHERE = ["/", "/nope", "/models/", "/generations/", "/generations/gen_0/nope", "/a%0Ab", "/../x", "/wallet%00"]


@pytest.mark.parametrize("call", NOWHERE)
def test_an_address_that_is_none_answers_404_as_a_problem(world: Any, api: Any, call: str) -> None:
    for key in (None, world.key, "nonsense"):
        problem(api("get", call, key=key), 404, "not_found")


def test_too_many_parameters_answer_400(world: Any, api: Any) -> None:
    query = "&".join(f"a{number}=1" for number in range(300))
    problem(api("get", f"/generations?{query}", key=world.key), 400, "malformed_request")


def test_no_other_site_may_read_it(world: Any, api: Any) -> None:
    response = api("get", "/models", headers={"Origin": "https://evil.example"})
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_a_parameter_that_the_call_does_not_know_is_refused(world: Any, api: Any) -> None:
    for method, call in (("get", "/wallet"), ("get", "/models/veo-3.1-fast"), ("post", "/quotes")):
        problem(
            api(method, f"{call}?debug=1", ASK if method == "post" else None, key=world.key), 422, "invalid", "debug"
        )
