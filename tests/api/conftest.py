"""Small things that the API's tests share."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from generations.models import Generation
from project import ids
from tests.world import team_of

ASK: dict[str, Any] = {"model": "flux-kontext-pro", "input": {"prompt": "a lighthouse"}}
PRICE = 25_000  # micro-dollars of ASK


@pytest.fixture(autouse=True)
def _names_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names in these tests have no address, wherever they run: no resolver is waited for, nobody's server asked."""
    found = socket.getaddrinfo

    def ask(host: Any, *rest: Any, **more: Any) -> Any:
        if str(host).rpartition(".")[2] in ("com", "example", "invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", ask)


@pytest.fixture
def make(world: Any, api: Callable[..., Any]) -> Callable[..., Any]:
    """make(**fields) accepts one generation of the cheapest model and returns its JSON."""

    def call(*, key: str | None = None, **fields: Any) -> dict[str, Any]:
        response = api("post", "/generations", {**ASK, **fields}, key=key or world.key)
        assert response.status_code == 201, response.content
        body: dict[str, Any] = response.json()
        return body

    return call


def row_of(body: dict[str, Any]) -> Generation:
    """The row behind a generation's JSON."""
    found = ids.parse("gen", body["id"])
    assert found is not None
    return Generation.objects.get(pk=found)


@pytest.fixture
def poor(world: Any) -> str:
    """The key of a team that has 4 credits: 20,000 micro-dollars."""
    _, _, key = team_of("Poor", world.mallory, 20_000)
    return key
