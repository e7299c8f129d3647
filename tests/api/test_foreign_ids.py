"""Another team's ids: every call with an id in its address answers as if there were nothing (faults.md row 65).

The calls are read from the URLconf, so a new one is in the matrix the day it is written.
"""

from __future__ import annotations

from typing import Any

import pytest

from project import api_urls
from project.api import Nowhere


def addresses(patterns: Any = api_urls.urlpatterns) -> list[str]:
    """Every route with a `<str:public_id>` in it."""
    found: list[str] = []
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            found += addresses(pattern.url_patterns)
        elif "<str:public_id>" in str(pattern.pattern) and pattern.callback.cls is not Nowhere:
            found.append(f"/{pattern.pattern}")
    return found


def test_the_matrix_is_not_empty() -> None:
    assert len(addresses()) >= 4


@pytest.mark.parametrize("address", addresses())
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head"])
def test_a_strangers_key_sees_nothing(world: Any, make: Any, api: Any, address: str, method: str) -> None:
    made = make()
    before = api("get", f"/generations/{made['id']}", key=world.key).json()

    def ask(public_id: str) -> Any:
        body = {} if method in ("post", "put", "patch") else None
        return api(method, address.replace("<str:public_id>", public_id), body, key=world.other_key)

    nothing, theirs = ask("gen_" + "0" * 32), ask(made["id"])
    assert theirs.status_code == nothing.status_code
    assert theirs.status_code in (404, 405)
    assert theirs.content == nothing.content
    assert api("get", f"/generations/{made['id']}", key=world.key).json() == before


@pytest.mark.parametrize("address", addresses())
def test_an_id_that_is_none_answers_404(world: Any, make: Any, api: Any, address: str) -> None:
    made = make()
    method = "post" if address.endswith("cancel") else "get"
    for wrong in (
        "gen_",
        "gen_" + "0" * 31,
        "gen_" + "g" * 32,
        made["id"].upper(),
        made["id"][4:],
        made["id"] + "%0A",
        "upl_" + made["id"][4:],
        "%00",
        "1",
        "٣",
        "'--",
        "x" * 3000,
    ):
        response = api(method, address.replace("<str:public_id>", wrong), key=world.key)
        assert response.status_code == 404, wrong
        assert response["Content-Type"] == "application/problem+json"
