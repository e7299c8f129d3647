"""A table of inputs that mean harm or mistake: to each the exact answer, never a 5xx, and nothing is written (issue 5).

One world for all rows: each runs in a savepoint that is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django_q.models import OrmQ

from billing.models import Hold, Transfer
from generations.models import Generation, IdempotencyRecord, Quote, Upload
from tests.api.conftest import ASK
from tests.api.hostile import JSON, ROWS, Row
from tests.world import World, make_world

TABLES = (Generation, Quote, IdempotencyRecord, Upload, Hold, Transfer, OrmQ)


@dataclass(frozen=True)
class Scene:
    world: World
    names: dict[str, str]


@pytest.fixture(scope="module")
def db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """One transaction for the module, under the name that pytest-django looks for."""
    with django_db_blocker.unblock(), undone():
        yield


@pytest.fixture(scope="module")
def scene(db: None) -> Scene:
    """One world for all rows: two generations of each team, cursors of their lists."""
    world = make_world()

    def call(method: str, path: str, key: str, body: Any = None) -> Any:
        sent = {"headers": {"Authorization": f"Bearer {key}"}}
        kind = {} if body is None else {"data": body, "content_type": JSON}
        response = getattr(Client(), method)(f"/api/v1{path}", **kind, **sent)
        assert response.status_code < 300, response.content
        return response.json()

    own = [call("post", "/generations", world.key, ASK) for _ in range(2)][0]
    foreign = [call("post", "/generations", world.other_key, ASK) for _ in range(2)][0]
    pages = {
        "cursor": call("get", "/generations?limit=1", world.key),
        "entries_cursor": call("get", "/wallet/entries?limit=1", world.key),
        "foreign_cursor": call("get", "/generations?limit=1", world.other_key),
    }
    names = {name: page["next"].split("cursor=")[1].split("&")[0] for name, page in pages.items()}
    quote = call("post", "/quotes", world.other_key, ASK)["id"]
    return Scene(world, {**names, "own": own["id"], "foreign": foreign["id"], "foreign_quote": quote})


class undone(transaction.Atomic):  # noqa: N801 - used as a word
    """A transaction or savepoint that is taken back, as a TestCase's is: durable ones may begin within."""

    def __init__(self) -> None:
        super().__init__("default", savepoint=True, durable=False)
        self._from_testcase = True

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            transaction.set_rollback(True)
        super().__exit__(*error)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_hostile_input_gets_its_answer_and_nothing_is_written(scene: Scene, row: Row) -> None:
    names = {**scene.names, "OWN": scene.names["own"].upper()}
    path, body = row.path, row.body
    for name, value in names.items():
        path, body = path.replace(f"{{{name}}}", value), body.replace(f"{{{name}}}".encode(), value.encode())
    headers = {"Authorization": f"Bearer {scene.world.key}"} if row.key else {}
    with undone():
        before = [table._default_manager.count() for table in TABLES]
        response: Any = Client(raise_request_exception=True).generic(
            row.method,
            f"/api/v1{path}",
            body,
            content_type=row.kind,
            headers={**headers, **row.headers},
            **row.extra,  # type: ignore[arg-type]
        )
        assert response.status_code == row.status, response.content[:300]
        assert response["Content-Type"] == "application/problem+json"
        told = response.json()
        assert (told["status"], told["code"]) == (row.status, row.code)
        assert response["X-Request-Id"]
        assert response["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in response.headers if name.lower().startswith(("access-control", "set-cookie"))]
        assert [table._default_manager.count() for table in TABLES] == before


def test_the_table_is_as_long_as_promised() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= 150
