"""The check that every test of the API goes through is itself one that bites."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse, JsonResponse

from project.openapi_views import document
from tests.api import conformity

MONEY = {"usd": "0.21", "credits": "42"}
WALLET = {"balance": MONEY, "held": MONEY, "available": MONEY, "open_holds": 0, "holds": []}
PROBLEM = {
    "type": "urn:framehouse:problem:not_found",
    "title": "Not found",
    "status": 404,
    "detail": "Not found",
    "code": "not_found",
    "retryable": False,
    "errors": [],
}


def answer(body: Any, status: int = 200, kind: str = "application/json", **headers: str) -> Any:
    response = JsonResponse(body, status=status, content_type=kind)
    response.json = lambda: body  # type: ignore[attr-defined]
    for name, value in {"X-Request-Id": "1", "RateLimit": "1", "RateLimit-Policy": "1", **headers}.items():
        response[name] = value
    return response


def test_what_is_documented_passes() -> None:
    conformity.check("get", "/wallet", answer(WALLET))
    conformity.check("get", "/wallet?x=1", answer({**WALLET, "frozen": MONEY}))
    conformity.check("get", "/nowhere", answer(PROBLEM, 404, conformity.PROBLEM_JSON))
    conformity.check("post", "/wallet", answer({**PROBLEM, "status": 405}, 405, conformity.PROBLEM_JSON))


@pytest.mark.parametrize(
    ("path", "response"),
    [
        ("/wallet", answer(WALLET, 202)),
        ("/wallet", answer({**WALLET, "secret": 1})),
        ("/wallet", answer({name: value for name, value in WALLET.items() if name != "held"})),
        ("/wallet", answer({**WALLET, "balance": {"usd": 0.21, "credits": "42"}})),
        ("/wallet", answer({**WALLET, "balance": {"usd": "0.210", "credits": "42"}})),
        ("/wallet", answer({**WALLET, "balance": None})),
        ("/wallet", answer(WALLET, kind="text/html")),
        ("/wallet", answer(WALLET, Location="/there")),
        ("/wallet", answer(WALLET, ETag='"1"')),
        ("/nowhere", answer(WALLET)),
        ("/nowhere", answer(PROBLEM, 404)),
        ("/wallet", HttpResponse(b"{}", content_type="application/json")),
    ],
)
def test_what_is_not_is_refused(path: str, response: Any) -> None:
    with pytest.raises(AssertionError):
        conformity.check("get", path, response)


def test_a_request_that_was_accepted_must_be_documented_too() -> None:
    made = document()["paths"]["/quotes"]["post"]["responses"]["201"]["content"]["application/json"]["example"]
    right = {"model": "veo-3.1-fast", "input": {"prompt": "a dog"}}
    conformity.check("post", "/quotes", answer(made, 201), sent=right)
    for wrong in (
        {**right, "model": "veo-9"},
        {**right, "more": 1},
        {**right, "input": {}},
        {"model": "veo-3.1-fast", "input": {"prompt": "a dog", "seeds": 5}},
    ):
        with pytest.raises(AssertionError, match="the request"):
            conformity.check("post", "/quotes", answer(made, 201), sent=wrong)
